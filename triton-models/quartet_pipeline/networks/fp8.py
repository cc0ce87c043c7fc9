"""Products of matrices in fp8 (e4m3, Micikevicius et al. 2022), in plain PyTorch: what the kernels are held to.

Both operands are scaled so that the largest number of a row of x, and of an output's weights, is the largest that e4m3
has; products are summed in more than half precision. Three bits of a mantissa are off by 2 to 3 % a number.
"""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from functools import partial

import torch
import torch.nn.functional as F
from torch import Tensor, nn

MOST = 448.0
"""The largest number of e4m3."""
LEAST = 1e-12
"""In place of the largest of nothing but zeros."""


def quantise(x: Tensor) -> tuple[Tensor, Tensor]:
    """[..., c] -> the same in e4m3, and the scale of each row, float32 [..., 1]."""
    scale = x.float().abs().amax(-1, keepdim=True).clamp(min=LEAST) / MOST
    return (x.float() / scale).to(torch.float8_e4m3fn), scale


def rounded(x: Tensor) -> Tensor:
    """What is left of x."""
    values, scale = quantise(x)
    return (values.float() * scale).to(x.dtype)


def linear(x: Tensor, weight: Tensor, bias: Tensor | None) -> Tensor:
    return F.linear(rounded(x), rounded(weight), bias)


def convolve(layer: nn.Conv2d, x: Tensor) -> Tensor:
    """One scale for each position, and one for the weights of each output."""
    weight = rounded(layer.weight.flatten(1)).view_as(layer.weight)
    near = rounded(x.movedim(1, -1)).movedim(-1, 1)
    return F.conv2d(near, weight, layer.bias, layer.stride, layer.padding)


@contextmanager
def rounding(layers: Iterable[nn.Module]) -> Iterator[None]:
    """Within it, these linear layers and convolutions compute as fp8 would."""
    changed = list(layers)
    try:
        for layer in changed:
            if isinstance(layer, nn.Linear):
                layer.forward = partial(linear, weight=layer.weight, bias=layer.bias)  # type: ignore[method-assign]
            elif isinstance(layer, nn.Conv2d):
                layer.forward = partial(convolve, layer)  # type: ignore[method-assign]
        yield
    finally:
        for layer in changed:
            layer.__dict__.pop("forward", None)
