"""What a Stable Diffusion folder can do beside drawing from a prompt: enlarge, paint within a mask, judge."""

import json
import shutil
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from quartet_pipeline.description import read_description
from quartet_pipeline.engines.shared import SharedModel
from quartet_pipeline.engines.torch import TorchEngine
from quartet_pipeline.errors import ModelError
from quartet_pipeline.masks import edge_weights, keep_pixels
from quartet_pipeline.pipeline import Pipeline, draw, open_pipeline, open_pipelines
from quartet_pipeline.repository import describe
from quartet_pipeline.request import Control, Request, parse_request
from quartet_pipeline.seeds import normal_noise
from tests.small_stable_diffusion import write_small_model
from tests.test_controlnet import make_control
from tests.test_safety import make_theirs

ENLARGE = {"factor": 2, "strength": 0.3}
SIZES = [[64, 128], [128, 192], [192, 64]]
REQUEST = Request("", "a red boat", "fog", (7, 2**40), 4, 4.0, "ddim", (64, 128), None, None, 0)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """With a safety checker, several sizes and a second pass."""
    folder = tmp_path_factory.mktemp("models") / "sd"
    write_small_model(folder, sizes=SIZES, enlarge=ENLARGE)
    make_theirs().save_pretrained(folder / "safety_checker")
    return folder


@pytest.fixture(scope="module")
def pipeline(folder: Path) -> Pipeline:
    return open_pipeline(folder)


def engine_of(pipeline: Pipeline) -> TorchEngine:
    assert isinstance(pipeline.engine, SharedModel)
    return pipeline.engine.shared.engine


def some_picture(height: int, width: int) -> Any:
    return np.random.default_rng(height).integers(0, 256, (height, width, 3)).astype(np.uint8)


@pytest.mark.parametrize("size", [(128, 256), (256, 384), (384, 128)])
def test_a_picture_is_drawn_again_at_twice_each_size(pipeline: Pipeline, size: tuple[int, int]) -> None:
    sent = {
        "prompt": np.array([b"a red boat"], object),
        "seeds": np.array([3], np.int64),
        "steps": np.array([4], np.int32),
        "size": np.array(size, np.int32),
        "init_image": some_picture(*size),
        "strength": np.array([ENLARGE["strength"]], np.float32),
    }
    drawing = draw(pipeline, parse_request(sent, {"sd": pipeline.description}))
    assert drawing.images.shape == (1, *size, 3)
    assert drawing.images.std() > 5


def test_what_is_too_large_to_decode_at_once_is_the_same_in_parts(
    pipeline: Pipeline, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = draw(pipeline, REQUEST).images
    monkeypatch.setattr("quartet_pipeline.networks.stable_diffusion.MOST_DECODED", 8 * 16)
    engine = engine_of(pipeline)
    again = TorchEngine(pipeline.description, engine._networks, engine._encode_prompt)
    parts = again.draw(REQUEST, lambda _: None, lambda: False).images
    assert np.abs(parts.astype(int) - whole).max() <= 1


def test_within_a_mask_the_rest_stays(pipeline: Pipeline) -> None:
    picture, mask = some_picture(64, 128), np.zeros((64, 128), np.uint8)
    mask[16:48, 32:96] = 255
    drawn = draw(pipeline, replace(REQUEST, picture=picture, strength=1.0, mask=mask)).images
    for one in drawn:
        np.testing.assert_array_equal(one[mask == 0], picture[mask == 0])
        assert np.abs(one[24:40, 40:88].astype(int) - picture[24:40, 40:88]).mean() > 5


def test_pictures_are_judged_as_they_are_sent(pipeline: Pipeline) -> None:
    checker = engine_of(pipeline)._networks.checker
    assert checker is not None
    mask = np.zeros((64, 128), np.uint8)
    mask[:, 64:] = 255
    for request in (REQUEST, replace(REQUEST, picture=some_picture(64, 128), strength=1.0, mask=mask)):
        drawing = draw(pipeline, request)
        assert drawing.unsafe is not None
        expected = checker.judge(torch.from_numpy(drawing.images)).numpy()
        np.testing.assert_allclose(drawing.unsafe, expected, rtol=0, atol=1e-4)
    assert len(set(drawing.unsafe.tolist())) == 2


def test_the_description_says_what_the_folder_has(folder: Path, tmp_path: Path) -> None:
    described = describe(folder)
    assert (described["canPaintWithin"], described["controls"], described["safetyChecker"]) == (True, [], True)
    assert described["enlarge"] == ENLARGE
    write_small_model(tmp_path / "plain")
    assert not describe(tmp_path / "plain")["safetyChecker"]


@pytest.mark.parametrize(
    ("fields", "sentence"),
    [
        ({"sizes": [[64, 72]]}, "Expected `sizes` of Stable Diffusion to be multiples of 64, got 72"),
        ({"controls": ["canny"]}, r"Expected `controls` to name a folder or file for each kind, got \['canny'\]"),
        ({"controls": {"canny": "../other"}}, "Expected `controls` to name what lies in or beside the model's folder"),
        ({"controls": {"Canny!": "other"}}, "Expected `controls` to have names of small letters, digits and `-`"),
        ({"controls": {"canny": "other"}}, "Expected the control `canny` in other, in or beside the model's folder"),
    ],
)
def test_what_a_folder_cannot_keep_is_told_in_a_sentence(tmp_path: Path, fields: dict[str, Any], sentence: str) -> None:
    write_small_model(tmp_path / "sd", **fields)
    with pytest.raises(ModelError, match=sentence):
        read_description(tmp_path / "sd")


def test_models_that_share_an_engine_keep_their_own_controls_and_checkers(folder: Path, tmp_path: Path) -> None:
    shutil.copytree(folder, tmp_path / "sd")
    make_control().half().save_pretrained(tmp_path / "sd/net")
    make_control(seed=5).half().save_pretrained(tmp_path / "other-net")
    add_fields(tmp_path / "sd", controls={"canny": "net"})
    # One takes everything from the first; one has a control of its own, and no checker.
    (tmp_path / "named").mkdir()
    (tmp_path / "named/pipeline.json").write_text(json.dumps({"name": "Named", "base": "sd"}))
    shutil.copytree(tmp_path / "sd", tmp_path / "own", ignore=shutil.ignore_patterns("safety_checker", "net"))
    add_fields(tmp_path / "own", name="Own", controls={"canny": "other-net"})
    first, named, own = open_pipelines([tmp_path / name for name in ("sd", "named", "own")])
    assert engine_of(first) is engine_of(named) is engine_of(own)
    request = replace(REQUEST, control=Control("canny", some_picture(64, 128), 1.0))
    drawn = draw(first, request)
    others = draw(own, request)
    assert np.abs(others.images.astype(int) - drawn.images).max() > 5
    assert others.unsafe is None
    again = draw(named, request)
    np.testing.assert_array_equal(again.images, drawn.images)
    assert drawn.unsafe is not None
    np.testing.assert_array_equal(again.unsafe, drawn.unsafe)


def add_fields(folder: Path, **fields: Any) -> None:
    path = folder / "pipeline.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | fields))


@torch.no_grad()
def inpainting_drawing(folder: Path, engine: TorchEngine, request: Request) -> Any:
    """diffusers' networks and scheduler by hand, in the order of StableDiffusionInpaintPipeline; our seeds."""
    diffusers = pytest.importorskip("diffusers")
    transformers = pytest.importorskip("transformers")
    text = transformers.CLIPTextModel.from_pretrained(folder / "text_encoder").float()
    unet = diffusers.UNet2DConditionModel.from_pretrained(folder / "unet").float()
    vae = diffusers.AutoencoderKL.from_pretrained(folder / "vae").float()
    description = engine._description
    schedule, scaling = description.schedule, description.scaling_factor
    scheduler = diffusers.DDIMScheduler(
        schedule.train_timesteps, schedule.beta_start, schedule.beta_end, schedule.beta_schedule,
        clip_sample=False, set_alpha_to_one=False, steps_offset=schedule.steps_offset,
    )  # fmt: skip
    scheduler.set_timesteps(request.steps)
    ids = torch.tensor(np.stack([engine._encode_prompt(one) for one in (request.negative_prompt, request.prompt)]))
    states = text(ids).last_hidden_state
    height, width = request.size
    if request.picture is None or request.mask is None:
        mask, picture = torch.ones(1, 1, height, width), torch.zeros(1, 3, height, width)
    else:
        mask = (torch.tensor(request.mask)[None, None] >= 128).float()
        picture = torch.tensor(request.picture / 127.5 - 1).float().permute(2, 0, 1)[None]
    small = torch.nn.functional.interpolate(mask, (height // 8, width // 8))
    kept = scaling * vae.encode(picture * (mask < 0.5)).latent_dist.mean
    drawn = []
    for seed in request.seeds:
        latents = torch.tensor(normal_noise(seed, 0, 4 * height * width // 64).reshape(kept.shape))
        timesteps = scheduler.timesteps
        if request.strength is not None:
            timesteps = timesteps[len(timesteps) - int(len(timesteps) * request.strength) :]
            clean = scaling * vae.encode(picture).latent_dist.mean
            latents = scheduler.add_noise(clean, latents, timesteps[:1])
        for t in timesteps:
            seen = torch.cat([latents, small, kept], dim=1).repeat(2, 1, 1, 1)
            without, prompted = unet(seen, t, states).sample.chunk(2)
            answer = without + request.guidance_scale * (prompted - without)
            latents = scheduler.step(answer, t, latents, return_dict=False)[0]
        decoded = vae.decode(latents / scaling).sample[0]
        drawn.append(((decoded.permute(1, 2, 0) + 1) * 127.5).round().clamp(0, 255))
    images = torch.stack(drawn).numpy().astype(np.uint8)
    if request.picture is None or request.mask is None:
        return images
    return keep_pixels(images, request.picture, edge_weights(request.mask))


def test_a_model_trained_to_paint_within_masks_sees_mask_and_picture(tmp_path: Path) -> None:
    write_small_model(tmp_path / "sd", unet={"in_channels": 9})
    pipeline = open_pipeline(tmp_path / "sd")
    mask = np.zeros((64, 128), np.uint8)
    mask[16:48, 32:96] = 255
    within = replace(REQUEST, picture=some_picture(64, 128), strength=0.75, mask=mask)
    for request in (REQUEST, within):
        reference = inpainting_drawing(tmp_path / "sd", engine_of(pipeline), request)
        assert reference.std() > 5
        assert np.abs(draw(pipeline, request).images.astype(int) - reference).max() <= 1
