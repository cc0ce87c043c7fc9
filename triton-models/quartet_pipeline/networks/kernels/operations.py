"""The networks' operations on an NVIDIA GPU: our kernels and the libraries', whichever this card runs faster."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Any

import torch
import torch.nn.functional as F
import triton
from torch import Tensor
from torch.nn.attention import SDPBackend

from quartet_pipeline.networks.kernels import launches
from quartet_pipeline.networks.kernels.choices import Choices, Way
from quartet_pipeline.networks.kernels.launches import BK, Tile
from quartet_pipeline.networks.kernels.sampling import KernelSampler
from quartet_pipeline.networks.operations import PLAIN, Norm, Operations

MULTIPROCESSORS = 132


# 320 columns at once divide every width of Stable Diffusion's UNet, and 128 such tiles fill 132 multiprocessors.
CONVOLUTION_TILES = (Tile(128, 256, 64, 8, 3), Tile(128, 128, 0, 8, 3), Tile(128, 256, 0, 8, 3))
LINEAR_TILES = (Tile(128, 256, 64, 8, 3), Tile(128, 128, 0, 8, 4))
GATED_TILES = (Tile(128, 128, 128, 8, 3), Tile(128, 64, 64, 4, 4))
PARTS = ((32, 64), (128, 64))
"""Rows and channels that one program of a group norm takes."""
MOST_PARTS = 8192
"""Of a picture: their sums are added up by one program."""
SMALL_AREA = 1024
"""Up to here a group of a picture is held in registers."""
SHORT = 256
"""Keys of a prompt, not of a picture."""
LIBRARIES = {"library": False, "library, measured": True}
"""Names, and whether cuDNN measures."""
BACKENDS = {"cudnn": SDPBackend.CUDNN_ATTENTION, "flash": SDPBackend.FLASH_ATTENTION}


@dataclass
class KernelOperations(Operations):
    """Half precision on a GPU; measures each new shape on its first run, which must be outside a capture."""

    choices: Choices = field(default_factory=Choices)

    @property
    def sampler(self) -> KernelSampler:
        return KernelSampler()

    def linear(self, x: Tensor, weight: Tensor, bias: Tensor | None = None, residual: Tensor | None = None) -> Tensor:
        outputs, channels = weight.shape
        rows = x.numel() // channels
        key = ("linear", rows, channels, outputs, bias is not None, residual is not None)
        ways = [Way("library", lambda: launches.library_linear(x, weight, bias, residual))]
        ways += _products(x, weight, bias, residual, (*x.shape[:-1], outputs))
        return self.choices.run(key, ways, lambda: PLAIN.linear(*_wide(x, weight, bias, residual)))

    def add_linear(self, sums: Tensor, x: Tensor, weight: Tensor) -> Tensor:
        outputs, channels = weight.shape
        rows = x.numel() // channels
        flat, flat_x = sums.view(rows, outputs), x.reshape(rows, channels)

        def in_place() -> Tensor:
            flat.addmm_(flat_x, weight.t())
            return sums

        ways = [Way("library", in_place), *_products(x, weight, None, sums, sums.shape)]
        kept = sums.clone() if self.choices.would_measure(("add", rows, channels, outputs)) else None

        def restored() -> None:
            if kept is not None:
                sums.copy_(kept)

        reference = lambda: PLAIN.add_linear(*_wide(sums, x, weight))  # noqa: E731
        return self.choices.run(("add", rows, channels, outputs), ways, reference, restored)

    def gated_linear(self, x: Tensor, weight: Tensor, bias: Tensor) -> Tensor:
        channels = weight.shape[1]
        outputs = weight.shape[0] // 2
        rows = x.numel() // channels
        key = ("gated", rows, channels, outputs)
        ways = [Way("library", lambda: launches.gate(F.linear(x, weight, bias)))]
        if channels % BK == 0 and outputs % 8 == 0:
            shape = (*x.shape[:-1], outputs)
            multiply = partial(launches.multiply, x, weight, bias, None, shape, (1, 1, rows), 1, 1, is_gated=True)
            ways += [
                Way(f"kernel {tile.name}", partial(multiply, tile=tile, splits=1), is_ours=True) for tile in GATED_TILES
            ]
        return self.choices.run(key, ways, lambda: PLAIN.gated_linear(*_wide(x, weight, bias)))

    def convolve(
        self, x: Tensor, weight: Tensor, bias: Tensor | None, *, stride: int = 1, residual: Tensor | None = None
    ) -> Tensor:
        n, h, w, channels = x.shape
        outputs = weight.shape[0]
        key = ("convolve", n, h, w, channels, outputs, stride, bias is not None, residual is not None)
        ways = [
            Way(name, partial(launches.library_convolve, x, weight, bias, stride, residual, is_measured))
            for name, is_measured in LIBRARIES.items()
        ]
        if stride == 1 and channels % BK == 0 and outputs % 8 == 0:
            shape, area = (n, h, w, outputs), (n, h, w)
            multiply = partial(launches.multiply, x, weight, bias, residual, shape, area, 3, 1)
            ways += _tiled(CONVOLUTION_TILES, n * h * w, outputs, 9 * channels // BK, multiply)

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
            multiply = partial(launches.multiply, x, folded, bias, None, shape, (n, h, w), 2, 2)
            ways += _tiled(CONVOLUTION_TILES, 4 * n * h * w, outputs, 4 * channels // BK, multiply)
        return self.choices.run(key, ways, lambda: PLAIN.convolve_doubled(*_wide(x, folded, bias)))

    def convolve_norm(
        self, x: Tensor, weight: Tensor, bias: Tensor | None, residual: Tensor, norm: Norm
    ) -> tuple[Tensor, Tensor]:
        n, h, w, channels = x.shape
        outputs = weight.shape[0]

        def apart() -> tuple[Tensor, Tensor]:
            y = self.convolve(x, weight, bias, residual=residual)
            return y, self.group_norm(y, norm)

        def together(is_measured: bool, rows: int, block: int) -> tuple[Tensor, Tensor]:
            y = launches.convolve_alone(x, weight, 1, is_measured=is_measured)
            return launches.group_norm(norm, rows, block, y, bias=bias, residual=residual, is_written=True)

        ways = [Way("apart", apart)]
        ways += [
            Way(f"{name} and parts of {rows}x{block}", partial(together, is_measured, rows, block))
            for name, is_measured in LIBRARIES.items()
            for rows, block in _parts(h * w)
        ]

        def reference() -> tuple[Tensor, Tensor]:
            wide, weights, biases, added = _wide(x, weight, bias, residual)
            return PLAIN.convolve_norm(wide, weights, biases, added, _wide_norm(norm))

        return self.choices.run(("convolve_norm", n, h, w, channels, outputs), ways, reference)

    def group_norm(self, x: Tensor, norm: Norm, bias: Tensor | None = None) -> Tensor:
        n, h, w, channels = x.shape
        x = x.contiguous()
        ways = [
            Way(f"parts of {rows}x{block}", partial(launches.only_norm, norm, rows, block, x, bias), True)
            for rows, block in _parts(h * w)
        ]
        if h * w <= SMALL_AREA:
            ways.append(Way("whole", lambda: launches.small_group_norm(norm, x, bias=bias)[1], True))
        key = ("group_norm", n, h * w, channels, norm.silu, bias is not None)
        return self.choices.run(key, ways, lambda: PLAIN.group_norm(x.float(), _wide_norm(norm), *_wide(bias)))

    def join_norm(self, x: Tensor, skip: Tensor, norm: Norm) -> tuple[Tensor, Tensor]:
        n, h, w, first = x.shape
        x, skip = x.contiguous(), skip.contiguous()

        def together(rows: int, block: int) -> tuple[Tensor, Tensor]:
            return launches.group_norm(norm, rows, block, x, more=skip, is_written=True)

        def apart() -> tuple[Tensor, Tensor]:
            joined = torch.cat([x, skip], dim=-1)
            return joined, self.group_norm(joined, norm)

        ways = [Way("apart", apart)]
        ways += [Way(f"parts of {rows}x{block}", partial(together, rows, block), True) for rows, block in _parts(h * w)]
        if h * w <= SMALL_AREA:
            ways.append(Way("whole", lambda: launches.small_group_norm(norm, x, more=skip), True))
        key = ("join_norm", n, h * w, first, skip.shape[-1])
        return self.choices.run(key, ways, lambda: PLAIN.join_norm(x.float(), skip.float(), _wide_norm(norm)))

    def layer_norm(self, x: Tensor, scale: Tensor, shift: Tensor, eps: float, bias: Tensor | None = None) -> Tensor:
        channels = x.shape[-1]
        rows = x.numel() // channels
        ways = [Way("library", lambda: PLAIN.layer_norm(x, scale, shift, eps, bias))]
        ways += [
            Way(
                f"kernel {count}",
                partial(launches.layer_norm, x, scale, shift, eps, bias, count, rows),
                is_ours=True,
            )
            for count in (1, 4)
        ]
        key = ("layer_norm", rows, channels, bias is not None)

        def reference() -> Tensor:
            wide, scales, shifts, biases = _wide(x, scale, shift, bias)
            return PLAIN.layer_norm(wide, scales, shifts, eps, biases)

        return self.choices.run(key, ways, reference)

    def attend(self, query: Tensor, key: Tensor, value: Tensor) -> Tensor:
        n, tokens, heads, width = query.shape
        length = key.shape[1]
        ways = [Way("library", lambda: PLAIN.attend(query, key, value))]
        ways += [
            Way(name, partial(launches.library_attend, query, key, value, kind)) for name, kind in BACKENDS.items()
        ]
        # Over many keys the libraries' are faster: they multiply one part while they take the powers of another.
        if width in launches.HEADS and length <= SHORT:
            for rows, columns, warps in ((128, 32, 8), (64, 128, 4)):
                run = partial(launches.attend, query, key, value, rows, columns, warps)
                ways.append(Way(f"kernel {rows}x{columns} w{warps}", run, is_ours=True))
        shape = ("attend", n, tokens, length, heads, width)
        return self.choices.run(shape, ways, lambda: PLAIN.attend(query.float(), key.float(), value.float()))


def prepare_libraries() -> None:
    """Keeps references in float32 what they say they are."""
    torch.backends.cudnn.allow_tf32 = False


def _parts(area: int) -> Iterator[tuple[int, int]]:
    """Those that leave few enough; a picture of 1024x1024 needs the larger ones."""
    few = [(rows, block) for rows, block in PARTS if triton.cdiv(area, rows) <= MOST_PARTS]
    yield from few or [(triton.next_power_of_2(triton.cdiv(area, MOST_PARTS)), 32)]


def _wide(*tensors: Any) -> list[Any]:
    return [None if tensor is None else tensor.float() for tensor in tensors]


def _wide_norm(norm: Norm) -> Norm:
    return replace(norm, scale=norm.scale.float(), shift=norm.shift.float())


def _products(
    x: Tensor, weight: Tensor, bias: Tensor | None, residual: Tensor | None, shape: tuple[int, ...]
) -> list[Way[Tensor]]:
    """Our kernels for a linear layer, where they can be used."""
    outputs, channels = weight.shape
    if channels % BK or outputs % 8 or outputs < 64 or not x.is_contiguous():
        return []
    rows = x.numel() // channels
    multiply = partial(launches.multiply, x, weight, bias, residual, shape, (1, 1, rows), 1, 1)
    return _tiled(LINEAR_TILES, rows, outputs, channels // BK, multiply)


def _tiled(
    tiles: tuple[Tile, ...], rows: int, outputs: int, steps: int, multiply: Callable[[Tile, int], Tensor]
) -> list[Way[Tensor]]:
    return [
        Way(f"kernel {tile.name} /{splits}", partial(multiply, tile, splits), is_ours=True)
        for tile, splits in _tilings(tiles, rows, outputs, steps)
    ]


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
