"""Several models on one torch engine: each drawing is the one that an engine of its own would give."""

import json
import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from safetensors.torch import load_file, save_file

from bench.random_model import describe, write_random_model
from quartet_pipeline.engines.shared import SharedModel
from quartet_pipeline.errors import CancelledError, ModelError
from quartet_pipeline.networks.shelf import Shelf
from quartet_pipeline.networks.weights import make_networks, read_configs
from quartet_pipeline.pipeline import Pipeline, draw, open_pipeline, open_pipelines
from quartet_pipeline.request import Request

pytest.importorskip("diffusers", reason="needs diffusers (the extra `test`)")
pytest.importorskip("transformers", reason="needs transformers (the extra `test`)")

DEMO = Path(__file__).parents[1] / "demo/model"
REQUEST = Request("", "a red boat at dusk", "", (11, 2**40), 3, 3.0, "ddim", (64, 64), None, None, 0)
SMALLER: dict[str, dict[str, Any]] = {
    "text": {"vocab_size": 800, "hidden_size": 32, "intermediate_size": 64, "num_hidden_layers": 2},
    "unet": {"cross_attention_dim": 32, "block_out_channels": (32, 64), "layers_per_block": 1, "norm_num_groups": 8},
    "vae": {"block_out_channels": (16, 16, 32, 32), "layers_per_block": 1, "norm_num_groups": 8},
}
SMALLER["text"] |= {"num_attention_heads": 4, "max_position_embeddings": 24}
SMALLER["unet"] |= {
    "down_block_types": ("CrossAttnDownBlock2D", "DownBlock2D"),
    "up_block_types": ("UpBlock2D", "CrossAttnUpBlock2D"),
}
UP, DOWN = (
    f"lora_unet_up_blocks_1_attentions_0_transformer_blocks_0_attn1_to_q.lora_{end}.weight" for end in ("up", "down")
)


def write_description(folder: Path, **fields: Any) -> None:
    tokens = {"max_tokens": 24, "bos_token_id": 1, "eos_token_id": 2, "pad_token_id": 2, "sizes": [[64, 64]]}
    folder.mkdir(exist_ok=True)
    (folder / "pipeline.json").write_text(json.dumps({**describe(), **tokens, "default_size": [64, 64], **fields}))


@pytest.fixture(scope="module")
def models(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """`first` and `second`, whose UNets and text encoders differ; `third`, another shape; `drawn`, the first's LoRA."""
    path = tmp_path_factory.mktemp("models")
    for name, smaller in (("first", {}), ("third", {"layers_per_block": 2})):
        write_random_model(path / name, DEMO / "tokenizer.json", **{**SMALLER, "unet": {**SMALLER["unet"], **smaller}})
        write_description(path / name, name=name)
    for part in ("unet", "text_encoder", "vae"):
        (path / "second" / part).mkdir(parents=True)
        (path / "second" / part / "config.json").write_bytes((path / "first" / part / "config.json").read_bytes())
        (file,) = (path / "first" / part).glob("*.safetensors")
        change = 1 if part == "vae" else 1.2
        tensors = {name: change * tensor for name, tensor in load_file(file).items()}
        save_file(tensors, path / "second" / part / file.name)
    (path / "second/tokenizer.json").write_bytes((DEMO / "tokenizer.json").read_bytes())
    write_description(path / "second", name="second", prediction_type="v_prediction")
    generator = torch.Generator().manual_seed(1)
    lora = {UP: torch.randn(32, 4, generator=generator), DOWN: torch.randn(4, 32, generator=generator)}
    save_file(lora, path / "ink.safetensors")
    (path / "drawn").mkdir()
    fields = {"name": "Drawn", "base": "first", "lora": "ink.safetensors", "lora_scale": 0.9}
    (path / "drawn/pipeline.json").write_text(json.dumps(fields))
    return path


NAMES = ("first", "second", "drawn", "third")
Opened = dict[str, Pipeline]


@pytest.fixture(scope="module")
def opened(models: Path) -> Opened:
    pipelines = open_pipelines([models / name for name in NAMES])
    return {pipeline.description.id: pipeline for pipeline in pipelines}


@pytest.fixture(scope="module")
def alone(models: Path) -> Callable[[str, Request], np.ndarray[Any, Any]]:
    return lambda name, request: draw(open_pipeline(models / name), request).images


def shared_of(pipeline: Pipeline) -> Any:
    assert isinstance(pipeline.engine, SharedModel)
    return pipeline.engine.shared


def test_models_of_the_same_shapes_share_an_engine(opened: Opened) -> None:
    assert list(opened) == list(NAMES)
    first, second, drawn, third = (shared_of(pipeline) for pipeline in opened.values())
    assert first is second is drawn
    assert third is not first


def test_after_every_change_the_pictures_are_those_of_an_engine_of_its_own(
    opened: Opened, alone: Callable[[str, Request], np.ndarray[Any, Any]]
) -> None:
    expected = {name: alone(name, REQUEST) for name in NAMES}
    assert len({pictures.tobytes() for pictures in expected.values()}) == len(NAMES)
    for name in ("first", "second", "first", "drawn", "first", "third", "drawn", "second", "drawn"):
        np.testing.assert_array_equal(draw(opened[name], REQUEST).images, expected[name])


def test_only_networks_that_differ_are_copied(opened: Opened) -> None:
    models = {name: pipeline.engine for name, pipeline in opened.items()}
    first, second, drawn = (models[name] for name in ("first", "second", "drawn"))
    assert isinstance(first, SharedModel)
    assert isinstance(second, SharedModel)
    assert isinstance(drawn, SharedModel)
    second.bring(None)
    assert first.bring(None) == ["text_encoder", "unet"]
    assert first.bring(None) == []
    assert drawn.bring(None) == ["unet"]
    assert drawn.bring(0.9) == []
    assert drawn.bring(0.5) == ["unet"]
    assert first.bring(None) == ["unet"]
    assert drawn.bring(0.0) == []


def test_a_lora_is_as_strong_as_the_request_says(opened: Opened) -> None:
    as_is, none, half = (draw(opened["drawn"], replace(REQUEST, lora_scale=scale)).images for scale in (0.9, 0.0, 0.5))
    np.testing.assert_array_equal(draw(opened["drawn"], REQUEST).images, as_is)
    np.testing.assert_array_equal(draw(opened["first"], REQUEST).images, none)
    assert not np.array_equal(half, as_is)
    assert not np.array_equal(half, none)


def test_a_cancelled_or_failed_request_leaves_the_engine_usable(
    opened: Opened, monkeypatch: pytest.MonkeyPatch
) -> None:
    expected = draw(opened["first"], REQUEST).images
    answers = iter([False, False, True])
    with pytest.raises(CancelledError):
        draw(opened["second"], REQUEST, is_cancelled=lambda: next(answers))
    np.testing.assert_array_equal(draw(opened["first"], REQUEST).images, expected)
    with monkeypatch.context() as broken:
        broken.setattr("quartet_pipeline.networks.lora._product", lambda *_: 1 / 0)
        with pytest.raises(ZeroDivisionError):
            draw(opened["drawn"], REQUEST)
    np.testing.assert_array_equal(draw(opened["first"], REQUEST).images, expected)


def test_what_models_have_in_common_is_kept_once_and_the_longest_unused_goes_first(models: Path) -> None:
    networks = make_networks(read_configs(models / "first"))
    shelf = Shelf(networks, torch.float32, is_pinned=False)
    first, second = shelf.get(models / "first"), shelf.get(models / "second")
    assert second["decoder"] is first["decoder"]
    assert second["encoder"] is first["encoder"]
    assert second["unet"] is not first["unet"]
    assert shelf.get(models / "first") is first
    two = shelf.size
    for most, is_kept in ((two, True), (two - 1, False)):
        small = Shelf(networks, torch.float32, is_pinned=False, most_bytes=most)
        kept = small.get(models / "first")
        small.get(models / "second")
        assert (small.get(models / "first") is kept) is is_kept


def test_weights_that_do_not_fit_are_told_when_their_model_is_opened(models: Path, tmp_path: Path) -> None:
    for name in ("first", "second"):
        shutil.copytree(models / name, tmp_path / name)
    (file,) = (tmp_path / "second/unet").glob("*.safetensors")
    tensors = load_file(file)
    for change, sentence in (
        ({"conv_in.bias": None}, "Expected the weights to hold `conv_in.bias`, got"),
        ({"conv_in.bias": torch.zeros(3)}, r"Expected `conv_in.bias` to have the shape \[32\], got \[3\]"),
    ):
        changed = {**tensors, **change}
        save_file({name: tensor for name, tensor in changed.items() if tensor is not None}, file)
        with pytest.raises(ModelError, match=sentence):
            open_pipelines([tmp_path / "first", tmp_path / "second"])


def test_a_single_file_is_read_as_a_checkpoint_of_stable_diffusion_1(models: Path) -> None:
    names = {"unet": "model.diffusion_model", "vae": "first_stage_model", "text": "cond_stage_model.transformer"}
    save_file({f"{prefix}.x": torch.zeros(1) for prefix in names.values()}, models / "checkpoint.safetensors")
    write_description(models / "single", name="single", base="checkpoint.safetensors")
    shutil.copy(DEMO / "tokenizer.json", models / "single")
    with pytest.raises(ModelError, match=r"Expected the weights to hold `\w+\.\w+.*`, got 1 tensors without it"):
        open_pipeline(models / "single")


@pytest.mark.parametrize(
    ("fields", "sentence"),
    [
        ({"base": "first", "lora": "ink.safetensors"}, "to have a `name` other than its base's, got none"),
        (
            {"name": "x", "base": "nowhere"},
            r"base of .* in it or beside it, as a folder or .safetensors, got no nowhere",
        ),
        ({"name": "x", "base": "../first"}, "to name what lies in or beside its folder, got '../first'"),
        ({"name": "x", "base": "drawn"}, "to be a whole model, got drawn, which has a base itself"),
        ({"name": "x", "base": "first", "lora": "second"}, "to be a .safetensors file, got the folder second"),
        ({"name": "x", "base": "first", "lora_scale": 1}, "Expected no `lora_scale` in .* without a `lora`"),
        (
            {"name": "x", "base": "first", "lora": "ink.safetensors", "lora_scale": 3},
            "`lora_scale` of .* to be a number from 0 to 2, got 3",
        ),
        ({"base": "x.safetensors"}, "lacks tokenizer.json"),
    ],
)
def test_a_folder_that_is_wrong_is_told_in_a_sentence(models: Path, fields: dict[str, Any], sentence: str) -> None:
    (models / "x.safetensors").touch()
    folder = models / "wrong"
    folder.mkdir(exist_ok=True)
    (folder / "pipeline.json").write_text(json.dumps(fields))
    with pytest.raises(ModelError, match=sentence):
        open_pipeline(folder)
