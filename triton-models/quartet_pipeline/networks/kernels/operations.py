"""The networks' operations on an NVIDIA GPU: our kernels and the libraries', whichever this card runs faster."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import partial
from typing import Any

import torch
import torch.nn.functional as F
import triton
from torch import Tensor
from torch.nn.attention import SDPBackend, sdpa_kernel
from triton.tools.tensor_descriptor import TensorDescriptor

from quartet_pipeline.networks.kernels import attention, norms, products
from quartet_pipeline.networks.kernels.choices import Choices, Way
from quartet_pipeline.networks.operations import PLAIN, Operations

LOG2_E = 1.4426950408889634
MULTIPROCESSORS = 132
BK = 64


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


# 320 columns at once divide every width of Stable Diffusion's UNet, and 128 such tiles fill 132 multiprocessors.
CONVOLUTION_TILES = (
    Tile(128, 256, 64, 8, 3),
    Tile(128, 128, 0, 8, 3),
    Tile(128, 256, 0, 8, 3),
    Tile(256, 128, 0, 8, 3),
)
LINEAR_TILES = (Tile(128, 256, 64, 8, 3), Tile(128, 128, 0, 8, 4), Tile(128, 64, 0, 4, 4), Tile(128, 256, 0, 8, 3))
GATED_TILES = (Tile(128, 128, 128, 8, 3), Tile(128, 64, 64, 4, 4), Tile(128, 64, 64, 8, 4))
HEADS = {40: (32, 16), 64: (32, 32), 80: (64, 16), 160: (128, 32)}
"""The two tiles of a head of each width."""
BACKENDS = {"cudnn": SDPBackend.CUDNN_ATTENTION, "flash": SDPBackend.FLASH_ATTENTION}


@dataclass
class KernelOperations(Operations):
    """Half precision on a GPU; measures each new shape on its first run, which must be outside a capture."""

    choices: Choices = field(default_factory=Choices)

    def linear(self, x: Tensor, weight: Tensor, bias: Tensor | None = None, residual: Tensor | None = None) -> Tensor:
        outputs, channels = weight.shape
        rows = x.numel() // channels
        key = ("linear", rows, channels, outputs, bias is not None, residual is not None)
        ways = [Way("library", lambda: _library_linear(x, weight, bias, residual))]
        if channels % BK == 0 and outputs % 8 == 0 and outputs >= 64 and x.is_contiguous():
            shape = (*x.shape[:-1], outputs)
            for tile, splits in _tilings(LINEAR_TILES, rows, outputs, channels // BK):
                run = partial(_multiply, x, weight, bias, residual, shape, (1, 1, rows), 1, 1, tile, splits)
                ways.append(Way(f"kernel {tile.name} /{splits}", run))
        return self.choices.run(key, ways, lambda: PLAIN.linear(*_wide(x, weight, bias, residual)))

    def gated_linear(self, x: Tensor, weight: Tensor, bias: Tensor) -> Tensor:
        channels = weight.shape[1]
        outputs = weight.shape[0] // 2
        rows = x.numel() // channels
        key = ("gated", rows, channels, outputs)
        ways = [Way("library", lambda: _gate(F.linear(x, weight, bias)))]
        if channels % BK == 0 and outputs % 8 == 0:
            shape = (*x.shape[:-1], outputs)
            for tile in GATED_TILES:
                run = partial(_multiply, x, weight, bias, None, shape, (1, 1, rows), 1, 1, tile, 1, is_gated=True)
                ways.append(Way(f"kernel {tile.name}", run))
        return self.choices.run(key, ways, lambda: PLAIN.gated_linear(*_wide(x, weight, bias)))

    def convolve(
        self, x: Tensor, weight: Tensor, bias: Tensor | None, *, stride: int = 1, residual: Tensor | None = None
    ) -> Tensor:
        n, h, w, channels = x.shape
        outputs = weight.shape[0]
        key = ("convolve", n, h, w, channels, outputs, stride, bias is not None, residual is not None)
        ways = [Way("library", lambda: _library_convolve(x, weight, bias, stride, residual))]
        if stride == 1 and channels % BK == 0 and outputs % 8 == 0:
            for tile, splits in _tilings(CONVOLUTION_TILES, n * h * w, outputs, 9 * channels // BK):
                run = partial(_multiply, x, weight, bias, residual, (n, h, w, outputs), (n, h, w), 3, 1, tile, splits)
                ways.append(Way(f"kernel {tile.name} /{splits}", run))

        def reference() -> Tensor:
            wide, weights, biases, added = _wide(x, weight, bias, residual)
            return PLAIN.convolve(wide, weights, biases, stride=stride, residual=added)

        return self.choices.run(key, ways, reference)

    def convolve_doubled(self, x: Tensor, folded: Tensor, bias: Tensor | None) -> Tensor:
        n, h, w, channels = x.shape
        outputs = folded.shape[0] // 4
        key = ("doubled", n, h, w, channels, outputs)
        ways = [Way("library", lambda: PLAIN.convolve_doubled(x, folded, bias))]
        if channels % BK == 0 and outputs % 8 == 0:
            shape = (n, 2 * h, 2 * w, outputs)
            for tile, splits in _tilings(CONVOLUTION_TILES, 4 * n * h * w, outputs, 4 * channels // BK):
                run = partial(_multiply, x, folded, bias, None, shape, (n, h, w), 2, 2, tile, splits)
                ways.append(Way(f"kernel {tile.name} /{splits}", run))
        return self.choices.run(key, ways, lambda: PLAIN.convolve_doubled(*_wide(x, folded, bias)))

    def group_norm(self, x: Tensor, scale: Tensor, shift: Tensor, groups: int, eps: float, *, silu: bool) -> Tensor:
        n, h, w, channels = x.shape
        area = h * w
        x = x.contiguous()
        ways = [
            Way(f"parts of {rows}x{block}", partial(_group_norm, x, scale, shift, groups, eps, silu, rows, block))
            for rows, block in ((32, 64), (64, 64), (128, 64), (32, 128))
        ]
        if area <= 1024:
            ways.append(Way("whole", partial(_small_group_norm, x, scale, shift, groups, eps, silu)))
        key = ("group_norm", n, area, channels, silu)

        def reference() -> Tensor:
            return PLAIN.group_norm(x.float(), scale.float(), shift.float(), groups, eps, silu=silu)

        return self.choices.run(key, ways, reference)

    def layer_norm(self, x: Tensor, scale: Tensor, shift: Tensor, eps: float) -> Tensor:
        channels = x.shape[-1]
        rows = x.numel() // channels
        ways = [Way("library", lambda: PLAIN.layer_norm(x, scale, shift, eps))]
        ways += [Way(f"kernel {count}", partial(_layer_norm, x, scale, shift, eps, count, rows)) for count in (1, 4, 8)]
        key = ("layer_norm", rows, channels)
        return self.choices.run(key, ways, lambda: PLAIN.layer_norm(x.float(), scale.float(), shift.float(), eps))

    def attend(self, query: Tensor, key: Tensor, value: Tensor) -> Tensor:
        n, tokens, heads, width = query.shape
        length = key.shape[1]
        ways = [Way("library", lambda: PLAIN.attend(query, key, value))]
        ways += [Way(name, partial(_library_attend, query, key, value, kind)) for name, kind in BACKENDS.items()]
        if width in HEADS:
            for rows, columns, warps, stages in _attention_tiles(length, width):
                for is_half in (False, True) if length >= 256 else (False,):
                    run = partial(_attend, query, key, value, rows, columns, warps, stages, is_half)
                    ways.append(Way(f"kernel {rows}x{columns} w{warps} s{stages}{' half' if is_half else ''}", run))
        shape = ("attend", n, tokens, length, heads, width)
        return self.choices.run(shape, ways, lambda: PLAIN.attend(query.float(), key.float(), value.float()))


def _wide(*tensors: Any) -> list[Any]:
    return [None if tensor is None else tensor.float() for tensor in tensors]


def _tilings(tiles: tuple[Tile, ...], rows: int, outputs: int, steps: int) -> Iterator[tuple[Tile, int]]:
    """Tiles for [rows, outputs], and in how many parts to sum so that few multiprocessors stand idle."""
    for tile in tiles:
        columns = tile.columns + tile.more
        if outputs % columns and outputs > columns and tile.more:
            continue
        count = triton.cdiv(rows, tile.rows) * triton.cdiv(outputs, columns)
        yield tile, 1
        splits = min(MULTIPROCESSORS // count, steps // 8) if count else 1
        if splits > 1:
            yield tile, splits
        elif count < 3 * MULTIPROCESSORS and steps >= 32:
            yield tile, 2


def _library_linear(x: Tensor, weight: Tensor, bias: Tensor | None, residual: Tensor | None) -> Tensor:
    product = F.linear(x, weight, bias)
    return product if residual is None else product.add_(residual)


def _library_convolve(x: Tensor, weight: Tensor, bias: Tensor | None, stride: int, residual: Tensor | None) -> Tensor:
    """cuDNN, then bias and residual in one pass."""
    y = F.conv2d(x.permute(0, 3, 1, 2), weight, None, stride=stride, padding=1).permute(0, 2, 3, 1).contiguous()
    return y if bias is None and residual is None else _finish(y[None], y, bias, residual)


def _finish(parts: Tensor, out: Tensor, bias: Tensor | None, residual: Tensor | None) -> Tensor:
    """Sums [splits, ...] into `out`, with bias and residual."""
    size = out.numel()
    products.add_partials[(triton.cdiv(size, 1024),)](
        parts, out, _or(bias, out), _or(residual, out), size, out.shape[-1],
        SPLITS=len(parts), HAS_BIAS=bias is not None, HAS_RESIDUAL=residual is not None, BLOCK=1024,
    )  # fmt: skip
    return out


def _gate(pairs: Tensor) -> Tensor:
    outputs = pairs.shape[-1] // 2
    out = pairs.new_empty(*pairs.shape[:-1], outputs)
    products.gate[(triton.cdiv(out.numel(), 1024),)](pairs, out, out.numel() // outputs, outputs, BLOCK=1024)
    return out


def _multiply(
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
        pictures, boxes, more, out, _or(bias, out), _or(residual, out), parts,
        images, height, width, channels, outputs, splits,
        KH=kernel, KW=kernel, UP=up, BM=tile.rows, BK=BK, BN=tile.columns, BN_MORE=tile.more, IS_GATED=is_gated,
        HAS_BIAS=bias is not None, HAS_RESIDUAL=residual is not None, IS_SPLIT=splits > 1,
        num_warps=tile.warps, num_stages=tile.stages,
    )  # fmt: skip
    return _finish(parts, out, bias, residual) if splits > 1 else out


def _or(tensor: Tensor | None, other: Tensor) -> Tensor:
    """A kernel reads no tensor that it is told is not there, and still wants one."""
    return other if tensor is None else tensor


def _group_norm(
    x: Tensor, scale: Tensor, shift: Tensor, groups: int, eps: float, silu: bool, rows: int, block: int
) -> Tensor:
    n, h, w, channels = x.shape
    area = h * w
    parts = triton.cdiv(area, rows)
    sums = x.new_empty((n, parts, 2, channels), dtype=torch.float32)
    factors = x.new_empty((n, 2, channels), dtype=torch.float32)
    out = torch.empty_like(x)
    blocks = triton.cdiv(channels, block)
    norms.sum_channels[(n, parts, blocks)](x, sums, area, channels, ROWS=rows, BLOCK=block)
    norms.find_factors[(n, groups)](
        sums, factors, scale, shift, area, channels, groups, parts, eps,
        WIDTH=triton.next_power_of_2(channels // groups), PARTS=triton.next_power_of_2(parts),
    )  # fmt: skip
    norms.apply_factors[(n, parts, blocks)](x, factors, out, area, channels, IS_SILU=silu, ROWS=rows, BLOCK=block)
    return out


def _small_group_norm(x: Tensor, scale: Tensor, shift: Tensor, groups: int, eps: float, silu: bool) -> Tensor:
    n, h, w, channels = x.shape
    out = torch.empty_like(x)
    norms.normalise_group[(n, groups)](
        x, out, scale, shift, h * w, channels, groups, eps, IS_SILU=silu,
        AREA=triton.next_power_of_2(h * w), WIDTH=triton.next_power_of_2(channels // groups), num_warps=8,
    )  # fmt: skip
    return out


def _layer_norm(x: Tensor, scale: Tensor, shift: Tensor, eps: float, count: int, rows: int) -> Tensor:
    out = torch.empty_like(x)
    channels = x.shape[-1]
    norms.normalise_rows[(triton.cdiv(rows, count),)](
        x, out, scale, shift, rows, channels, eps, ROWS=count, BLOCK=triton.next_power_of_2(channels), num_warps=4
    )
    return out


def _attention_tiles(length: int, width: int) -> list[tuple[int, int, int, int]]:
    """Queries, keys, warps and stages of a tile."""
    if length < 256:
        return [(128, 32, 8, 2), (64, 128, 4, 2), (64, 32, 4, 2)]
    if width >= 160:
        return [(128, 64, 8, 2), (64, 64, 4, 2)]
    return [(128, 128, 8, 2), (128, 64, 8, 3), (64, 128, 4, 3), (64, 64, 4, 3)]


def _library_attend(query: Tensor, key: Tensor, value: Tensor, backend: SDPBackend) -> Tensor:
    with sdpa_kernel(backend):
        return PLAIN.attend(query, key, value)


def _attend(
    query: Tensor, key: Tensor, value: Tensor, rows: int, columns: int, warps: int, stages: int, is_half: bool
) -> Tensor:
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
        IS_EVEN=length % columns == 0, HALF_POWERS=is_half, num_warps=warps, num_stages=stages,
    )  # fmt: skip
    return out
