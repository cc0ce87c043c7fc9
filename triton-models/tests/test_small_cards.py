"""Models on devices too small for them: the CPU stands for a card of a given size, and counts."""

import json
import shutil
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from numpy.typing import NDArray

from bench.random_files import write_lora, write_model
from quartet_pipeline.auto import EngineSettings, read_settings
from quartet_pipeline.description import read_description
from quartet_pipeline.device_memory import DeviceMemory
from quartet_pipeline.engines.fitted import FittedEngines
from quartet_pipeline.engines.meter import ROUNDING, MemoryMeter
from quartet_pipeline.engines.needs import Needs
from quartet_pipeline.engines.planning import Fit, fit_torch, least_bytes
from quartet_pipeline.engines.shared import SharedModel
from quartet_pipeline.errors import ModelError, NotEnoughMemoryError, RequestError
from quartet_pipeline.model_folder import read_model_folder
from quartet_pipeline.networks.weights import make_networks, parse_configs
from quartet_pipeline.pipeline import Pipeline, draw, open_pipeline, open_pipelines
from quartet_pipeline.plans.folder import FOLDER, Built, Entry, Exported, write_list
from quartet_pipeline.request import Request

DEMO = Path(__file__).parents[1] / "demo/model"
SEEDS = (11, 2**40, 5, 6)
REQUEST = Request("", "a red boat at dusk", "fog", SEEDS, 3, 3.0, "euler_ancestral", (64, 64), None, None, 0)
# Weights and what drawing needs beside them weigh about the same, as they do on a small card.
FIELDS: dict[str, dict[str, Any]] = {
    "text_encoder": {"vocab_size": 800, "hidden_size": 32, "intermediate_size": 64, "num_hidden_layers": 2},
    "unet": {"cross_attention_dim": 32, "block_out_channels": (64, 128), "layers_per_block": 1, "norm_num_groups": 8},
    "vae": {"block_out_channels": (16, 16, 64, 128), "layers_per_block": 1, "norm_num_groups": 8},
}
FIELDS["text_encoder"] |= {"num_attention_heads": 4, "max_position_embeddings": 24}
FIELDS["unet"] |= {
    "down_block_types": ("CrossAttnDownBlock2D", "DownBlock2D"),
    "up_block_types": ("UpBlock2D", "CrossAttnUpBlock2D"),
}
SIZES = [[64, 64], [128, 64]]


@pytest.fixture(autouse=True, scope="module")
def _one_thread() -> Iterator[None]:
    """For operations as small as these, a second one costs more than it does."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(threads)


@pytest.fixture(scope="module")
def models(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two models that are alike, and a LoRA for the first."""
    path = tmp_path_factory.mktemp("models")
    networks = make_networks(parse_configs(FIELDS))
    for number, name in enumerate(("first", "second")):
        write_model(path / name, networks, FIELDS, number, "cpu")
        shutil.copy(DEMO / "tokenizer.json", path / name / "tokenizer.json")
        fields = json.loads((path / name / "pipeline.json").read_text())
        fields |= {"max_tokens": 24, "bos_token_id": 1, "eos_token_id": 2, "pad_token_id": 2, "sizes": SIZES}
        (path / name / "pipeline.json").write_text(json.dumps(fields))
    write_lora(path / "ink.safetensors", networks, rank=2, with_convolutions=True)
    (path / "drawn").mkdir()
    (path / "drawn/pipeline.json").write_text(json.dumps({"name": "Drawn", "base": "first", "lora": "ink.safetensors"}))
    return path


def needs_of(*folders: Path) -> Needs:
    models = [(read_model_folder(folder), read_description(folder)) for folder in folders]
    return FittedEngines(None, models).find_needs(*models[0])


@pytest.fixture(scope="module")
def needs(models: Path) -> Needs:
    return needs_of(models / "first")


def smallest(needs: Needs, wanted: Callable[[Fit], bool]) -> int:
    """The smallest budget, to a hundredth, whose plan is as wanted."""
    budget = least_bytes(needs)
    while (fit := fit_torch(needs, budget, is_gpu=False)) is None or not wanted(fit):
        budget = int(budget * 1.01) + 1
    return budget


def pictures(pipeline: Pipeline, **changed: Any) -> NDArray[np.uint8]:
    return draw(pipeline, replace(REQUEST, **changed)).images


def limit_of(pipeline: Pipeline) -> MemoryMeter:
    engine = pipeline.engine
    assert isinstance(engine, SharedModel)
    meter = engine.shared.engine._memory.watch()
    assert isinstance(meter, MemoryMeter)
    return meter


def is_whole_at_once(fit: Fit) -> bool:
    turns = (fit.plan.turns or {}).values()
    return len(turns) == 2 and all(one.loop.pictures == one.decoder.pictures == 4 for one in turns)


@pytest.fixture(scope="module")
def whole(models: Path) -> Pipeline:
    return open_pipeline(models / "first")


def test_a_meter_counts_what_is_alive_and_views_not() -> None:
    with MemoryMeter() as meter:
        one = torch.zeros(1000)
        assert meter.now == 8 * ROUNDING
        view = one[10:].view(-1, 10)
        one.add_(1)
        assert meter.now == 8 * ROUNDING
        two = one + view.sum()
        del one
        assert meter.now == 16 * ROUNDING
        del view, two
    assert (meter.now, meter.peak) == (0, 17 * ROUNDING)


def test_a_meter_with_a_bound_raises_what_a_card_would() -> None:
    with MemoryMeter(20 * ROUNDING) as meter:
        kept = torch.zeros(1000)
        with pytest.raises(torch.OutOfMemoryError, match="Expected to stay within"):
            torch.zeros(2000)
        assert meter.now == 8 * ROUNDING
        torch.zeros(1000)
        del kept


def test_four_at_once_do_not_fit_where_the_plan_draws_fewer(models: Path, needs: Needs, whole: Pipeline) -> None:
    budget = smallest(needs, lambda fit: not fit.plan.takes_turns and len(fit.plan.turns or ()) == 2)
    pipeline = open_pipeline(models / "first", memory_gb=budget / 1e9)
    assert "the whole model stays there" in pipeline.choice.reason
    assert "at once of" in pipeline.choice.reason
    for size in ((64, 64), (128, 64)):
        fewer, all_of_them = pictures(pipeline, size=size), pictures(whole, size=size)
        assert all_of_them.std() > 5, "a flat picture would prove nothing"
        assert np.abs(fewer.astype(int) - all_of_them.astype(int)).max() <= 1
    meter = limit_of(pipeline)
    assert meter.peak <= budget
    # Four at once, with the same weights, is more than that.
    with pytest.raises(torch.OutOfMemoryError):
        draw_unplanned(models / "first", budget)


def draw_unplanned(folder: Path, budget: int) -> None:
    """As if there were memory enough."""
    pipeline = open_pipeline(folder, memory_gb=1)
    limit_of(pipeline).most = budget
    for size in ((64, 64), (128, 64)):
        pictures(pipeline, size=size)


def test_networks_in_turns_draw_the_same_bits_in_less_memory(models: Path, needs: Needs) -> None:
    budget = smallest(needs, lambda fit: len(fit.plan.turns or ()) == 2)
    pipeline = open_pipeline(models / "first", memory_gb=budget / 1e9)
    assert "take turns in" in pipeline.choice.reason
    drawn = pictures(pipeline), pictures(pipeline, size=(128, 64))
    assert (
        limit_of(pipeline).peak
        <= budget
        < sum(needs.weights.values()) + limit_of(pipeline).peak - max(needs.weights.values())
    )
    there = open_pipeline(models / "first", memory_gb=1)
    engine = there.engine
    assert isinstance(engine, SharedModel)
    assert isinstance(pipeline.engine, SharedModel)
    engine.shared.engine._share = replace(pipeline.engine.shared.engine._share, takes_turns=False)
    np.testing.assert_array_equal(pictures(there), drawn[0])
    np.testing.assert_array_equal(pictures(there, size=(128, 64)), drawn[1])
    picture = np.random.default_rng(1).integers(0, 255, (64, 64, 3)).astype(np.uint8)
    from_picture = {"picture": picture, "strength": 0.7}
    np.testing.assert_array_equal(pictures(there, **from_picture), pictures(pipeline, **from_picture))
    assert limit_of(pipeline).peak <= budget


def test_models_and_a_lora_take_turns_as_networks_do(models: Path) -> None:
    folders = [models / name for name in ("first", "second", "drawn")]
    budget = smallest(needs_of(*folders), lambda fit: fit.plan.takes_turns and len(fit.plan.turns or ()) == 2)
    tight = open_pipelines(folders, EngineSettings(memory_gb=budget / 1e9))
    assert tight[1].choice.reason == "torch, by the programs of the models that it is like."
    there = open_pipelines(folders, EngineSettings(memory_gb=1))
    for index in (0, 1, 2, 0, 2, 1):
        apart = np.abs(pictures(tight[index]).astype(int) - pictures(there[index]).astype(int))
        assert apart.max() <= 1
    assert np.abs(pictures(tight[0]).astype(int) - pictures(tight[2]).astype(int)).max() > 20


@pytest.mark.parametrize("speed", ["cached", "cutoff", "fast"])
def test_faster_ways_stay_within_the_budget_too(models: Path, needs: Needs, whole: Pipeline, speed: str) -> None:
    budget = smallest(needs, lambda fit: len(fit.plan.turns or ()) == 2)
    pipeline = open_pipeline(models / "first", memory_gb=budget / 1e9)
    ours, theirs = (pictures(one, speed=speed, steps=9) for one in (pipeline, whole))
    assert np.abs(ours.astype(int) - theirs.astype(int)).max() <= 1


def test_every_budget_up_to_the_whole_model_is_kept_to(models: Path, needs: Needs) -> None:
    most = smallest(needs, is_whole_at_once)
    for share in (0.0, 0.2, 0.4, 0.6, 0.8, 1.0):
        budget = int(least_bytes(needs) + share * (most - least_bytes(needs)))
        pipeline = open_pipeline(models / "first", memory_gb=budget / 1e9)
        pipeline.engine.warm_up()
        assert pictures(pipeline).std() > 5
        assert limit_of(pipeline).peak <= budget


def test_a_size_that_does_not_fit_is_told_at_the_start_and_refused(models: Path, needs: Needs) -> None:
    pipeline = open_pipeline(models / "first", memory_gb=least_bytes(needs) / 1e9)
    assert "64x128 does not fit" in pipeline.choice.reason
    pictures(pipeline)
    with pytest.raises(RequestError, match=r"memory is large enough for \(\[64, 64\]\), got \[128, 64\]"):
        pictures(pipeline, size=(128, 64))


def test_too_little_for_anything_is_told_with_what_would_fit(models: Path, needs: Needs) -> None:
    with pytest.raises(NotEnoughMemoryError, match=r"Expected at least .* MB .* got .* What would fit: a card with"):
        open_pipeline(models / "first", memory_gb=0.99 * least_bytes(needs) / 1e9)


def test_what_one_model_takes_is_not_there_for_another(models: Path) -> None:
    memory = DeviceMemory(torch.device("cpu"), 1)
    memory.take(300_000_000)
    assert memory.left == 700_000_000
    with pytest.raises(NotEnoughMemoryError):
        # The small model comes first and leaves too little.
        open_pipelines([DEMO, models / "first"], EngineSettings("torch", (least_bytes(needs_of(DEMO)) + 10**6) / 1e9))


def test_the_reason_for_an_engine_is_a_sentence(whole: Pipeline) -> None:
    assert open_pipeline(DEMO).choice.reason == "onnxruntime on the CPU: there is no GPU."
    assert open_pipeline(DEMO, engine="onnxruntime").choice.reason == "onnxruntime on the CPU: as the settings say."
    assert whole.choice.reason == "torch on the CPU: there is no GPU, and no bound for memory."
    with pytest.raises(
        ModelError, match="Expected the engine to be one of auto, tensorrt, torch, onnxruntime, got 'fastest'"
    ):
        open_pipeline(DEMO, engine="fastest")


def test_plans_that_cannot_be_used_here_are_no_obstacle(models: Path, tmp_path: Path) -> None:
    folder = tmp_path / "planned"
    shutil.copytree(models / "first", folder)
    (folder / FOLDER).mkdir()
    entries = []
    for part in ("text_encoder", "unet", "vae_decoder", "vae_encoder"):
        (folder / FOLDER / f"{part}.plan").write_bytes(bytes(1000))
        built = Built(f"{part}.plan", "11.4", "a card", 5_000_000)
        entries.append(Entry(part, 2, f"{part}.onnx", "float16", built))
    write_list(folder / FOLDER, Exported((64, 64), tuple(entries)))
    pipeline = open_pipeline(folder)
    assert pipeline.choice.engine == "torch"
    assert "TensorRT's plans are left alone: Expected TensorRT, got" in pipeline.choice.reason
    with pytest.raises(ModelError, match="Expected TensorRT, got"):
        open_pipeline(folder, engine="tensorrt")
    shutil.copytree(folder, tmp_path / "again")
    fitted = FittedEngines(0.006, [])
    assert fitted.fit_plans(folder) == "5.0 MB of 6.0 MB"
    fitted.take_plans(folder)
    assert fitted.fit_plans(folder) == "0.0 MB of 1.0 MB", "they are open"
    with pytest.raises(NotEnoughMemoryError, match=r"Expected 5\.0 MB of memory for plans, got 1\.0 MB"):
        fitted.fit_plans(tmp_path / "again")


def test_settings_come_from_triton_or_from_the_environment() -> None:
    environment = {"QUARTET_ENGINE": "torch", "QUARTET_MEMORY_GB": "7.5"}
    assert read_settings({}, {}) == EngineSettings("auto", None)
    assert read_settings({}, environment) == EngineSettings("torch", 7.5)
    assert read_settings({"engine": "auto", "memory_gb": "4"}, environment) == EngineSettings("auto", 4)
    for wrong in ("much", "0", "-1", "nan"):
        with pytest.raises(ModelError, match="Expected QUARTET_MEMORY_GB to be the gigabytes of a card"):
            read_settings({"memory_gb": wrong}, {})
