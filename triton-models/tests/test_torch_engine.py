"""The torch engine against the numpy loop: the same small model, the same seeds, the same pictures."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from quartet_pipeline.engines.noise import device_noise
from quartet_pipeline.errors import CancelledError
from quartet_pipeline.pipeline import Pipeline, Progress, draw, open_pipeline
from quartet_pipeline.request import Request
from quartet_pipeline.schedulers import SCHEDULERS
from quartet_pipeline.seeds import normal_noise

DEMO = Path(__file__).parents[1] / "demo/model"
REQUEST = Request("", "two red boats at dusk", "", (11, 2**40), 3, 3.0, "ddim", (128, 192), None, None, 0)


@pytest.fixture(scope="module")
def engines() -> tuple[Pipeline, Pipeline]:
    """The small model in both engines."""
    return open_pipeline(DEMO, engine="onnxruntime"), open_pipeline(DEMO, engine="torch")


def most_apart(engines: tuple[Pipeline, Pipeline], request: Request) -> int:
    """The largest difference of a level between the two engines' pictures."""
    theirs, ours = (draw(pipeline, request).images.astype(int) for pipeline in engines)
    assert ours.shape == theirs.shape
    assert theirs.std() > 5, "a flat picture would prove nothing"
    return int(np.abs(ours - theirs).max())


def test_noise_on_the_device_is_that_of_the_seed() -> None:
    seeds = [0, 7, 2**40 + 5, 2**63 - 1]
    for stream in (0, 3):
        noise = device_noise(torch.tensor(seeds), torch.tensor([stream]), (4, 3, 5)).numpy()
        for seed, ours in zip(seeds, noise, strict=True):
            np.testing.assert_allclose(ours.ravel(), normal_noise(seed, stream, 60), rtol=1e-6, atol=1e-7)


@pytest.mark.parametrize("scheduler", SCHEDULERS)
def test_every_scheduler_draws_what_the_numpy_loop_draws(engines: tuple[Pipeline, Pipeline], scheduler: str) -> None:
    assert most_apart(engines, replace(REQUEST, scheduler=scheduler, steps=5)) <= 2


def test_without_guidance_and_from_a_picture_it_draws_the_same(engines: tuple[Pipeline, Pipeline]) -> None:
    assert most_apart(engines, replace(REQUEST, guidance_scale=1.0)) <= 2
    picture = np.random.default_rng(1).integers(0, 255, (128, 192, 3)).astype(np.uint8)
    assert most_apart(engines, replace(REQUEST, picture=picture, strength=0.6)) <= 2


@pytest.mark.parametrize("scheduler", SCHEDULERS)
def test_within_a_mask_it_paints_what_the_numpy_loop_paints(engines: tuple[Pipeline, Pipeline], scheduler: str) -> None:
    random = np.random.default_rng(1)
    picture = random.integers(0, 255, (128, 192, 3)).astype(np.uint8)
    mask = np.zeros((128, 192), np.uint8)
    mask[20:100, 40:150] = 255
    # Between two latents, and neither kept nor drawn.
    mask[100:108, 40:150] = 100
    request = replace(REQUEST, scheduler=scheduler, steps=4, picture=picture, strength=0.8, mask=mask, preview_every=1)
    previews: list[Progress] = []
    drawn = draw(engines[1], request, on_progress=previews.append).images
    np.testing.assert_array_equal(drawn[:, mask == 0], np.broadcast_to(picture, drawn.shape)[:, mask == 0])
    assert most_apart(engines, request) <= 2
    # The next request is whole again.
    assert most_apart(engines, replace(request, mask=None, steps=2)) <= 2


def test_a_program_is_used_again_without_anything_left_of_the_last_request(engines: tuple[Pipeline, Pipeline]) -> None:
    _, ours = engines
    request = replace(REQUEST, scheduler="unipc")
    first = draw(ours, request).images
    draw(ours, replace(request, prompt="a snowy hill", seeds=(5, 6), scheduler="euler_ancestral", steps=7))
    np.testing.assert_array_equal(draw(ours, request).images, first)


def test_previews_are_those_of_the_numpy_loop(engines: tuple[Pipeline, Pipeline]) -> None:
    told: list[list[Progress]] = []
    for pipeline in engines:
        progress: list[Progress] = []
        draw(pipeline, replace(REQUEST, preview_every=2), on_progress=progress.append)
        told.append(progress)
    theirs, ours = told
    assert [(one.step, one.steps) for one in ours] == [(1, 3), (2, 3), (3, 3)]
    assert ours[0].previews is None
    assert ours[2].previews is None
    assert theirs[1].previews is not None
    assert ours[1].previews is not None
    assert np.abs(ours[1].previews.astype(int) - theirs[1].previews.astype(int)).max() <= 1


# The fourth check comes before the decoder.
@pytest.mark.parametrize(("checks", "finished"), [(1, 0), (2, 0), (3, 1), (4, 3)])
def test_stops_within_a_step_once_cancelled(engines: tuple[Pipeline, Pipeline], checks: int, finished: int) -> None:
    told: list[Progress] = []
    answers = iter([False] * (checks - 1) + [True])
    with pytest.raises(CancelledError):
        draw(engines[1], REQUEST, on_progress=told.append, is_cancelled=lambda: next(answers))
    # Each check comes before a step; nobody is told of the step that was queued last.
    assert len(told) == finished
