"""How a drawing goes through the networks on a device with little memory: few pictures at once, networks in turns."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import torch
from torch import Tensor

from quartet_pipeline.description import Size
from quartet_pipeline.request import MAX_PICTURES

MOST_PROGRAMS = 16


@dataclass(frozen=True)
class Turn:
    """How one stage is run."""

    pictures: int = MAX_PICTURES
    """Together; the others come after them."""
    is_captured: bool = True
    """Whether as a CUDA graph, where there is a GPU: it keeps what it needs in between to itself, always."""


@dataclass(frozen=True)
class Turns:
    """How the stages of one size are run that need much beside their weights."""

    loop: Turn = Turn()
    decoder: Turn = Turn()


@dataclass(frozen=True)
class TorchPlan:
    """How the torch engine shares out its memory."""

    turns: Mapping[Size, Turns] | None = None
    """Of the sizes that fit; None where memory is no question."""
    takes_turns: bool = False
    """Whether the weights of one stage lie on the device at a time."""
    has_fp8: bool = True
    """Whether a copy of the loop's weights in fp8 fits too."""
    programs: int = MOST_PROGRAMS
    """That are kept, and tables of schedulers."""


def in_turns(rows: int, network: Callable[..., Tensor | tuple[Tensor, ...]], *batches: Tensor) -> tuple[Tensor, ...]:
    """What `network` makes of batches [n, ...], whose rows know nothing of each other: `rows` of them at a time."""
    parts = [batches] if len(batches[0]) <= rows else zip(*(batch.split(rows) for batch in batches), strict=True)
    results = [result if isinstance(result, tuple) else (result,) for result in (network(*part) for part in parts)]
    return results[0] if len(results) == 1 else tuple(map(torch.cat, zip(*results, strict=True)))


def for_each_picture(texts: Tensor, count: int) -> Tensor:
    """What is read of each prompt [n, ...] -> the same for `count` pictures, all of the first prompt first."""
    return texts[:, None].expand(-1, count, *texts.shape[1:]).flatten(0, 1).contiguous()
