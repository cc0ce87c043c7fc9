"""How each kernel is launched: grids, descriptors, tensors for what comes out; and the libraries' ways beside ours."""

from dataclasses import dataclass
from typing import Any

import torch
import torch.nn.functional as F
import triton
from torch import Tensor
from torch.nn.attention import SDPBackend, sdpa_kernel
from triton.tools.tensor_descriptor import TensorDescriptor

from quartet_pipeline.networks.kernels import attention, norms, products
from quartet_pipeline.networks.operations import PLAIN, Norm

LOG2_E = 1.4426950408889634
BK = 64
"""Channels that a product takes at once."""
HEADS = {40: (32, 16), 64: (32, 32), 80: (64, 16), 160: (128, 32)}
"""The two tiles of a head of each width."""


@dataclass(frozen=True)
class Tile:
    """The shape of one program of `products.multiply`."""

    rows: int
    columns: int
    more: int
    warps: int
    stages: int

    @property
    def name(self) -> str:
        return f"{self.rows}x{self.columns}{f'+{self.more}' if self.more else ''} w{self.warps} s{self.stages}"


def library_linear(x: Tensor, weight: Tensor, bias: Tensor | None, residual: Tensor | None) -> Tensor:
    product = F.linear(x, weight, bias)
    return product if residual is None else product.add_(residual)


def convolve_alone(x: Tensor, weight: Tensor, stride: int, *, is_measured: bool) -> Tensor:
    """cuDNN: the algorithm that it thinks best, or, after a third of a second of trying, the one that is.

    Its cache of algorithms knows the two apart by `allow_tf32`, which means nothing in half precision.
    """
    with torch.backends.cudnn.flags(enabled=True, benchmark=is_measured, allow_tf32=not is_measured):
        y = F.conv2d(x.permute(0, 3, 1, 2), weight, None, stride=stride, padding=1)
    return y.permute(0, 2, 3, 1).contiguous()


def library_convolve(
    x: Tensor, weight: Tensor, bias: Tensor | None, stride: int, residual: Tensor | None, measured: bool
) -> Tensor:
    """cuDNN, then bias and residual in one pass."""
    y = convolve_alone(x, weight, stride, is_measured=measured)
    return y if bias is None and residual is None else finish(y[None], y, bias, residual)


def finish(parts: Tensor, out: Tensor, bias: Tensor | None, residual: Tensor | None) -> Tensor:
    """Sums [splits, ...] into `out`, with bias and residual."""
    size = out.numel()
    products.add_partials[(triton.cdiv(size, 1024),)](
        parts, out, either(bias, out), either(residual, out), size, out.shape[-1],
        SPLITS=len(parts), HAS_BIAS=bias is not None, HAS_RESIDUAL=residual is not None, BLOCK=1024,

    )  # fmt: skip
    return out


def gate(pairs: Tensor) -> Tensor:
    outputs = pairs.shape[-1] // 2
    out = pairs.new_empty(*pairs.shape[:-1], outputs)
    products.gate[(triton.cdiv(out.numel(), 1024),)](
        pairs,
        out,
        out.numel() // outputs,
        outputs,
        BLOCK=1024,
    )
    return out


def multiply(
    x: Tensor,
    weight: Tensor,
    bias: Tensor | None,
    residual: Tensor | None,
    shape: tuple[int, ...],
    picture: tuple[int, int, int],
    kernel: int,
    up: int,
    tile: Tile,
    splits: int,
    *,
    is_gated: bool = False,
) -> Tensor:
    channels = x.shape[-1]
    images, height, width = picture
    rows = images * height * width
    outputs = shape[-1]
    out = x.new_empty(shape)
    parts = x.new_empty((splits, *shape), dtype=torch.float32) if splits > 1 else out
    flat = weight.permute(0, 2, 3, 1).reshape(len(weight), -1) if weight.ndim == 4 else weight
    pictures: Any = x
    if kernel == 1:
        pictures = TensorDescriptor(x, [rows, channels], [channels, 1], [tile.rows, BK])
    boxes = TensorDescriptor(flat, list(flat.shape), [flat.stride(0), 1], [tile.columns, BK])
    more = TensorDescriptor(flat, list(flat.shape), [flat.stride(0), 1], [tile.more or tile.columns, BK])
    columns = tile.columns if is_gated else tile.columns + tile.more
    grid = (triton.cdiv(rows, tile.rows) * triton.cdiv(outputs, columns), up * up, splits)
    products.multiply[grid](
        pictures, boxes, more, out, either(bias, out), either(residual, out), parts,
        images, height, width, channels, outputs, splits,
        KH=kernel, KW=kernel, UP=up, BM=tile.rows, BK=BK, BN=tile.columns, BN_MORE=tile.more, IS_GATED=is_gated,
        HAS_BIAS=bias is not None, HAS_RESIDUAL=residual is not None, IS_SPLIT=splits > 1,
        num_warps=tile.warps, num_stages=tile.stages,
    )  # fmt: skip
    return finish(parts, out, bias, residual) if splits > 1 else out


def either(tensor: Tensor | None, other: Tensor) -> Tensor:
    """A kernel reads no tensor that it is told is not there, and still wants one."""
    return other if tensor is None else tensor


def only_norm(norm: Norm, rows: int, block: int, x: Tensor, bias: Tensor | None) -> Tensor:
    return group_norm(norm, rows, block, x, bias=bias)[1]


def group_norm(
    norm: Norm,
    rows: int,
    block: int,
    x: Tensor,
    *,
    more: Tensor | None = None,
    bias: Tensor | None = None,
    residual: Tensor | None = None,
    is_written: bool = False,
) -> tuple[Tensor, Tensor]:
    """`x` beside `more`, plus bias and residual: that itself where it is to be written, and its group norm."""
    n, h, w, first = x.shape
    channels = first + (0 if more is None else more.shape[-1])
    area = h * w
    parts, blocks = triton.cdiv(area, rows), triton.cdiv(channels, block)
    sums = x.new_empty((n, parts, 2, channels), dtype=torch.float32)
    factors = x.new_empty((n, 2, channels), dtype=torch.float32)
    whole = x.new_empty((n, h, w, channels)) if is_written else x
    out = torch.empty_like(whole)
    norms.sum_channels[(n, parts, blocks)](
        x, either(more, x), either(bias, x), either(residual, x), whole, sums, area, channels, first,
        HAS_MORE=more is not None, HAS_BIAS=bias is not None, HAS_RESIDUAL=residual is not None,
        IS_WRITTEN=is_written, ROWS=rows, BLOCK=block,
    )  # fmt: skip
    is_bias_left = bias is not None and not is_written
    norms.find_factors[(n, norm.groups)](
        sums, factors, norm.scale, norm.shift, either(bias, x), area, channels, norm.groups, parts, norm.eps,
        HAS_BIAS=is_bias_left, WIDTH=triton.next_power_of_2(channels // norm.groups),
        PARTS=triton.next_power_of_2(parts),
    )  # fmt: skip
    norms.apply_factors[(n, parts, blocks)](
        whole, factors, out, area, channels, IS_SILU=norm.silu, ROWS=rows, BLOCK=block
    )
    return whole, out


def small_group_norm(
    norm: Norm, x: Tensor, *, more: Tensor | None = None, bias: Tensor | None = None
) -> tuple[Tensor, Tensor]:
    n, h, w, first = x.shape
    channels = first + (0 if more is None else more.shape[-1])
    whole = x if more is None else x.new_empty((n, h, w, channels))
    out = torch.empty_like(whole)
    norms.normalise_group[(n, norm.groups)](
        x, either(more, x), either(bias, x), whole, out, norm.scale, norm.shift,
        h * w, channels, first, norm.groups, norm.eps,
        HAS_MORE=more is not None, HAS_BIAS=bias is not None, IS_SILU=norm.silu,
        AREA=triton.next_power_of_2(h * w), WIDTH=triton.next_power_of_2(channels // norm.groups),
        num_warps=8,
    )  # fmt: skip
    return whole, out


def layer_norm(
    x: Tensor, scale: Tensor, shift: Tensor, eps: float, bias: Tensor | None, count: int, rows: int
) -> Tensor:
    out = torch.empty_like(x)
    channels = x.shape[-1]
    norms.normalise_rows[(triton.cdiv(rows, count),)](
        x, either(bias, x), out, scale, shift, rows, channels, eps,
        HAS_BIAS=bias is not None, ROWS=count, BLOCK=triton.next_power_of_2(channels),
        num_warps=4,
    )  # fmt: skip
    return out


def library_attend(query: Tensor, key: Tensor, value: Tensor, backend: SDPBackend) -> Tensor:
    with sdpa_kernel(backend):
        return PLAIN.attend(query, key, value)


def attend(query: Tensor, key: Tensor, value: Tensor, rows: int, columns: int, warps: int) -> Tensor:
    n, tokens, heads, width = query.shape
    length, stride = key.shape[1], key.stride(1)
    first, more = HEADS[width]
    # Keys and values are columns of the same rows.
    offset = value.storage_offset() - key.storage_offset()
    shape = [n * length, offset + heads * width]
    matrix = torch.as_strided(key, shape, (stride, 1))
    out = query.new_empty(n, tokens, heads * width)
    attention.attend[(triton.cdiv(tokens, rows), n * heads)](
        query,
        TensorDescriptor(matrix, shape, [stride, 1], [columns, first]),
        TensorDescriptor(matrix, shape, [stride, 1], [columns, more]),
        out, tokens, length, heads, query.stride(1), 0, offset, width**-0.5 * LOG2_E,
        WIDTH=width, FIRST=first, MORE=more, BM=rows, BN=columns,
        IS_EVEN=length % columns == 0, num_warps=warps, num_stages=2,
    )  # fmt: skip
    return out
