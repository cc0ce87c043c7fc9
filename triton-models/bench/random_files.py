"""Files of Stable Diffusion 1.5's shape with random weights, without diffusers: a model folder, and a LoRA.

Tensors have diffusers' names, found by asking our own networks which of them they are made of.
"""

import json
import math
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import torch
from safetensors.torch import save_file
from torch import Tensor, nn

from bench.random_model import describe
from quartet_pipeline.networks.lora import targets
from quartet_pipeline.networks.weights import Sources, StableDiffusion, sources_of

WITHOUT_OWN_BIAS = ("conv1", "attn1.to_out.0", "attn2.to_out.0", "ff.net.2")
"""Layers whose biases our networks add elsewhere."""


Fields = Mapping[str, Mapping[str, Any]]
"""Of the `config.json` of each part; nothing means Stable Diffusion 1.5."""


def write_model(folder: Path, networks: StableDiffusion, fields: Fields, seed: int, device: str) -> None:
    """A folder as diffusers saves one, in half precision; `networks` need no weights, `fields` describe them."""
    generator = torch.Generator(device).manual_seed(seed)
    files: dict[str, dict[str, Tensor]] = {"text_encoder": {}, "unet": {}, "vae": {}}
    for part, network in networks.parts().items():
        file = files.get(part, files["vae"])
        for theirs, shape in _shapes(network, sources_of(networks, part)):
            noise = torch.randn(shape, generator=generator, device=device)
            if len(shape) == 1:
                is_scale = "norm" in theirs and theirs.endswith("weight")
                value = 1 + 0.1 * noise if is_scale else 0.05 * noise
            else:
                value = noise / math.sqrt(math.prod(shape[1:]))
            before = "text_model." if part == "text_encoder" else ""
            file[before + theirs] = value.half().cpu()
    for part, tensors in files.items():
        (folder / part).mkdir(parents=True, exist_ok=True)
        (folder / part / "config.json").write_text(json.dumps(fields.get(part, {})))
        save_file(tensors, folder / part / "model.safetensors")
    (folder / "tokenizer.json").touch()
    (folder / "pipeline.json").write_text(json.dumps({**describe(), "name": folder.name}))


def _shapes(network: nn.Module, sources: Sources) -> Iterator[tuple[str, list[int]]]:
    """Names and shapes of theirs."""
    for name, parameter in network.state_dict().items():
        theirs = sources(name)
        rows, *rest = parameter.shape
        if parameter.ndim == 4 and rest[-1] == 2:
            rows, rest = rows // 4, [rest[0], 3, 3]
        for source in theirs:
            path, _, kind = source.rpartition(".")
            if kind in ("bias2", "bias3", "bias4"):
                continue  # They are sums of others.
            length = rows // len(theirs)
            if name.startswith(("times.", "texts.")):
                length = _width(network, path, is_text=name.startswith("texts."))
            yield source, [length, *rest]
            if kind == "weight" and path.endswith(WITHOUT_OWN_BIAS):
                yield f"{path}.bias", [length]


def _width(network: nn.Module, path: str, *, is_text: bool) -> int:
    place = path.partition(".transformer_blocks")[0] if is_text else path.removesuffix(".time_emb_proj")
    width = network.get_submodule(place).width
    return int(width) if isinstance(width, int) else 0


def write_lora(path: Path, networks: StableDiffusion, *, rank: int, with_convolutions: bool) -> int:
    """A LoRA in kohya's format for every layer of attention, and of the text encoder; returns how many layers."""
    generator = torch.Generator().manual_seed(3)
    tensors: dict[str, Tensor] = {}
    shapes = {part: network.state_dict() for part, network in networks.parts().items()}
    for part, known in targets(networks).items():
        for theirs, target in known.items():
            is_attention = part == "text_encoder" or ".attentions." in theirs
            if not is_attention and not (with_convolutions and "conv" in theirs):
                continue
            rest = [*shapes[part][target.parameter].shape[1:]]
            rest = [rest[0], 3, 3] if target.is_doubled else rest
            before = f"lora_{'unet_' if part == 'unet' else 'te_text_model_'}{theirs.replace('.', '_')}"
            ones = [1] * (len(rest) - 1)
            down = torch.randn([rank, *rest], generator=generator) / math.sqrt(math.prod(rest))
            up = 0.2 * torch.randn([target.rows, rank, *ones], generator=generator) / math.sqrt(rank)
            tensors[f"{before}.lora_down.weight"], tensors[f"{before}.lora_up.weight"] = down.half(), up.half()
            tensors[f"{before}.alpha"] = torch.tensor(rank / 2)
    save_file(tensors, path)
    return len(tensors) // 3
