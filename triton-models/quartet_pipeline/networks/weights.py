"""Weights from diffusers' folders and from single-file checkpoints, into the networks' fused layouts.

Only safetensors are read: a pickle can run any program. Each parameter of ours is one tensor of theirs, or several
side by side; `Sources` says which.
"""

import json
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError, safe_open
from torch import Tensor, nn

from quartet_pipeline.errors import ModelError
from quartet_pipeline.networks.clip import TextConfig, TextEncoder
from quartet_pipeline.networks.layouts import Tensors, name_as_diffusers
from quartet_pipeline.networks.operations import PLAIN, Operations, fold_doubled
from quartet_pipeline.networks.unet import Contracting, UNet, UNetConfig
from quartet_pipeline.networks.vae import AutoencoderConfig, Decoder, Encoder
from quartet_pipeline.networks.weight_set import Layout, WeightBuffer, WeightSet

Sources = Callable[[str], Sequence[str]]
"""The name of a parameter of ours -> the names of theirs, to be laid side by side."""
PARTS = ("text_encoder", "unet", "vae")
CPU = torch.device("cpu")


@dataclass(frozen=True)
class StableDiffusion:
    """The four networks."""

    text_encoder: TextEncoder
    unet: UNet
    encoder: Encoder
    decoder: Decoder

    def parts(self) -> dict[str, nn.Module]:
        return {
            "text_encoder": self.text_encoder,
            "unet": self.unet,
            "encoder": self.encoder,
            "decoder": self.decoder,
        }


WeightSets = Mapping[str, WeightSet]
"""By the names of `StableDiffusion.parts`."""


@dataclass(frozen=True)
class Configs:
    """What the networks of a model look like: models with the same can take each other's weights."""

    text_encoder: TextConfig
    unet: UNetConfig
    autoencoder: AutoencoderConfig


def load_stable_diffusion(path: Path, *, dtype: torch.dtype, operations: Operations = PLAIN) -> StableDiffusion:
    """The networks of a diffusers folder, or of a single `.safetensors` file; on the CPU."""
    networks = make_networks(read_configs(path), operations)
    return _attach(networks, read_weights(path, networks, dtype=dtype))


def build_stable_diffusion(
    configs: Mapping[str, dict[str, Any]],
    tensors: Mapping[str, Tensors],
    *,
    dtype: torch.dtype,
    operations: Operations = PLAIN,
) -> StableDiffusion:
    """The networks of diffusers' configurations and tensors; on the CPU."""
    networks = make_networks(parse_configs(configs), operations)
    return _attach(networks, _pack(networks, tensors, dtype))


def read_configs(path: Path) -> Configs:
    """What the networks of a diffusers folder look like.

    A single file says nothing about its shapes: they are those of Stable Diffusion 1.x, or it is refused.
    """
    return parse_configs({part: read_config(path / part / "config.json") if path.is_dir() else {} for part in PARTS})


def parse_configs(configs: Mapping[str, dict[str, Any]]) -> Configs:
    """The same of diffusers' configurations."""
    return Configs(
        TextConfig.from_diffusers(configs["text_encoder"]),
        UNetConfig.from_diffusers(configs["unet"]),
        AutoencoderConfig.from_diffusers(configs["vae"]),
    )


def make_networks(configs: Configs, operations: Operations = PLAIN) -> StableDiffusion:
    """Networks without weights."""
    with torch.device("meta"):
        return StableDiffusion(
            TextEncoder(configs.text_encoder),
            UNet(configs.unet, operations),
            Encoder(configs.autoencoder, operations),
            Decoder(configs.autoencoder, operations),
        )


def read_weights(path: Path, networks: StableDiffusion, *, dtype: torch.dtype) -> dict[str, WeightSet]:
    """The weights of a diffusers folder or of a single `.safetensors` file, as `networks` have them."""
    return _pack(networks, _read_files(path), dtype)


def check_weights(path: Path, networks: StableDiffusion) -> None:
    """Raises a ModelError where weights are missing or of other shapes; reads only what their files say of them."""
    layouts = {part: Layout.of(network) for part, network in networks.parts().items()}
    nowhere = {part: torch.empty(one.size, dtype=torch.uint8, device="meta") for part, one in layouts.items()}
    tensors = _read_files(path, torch.device("meta"))
    _fill_parts(networks, {part: one.views(nowhere[part]) for part, one in layouts.items()}, tensors)


def _read_files(path: Path, device: torch.device = CPU) -> Mapping[str, Tensors]:
    if path.is_dir():
        return {part: read_part(path / part, device) for part in PARTS}
    return name_as_diffusers(read_tensors(path, device))


def _pack(networks: StableDiffusion, tensors: Mapping[str, Tensors], dtype: torch.dtype) -> dict[str, WeightSet]:
    sets = {part: WeightSet(Layout.of(network, dtype)) for part, network in networks.parts().items()}
    _fill_parts(networks, {part: one.views for part, one in sets.items()}, tensors)
    return sets


def _fill_parts(
    networks: StableDiffusion, parameters: Mapping[str, Mapping[str, Tensor]], tensors: Mapping[str, Tensors]
) -> None:
    theirs: dict[str, Tensors] = {
        "text_encoder": {name.removeprefix("text_model."): one for name, one in tensors["text_encoder"].items()},
        "unet": with_moved_biases(tensors["unet"]),
        "encoder": tensors["vae"],
        "decoder": tensors["vae"],
    }
    for part in networks.parts():
        fill(parameters[part], theirs[part], sources_of(networks, part))


def sources_of(networks: StableDiffusion, part: str) -> Sources:
    """For one of `StableDiffusion.parts`, what each of its parameters is made of."""
    if part == "text_encoder":
        return _text_sources
    return unet_sources(networks.unet) if part == "unet" else _vae_sources(part)


def _attach(networks: StableDiffusion, sets: WeightSets) -> StableDiffusion:
    for part, network in networks.parts().items():
        WeightBuffer(network, torch.device("cpu"), sets[part].layout, sets[part].memory)
    return networks


def read_tensors(path: Path, device: torch.device = CPU) -> dict[str, Tensor]:
    """Every tensor of a safetensors file; on the device `meta` their shapes only."""
    try:
        with safe_open(path, framework="pt") as file:
            names = list(file.keys())
            if device.type == "meta":
                return {name: torch.empty(file.get_slice(name).get_shape(), device=device) for name in names}
            return {name: file.get_tensor(name) for name in names}
    except (OSError, SafetensorError) as error:
        raise ModelError(f"Expected {path} to be a safetensors file, got: {str(error)[:120]}.") from error


def read_part(folder: Path, device: torch.device = CPU) -> dict[str, Tensor]:
    # Without "fp16" in the name first: those are the full weights where a folder holds both.
    files = sorted(folder.glob("*.safetensors"), key=lambda file: (".fp16" in file.name, file.name))
    if not files:
        raise ModelError(f"Expected {folder} to hold a .safetensors file, got none (pickled weights are not read).")
    chosen = [files[0]] if "-of-" not in files[0].name else [file for file in files if "-of-" in file.name]
    return {name: tensor for file in chosen for name, tensor in read_tensors(file, device).items()}


def read_config(path: Path) -> dict[str, Any]:
    try:
        fields: dict[str, Any] = json.loads(path.read_text("utf-8"))
    except (OSError, ValueError) as error:
        raise ModelError(f"Expected {path} to be a network's configuration, got: {str(error)[:120]}.") from error
    return fields


def fill(parameters: Mapping[str, Tensor], tensors: Tensors, sources: Sources) -> None:
    """Gives every parameter of ours what it is made of."""
    for name, parameter in parameters.items():
        theirs = sources(name)
        missing = [source for source in theirs if source not in tensors]
        if missing:
            raise ModelError(f"Expected the weights to hold `{missing[0]}`, got {len(tensors)} tensors without it.")
        value = tensors[theirs[0]] if len(theirs) == 1 else torch.cat([tensors[source] for source in theirs])
        if parameter.ndim == 4 and parameter.shape[-1] == 2 and value.ndim == 4:
            value = fold_doubled(value.float())
        if value.numel() != parameter.numel() or value.shape[0] != parameter.shape[0]:
            expected, got = list(parameter.shape), list(value.shape)
            raise ModelError(f"Expected `{theirs[0]}` to have the shape {expected}, got {got}.")
        # A convolution of 1x1 is a linear layer here.
        parameter.copy_(value.reshape(parameter.shape))


def _text_sources(name: str) -> Sequence[str]:
    if name.startswith(("token_embedding", "position_embedding")):
        return [f"embeddings.{name}"]
    return clip_layer_sources(name) if name.startswith("layers.") else [name]


def clip_layer_sources(name: str) -> Sequence[str]:
    """For `layers.…` of either of CLIP's towers."""
    name = f"encoder.{name}"
    if ".to_qkv." in name:
        return [name.replace("to_qkv", f"self_attn.{part}_proj") for part in "qkv"]
    return [re.sub(r"\.(fc\d)\.", r".mlp.\1.", name.replace(".out_proj.", ".self_attn.out_proj."))]


def with_moved_biases(tensors: Tensors) -> dict[str, Tensor]:
    """Adds the biases that our UNet adds elsewhere than diffusers' does (see `unet.ResidualBlock`, `Transformer`)."""
    added = dict(tensors)
    for name in tensors:
        # To a time projection's bias, that of the convolution whose output it is added to.
        if name.endswith(".time_emb_proj.bias"):
            bias = tensors.get(name.replace("time_emb_proj", "conv1"))
            if bias is not None:
                added[name] = tensors[name].float() + bias.float()
        if name.endswith(".transformer_blocks.0.attn1.to_out.0.bias"):
            path = name.removesuffix(".transformer_blocks.0.attn1.to_out.0.bias")
            kinds = ("attn1.to_out.0", "attn2.to_out.0", "ff.net.2")
            biases = [tensors.get(f"{path}.transformer_blocks.0.{kind}.bias") for kind in kinds]
            weight, bias = (tensors.get(f"{path}.proj_out.{kind}") for kind in ("weight", "bias"))
            if weight is None or bias is None or any(one is None for one in biases):
                continue  # What is missing is told where it is missed.
            for kind, one in zip(kinds, biases, strict=True):
                if one is not None and list(one.shape) != [weight.shape[1]]:
                    name = f"{path}.transformer_blocks.0.{kind}.bias"
                    raise ModelError(f"Expected `{name}` to have the shape {[weight.shape[1]]}, got {list(one.shape)}.")
            first, second, third = (one.float() for one in biases if one is not None)
            added[f"{path}.bias2"], added[f"{path}.bias3"] = first, first + second
            added[f"{path}.bias4"] = first + second + third
            added[f"{path}.proj_out.bias"] = bias.float() + weight.float().flatten(1) @ added[f"{path}.bias4"]
    return added


UNET_NAMES = {
    "time_in": "time_embedding.linear_1",
    "time_out": "time_embedding.linear_2",
    "attn1_out": "transformer_blocks.0.attn1.to_out.0",
    "attn2_out": "transformer_blocks.0.attn2.to_out.0",
    "to_q": "transformer_blocks.0.attn2.to_q",
    "feed_in": "transformer_blocks.0.ff.net.0.proj",
    "feed_out": "transformer_blocks.0.ff.net.2",
    "to_qkv": "transformer_blocks.0.attn1.to_{}",
}


def unet_sources(unet: Contracting) -> Sources:
    levels = list(unet.levels())
    blocks = [f"{name}.resnets.{index}" for name, level in levels for index in range(len(level.resnets))]
    transformers = [f"{name}.attentions.{index}" for name, level in levels for index in range(len(level.attentions))]

    def sources(name: str) -> Sequence[str]:
        before, _, kind = name.rpartition(".")
        path, _, last = before.rpartition(".")
        if before == "times":
            return [f"{block}.time_emb_proj.{kind}" for block in blocks]
        if before == "texts":
            attention = "transformer_blocks.0.attn2"
            return [f"{one}.{attention}.to_{part}.weight" for one in transformers for part in "kv"]
        if ".attentions." in name and re.fullmatch(r"norm\d", last):
            last = f"transformer_blocks.0.{last}"
        last = UNET_NAMES.get(last, last)
        if last == "resampler":
            last = f"{'down' if path.startswith('down') else 'up'}samplers.0.conv"
        full = f"{path}.{last}.{kind}".lstrip(".")
        return [full.format(part) for part in "qkv"] if "{}" in full else [full]

    return sources


def _vae_sources(part: str) -> Sources:
    def sources(name: str) -> Sequence[str]:
        if "quant_conv" in name:
            return [name]
        side = "down" if part == "encoder" else "up"
        name = f"{part}.{name.replace('.resampler.', f'.{side}samplers.0.conv.')}"
        if ".attentions." not in name:
            return [name]
        if ".to_qkv." in name:
            return [name.replace("to_qkv", f"to_{one}") for one in "qkv"]
        return [name.replace(".out.", ".to_out.0.")]

    return sources
