"""How much memory a program takes: every tensor's bytes, counted as it comes and goes."""

import weakref
from typing import Any

import torch
from torch import Tensor
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_leaves

ROUNDING = 512
"""Bytes: a GPU's allocator gives out multiples of this."""


class MemoryMeter(TorchDispatchMode):
    """Counts the memory of whatever is made inside `with` this, for as long as it lives.

    On the meta device that is what a program would take. On a CPU, with `most`, it stands for a card of that size: what
    does not fit raises the error that a card would raise. What a library takes inside one operation is not seen.
    """

    def __init__(self, most: int | None = None) -> None:
        super().__init__()
        self.most = most
        """Bytes."""
        self.now = 0
        self.peak = 0
        self._storages: dict[int, weakref.ref[Any]] = {}

    def start_peak(self) -> None:
        """From here on `peak` is the largest that is still to come."""
        self.peak = self.now

    def __torch_dispatch__(self, function: Any, types: Any, arguments: Any = (), named: Any = None) -> Any:
        del types
        results = function(*arguments, **(named or {}))
        # A view takes nothing, nor does what is written into a tensor that is there.
        given = {_storage(one)._cdata for one in tree_leaves((arguments, named)) if isinstance(one, Tensor)}
        for result in tree_leaves(results):
            if isinstance(result, Tensor) and _storage(result)._cdata not in given:
                self._count(_storage(result))
        return results

    def _count(self, storage: torch.UntypedStorage) -> None:
        key = storage._cdata
        if key in self._storages:
            return
        size = -(-storage.nbytes() // ROUNDING) * ROUNDING
        if self.most is not None and self.now + size > self.most:
            raise torch.OutOfMemoryError(
                f"Expected to stay within {self.most / 1e6:.1f} MB, got {size / 1e6:.1f} MB on top of "
                f"{self.now / 1e6:.1f} MB."
            )

        def forget(_: object) -> None:
            self.now -= size
            del self._storages[key]

        self.now += size
        self.peak = max(self.peak, self.now)
        self._storages[key] = weakref.ref(storage, forget)


def _storage(tensor: Tensor) -> Any:
    return tensor.untyped_storage()
