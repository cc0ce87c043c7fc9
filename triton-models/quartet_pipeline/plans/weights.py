"""Which initializer holds which parameter, in which form and where: what a refit has to know."""

import json
import math
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Literal

import torch
from torch import Tensor

from quartet_pipeline.errors import ModelError

Form = Literal["same", "transposed", "planes"]
"""`transposed`: [o, c] as [c, o], for a product from the right; `planes`: further axes of length 1 behind."""
WIDTHS = {"float16": 2, "float32": 4}
FORMAT = 1


@dataclass(frozen=True)
class Weight:
    """One initializer of a graph."""

    parameter: str
    """The name in our network."""
    form: Form
    part: tuple[int, int]
    """Which of how many equal parts along the first axis."""
    dims: tuple[int, ...]
    dtype: str
    offset: int = 0
    """Where it begins in its part's file of weights."""

    @property
    def initializer(self) -> str:
        """The name in the graph, and so in the plan."""
        index, count = self.part
        mark = ".T" if self.form == "transposed" else ""
        return self.parameter + mark + (f".{index}" if count > 1 else "")

    @property
    def bytes(self) -> int:
        return math.prod(self.dims) * WIDTHS[self.dtype]


def shape_as(shape: tuple[int, ...], form: Form, part: tuple[int, int]) -> tuple[int, ...]:
    first, *rest = shape
    shape = (first // part[1], *rest)
    if form == "transposed":
        return shape[::-1]
    # A bias of a feature map has one axis before its two of length 1, and a convolution of 1x1 two.
    return (*shape, 1, 1) if form == "planes" else shape


def take_form(tensor: Tensor, weight: Weight) -> Tensor:
    """A parameter as its initializer: contiguous, on the parameter's device."""
    index, count = weight.part
    tensor = tensor.detach().chunk(count)[index] if count > 1 else tensor.detach()
    if weight.form == "transposed":
        tensor = tensor.t()
    formed = tensor.to(getattr(torch, weight.dtype)).contiguous(memory_format=torch.contiguous_format)
    return formed.view(weight.dims)


def form_all(parameters: Mapping[str, Tensor], weights: Mapping[str, Weight]) -> dict[str, Tensor]:
    """A network's parameters as initializers, by their names; a ModelError says which is missing or does not fit."""
    formed = {}
    for name, weight in weights.items():
        tensor = parameters.get(weight.parameter)
        if tensor is None:
            raise ModelError(f"Expected weights with `{weight.parameter}`, got {len(parameters)} without it.")
        if tensor.numel() != weight.part[1] * math.prod(weight.dims):
            expected = list(weight.dims) if weight.part[1] == 1 else f"{weight.part[1]} times {list(weight.dims)}"
            raise ModelError(f"Expected `{weight.parameter}` to fill {expected}, got {list(tensor.shape)}.")
        formed[name] = take_form(tensor, weight)
    return formed


def read_base(path: Path, weights: Mapping[str, Weight]) -> dict[str, Tensor]:
    """The initializers as they were exported, mapped from the file: nothing is read before it is used."""
    try:
        memory = torch.from_file(str(path), shared=False, size=path.stat().st_size, dtype=torch.uint8)
    except (OSError, RuntimeError) as error:
        raise ModelError(f"Expected {path} to hold the exported weights, got: {str(error)[:120]}.") from error
    end = max((weight.offset + weight.bytes for weight in weights.values()), default=0)
    if end > len(memory):
        raise ModelError(f"Expected {path} to have at least {end} bytes, got {len(memory)}: export the model again.")
    return {
        name: memory[weight.offset : weight.offset + weight.bytes].view(getattr(torch, weight.dtype)).view(weight.dims)
        for name, weight in weights.items()
    }


def write_weights_map(path: Path, weights: Mapping[str, Iterable[Weight]]) -> None:
    """`weights.json`: by part (text_encoder, unet ...), every initializer."""
    parts = {part: {one.initializer: asdict(one) for one in each} for part, each in weights.items()}
    path.write_text(json.dumps({"format": FORMAT, "parts": parts}, indent=1) + "\n", "utf-8")


def read_weights_map(path: Path) -> dict[str, dict[str, Weight]]:
    """By part and initializer; a ModelError says what is wrong with the file."""
    try:
        fields: dict[str, Any] = json.loads(path.read_text("utf-8"))
        if fields["format"] != FORMAT:
            raise ValueError(f"format {fields['format']!r}")
        return {
            part: {name: _read_weight(name, one) for name, one in each.items()}
            for part, each in fields["parts"].items()
        }
    except (OSError, ValueError, TypeError, KeyError) as error:
        raise ModelError(f"Expected {path} to map weights (format {FORMAT}), got: {str(error)[:120]}.") from error


def _read_weight(name: str, fields: dict[str, Any]) -> Weight:
    index, count = fields["part"]
    dims, offset = tuple(fields["dims"]), fields["offset"]
    weight = Weight(fields["parameter"], fields["form"], (index, count), dims, fields["dtype"], offset)
    if weight.initializer != name or weight.dtype not in WIDTHS:
        raise ValueError(f"`{name}` that says it is `{weight.initializer}` in {weight.dtype}")
    return weight
