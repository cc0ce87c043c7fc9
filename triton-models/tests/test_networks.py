"""Our networks against diffusers' and transformers', with the same random weights."""

import gc
import importlib
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import save_file
from torch import Tensor, nn

from quartet_pipeline.errors import ModelError
from quartet_pipeline.networks.layouts import name_as_diffusers
from quartet_pipeline.networks.weights import StableDiffusion, build_stable_diffusion, load_stable_diffusion

diffusers = pytest.importorskip("diffusers", reason="needs diffusers (the extra `test`)")
transformers = pytest.importorskip("transformers", reason="needs transformers (the extra `test`)")

FULL_SIZE_MEMORY_GB = 10


@dataclass
class Theirs:
    """diffusers' networks of one configuration, filled with random weights."""

    text_encoder: Any
    unet: Any
    vae: Any

    def ours(self) -> StableDiffusion:
        parts = {"text_encoder": self.text_encoder, "unet": self.unet, "vae": self.vae}
        configs = {
            name: part.config.to_dict() if name == "text_encoder" else dict(part.config) for name, part in parts.items()
        }
        tensors = {name: part.state_dict() for name, part in parts.items()}
        return build_stable_diffusion(configs, tensors, dtype=torch.float32)

    def save(self, folder: Path) -> None:
        self.text_encoder.save_pretrained(folder / "text_encoder")
        self.unet.save_pretrained(folder / "unet")
        self.vae.save_pretrained(folder / "vae")


def shake(network: nn.Module, seed: int = 3) -> Any:
    """Random weights, biases and norms too, so that a forgotten or swapped one shows."""
    generator = torch.Generator().manual_seed(seed)
    with torch.no_grad():
        for name, parameter in network.named_parameters():
            noise = torch.randn(parameter.shape, generator=generator)
            is_norm = "norm" in name and name.endswith("weight")
            fan_in = max(1, parameter[0].numel()) if parameter.ndim > 1 else 25
            parameter.copy_(1 + 0.2 * noise if is_norm else noise / fan_in**0.5)
    return network.eval()


def make_theirs(**unet: Any) -> Theirs:
    text = transformers.CLIPTextConfig(
        vocab_size=100, hidden_size=32, intermediate_size=64, num_hidden_layers=2, num_attention_heads=4,
        max_position_embeddings=16, hidden_act="quick_gelu", eos_token_id=99,
    )  # fmt: skip
    shape = {"sample_size": 16, "cross_attention_dim": 32, "block_out_channels": (32, 64, 64, 64), "norm_num_groups": 8}
    blocks = ("DownEncoderBlock2D",) * 4, ("UpDecoderBlock2D",) * 4
    return Theirs(
        shake(transformers.CLIPTextModel(text)),
        shake(diffusers.UNet2DConditionModel(**{**shape, "attention_head_dim": 4, **unet})),
        shake(
            diffusers.AutoencoderKL(
                block_out_channels=(16, 16, 32, 32), layers_per_block=2, norm_num_groups=8, latent_channels=4,
                down_block_types=blocks[0], up_block_types=blocks[1],
            )
        ),
    )  # fmt: skip


@pytest.fixture(scope="module")
def theirs() -> Theirs:
    return make_theirs()


def close(ours: Tensor, reference: Tensor) -> None:
    assert ours.shape == reference.shape
    scale = reference.abs().max().item()
    assert scale > 0.1, "a reference near zero would prove nothing"
    assert (ours - reference).abs().max().item() < 1e-4 * max(1.0, scale)


def need_memory(gigabytes: float) -> None:
    """Skips a test for which too little is free."""
    with Path("/proc/meminfo").open() as file:
        free = next(int(line.split()[1]) for line in file if line.startswith("MemAvailable")) / 1e6
    if free < gigabytes:
        pytest.skip(f"needs {gigabytes} GB of memory, {free:.1f} GB are free")


def predict(networks: StableDiffusion, sample: Tensor, timestep: float, states: Tensor) -> Tensor:
    time = networks.unet.prepare_times(torch.tensor([timestep]))[0]
    return networks.unet(sample.permute(0, 2, 3, 1), time, networks.unet.prepare_text(states)).permute(0, 3, 1, 2)


@torch.no_grad()
def test_the_text_encoder_gives_the_states_of_transformers(theirs: Theirs) -> None:
    ids = torch.randint(0, 99, (2, 16), generator=torch.Generator().manual_seed(1))
    close(theirs.ours().text_encoder(ids), theirs.text_encoder(ids).last_hidden_state)


@pytest.mark.parametrize(
    "unet",
    [
        pytest.param({}, id="1.5"),
        pytest.param({"attention_head_dim": [2, 4, 4, 8], "use_linear_projection": True}, id="2.1"),
        pytest.param(
            {
                "block_out_channels": (32, 64),
                "layers_per_block": 1,
                "down_block_types": ("DownBlock2D", "CrossAttnDownBlock2D"),
                "up_block_types": ("CrossAttnUpBlock2D", "UpBlock2D"),
            },
            id="two levels",
        ),
    ],
)
@torch.no_grad()
def test_the_unet_gives_the_output_of_diffusers(unet: dict[str, Any]) -> None:
    theirs = make_theirs(**unet)
    generator = torch.Generator().manual_seed(2)
    # Not square, and a batch: swapped axes would show.
    sample, states = torch.randn(2, 4, 16, 24, generator=generator), torch.randn(2, 16, 32, generator=generator)
    networks = theirs.ours()
    for timestep in (1, 981):
        reference = theirs.unet(sample, timestep, states).sample
        close(predict(networks, sample, timestep, states), reference)


@torch.no_grad()
def test_the_autoencoder_gives_the_pictures_and_latents_of_diffusers(theirs: Theirs) -> None:
    generator = torch.Generator().manual_seed(4)
    latents, pictures = torch.randn(2, 4, 4, 8, generator=generator), torch.randn(2, 3, 32, 64, generator=generator)
    networks = theirs.ours()
    close(networks.decoder(latents.permute(0, 2, 3, 1)).permute(0, 3, 1, 2), theirs.vae.decode(latents).sample)
    mean = theirs.vae.encode(pictures).latent_dist.mean
    close(networks.encoder(pictures.permute(0, 2, 3, 1)).permute(0, 3, 1, 2), mean)


@torch.no_grad()
def test_a_folder_of_diffusers_is_read_without_pickles(theirs: Theirs, tmp_path: Path) -> None:
    theirs.save(tmp_path)
    networks = load_stable_diffusion(tmp_path, dtype=torch.float32)
    sample, states = torch.randn(1, 4, 8, 8), torch.randn(1, 16, 32)
    close(predict(networks, sample, 7, states), theirs.unet(sample, 7, states).sample)
    (file,) = (tmp_path / "vae").glob("*.safetensors")
    file.rename(file.with_suffix(".bin"))
    with pytest.raises(ModelError, match=r"vae to hold a \.safetensors file, got none"):
        load_stable_diffusion(tmp_path, dtype=torch.float32)


def test_weights_of_another_shape_are_refused_by_name(theirs: Theirs, tmp_path: Path) -> None:
    theirs.save(tmp_path)
    file = next((tmp_path / "unet").glob("*.safetensors"))
    save_file({name: tensor[..., :1].contiguous() for name, tensor in theirs.unet.state_dict().items()}, file)
    with pytest.raises(ModelError, match=r"Expected `[\w.]+` to have the shape \[\d+.*\], got \[1\]"):
        load_stable_diffusion(tmp_path, dtype=torch.float32)


def checkpoint_names() -> list[str]:
    """The names of a Stable Diffusion 1.5 checkpoint, as the original code has them."""
    unet, vae = "model.diffusion_model.", "first_stage_model."
    block = ["in_layers.0", "in_layers.2", "emb_layers.1", "out_layers.0", "out_layers.3"]
    inner = ["norm1", "norm2", "norm3", "attn1.to_q", "attn2.to_k", "attn2.to_out.0", "ff.net.0.proj", "ff.net.2"]
    attention = ["norm", "proj_in", *(f"transformer_blocks.0.{name}" for name in inner), "proj_out"]
    names = [f"{unet}{name}" for name in ("time_embed.0", "time_embed.2", "input_blocks.0.0", "out.0", "out.2")]
    for entry in range(1, 12):
        if entry % 3 == 0:
            names.append(f"{unet}input_blocks.{entry}.0.op")
            continue
        names += [f"{unet}input_blocks.{entry}.0.{name}" for name in block]
        names += [f"{unet}input_blocks.{entry}.0.skip_connection"] if entry in (4, 7) else []
        names += [f"{unet}input_blocks.{entry}.1.{name}" for name in attention] if entry < 9 else []
    for entry in range(12):
        names += [f"{unet}output_blocks.{entry}.0.{name}" for name in (*block, "skip_connection")]
        names += [f"{unet}output_blocks.{entry}.1.{name}" for name in attention] if entry > 2 else []
    names += [f"{unet}output_blocks.2.1.conv", f"{unet}output_blocks.5.2.conv", f"{unet}output_blocks.8.2.conv"]
    names += [f"{unet}middle_block.{index}.{name}" for index in (0, 2) for name in block]
    names += [f"{unet}middle_block.1.{name}" for name in attention]
    for side, way, blocks in (("encoder", "down", 2), ("decoder", "up", 3)):
        places = [f"mid.block_{index}" for index in (1, 2)]
        places += [f"{way}.{level}.block.{index}" for level in range(4) for index in range(blocks)]
        names += [f"{vae}{side}.{place}.{name}" for place in places for name in ("norm1", "conv1", "norm2", "conv2")]
        names += [f"{vae}{side}.mid.attn_1.{name}" for name in ("norm", "q", "k", "v", "proj_out")]
        names += [f"{vae}{side}.{name}" for name in ("conv_in", "norm_out", "conv_out")]
        resamplers = range(3) if way == "down" else range(1, 4)
        names += [f"{vae}{side}.{way}.{level}.{way}sample.conv" for level in resamplers]
        names.append(f"{vae}{side}.{way}.{1 if way == 'down' else 0}.block.0.nin_shortcut")
    names += [f"{vae}quant_conv", f"{vae}post_quant_conv"]
    return [f"{name}.{kind}" for name in names for kind in ("weight", "bias")]


def test_names_of_a_single_file_are_those_that_diffusers_gives_them() -> None:
    single_file = importlib.import_module("diffusers.loaders.single_file_utils")
    checkpoint = {name: torch.full((1, 1, 1), float(index)) for index, name in enumerate(checkpoint_names())}
    unet: dict[str, Any] = {
        "down_block_types": range(4),
        "up_block_types": range(4),
        "layers_per_block": 2,
        "class_embed_type": None,
        "addition_embed_type": None,
    }
    reference = {
        "unet": single_file.convert_ldm_unet_checkpoint(dict(checkpoint), unet),
        "vae": single_file.convert_ldm_vae_checkpoint(dict(checkpoint), unet),
    }
    text = {"cond_stage_model.transformer.text_model.final_layer_norm.bias": torch.zeros(1)}
    ours = name_as_diffusers({**checkpoint, **text})
    for part, theirs in reference.items():
        assert len(theirs) > 200
        assert {name: tensor.item() for name, tensor in ours[part].items()} == {
            name: tensor.item() for name, tensor in theirs.items()
        }
    assert list(ours["text_encoder"]) == ["text_model.final_layer_norm.bias"]


def test_a_file_without_a_text_encoder_is_refused(tmp_path: Path) -> None:
    save_file({name: torch.zeros(1) for name in checkpoint_names()}, tmp_path / "half.safetensors")
    with pytest.raises(ModelError, match=r"with a text encoder, got \d+ tensors without one"):
        load_stable_diffusion(tmp_path / "half.safetensors", dtype=torch.float32)


@torch.no_grad()
def test_stable_diffusion_at_full_size_gives_the_output_of_diffusers() -> None:
    need_memory(FULL_SIZE_MEMORY_GB)
    text = transformers.CLIPTextConfig(
        vocab_size=49408, hidden_size=768, intermediate_size=3072, num_hidden_layers=1, num_attention_heads=12
    )
    unet = diffusers.UNet2DConditionModel(cross_attention_dim=768, sample_size=64)
    vae = diffusers.AutoencoderKL(norm_num_groups=8, block_out_channels=(16,))
    theirs = Theirs(transformers.CLIPTextModel(text).eval(), unet.eval(), vae.eval())
    networks = theirs.ours()
    sample, states = torch.randn(1, 4, 64, 64), torch.randn(1, 77, 768)
    reference = unet(sample, 500, states).sample
    del unet, theirs, vae
    gc.collect()
    close(predict(networks, sample, 500, states), reference)
