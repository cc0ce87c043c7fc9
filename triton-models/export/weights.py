"""Which initializer holds which parameter, and in which form: what a refit has to know."""

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
    weight = Weight(fields["parameter"], fields["form"], (index, count), tuple(fields["dims"]), fields["dtype"])
    if weight.initializer != name or weight.dtype not in WIDTHS:
        raise ValueError(f"`{name}` that says it is `{weight.initializer}` in {weight.dtype}")
    return weight
