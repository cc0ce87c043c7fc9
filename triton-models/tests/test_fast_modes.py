"""What the fast modes leave out, and that nothing else changes: the small model in both loops."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import Tensor

from demo.networks import UNet as SmallUNet
from quartet_pipeline.description import read_description
from quartet_pipeline.engines.kinds import StepKind, restart_of, step_kinds
from quartet_pipeline.engines.onnxruntime import OnnxNetworks
from quartet_pipeline.engines.stepwise import StepwiseEngine
from quartet_pipeline.engines.torch import TorchEngine
from quartet_pipeline.errors import CancelledError
from quartet_pipeline.networks.small import SmallNetworks
from quartet_pipeline.networks.unet import UNet, UNetConfig
from quartet_pipeline.pipeline import Progress, open_pipeline
from quartet_pipeline.repository import describe
from quartet_pipeline.request import Request
from quartet_pipeline.schedulers import scheduler_table
from quartet_pipeline.speeds import SPEEDS, Shortcuts, shortcuts
from quartet_pipeline.tokenizer import open_prompt_encoder

DEMO = Path(__file__).parents[1] / "demo/model"
REQUEST = Request("", "two red boats at dusk", "", (11, 2**40), 5, 3.0, "ddim", (128, 192), None, None, 0)
EXACT = Shortcuts()


@pytest.fixture(autouse=True)
def one_thread() -> Iterator[None]:
    """On a busy machine, threads wait for each other longer than these small networks take."""
    kept = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(kept)


@pytest.fixture(scope="module")
def engines() -> tuple[StepwiseEngine, TorchEngine]:
    """The small model in both loops."""
    description = read_description(DEMO)
    encode = open_prompt_encoder(DEMO, description)
    networks = SmallNetworks(DEMO, torch.device("cpu"))
    return StepwiseEngine(description, OnnxNetworks(DEMO), encode), TorchEngine(description, networks, encode)


def draw(engine: StepwiseEngine | TorchEngine, request: Request, left_out: Shortcuts | None = None) -> np.ndarray:
    """Pictures as int [n, h, w, 3], by other shortcuts than those of the request's `speed` where they are given."""
    kept = engine.shortcuts
    if left_out is not None:
        engine.shortcuts = {request.speed: left_out}
    try:
        return engine.draw(request, lambda _: None, lambda: False).images.astype(int)
    finally:
        engine.shortcuts = kept


def test_a_speed_is_what_the_engine_has() -> None:
    assert tuple(shortcuts("cached", "cutoff", "fp8")) == SPEEDS
    assert tuple(shortcuts("cutoff")) == ("exact", "cutoff", "fast")
    assert shortcuts("cutoff")["fast"] == Shortcuts(guided_every=2)
    fast = shortcuts("cached", "cutoff", "fp8")["fast"]
    assert fast.deep_every > 1
    assert fast.is_coarse
    assert open_pipeline(DEMO, engine="torch").description.speeds == ("exact", "cached", "cutoff", "fast")
    assert open_pipeline(DEMO).description.speeds == ("exact", "cutoff", "fast")
    assert describe(DEMO)["speeds"] == ["exact", "cutoff", "fast"]


def test_whole_and_shallow_guided_and_unguided_steps_stand_where_they_should() -> None:
    left_out = Shortcuts(first=2, deep_every=3, guided_every=2, guided_percent=75)
    kinds = step_kinds(left_out, 8, is_guided=True)
    assert [kind.is_shallow for kind in kinds] == [False, False, True, True, False, True, True, False]
    assert [kind.keeps_deep for kind in kinds] == [not kind.is_shallow for kind in kinds]
    assert [kind.is_guided for kind in kinds] == [True, True, False, True, False, True, False, False]
    assert [kind.shares_guidance for kind in kinds] == [True] * 6 + [False] * 2
    assert restart_of(left_out, 8, is_guided=True) == 6
    assert restart_of(left_out, 8, is_guided=False) is None
    assert not any(kind.is_guided or kind.shares_guidance for kind in step_kinds(left_out, 8, is_guided=False))
    assert set(step_kinds(EXACT, 8, is_guided=True)) == {StepKind(True)}


@torch.no_grad()
@pytest.mark.parametrize("blocks", [1, 2, 3])
def test_a_shallow_step_on_its_own_deep_feature_is_the_whole_step(blocks: int) -> None:
    torch.manual_seed(1)
    unet = UNet(UNetConfig(widths=(32, 64), heads=(2, 2), has_attention=(True, False), text_width=32, groups=8))
    sample, text = torch.randn(2, 16, 24, 4), unet.prepare_text(torch.randn(2, 7, 32))
    time, other = unet.prepare_times(torch.tensor([501.0, 1.0]))
    whole, deep = unet.keep(sample, time, text, blocks)
    torch.testing.assert_close(whole, unet(sample, time, text))
    torch.testing.assert_close(unet.shallow(sample, time, text, deep, blocks), whole)
    # And it does look at the sample and the time.
    assert not torch.allclose(unet.shallow(sample, other, text, deep, blocks), whole, atol=1e-3)
    assert not torch.allclose(unet.shallow(sample + 1, time, text, deep, blocks), whole, atol=1e-3)


@torch.no_grad()
def test_so_it_is_in_the_small_model() -> None:
    unet: SmallUNet = SmallNetworks(DEMO, torch.device("cpu")).unet
    sample, timestep, text = torch.randn(2, 4, 16, 24), torch.tensor([501.0, 501.0]), torch.randn(2, 48, 192)
    whole, deep = unet.keep(sample, timestep, text)
    torch.testing.assert_close(unet(sample, timestep, text), whole)
    torch.testing.assert_close(unet.shallow(sample, timestep, text, deep), whole)
    assert not torch.allclose(unet.shallow(sample + 1, timestep, text, deep), whole, atol=1e-3)


@pytest.mark.parametrize("left_out", [Shortcuts(first=1), Shortcuts(first=9, deep_every=4, guided_every=3)])
def test_leaving_nothing_out_is_exact(engines: tuple[StepwiseEngine, TorchEngine], left_out: Shortcuts) -> None:
    for engine in engines:
        np.testing.assert_array_equal(draw(engine, REQUEST, left_out), draw(engine, REQUEST))


@pytest.mark.parametrize("scheduler", ["ddim", "dpmpp_2m", "unipc", "euler_ancestral"])
@pytest.mark.parametrize("left_out", [Shortcuts(guided_percent=60), Shortcuts(first=1, guided_every=2)])
def test_both_loops_leave_out_the_same_guidance(
    engines: tuple[StepwiseEngine, TorchEngine], scheduler: str, left_out: Shortcuts
) -> None:
    request = replace(REQUEST, scheduler=scheduler)
    theirs, ours = (draw(engine, request, left_out) for engine in engines)
    assert np.abs(ours - theirs).max() <= 2
    assert np.abs(ours - draw(engines[1], request)).mean() > 0.3, (
        "it would prove nothing if guidance made no difference"
    )


def test_reused_features_change_the_picture_a_little(engines: tuple[StepwiseEngine, TorchEngine]) -> None:
    _, engine = engines
    request = replace(REQUEST, steps=12)
    exact = draw(engine, request)
    apart = {every: np.abs(draw(engine, request, Shortcuts(deep_every=every)) - exact).mean() for every in (2, 6)}
    assert 0 < apart[2] < apart[6] < exact.std()


def test_an_exact_drawing_after_a_fast_one_is_what_it_was(engines: tuple[StepwiseEngine, TorchEngine]) -> None:
    _, engine = engines
    exact = draw(engine, REQUEST)
    for speed in engine.speeds:
        draw(engine, replace(REQUEST, speed=speed, scheduler="unipc"))
    np.testing.assert_array_equal(draw(engine, REQUEST), exact)


@pytest.mark.parametrize("speed", ["cached", "cutoff", "fast"])
def test_progress_previews_and_cancelling_work_in_every_mode(
    engines: tuple[StepwiseEngine, TorchEngine], speed: str
) -> None:
    for engine in engines:
        if speed not in engine.speeds:
            continue
        request = replace(REQUEST, steps=6, speed=speed, preview_every=3)
        told: list[Progress] = []
        is_cancelled = iter([False] * 100).__next__
        engine.draw(request, told.append, is_cancelled)
        assert [one.step for one in told] == [1, 2, 3, 4, 5, 6]
        assert [one.previews is not None for one in told] == [False, False, True] * 2
        answers = iter([False] * 5 + [True])
        told.clear()
        with pytest.raises(CancelledError):
            engine.draw(request, told.append, answers.__next__)
        assert len(told) < 6


@pytest.mark.parametrize("scheduler", ["dpmpp_2m", "unipc"])
def test_a_multistep_scheduler_starts_anew_where_guidance_ends(scheduler: str) -> None:
    schedule = read_description(DEMO).schedule
    rows = scheduler_table(scheduler, 10, schedule).rows
    anew = scheduler_table(scheduler, 10, schedule, restart=6).rows
    assert anew[:6] == rows[:6]
    assert anew[6].estimates[1:] == (0.0, 0.0)
    assert anew[7].estimates[2] == 0.0
    # First order is what the first step of all is too.
    assert anew[6].estimates[0] == pytest.approx(scheduler_table("ddim", 10, schedule).rows[6].estimates[0])
    if scheduler == "dpmpp_2m":
        assert anew[7:] == rows[7:]


def test_a_shallow_step_needs_blocks_that_are_there() -> None:
    unet = UNet(UNetConfig(widths=(32, 64), heads=(2, 2), has_attention=(True, False), text_width=32, groups=8))
    nothing: Tensor = torch.zeros(1)
    with pytest.raises(ValueError, match="Expected a shallow step to run 1 to 3 blocks, got 4"):
        unet.shallow(nothing, nothing, nothing, nothing, 4)
