"""The TensorRT engine, with its graphs in ONNX Runtime where plans would be; and what it says where they are not."""

import json
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from graph_runner import GraphRunner, open_runners
from numpy.typing import NDArray
from small_networks import small_networks

from bench.subject import DESCRIPTION, shake
from export.trace import OPERATIONS, PARTS
from export.write import network_of, write_model
from quartet_pipeline.engines.tensorrt import PlanNetworks, TensorrtEngine, as_built, fill_up, open_tensorrt_engine
from quartet_pipeline.engines.torch import TorchEngine
from quartet_pipeline.errors import ModelError, RequestError
from quartet_pipeline.networks.stable_diffusion import StableDiffusionNetworks
from quartet_pipeline.networks.weights import StableDiffusion
from quartet_pipeline.pipeline import open_pipeline
from quartet_pipeline.plans.folder import FOLDER, Built, cover, has_plans, read_list, write_list
from quartet_pipeline.plans.library import check_plan, check_version
from quartet_pipeline.plans.runners import check_input, scratch_size
from quartet_pipeline.request import Request

SIZE = (64, 96)
SMALL = replace(DESCRIPTION, max_tokens=16, sizes=(SIZE,))
REQUEST = Request("bench", "two boats", "", (11, 2**40, 5), 3, 3.0, "dpmpp_2m", SIZE, None, None, 0)
CPU = torch.device("cpu")


def encode_prompt(text: str) -> NDArray[np.int64]:
    return np.random.default_rng(len(text)).integers(0, 100, 16)


def draw(engine: TorchEngine, request: Request) -> NDArray[np.int64]:
    return engine.draw(request, lambda _: None, lambda: False).images.astype(np.int64)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("model") / FOLDER
    write_model(small_networks(operations=OPERATIONS), folder, size=SIZE, counts=[1, 2])
    return folder


def open_engine(folder: Path) -> tuple[TensorrtEngine, dict[str, list[GraphRunner]]]:
    exported = read_list(folder)
    runners = open_runners(folder, exported)

    def refit(part: str, weights: Any) -> None:
        for runner in runners[part]:
            runner.refit(weights)

    return TensorrtEngine(SMALL, PlanNetworks(exported, runners, CPU, folder, refit), encode_prompt), runners


def torch_engine(networks: StableDiffusion) -> TorchEngine:
    return TorchEngine(SMALL, StableDiffusionNetworks(networks, CPU), encode_prompt)


def most_apart(ours: NDArray[np.int64], theirs: NDArray[np.int64]) -> int:
    assert ours.shape == theirs.shape
    assert theirs.std() > 5, "a flat picture would prove nothing"
    return int(np.abs(ours - theirs).max())


def test_it_draws_what_the_torch_engine_draws_in_any_number(folder: Path) -> None:
    ours, _ = open_engine(folder)
    theirs = torch_engine(small_networks())
    picture = np.random.default_rng(1).integers(0, 255, (*SIZE, 3)).astype(np.uint8)
    # Three pictures are six rows for batches of 4 and 2; without guidance three, of which one batch is half empty.
    for request in (
        REQUEST,
        replace(REQUEST, seeds=(7,), scheduler="euler_ancestral"),
        replace(REQUEST, guidance_scale=1.0),
        replace(REQUEST, seeds=(7,), picture=picture, strength=0.6),
    ):
        assert most_apart(draw(ours, request), draw(theirs, request)) <= 1


def test_other_weights_come_and_go_without_anything_left_of_them(folder: Path) -> None:
    other = small_networks()
    shake(other.unet, torch.Generator().manual_seed(9))
    shake(other.decoder, torch.Generator().manual_seed(10))
    parameters = {part: dict(network_of(other, part).named_parameters()) for part in PARTS}
    ours, _ = open_engine(folder)
    base = draw(ours, REQUEST)
    ours.swap({"unet": parameters["unet"], "vae_decoder": parameters["vae_decoder"]})
    assert most_apart(draw(ours, REQUEST), draw(torch_engine(other), REQUEST)) <= 1
    # The decoder goes back by itself, because only the UNet is named.
    ours.swap({"unet": parameters["unet"]})
    mixed = small_networks()
    mixed.unet.load_state_dict(other.unet.state_dict())
    assert most_apart(draw(ours, REQUEST), draw(torch_engine(mixed), REQUEST)) <= 1
    ours.swap({})
    np.testing.assert_array_equal(draw(ours, REQUEST), base)


def test_weights_that_do_not_fit_change_nothing(folder: Path) -> None:
    ours, _ = open_engine(folder)
    base = draw(ours, REQUEST)
    good = dict(small_networks().text_encoder.named_parameters())
    bad = {**dict(small_networks().unet.named_parameters()), "conv_in.weight": torch.zeros(3)}
    with pytest.raises(ModelError, match=r"Expected `conv_in\.weight` to fill \[32, 4, 3, 3\], got \[3\]"):
        ours.swap({"text_encoder": {name: one + 1 for name, one in good.items()}, "unet": bad})
    with pytest.raises(ModelError, match=r"Expected weights of text_encoder, .*, got some of `controlnet`"):
        ours.swap({"controlnet": {}})
    np.testing.assert_array_equal(draw(ours, REQUEST), base)


def test_another_size_than_that_of_the_plans_is_refused(folder: Path) -> None:
    ours, _ = open_engine(folder)
    with pytest.raises(
        RequestError, match=r"Expected `size` to be 64 x 96, for which plans were built, got \[64, 64\]"
    ):
        draw(ours, replace(REQUEST, size=(64, 64)))
    wide = replace(DESCRIPTION, sizes=((512, 512), (512, 768)), enlarge_factor=2)
    assert as_built(folder.parent, wide).offered_sizes(from_picture=True) == (SIZE,)


@pytest.mark.parametrize(
    ("rows", "batches", "runs"),
    [
        (8, [2, 8], [8]), (2, [2, 8], [2]), (6, [2, 8], [8]), (1, [2, 8], [2]), (6, [2, 4], [4, 2]), (8, [2], [2] * 4),
        (3, [2], [2, 2]), (7, [4, 2], [4, 4]),
    ],
)  # fmt: skip
def test_rows_are_covered_by_the_batches_that_there_are(rows: int, batches: list[int], runs: list[int]) -> None:
    assert cover(rows, batches) == runs


def test_a_batch_is_filled_up_only_where_it_has_to_be() -> None:
    rows = torch.ones(2, 3)
    assert fill_up(rows, 2) is rows
    np.testing.assert_array_equal(fill_up(rows, 4).numpy(), [[1] * 3, [1] * 3, [0] * 3, [0] * 3])


def test_scratch_memory_is_the_largest_need_in_whole_units() -> None:
    assert scratch_size([1000, 513, 0]) == 1024
    assert scratch_size([512]) == 512
    assert scratch_size([0]) == scratch_size([]) == 256


def test_an_address_is_given_only_of_what_the_plan_takes() -> None:
    rows = torch.zeros(2, 4, 8, 12)
    check_input("sample", rows, (2, 4, 8, 12), torch.float32)
    for wrong in (rows[:1], rows.half(), rows.transpose(0, 1).contiguous().transpose(0, 1)):
        with pytest.raises(ModelError, match=r"Expected `sample` to be \[2, 4, 8, 12\] torch\.float32, got \["):
            check_input("sample", wrong, (2, 4, 8, 12), torch.float32)


@pytest.mark.parametrize("version", ["10.3.0", "10.16.1.11", "11.4.0.106"])
def test_a_version_whose_calls_are_known_is_taken(version: str) -> None:
    check_version(version)


@pytest.mark.parametrize("version", ["8.6.1", "10.0.1", "12.0", "none"])
def test_other_versions_are_refused(version: str) -> None:
    with pytest.raises(ModelError, match=rf"Expected TensorRT from 10\.3 to 11, got {version}"):
        check_version(version)


def test_a_plan_of_another_version_or_card_or_without_a_file_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "unet-8.plan"
    plan = Built("unet-8.plan", "10.16.1.11", "NVIDIA A10", 1024)
    with pytest.raises(ModelError, match=r"built by TensorRT 11\.4\.0\.106, which is installed, got one of 10\.16"):
        check_plan(plan, version="11.4.0.106", card="NVIDIA A10", path=path)
    with pytest.raises(ModelError, match=r"built on this card \(NVIDIA T4\), got one of NVIDIA A10"):
        check_plan(plan, version="10.16.1.11", card="NVIDIA T4", path=path)
    with pytest.raises(ModelError, match=r"Expected the plan .*unet-8\.plan, got nothing there"):
        check_plan(plan, version="10.16.1.11", card="NVIDIA A10", path=path)
    path.write_bytes(b"plan")
    check_plan(plan, version="10.16.1.11", card="NVIDIA A10", path=path)


def test_plans_are_used_by_themselves_once_each_is_built(folder: Path) -> None:
    assert not has_plans(folder.parent)
    exported = read_list(folder)
    for entry in exported.entries:
        exported = exported.with_entry(replace(entry, plan=Built(f"{entry.part}.plan", "11.4", "a card", 7)))
    unbuilt = read_list(folder)
    write_list(folder, exported)
    try:
        assert read_list(folder) == exported
        assert has_plans(folder.parent)
    finally:
        write_list(folder, unbuilt)
    assert not has_plans(folder.parent.parent)


def test_without_the_library_it_says_what_to_install(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "tensorrt", None)
    with pytest.raises(ModelError, match=r"Expected TensorRT, got: .* or draw with `engine: torch`"):
        open_tensorrt_engine(folder.parent, SMALL, encode_prompt)


def test_a_model_folder_without_plans_says_how_to_make_them(tmp_path: Path) -> None:
    from bench.random_model import describe

    for name in ("text_encoder", "unet", "vae"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "config.json").write_text("{}")
    (tmp_path / "pipeline.json").write_text(json.dumps(describe()))
    tokenizer = Path(__file__).parents[1] / "demo/model/tokenizer.json"
    (tmp_path / "tokenizer.json").write_bytes(tokenizer.read_bytes())
    with pytest.raises(ModelError, match=r"Write it with `python -m export\.write`"):
        open_pipeline(tmp_path, engine="tensorrt")
