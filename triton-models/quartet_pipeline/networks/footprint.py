"""What the networks' operations take of memory: they run nothing, and make what the real ones would make.

For the meta device. Where a card may choose between several ways (see `kernels.choices`), of the way that takes most.
"""

from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor
from torch.overrides import TorchFunctionMode

from quartet_pipeline.networks.operations import Norm, Operations

PARTIAL_SUMS = 132 * 128 * 320
"""Float32 numbers of a product that is summed in parts: at most one tile for each multiprocessor."""


class Footprint(Operations):
    """As `kernels.operations.KernelOperations`."""

    def linear(self, x: Tensor, weight: Tensor, bias: Tensor | None = None, residual: Tensor | None = None) -> Tensor:
        del bias, residual
        y = x.new_empty(*x.shape[:-1], len(weight))
        _partial_sums(y)
        return y

    def add_linear(self, sums: Tensor, x: Tensor, weight: Tensor) -> Tensor:
        del x, weight
        _partial_sums(sums)
        return sums

    def gated_linear(self, x: Tensor, weight: Tensor, bias: Tensor) -> Tensor:
        values_and_gates = self.linear(x, weight, bias)
        return values_and_gates.new_empty(*x.shape[:-1], len(weight) // 2)

    def convolve(
        self, x: Tensor, weight: Tensor, bias: Tensor | None, *, stride: int = 1, residual: Tensor | None = None
    ) -> Tensor:
        del bias, residual
        n, h, w, _ = x.shape
        y = x.new_empty(n, h // stride, w // stride, len(weight))
        # cuDNN may sum in float32 beside it.
        y.new_empty(y.shape, dtype=torch.float32)
        _partial_sums(y)
        return y

    def convolve_doubled(self, x: Tensor, folded: Tensor, bias: Tensor | None) -> Tensor:
        del bias
        n, h, w, channels = x.shape
        padded = x.new_empty(n, h + 2, w + 2, channels)
        y = padded.new_empty(n, 2 * h, 2 * w, len(folded) // 4)
        # One of the four kinds of pixels, before it goes to its place.
        y.new_empty(n, h, w, len(folded) // 4, dtype=torch.float32)
        return y

    def group_norm(self, x: Tensor, norm: Norm, bias: Tensor | None = None) -> Tensor:
        del norm, bias
        return torch.empty_like(x, memory_format=torch.contiguous_format)

    def layer_norm(self, x: Tensor, scale: Tensor, shift: Tensor, eps: float, bias: Tensor | None = None) -> Tensor:
        del scale, shift, eps
        x = x if bias is None else torch.empty_like(x)
        return torch.empty_like(x)


def _partial_sums(y: Tensor) -> None:
    if y.numel() <= PARTIAL_SUMS:
        y.new_empty(PARTIAL_SUMS, dtype=torch.float32)


class FusedAttention(TorchFunctionMode):
    """Attention that never holds the scores of every pair, as it runs everywhere but on the meta device."""

    def __torch_function__(self, function: Any, types: Any, arguments: Any = (), named: Any = None) -> Any:
        del types
        if function is not F.scaled_dot_product_attention:
            return function(*arguments, **(named or {}))
        query, _, value = arguments[:3]
        n, heads, tokens, _ = query.shape
        mixed = query.new_empty(n, tokens, heads, value.shape[-1])
        # Sums of heads too wide for registers, and the logarithm of each row's sum.
        mixed.new_empty(mixed.shape, dtype=torch.float32)
        mixed.new_empty(n, heads, tokens, dtype=torch.float32)
        return mixed.transpose(1, 2)


class PlainFootprint(Footprint):
    """As `operations.Operations` itself, which keeps what is between its parts."""

    def linear(self, x: Tensor, weight: Tensor, bias: Tensor | None = None, residual: Tensor | None = None) -> Tensor:
        del bias
        y = x.new_empty(*x.shape[:-1], len(weight))
        return y if residual is None else torch.empty_like(y)

    def add_linear(self, sums: Tensor, x: Tensor, weight: Tensor) -> Tensor:
        del sums
        product = self.linear(x, weight)
        return torch.empty_like(product)

    def gated_linear(self, x: Tensor, weight: Tensor, bias: Tensor) -> Tensor:
        values_and_gates = self.linear(x, weight, bias)
        gates = values_and_gates.new_empty(*x.shape[:-1], len(weight) // 2)
        return torch.empty_like(gates)

    def convolve(
        self, x: Tensor, weight: Tensor, bias: Tensor | None, *, stride: int = 1, residual: Tensor | None = None
    ) -> Tensor:
        del bias
        n, h, w, _ = x.shape
        y = x.new_empty(n, h // stride, w // stride, len(weight))
        return y if residual is None else torch.empty_like(y)

    def group_norm(self, x: Tensor, norm: Norm, bias: Tensor | None = None) -> Tensor:
        x = x if bias is None else torch.empty_like(x)
        y = torch.empty_like(x, memory_format=torch.contiguous_format)
        y = torch.empty_like(y)
        return torch.empty_like(y) if norm.silu else y
