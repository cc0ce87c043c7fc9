"""ControlNet against diffusers', with the same random weights: network, file layouts, and whole drawings."""

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from safetensors.torch import save_file
from torch import Tensor

from quartet_pipeline.description import read_description
from quartet_pipeline.errors import ModelError
from quartet_pipeline.networks.controlnet import ControlNet, ControlNetConfig
from quartet_pipeline.networks.controls import pack_control
from quartet_pipeline.networks.layouts import name_control_as_diffusers
from quartet_pipeline.networks.weight_set import WeightBuffer
from quartet_pipeline.pipeline import Pipeline, draw, open_pipeline
from quartet_pipeline.request import Control, Request
from quartet_pipeline.seeds import normal_noise
from tests.small_stable_diffusion import UNET, write_small_model
from tests.test_networks import close, make_theirs, need_memory, shake

diffusers = pytest.importorskip("diffusers", reason="needs diffusers (the extra `test`)")

KINDS = ("canny", "depth")


def random(*shape: int, seed: int = 2) -> Tensor:
    return torch.randn(shape, generator=torch.Generator().manual_seed(seed))


def make_control(*, seed: int = 3, **shape: Any) -> Any:
    shape = {"cross_attention_dim": 32, "conditioning_embedding_out_channels": (8, 8, 16, 16), **UNET, **shape}
    return shake(diffusers.ControlNetModel(**shape), seed)


def ours(theirs: Any) -> ControlNet:
    with torch.device("meta"):
        network = ControlNet(ControlNetConfig.from_diffusers(dict(theirs.config)))
    weights = pack_control(network, theirs.state_dict(), torch.float32)
    WeightBuffer(network, torch.device("cpu"), weights.layout, weights.memory)
    return network


@torch.no_grad()
def compare(unet: Any, control: Any, size: tuple[int, int], scale: float, length: int) -> None:
    """One steered step of both."""
    width = unet.config.cross_attention_dim
    sample, states = random(2, 4, *size), random(2, length, width)
    picture = random(2, 3, size[0] * 8, size[1] * 8).sigmoid()
    downs, middle = control(sample, 500, states, picture, conditioning_scale=scale, return_dict=False)
    reference = unet(
        sample, 500, states, down_block_additional_residuals=downs, mid_block_additional_residual=middle
    ).sample
    plain = unet(sample, 500, states).sample
    assert (reference - plain).abs().max() > 0.1, "a control that changes nothing would prove nothing"
    theirs = make_theirs()
    theirs.unet = unet
    mine, network = theirs.ours().unet, ours(control)
    network.set_scale(torch.tensor([scale]))
    hint = network.embed(picture.permute(0, 2, 3, 1))
    x, times = sample.permute(0, 2, 3, 1), torch.tensor([500.0])
    steer = network(x, hint, network.prepare_times(times)[0], network.prepare_text(states))
    close(mine(x, mine.prepare_times(times)[0], mine.prepare_text(states), steer).permute(0, 3, 1, 2), reference)


@pytest.mark.parametrize("scale", [1.0, 0.35])
@pytest.mark.parametrize(
    "shape",
    [
        pytest.param({}, id="1.5"),
        pytest.param({"attention_head_dim": (2, 4, 4, 8), "use_linear_projection": True}, id="2.1"),
    ],
)
def test_a_steered_unet_gives_the_output_of_diffusers(shape: dict[str, Any], scale: float) -> None:
    compare(make_theirs(**{**shape, "sample_size": 16}).unet, make_control(**shape), (16, 24), scale, 16)


def test_controlnet_at_full_size_steers_as_diffusers() -> None:
    need_memory(13)
    unet = diffusers.UNet2DConditionModel(cross_attention_dim=768, sample_size=64).eval()
    control = diffusers.ControlNetModel(cross_attention_dim=768).eval()
    generator = torch.Generator().manual_seed(3)
    with torch.no_grad():
        for layer in (*control.controlnet_down_blocks, control.controlnet_mid_block):
            layer.weight.copy_(torch.randn(layer.weight.shape, generator=generator) / len(layer.weight) ** 0.5)
        last = control.controlnet_cond_embedding.conv_out.weight
        last.copy_(torch.randn(last.shape, generator=generator) / 48)
    compare(unet, control, (32, 32), 1.0, 77)


def single_file_names() -> list[str]:
    """The names of a ControlNet for Stable Diffusion 1.5, as the original code has them."""
    block = ["in_layers.0", "in_layers.2", "emb_layers.1", "out_layers.0", "out_layers.3"]
    inner = ["norm1", "attn1.to_q", "attn2.to_out.0", "ff.net.0.proj", "ff.net.2"]
    attention = ["norm", "proj_in", *(f"transformer_blocks.0.{name}" for name in inner), "proj_out"]
    names = ["time_embed.0", "time_embed.2", "input_blocks.0.0", "middle_block_out.0"]
    names += [f"input_hint_block.{entry}" for entry in range(0, 16, 2)]
    names += [f"zero_convs.{entry}.0" for entry in range(12)]
    for entry in range(1, 12):
        if entry % 3 == 0:
            names.append(f"input_blocks.{entry}.0.op")
            continue
        names += [f"input_blocks.{entry}.0.{name}" for name in block]
        names += [f"input_blocks.{entry}.0.skip_connection"] if entry in (4, 7) else []
        names += [f"input_blocks.{entry}.1.{name}" for name in attention] if entry < 9 else []
    names += [f"middle_block.{index}.{name}" for index in (0, 2) for name in block]
    names += [f"middle_block.1.{name}" for name in attention]
    return [f"control_model.{name}.{kind}" for name in names for kind in ("weight", "bias")]


def test_names_of_a_single_file_are_those_that_diffusers_gives_them() -> None:
    from diffusers.loaders.single_file_utils import convert_controlnet_checkpoint

    checkpoint = {name: torch.full((1, 1, 1), float(index)) for index, name in enumerate(single_file_names())}
    config = {"layers_per_block": 2, "class_embed_type": None, "addition_embed_type": None}
    reference = convert_controlnet_checkpoint(dict(checkpoint), config)
    mine = name_control_as_diffusers(checkpoint)
    assert len(reference) > 200
    assert {name: tensor.item() for name, tensor in mine.items()} == {
        name: tensor.item() for name, tensor in reference.items()
    }
    assert name_control_as_diffusers(reference) == reference


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A small Stable Diffusion with two controls: one inside its folder, one beside."""
    folder = tmp_path_factory.mktemp("models") / "sd"
    write_small_model(folder, controls={kind: f"controlnet-{kind}" for kind in KINDS})
    for seed, place in enumerate((folder / "controlnet-canny", folder.parent / "controlnet-depth")):
        control = make_control()
        with torch.no_grad():
            control.controlnet_mid_block.weight.mul_(1 + seed)
        control.half().save_pretrained(place)
    return folder


@pytest.fixture(scope="module")
def pipeline(folder: Path) -> Pipeline:
    return open_pipeline(folder)


PICTURE = np.random.default_rng(3).integers(0, 256, (64, 128, 3)).astype(np.uint8)
REQUEST = Request("", "a red boat", "fog", (7, 2**40), 2, 4.0, "ddim", (64, 128), None, None, 0)


@torch.no_grad()
def diffusers_drawing(folder: Path, pipeline: Pipeline, request: Request) -> Any:
    """diffusers' networks and scheduler, by hand; our seeds."""
    transformers = pytest.importorskip("transformers")
    text = transformers.CLIPTextModel.from_pretrained(folder / "text_encoder").float()
    unet = diffusers.UNet2DConditionModel.from_pretrained(folder / "unet").float()
    vae = diffusers.AutoencoderKL.from_pretrained(folder / "vae").float()
    control = request.control
    assert control is not None
    place = folder / "controlnet-canny" if control.kind == "canny" else folder.parent / "controlnet-depth"
    net = diffusers.ControlNetModel.from_pretrained(place).float()
    schedule = pipeline.description.schedule
    scheduler = diffusers.DDIMScheduler(
        schedule.train_timesteps, schedule.beta_start, schedule.beta_end, schedule.beta_schedule,
        clip_sample=False, set_alpha_to_one=False, steps_offset=schedule.steps_offset,
    )  # fmt: skip
    scheduler.set_timesteps(request.steps)
    encode: Any = pipeline.engine
    texts = [request.negative_prompt, request.prompt] if request.guidance_scale != 1 else [request.prompt]
    ids = torch.tensor(np.stack([encode._encode_prompt(one) for one in texts]))
    states = text(ids).last_hidden_state
    picture = torch.tensor(control.picture / 255.0).float().permute(2, 0, 1)[None]
    pictures = []
    for seed in request.seeds:
        latents = torch.tensor(normal_noise(seed, 0, 4 * 8 * 16).reshape(1, 4, 8, 16))
        for t in scheduler.timesteps:
            sample = latents.repeat(len(texts), 1, 1, 1)
            downs, middle = net(
                sample, t, states, picture.repeat(len(texts), 1, 1, 1), control.scale, return_dict=False
            )
            answer = unet(
                sample, t, states, down_block_additional_residuals=downs, mid_block_additional_residual=middle
            ).sample
            if len(texts) == 2:
                answer = answer[:1] + request.guidance_scale * (answer[1:] - answer[:1])
            latents = scheduler.step(answer, t, latents, return_dict=False)[0]
        drawn = vae.decode(latents / pipeline.description.scaling_factor).sample
        pictures.append(((drawn[0].permute(1, 2, 0) + 1) * 127.5).round().clamp(0, 255))
    return torch.stack(pictures).numpy()


@pytest.mark.parametrize(("kind", "scale", "guidance"), [("canny", 1.0, 4.0), ("depth", 0.5, 1.0)])
def test_a_steered_drawing_is_that_of_diffusers(
    folder: Path, pipeline: Pipeline, kind: str, scale: float, guidance: float
) -> None:
    request = replace(REQUEST, control=Control(kind, PICTURE, scale), guidance_scale=guidance)
    drawn = draw(pipeline, request).images
    reference = diffusers_drawing(folder, pipeline, request)
    assert reference.std() > 5
    assert np.abs(drawn - reference).max() <= 1


def test_without_a_control_and_at_scale_0_nothing_steers(pipeline: Pipeline) -> None:
    free = draw(pipeline, REQUEST).images
    steered = draw(pipeline, replace(REQUEST, control=Control("canny", PICTURE, 1.0))).images
    weightless = draw(pipeline, replace(REQUEST, control=Control("depth", PICTURE, 0.0))).images
    assert np.abs(steered.astype(int) - free).max() > 5
    np.testing.assert_array_equal(weightless, free)
    np.testing.assert_array_equal(draw(pipeline, REQUEST).images, free)


def test_a_control_that_is_not_there_or_of_another_shape_is_refused(folder: Path, tmp_path: Path) -> None:
    assert list(read_description(folder).controls) == list(KINDS)
    (tmp_path / "sd").mkdir()
    for file in folder.iterdir():
        (tmp_path / "sd" / file.name).symlink_to(file)
    with pytest.raises(ModelError, match="Expected the control `depth` in controlnet-depth, in or beside"):
        open_pipeline(tmp_path / "sd")
    make_control(block_out_channels=(32, 32, 32, 32)).save_pretrained(tmp_path / "controlnet-depth")
    with pytest.raises(ModelError, match=r"to have the model's widths, \(32, 64, 64, 64\), got \(32, 32"):
        open_pipeline(tmp_path / "sd")
    make_control(conditioning_embedding_out_channels=(8, 8, 8, 16)).save_pretrained(tmp_path / "controlnet-depth")
    with pytest.raises(ModelError, match="to have the shape of the model's other controls, got another"):
        open_pipeline(tmp_path / "sd")


def test_a_single_file_is_for_stable_diffusion_1_or_refused(folder: Path, tmp_path: Path) -> None:
    fields = json.loads((folder / "pipeline.json").read_text()) | {"controls": {"canny": "canny.safetensors"}}
    (tmp_path / "sd").mkdir()
    for file in folder.iterdir():
        if file.name != "pipeline.json":
            (tmp_path / "sd" / file.name).symlink_to(file)
    (tmp_path / "sd/pipeline.json").write_text(json.dumps(fields))
    save_file(make_control().state_dict(), tmp_path / "sd/canny.safetensors")
    with pytest.raises(ModelError, match=r"to have the model's widths, \(32, 64, 64, 64\), got \(320, 640"):
        open_pipeline(tmp_path / "sd")
