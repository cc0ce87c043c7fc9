"""LoRA (Hu et al. 2021): small changes to a model's weights, W + scale * alpha / rank * up x down.

They are merged into the weights where those lie, right after the base was copied there: a drawing is as fast as
without, and the base is never taken back by subtraction but copied anew. Each sum is made in float32 and rounded once.
"""

import json
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError, safe_open
from torch import Tensor, nn

from quartet_pipeline.errors import ModelError
from quartet_pipeline.networks.lora_names import LoraModule, read_lora_names
from quartet_pipeline.networks.operations import fold_doubled
from quartet_pipeline.networks.unet import UNet
from quartet_pipeline.networks.weight_set import Layout, WeightSet
from quartet_pipeline.networks.weights import Sources, StableDiffusion, sources_of

LORA_PARTS = ("text_encoder", "unet")


@dataclass(frozen=True)
class Target:
    """Where a weight of diffusers' lies: rows of a parameter of ours."""

    parameter: str
    first: int
    rows: int
    is_doubled: bool
    """Whether the parameter is `fold_doubled` of it."""


@dataclass(frozen=True)
class Change:
    """What is added to a target: the names of its matrices, and alpha / rank."""

    target: Target
    down: str
    up: str
    mid: str | None
    strength: float


@dataclass(frozen=True)
class PartOfLora:
    """The changes of one network; its tensors as the file has them."""

    changes: tuple[Change, ...]
    tensors: WeightSet

    @torch.no_grad()
    def merge_into(self, parameters: Mapping[str, Tensor], scale: float) -> None:
        """Changes `parameters`, which hold the base, in place; on their device."""
        device = next(iter(parameters.values())).device
        tensors = self.tensors.layout.views(self.tensors.memory.to(device, non_blocking=True))
        for change in self.changes:
            _add(parameters, change, tensors, scale)


Lora = Mapping[str, PartOfLora]
"""By the names of `StableDiffusion.parts`; only those that are changed."""


def targets(networks: StableDiffusion) -> dict[str, dict[str, Target]]:
    """What a LoRA can change, by part and by diffusers' name without `.weight`."""
    return {part: dict(_targets(networks.parts()[part], sources_of(networks, part))) for part in LORA_PARTS}


def _targets(network: nn.Module, sources: Sources) -> Iterator[tuple[str, Target]]:
    for name, parameter in network.state_dict().items():
        if parameter.ndim < 2 or "embedding." in name:
            continue
        first = 0
        is_doubled = parameter.ndim == 4 and parameter.shape[-1] == 2
        theirs = sources(name)
        for source, rows in zip(theirs, _lengths(network, name, len(parameter), len(theirs)), strict=True):
            yield source.removesuffix(".weight"), Target(name, first, rows // 4 if is_doubled else rows, is_doubled)
            first += rows


def _lengths(network: nn.Module, name: str, rows: int, count: int) -> list[int]:
    """Of the tensors of theirs that lie in a parameter of ours, one below the other: their rows."""
    if isinstance(network, UNet) and name == "times.weight":
        return [block.width for block in network.residual_blocks()]
    if isinstance(network, UNet) and name == "texts.weight":
        return [block.width for block in network.transformers() for _ in ("key", "value")]
    return [rows // count] * count


def read_lora(path: Path, networks: StableDiffusion, *, is_pinned: bool = False) -> Lora:
    """A LoRA file, or a ModelError that names what in it is not understood or does not fit."""
    known = targets(networks)
    try:
        with safe_open(path, framework="pt") as file:
            tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118 - it is no mapping
            alphas = _read_alphas(file.metadata() or {})
    except (OSError, SafetensorError) as error:
        raise ModelError(f"Expected {path} to be a safetensors file, got: {str(error)[:120]}.") from error
    try:
        modules = read_lora_names(tensors, known)
        shapes = {part: network.state_dict() for part, network in networks.parts().items()}
        return {
            part: _pack(
                [
                    _change(known[part][path], one, tensors, alphas(part, path), shapes[part])
                    for path, one in found.items()
                ],
                tensors,
                is_pinned=is_pinned,
            )
            for part, found in modules.items()
            if found
        }
    except ModelError as error:
        raise ModelError(f"{path}: {error}") from error


def _pack(changes: list[Change], tensors: Mapping[str, Tensor], *, is_pinned: bool) -> PartOfLora:
    used = {name for change in changes for name in (change.down, change.up, change.mid) if name}
    kept = {name: tensor for name, tensor in tensors.items() if name in used}
    packed = WeightSet(Layout.of_tensors(kept), is_pinned=is_pinned)
    for name, view in packed.views.items():
        view.copy_(kept[name])
    return PartOfLora(tuple(changes), packed)


def _change(
    target: Target, module: LoraModule, tensors: Mapping[str, Tensor], alpha: float | None, shapes: Mapping[str, Tensor]
) -> Change:
    down, up = tensors[module.down], tensors[module.up]
    mid = tensors[module.mid] if module.mid else None
    rank = down.shape[0]
    if module.alpha is not None:
        alpha = float(tensors[module.alpha])
    whole = list(shapes[target.parameter].shape[1:])
    if target.is_doubled:
        whole = [whole[0], 3, 3]
    kernel = list((down if mid is None else mid).shape[2:])
    made = [up.shape[0], down.shape[1], *kernel]
    expected = [target.rows, *whole]
    # A convolution of 1x1 is a linear layer here.
    if made[2:] == [1, 1] and len(expected) == 2:
        made = made[:2]
    is_chain = up.flatten(1).shape[1] == (rank if mid is None else mid.shape[0])
    is_chain &= mid is None or (mid.shape[1] == rank and down[0, 0].numel() == 1)
    if made != expected or not is_chain:
        got = " x ".join(
            f"`{name}` {list(tensors[name].shape)}" for name in (module.up, module.mid, module.down) if name
        )
        raise ModelError(f"Expected a change of the shape {expected}, got {got}.")
    return Change(target, module.down, module.up, module.mid, (rank if alpha is None else alpha) / rank)


def _add(parameters: Mapping[str, Tensor], change: Change, tensors: Mapping[str, Tensor], scale: float) -> None:
    target = change.target
    delta = _product(change, tensors) * (scale * change.strength)
    parameter = parameters[target.parameter]
    if target.is_doubled:
        parameter.copy_(parameter.float() + fold_doubled(delta))
        return
    rows = parameter[target.first : target.first + target.rows]
    delta = delta.view(rows.shape)
    rows.copy_(rows.float() + delta)
    if target.parameter.endswith(".proj_out.weight"):
        # Its bias holds its product with biases that were moved there (see `unet.Transformer`).
        path = target.parameter.removesuffix(".weight")
        bias, moved = parameters[f"{path}.bias"], parameters[f"{path.removesuffix('proj_out')}bias4"]
        bias.copy_(bias.float() + delta @ moved.float())


def _product(change: Change, tensors: Mapping[str, Tensor]) -> Tensor:
    """float32 [outputs, channels, ...] as diffusers' weight has them."""
    down, up = tensors[change.down].float(), tensors[change.up].float()
    if change.mid is not None:
        return torch.einsum("oi,ijhw,jc->ochw", up.flatten(1), tensors[change.mid].float(), down.flatten(1))
    return (up.flatten(1) @ down.flatten(1)).view(up.shape[0], *down.shape[1:])


def _read_alphas(metadata: Mapping[str, str]) -> Callable[[str, str], float | None]:
    """What PEFT's own settings, which newer files carry along, say of a layer's alpha."""
    try:
        settings: dict[str, Any] = json.loads(metadata.get("lora_adapter_metadata", "{}"))
    except ValueError as error:
        raise ModelError(f"Expected its settings (`lora_adapter_metadata`) to be JSON, got: {error}.") from error

    def alpha(part: str, path: str) -> float | None:
        for unknown in ("use_dora", "use_rslora"):
            if settings.get(f"{part}.{unknown}"):
                raise ModelError(f"Expected a plain LoRA, got one with `{unknown}`.")
        for pattern, value in settings.get(f"{part}.alpha_pattern", {}).items():
            if re.fullmatch(rf"(.*\.)?({pattern})", path):
                return float(value)
        value = settings.get(f"{part}.lora_alpha")
        return None if value is None else float(value)

    return alpha
