"""The few operations that the networks are made of, in plain PyTorch.

Feature maps are [n, h, w, c] and tokens [n, t, c], contiguous, so that one is a view of the other. Whatever follows a
product (bias, residual, gate) is part of the operation, because that is where a kernel of our own saves a pass over
memory: `kernels.py` replaces these one by one.
"""

import torch
import torch.nn.functional as F
from torch import Tensor


class Operations:
    """Plain PyTorch, for every device."""

    def linear(self, x: Tensor, weight: Tensor, bias: Tensor | None = None, residual: Tensor | None = None) -> Tensor:
        """[..., c] with weights [o, c] -> [..., o]."""
        product = F.linear(x, weight, bias)
        return product if residual is None else product + residual

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

    def convolve_doubled(self, x: Tensor, weight: Tensor, bias: Tensor | None) -> Tensor:
        """Each position twice in both directions, then 3x3: [n, h, w, c] -> [n, 2 h, 2 w, o]."""
        doubled = F.interpolate(x.permute(0, 3, 1, 2), scale_factor=2.0, mode="nearest")
        return F.conv2d(doubled, weight, bias, padding=1).permute(0, 2, 3, 1)

    def group_norm(self, x: Tensor, scale: Tensor, shift: Tensor, groups: int, eps: float, *, silu: bool) -> Tensor:
        """[n, h, w, c] -> the same shape."""
        y = F.group_norm(x.permute(0, 3, 1, 2), groups, scale, shift, eps).permute(0, 2, 3, 1).contiguous()
        return F.silu(y) if silu else y

    def layer_norm(self, x: Tensor, scale: Tensor, shift: Tensor, eps: float) -> Tensor:
        """[..., c] -> the same shape."""
        return F.layer_norm(x, x.shape[-1:], scale, shift, eps)

    def attend(self, query: Tensor, key: Tensor, value: Tensor) -> Tensor:
        """Queries [n, t, heads, width], keys and values [n, l, heads, width] -> [n, t, heads * width]."""
        query, key, value = (part.transpose(1, 2) for part in (query, key, value))
        return F.scaled_dot_product_attention(query, key, value).transpose(1, 2).flatten(2)

    def join(self, x: Tensor, skip: Tensor) -> Tensor:
        """Channels side by side."""
        return torch.cat([x, skip], dim=-1)


PLAIN = Operations()
