"""The few operations that the networks are made of, in plain PyTorch.

Feature maps are [n, h, w, c] and tokens [n, t, c], contiguous, so that one is a view of the other. Whatever follows a
product (bias, residual, gate) is part of the operation, because that is where a kernel of our own saves a pass over
memory: `kernels.py` replaces these one by one.
"""

from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor, nn


@dataclass(frozen=True)
class Norm:
    """A group norm, and whether SiLU follows."""

    scale: Tensor
    shift: Tensor
    groups: int
    eps: float
    silu: bool


class Operations:
    """Plain PyTorch, for every device."""

    def linear(self, x: Tensor, weight: Tensor, bias: Tensor | None = None, residual: Tensor | None = None) -> Tensor:
        """[..., c] with weights [o, c] -> [..., o]."""
        product = F.linear(x, weight, bias)
        return product if residual is None else product + residual

    def add_linear(self, sums: Tensor, x: Tensor, weight: Tensor) -> Tensor:
        """The same added to `sums` [..., o], which may be overwritten."""
        return sums + F.linear(x, weight)

    def gated_linear(self, x: Tensor, weight: Tensor, bias: Tensor) -> Tensor:
        """GEGLU (Shazeer 2020): [..., c] with weights [2 o, c], values before gates -> [..., o]."""
        values, gates = F.linear(x, weight, bias).chunk(2, dim=-1)
        return values * F.gelu(gates)

    def convolve(
        self, x: Tensor, weight: Tensor, bias: Tensor | None, *, stride: int = 1, residual: Tensor | None = None
    ) -> Tensor:
        """3x3 with a border of zeros: [n, h, w, c] with channels-last weights [o, c, 3, 3] -> [n, h/stride, .., o]."""
        y = F.conv2d(x.permute(0, 3, 1, 2), weight, bias, stride=stride, padding=1).permute(0, 2, 3, 1)
        return y if residual is None else y + residual

    def convolve_doubled(self, x: Tensor, folded: Tensor, bias: Tensor | None) -> Tensor:
        """Each position twice in both directions, then 3x3: [n, h, w, c] with `fold_doubled` -> [n, 2 h, 2 w, o]."""
        n, h, w, _ = x.shape
        padded = F.pad(x.permute(0, 3, 1, 2), (1, 1, 1, 1))
        weights = folded.chunk(4)
        doubled = x.new_empty(n, 2 * h, 2 * w, len(weights[0]))
        for phase, weight in enumerate(weights):
            top, left = divmod(phase, 2)
            part = padded[:, :, top : top + h + 1, left : left + w + 1]
            doubled[:, top::2, left::2] = F.conv2d(part, weight, bias).permute(0, 2, 3, 1)
        return doubled

    def convolve_norm(
        self, x: Tensor, weight: Tensor, bias: Tensor | None, residual: Tensor, norm: Norm
    ) -> tuple[Tensor, Tensor]:
        """`convolve`, and its group norm."""
        y = self.convolve(x, weight, bias, residual=residual)
        return y, self.group_norm(y, norm)

    def group_norm(self, x: Tensor, norm: Norm, bias: Tensor | None = None) -> Tensor:
        """Of [n, h, w, c] plus a bias [c] -> the same shape."""
        x = x if bias is None else x + bias
        y = F.group_norm(x.permute(0, 3, 1, 2), norm.groups, norm.scale, norm.shift, norm.eps)
        y = y.permute(0, 2, 3, 1).contiguous()
        return F.silu(y) if norm.silu else y

    def join_norm(self, x: Tensor, skip: Tensor, norm: Norm) -> tuple[Tensor, Tensor]:
        """Channels side by side, and the group norm of that."""
        joined = torch.cat([x, skip], dim=-1)
        return joined, self.group_norm(joined, norm)

    def layer_norm(self, x: Tensor, scale: Tensor, shift: Tensor, eps: float, bias: Tensor | None = None) -> Tensor:
        """Of [..., c] plus a bias [c] -> the same shape."""
        x = x if bias is None else x + bias
        return F.layer_norm(x, x.shape[-1:], scale, shift, eps)

    def attend(self, query: Tensor, key: Tensor, value: Tensor) -> Tensor:
        """Queries [n, t, heads, width], keys and values [n, l, heads, width] -> [n, t, heads * width]."""
        query, key, value = (part.transpose(1, 2) for part in (query, key, value))
        return F.scaled_dot_product_attention(query, key, value).transpose(1, 2).flatten(2)


def fold_doubled(weight: Tensor) -> Tensor:
    """Weights [o, c, 3, 3] of a convolution over a doubled picture -> [4 o, c, 2, 2] over the picture itself.

    Of three neighbours in the doubled picture two are the same pixel, so that their weights add up: each of the four
    kinds of pixels (even or odd row, even or odd column; in this order) needs 2x2 products instead of 3x3.
    """

    def fold(weight: Tensor, dim: int) -> tuple[Tensor, Tensor]:
        first, middle, last = weight.unbind(dim)
        return torch.stack([first, middle + last], dim), torch.stack([first + middle, last], dim)

    return torch.cat([kind for row in fold(weight, 2) for kind in fold(row, 3)])


class DoubledConvolution(nn.Module):
    """What `Operations.convolve_doubled` takes: folded weights [4 width, width, 2, 2] and a bias [width]."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.zeros(4 * width, width, 2, 2))
        self.bias = nn.Parameter(torch.zeros(width))


PLAIN = Operations()
