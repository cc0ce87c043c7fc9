"""A network's weights as one piece of memory: its parameters are views of it, and one copy fills it.

On the device that piece never moves (`WeightBuffer`), so that captured CUDA graphs stay right whatever it holds. On
the host a model's weights lie in the same layout (`WeightSet`), in page-locked memory where there is a GPU to copy to.
"""

import mmap
import weakref
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass

import torch
from torch import Tensor, nn

ALIGNMENT = 256
"""Bytes: as much as any kernel or library asks for."""


@dataclass(frozen=True)
class Place:
    """Where a tensor lies: bytes from the beginning, and how many."""

    start: int
    length: int
    shape: tuple[int, ...]
    dtype: torch.dtype


@dataclass(frozen=True)
class Layout:
    """Where the tensors of a network lie; two networks with equal layouts can take each other's weights."""

    places: Mapping[str, Place]
    size: int
    """Bytes."""

    @classmethod
    def of(cls, network: nn.Module, dtype: torch.dtype | None = None) -> "Layout":
        """In the order of the network's own list; numbers with a point as `dtype` where one is given."""
        return cls.of_tensors(network.state_dict(), dtype)

    @classmethod
    def of_tensors(cls, tensors: Mapping[str, Tensor], dtype: torch.dtype | None = None) -> "Layout":
        places, end = {}, 0
        for name, tensor in tensors.items():
            kind = dtype if dtype is not None and tensor.is_floating_point() else tensor.dtype
            length = tensor.numel() * kind.itemsize
            places[name] = Place(end, length, tuple(tensor.shape), kind)
            end += -(-length // ALIGNMENT) * ALIGNMENT
        return cls(places, end)

    def views(self, memory: Tensor) -> dict[str, Tensor]:
        """The tensors that lie in `memory`, uint8 [size]; those of convolutions with their channels last."""
        views = {}
        for name, place in self.places.items():
            flat = memory[place.start : place.start + place.length].view(place.dtype)
            if len(place.shape) == 4:
                outputs, channels, height, width = place.shape
                views[name] = flat.view(outputs, height, width, channels).permute(0, 3, 1, 2)
            else:
                views[name] = flat.view(place.shape)
        return views


class WeightSet:
    """One model's weights of one network, on the host."""

    def __init__(self, layout: Layout, *, is_pinned: bool = False) -> None:
        self.layout = layout
        # Pages of its own: what is locked must not share a page with anything else that is.
        self.memory = torch.frombuffer(mmap.mmap(-1, max(layout.size, 1)), dtype=torch.uint8)[: layout.size]
        self.is_pinned = False
        if is_pinned:
            self.lock_pages()

    def lock_pages(self) -> None:
        """Makes copies to a GPU as fast as its bus; where that fails they are slower.

        PyTorch's own locked memory comes in powers of two: a third more than is needed.
        """
        if self.is_pinned or not self.layout.size or not _lock_pages(self.memory):
            return
        self.is_pinned = True
        weakref.finalize(self, _unlock_pages, self.memory).atexit = False

    @property
    def views(self) -> dict[str, Tensor]:
        return self.layout.views(self.memory)

    def equals(self, other: "WeightSet") -> bool:
        """Whether every bit is the same."""
        return self.layout == other.layout and torch.equal(self.memory, other.memory)


class WeightBuffer:
    """The memory that a network runs from. It is kept for as long as the network: only what it holds changes.

    `memory` (uint8, at least the layout's size) may be given from outside, so that networks that run one after another
    can lie in the same place.
    """

    def __init__(
        self, network: nn.Module, device: torch.device, layout: Layout | None = None, memory: Tensor | None = None
    ) -> None:
        self.layout = layout or Layout.of(network)
        size = self.layout.size
        self.memory = torch.zeros(size, dtype=torch.uint8, device=device) if memory is None else memory[:size]
        self.views = self.layout.views(self.memory)
        for name, tensor in network.state_dict().items():
            if not tensor.is_meta:
                self.views[name].copy_(tensor)
        network.load_state_dict(self.views, assign=True)
        network.requires_grad_(False).eval()

    def fill(self, weights: WeightSet) -> None:
        """One copy, in the order of the current stream; where pages are locked, the host goes on meanwhile."""
        if weights.layout != self.layout:
            raise ValueError("Expected weights of the same layout as the network's, got another.")
        self.memory.copy_(weights.memory, non_blocking=True)


def _lock_pages(memory: Tensor) -> bool:
    if not torch.cuda.is_available():
        return False
    status = torch.cuda.cudart().cudaHostRegister(memory.data_ptr(), memory.numel(), 0)
    if int(status) == 0:
        return True
    # The next launch of a kernel would report this failure as its own.
    with suppress(RuntimeError):
        torch.zeros(1, device="cuda")
    return False


def _unlock_pages(memory: Tensor) -> None:
    # A copy from it may still be under way.
    torch.cuda.synchronize()
    torch.cuda.cudart().cudaHostUnregister(memory.data_ptr())
