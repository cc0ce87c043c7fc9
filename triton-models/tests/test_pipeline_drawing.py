"""The pipeline against diffusers' drawings of the tiny pipeline, and against the embedded engine's pictures."""

import base64
import json
import os
import subprocess
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from quartet_pipeline.errors import CancelledError, ModelError
from quartet_pipeline.pipeline import Pipeline, Progress, draw, open_pipeline
from quartet_pipeline.request import Request

ROOT = Path(__file__).parents[2]
TINY = ROOT / "test/engines/onnx/tiny-pipeline"
DEMO = ROOT / "triton-models/demo/model"
DRAWINGS = json.loads((ROOT / "test/engines/onnx/tiny-drawings.json").read_text())
REQUEST = Request("tiny", "a red boat", "", (7,), 4, 3.0, "ddim", (64, 64), None, None, 0)


@pytest.fixture(scope="module")
def tiny() -> Pipeline:
    return open_pipeline(TINY, threads=1)


@pytest.mark.parametrize("case", DRAWINGS, ids=lambda case: f"{case['scheduler']}-{case['strength']}")
def test_draws_the_picture_of_diffusers(tiny: Pipeline, case: dict[str, Any]) -> None:
    picture = (np.arange(64 * 64 * 3) % 251).astype(np.uint8).reshape(64, 64, 3)
    request = replace(
        REQUEST,
        prompt=case["prompt"],
        negative_prompt=case["negativePrompt"],
        seeds=(case["seed"],),
        steps=case["steps"],
        guidance_scale=case["guidanceScale"],
        scheduler=case["scheduler"],
        picture=None if case["strength"] is None else picture,
        strength=case["strength"],
    )
    drawn = draw(tiny, request).images.reshape(-1)[:: case["every"]].astype(int)
    expected = np.frombuffer(base64.b64decode(case["bytes"]), np.uint8).astype(int)
    # Other kernels and float32 order: one level is the most that rounding may tip.
    assert np.abs(drawn - expected).max() <= 1


def test_a_picture_alone_is_the_picture_in_a_batch(tiny: Pipeline) -> None:
    request = replace(REQUEST, seeds=(3, 9, 7, 2**40), scheduler="euler_ancestral")
    together = draw(tiny, request).images
    for seed, picture in zip(request.seeds, together, strict=True):
        np.testing.assert_array_equal(draw(tiny, replace(request, seeds=(seed,))).images[0], picture)


def test_tells_of_each_step_and_previews_when_due(tiny: Pipeline) -> None:
    told: list[Progress] = []
    draw(tiny, replace(REQUEST, seeds=(1, 2), size=(64, 128), preview_every=2), on_progress=told.append)
    assert [(progress.step, progress.steps) for progress in told] == [(1, 4), (2, 4), (3, 4), (4, 4)]
    shapes = [None if progress.previews is None else progress.previews.shape for progress in told]
    assert shapes == [None, (2, 64, 64, 3), None, (2, 64, 64, 3)]


@pytest.mark.parametrize("checks", [1, 2, 5])
def test_stops_before_the_next_network_call_once_cancelled(tiny: Pipeline, checks: int) -> None:
    told: list[Progress] = []
    answers = iter([False] * (checks - 1) + [True])
    with pytest.raises(CancelledError):
        draw(tiny, REQUEST, on_progress=told.append, is_cancelled=lambda: next(answers))
    assert len(told) == checks - 1


@pytest.mark.parametrize(
    ("damage", "sentence"),
    [
        (lambda folder: (folder / "unet.onnx").unlink(), "lacks unet.onnx"),
        (lambda folder: (folder / "unet.onnx").write_bytes(b"no"), "is not a complete ONNX model"),
        (lambda folder: (folder / "tokenizer.json").write_text("{"), "to hold a working tokenizer"),
        (lambda folder: (folder / "pipeline.json").write_text('{"format": 2}'), "Expected `format` to be 1, got 2"),
    ],
)
def test_a_damaged_folder_is_told_in_a_sentence(
    tmp_path: Path, damage: Callable[[Path], object], sentence: str
) -> None:
    for file in TINY.iterdir():
        (tmp_path / file.name).write_bytes(file.read_bytes())
    damage(tmp_path)
    with pytest.raises(ModelError, match=sentence):
        open_pipeline(tmp_path, threads=1)


def test_draws_what_the_embedded_engine_draws(tmp_path: Path) -> None:
    node = ROOT / "node_modules/.bin/node"
    if not node.exists() or not (DEMO / "unet.onnx").exists():
        pytest.skip("needs node_modules (`npm install`) and the small model")
    settings = ["--count", "1", "--steps", "4", "--guidance", "3", "--seed", "11", "--scheduler", "dpmpp_2m"]
    command = [str(node), str(ROOT / "src/cli.ts"), "imagine", "two red boats at dusk", "--out", str(tmp_path)]
    environment = {"PATH": os.environ["PATH"], "MODEL_DIR": str(DEMO)}
    subprocess.run([*command, *settings], check=True, capture_output=True, timeout=60, cwd=ROOT, env=environment)
    embedded = np.asarray(Image.open(tmp_path / "0.png").convert("RGB")).astype(float)
    request = replace(REQUEST, prompt="two red boats at dusk", seeds=(11,), scheduler="dpmpp_2m", size=(512, 512))
    ours = draw(open_pipeline(DEMO), request).images[0].astype(float)
    assert np.abs(ours - embedded).mean() < 0.5
