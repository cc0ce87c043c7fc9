"""Products of matrices in fp8, where the card has it and it is faster; everything else as `KernelOperations`."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial

import torch
import triton
from torch import Tensor
from triton.tools.tensor_descriptor import TensorDescriptor

from quartet_pipeline.networks import fp8
from quartet_pipeline.networks.kernels import coarse
from quartet_pipeline.networks.kernels.choices import Way
from quartet_pipeline.networks.kernels.launches import either
from quartet_pipeline.networks.kernels.operations import KernelOperations
from quartet_pipeline.networks.operations import PLAIN
from quartet_pipeline.speeds import FP8_CAPABILITY

Quantised = tuple[Tensor, Tensor]
"""e4m3 [rows, c], and the scale of each row, float32 [rows]."""
BK = 128
"""Channels that a product takes at once: as many bytes as 64 in half precision."""
TILES = ((128, 128, 8, 4), (128, 256, 8, 3), (128, 64, 4, 4))
GATED_TILES = ((128, 128, 8, 3), (128, 64, 4, 4))
"""Rows, outputs, warps and stages of a program."""
MOST_ERROR = 6e-2
"""Of ‖out − reference‖ / ‖reference‖: two operands that are each off by up to 3 %, and no sum makes that more."""


@dataclass
class Fp8Operations(KernelOperations):
    """In `in_fp8` each linear layer is whatever is fastest, half precision among it."""

    is_coarse: bool = False
    _weights: dict[int, tuple[Tensor, Tensor, Tensor]] = field(default_factory=dict)
    """By address: weights, the same in e4m3 and the outputs' scales."""

    @staticmethod
    def is_possible() -> bool:
        return torch.cuda.is_available() and torch.cuda.get_device_capability() >= FP8_CAPABILITY

    @contextmanager
    def in_fp8(self) -> Iterator[None]:
        self.is_coarse = True
        try:
            yield
        finally:
            self.is_coarse = False

    def round_again(self) -> None:
        """After other weights were copied into the same memory."""
        for weight, values, scales in self._weights.values():
            for old, new in zip((values, scales), fp8.quantise(weight), strict=True):
                old.copy_(new.view_as(old))

    def linear(self, x: Tensor, weight: Tensor, bias: Tensor | None = None, residual: Tensor | None = None) -> Tensor:
        in_half = partial(super().linear, x, weight, bias, residual)
        if not self._fits(x, weight):
            return in_half()
        ways = [Way("half", in_half), *self._ways(x, weight, bias, residual)]
        key = ("linear fp8", *_shape(x, weight), bias is not None, residual is not None)

        def reference() -> Tensor:
            added = None if residual is None else residual.float()
            return PLAIN.linear(x.float(), weight.float(), None if bias is None else bias.float(), added)

        return self.choices.run(key, ways, reference, most_error=MOST_ERROR)

    def add_linear(self, sums: Tensor, x: Tensor, weight: Tensor) -> Tensor:
        in_half = partial(super().add_linear, sums, x, weight)
        if not self._fits(x, weight):
            return in_half()
        key = ("add fp8", *_shape(x, weight))
        kept = sums.clone() if self.choices.would_measure(key) else sums
        ways = [Way("half", in_half), *self._ways(x, weight, None, sums)]

        def reference() -> Tensor:
            return PLAIN.add_linear(kept.float(), x.float(), weight.float())

        return self.choices.run(key, ways, reference, lambda: sums.copy_(kept), most_error=MOST_ERROR)

    def gated_linear(self, x: Tensor, weight: Tensor, bias: Tensor) -> Tensor:
        in_half = partial(super().gated_linear, x, weight, bias)
        if not self._fits(x, weight):
            return in_half()
        ways = [Way("half", in_half), *self._ways(x, weight, bias, None, is_gated=True)]

        def reference() -> Tensor:
            return PLAIN.gated_linear(x.float(), weight.float(), bias.float())

        return self.choices.run(("gated fp8", *_shape(x, weight)), ways, reference, most_error=MOST_ERROR)

    def _fits(self, x: Tensor, weight: Tensor) -> bool:
        return self.is_coarse and weight.shape[1] % 16 == 0 and weight.shape[0] % 16 == 0 and x.is_contiguous()

    def _ways(
        self, x: Tensor, weight: Tensor, bias: Tensor | None, residual: Tensor | None, *, is_gated: bool = False
    ) -> list[Way[Tensor]]:
        def run(rows: int, columns: int, warps: int, stages: int) -> Tensor:
            taken, tile = quantise(x), (rows, columns, warps, stages)
            y = multiply(taken, self._rounded(weight), bias, residual, x.dtype, tile, is_gated=is_gated)
            return y.view(*x.shape[:-1], y.shape[-1])

        tiles = GATED_TILES if is_gated else TILES
        return [
            Way(f"fp8 {tile[0]}x{tile[1]} w{tile[2]} s{tile[3]}", partial(run, *tile), is_ours=True) for tile in tiles
        ]

    def _rounded(self, weight: Tensor) -> Quantised:
        known = self._weights.get(weight.data_ptr())
        if known is None:
            values, scales = fp8.quantise(weight)
            known = self._weights[weight.data_ptr()] = weight, values, scales.flatten()
        return known[1:]


def _shape(x: Tensor, weight: Tensor) -> tuple[int, int, int]:
    return x.numel() // x.shape[-1], *reversed(weight.shape)  # type: ignore[return-value]


def quantise(x: Tensor) -> Quantised:
    """Of [..., c]."""
    channels = x.shape[-1]
    rows = x.numel() // channels
    values = torch.empty(rows, channels, dtype=torch.float8_e4m3fn, device=x.device)
    scales = torch.empty(rows, dtype=torch.float32, device=x.device)
    count = 4 if channels <= 1024 else 1
    coarse.quantise_rows[(triton.cdiv(rows, count),)](
        x, values, scales, rows, channels, ROWS=count, BLOCK=triton.next_power_of_2(channels),
        num_warps=4,
    )  # fmt: skip
    return values, scales


def multiply(
    x: Quantised,
    weight: Quantised,
    bias: Tensor | None,
    residual: Tensor | None,
    dtype: torch.dtype,
    tile: tuple[int, int, int, int],
    *,
    is_gated: bool = False,
) -> Tensor:
    """[rows, c] times weights [o, c] -> [rows, o]; with gates [2 o, c]."""
    (values, row_scales), (weights, output_scales) = x, weight
    rows, channels = values.shape
    outputs = len(weights) // 2 if is_gated else len(weights)
    out = torch.empty(rows, outputs, dtype=dtype, device=values.device)
    height, width, warps, stages = tile
    coarse.multiply[(triton.cdiv(rows, height) * triton.cdiv(outputs, width),)](
        TensorDescriptor(values, [rows, channels], [channels, 1], [height, BK]),
        TensorDescriptor(weights, list(weights.shape), [channels, 1], [width, BK]),
        out, either(bias, out), either(residual, out), row_scales, output_scales, rows, channels, outputs,
        BM=height, BK=BK, BN=width, IS_GATED=is_gated, HAS_BIAS=bias is not None, HAS_RESIDUAL=residual is not None,
        num_warps=warps, num_stages=stages,
    )  # fmt: skip
    return out
