"""What the UNet is made of: its shape, residual blocks, transformers, and levels of both."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

import torch
from torch import Tensor, nn

from quartet_pipeline.errors import ModelError
from quartet_pipeline.networks.operations import DoubledConvolution, Norm, Operations

ALL = slice(None)


@dataclass(frozen=True)
class UNetConfig:
    """The fields of `unet/config.json` that matter; the defaults are those of Stable Diffusion 1.x."""

    in_channels: int = 4
    out_channels: int = 4
    widths: tuple[int, ...] = (320, 640, 1280, 1280)
    """Channels of each level, finest first."""
    heads: tuple[int, ...] = (8, 8, 8, 8)
    """Attention heads of each level."""
    has_attention: tuple[bool, ...] = (True, True, True, False)
    blocks: int = 2
    """Residual blocks a level on the way down; one more on the way up."""
    text_width: int = 768
    groups: int = 32
    eps: float = 1e-5

    @classmethod
    def from_diffusers(cls, fields: dict[str, Any]) -> "UNetConfig":
        widths = tuple(fields.get("block_out_channels", cls.widths))
        # The field is named after the width of a head and holds their number.
        heads = fields.get("num_attention_heads") or fields.get("attention_head_dim", 8)
        down = tuple(fields.get("down_block_types", ("CrossAttnDownBlock2D",) * 3 + ("DownBlock2D",)))
        up = tuple(fields.get("up_block_types", ("UpBlock2D",) + ("CrossAttnUpBlock2D",) * 3))
        known = {"CrossAttnDownBlock2D": True, "DownBlock2D": False, "CrossAttnUpBlock2D": True, "UpBlock2D": False}
        unknown = [name for name in (*down, *up) if name not in known]
        unknown += [name for name in ("addition_embed_type", "class_embed_type", "encoder_hid_dim") if fields.get(name)]
        channels = fields.get("in_channels", cls.in_channels), fields.get("out_channels", cls.out_channels)
        if channels not in ((4, 4), (9, 4)):
            unknown.append(f"{channels[0]} channels in and {channels[1]} out")
        if unknown or [known[name] for name in down] != [known[name] for name in reversed(up)]:
            raise ModelError(f"Expected the UNet of Stable Diffusion 1 or 2, got one with {(unknown or up)[0]}.")
        return cls(
            in_channels=fields.get("in_channels", cls.in_channels),
            out_channels=fields.get("out_channels", cls.out_channels),
            widths=widths,
            heads=(heads,) * len(widths) if isinstance(heads, int) else tuple(heads),
            has_attention=tuple(known[name] for name in down),
            blocks=fields.get("layers_per_block", cls.blocks),
            text_width=fields.get("cross_attention_dim", cls.text_width),
            groups=fields.get("norm_num_groups", cls.groups),
            eps=fields.get("norm_eps", cls.eps),
        )


class Part(nn.Module):
    """What knows its operations."""

    def __init__(self, config: UNetConfig, operations: Operations) -> None:
        super().__init__()
        self.config = config
        self.operations = operations

    def _as_norm(self, norm: nn.GroupNorm, *, silu: bool = True) -> Norm:
        return Norm(norm.weight, norm.bias, self.config.groups, norm.eps, silu)


class ResidualBlock(Part):
    """[n, h, w, c], what it adds for the time [o] -> [n, h, w, o]."""

    def __init__(self, config: UNetConfig, operations: Operations, width_in: int, width: int) -> None:
        super().__init__(config, operations)
        self.width = width
        self.norm1 = nn.GroupNorm(config.groups, width_in, config.eps)
        # Its bias is added to the time's part when weights are loaded.
        self.conv1 = nn.Conv2d(width_in, width, 3, padding=1, bias=False)
        self.norm2 = nn.GroupNorm(config.groups, width, config.eps)
        self.conv2 = nn.Conv2d(width, width, 3, padding=1)
        self.conv_shortcut = nn.Linear(width_in, width) if width_in != width else None

    def forward(
        self, x: Tensor, time: Tensor, skip: Tensor | None = None, following: Norm | None = None
    ) -> tuple[Tensor, Tensor | None]:
        """With a `skip`, of both side by side; with a norm that follows, that too."""
        run = self.operations
        if skip is None:
            hidden = run.group_norm(x, self._as_norm(self.norm1))
        else:
            x, hidden = run.join_norm(x, skip, self._as_norm(self.norm1))
        hidden = run.convolve(hidden, self.conv1.weight, None)
        hidden = run.group_norm(hidden, self._as_norm(self.norm2), time)
        if self.conv_shortcut is not None:
            x = run.linear(x, self.conv_shortcut.weight, self.conv_shortcut.bias)
        if following is None:
            return run.convolve(hidden, self.conv2.weight, self.conv2.bias, residual=x), None
        return run.convolve_norm(hidden, self.conv2.weight, self.conv2.bias, x, following)


class Transformer(Part):
    """Attention among positions and to the prompt: [n, h, w, c], keys and values [n, l, 2 c] -> [n, h, w, c].

    What attention and feed-forward add to the tokens is summed in place, without their biases: those are added where
    the sum is read (`bias2` before the second norm, `bias3` before the third), and at the end in `proj_out`'s own,
    as its product with all of them (`bias4`, kept for when `proj_out` changes).
    """

    def __init__(self, config: UNetConfig, operations: Operations, width: int, heads: int) -> None:
        super().__init__(config, operations)
        self.width = width
        self.heads = heads
        self.norm = nn.GroupNorm(config.groups, width, 1e-6)
        self.proj_in = nn.Linear(width, width)
        self.norm1 = nn.LayerNorm(width)
        self.to_qkv = nn.Linear(width, 3 * width, bias=False)
        self.attn1_out = nn.Linear(width, width, bias=False)
        self.bias2 = nn.Parameter(torch.zeros(width))
        self.norm2 = nn.LayerNorm(width)
        self.to_q = nn.Linear(width, width, bias=False)
        self.attn2_out = nn.Linear(width, width, bias=False)
        self.bias3 = nn.Parameter(torch.zeros(width))
        self.norm3 = nn.LayerNorm(width)
        self.feed_in = nn.Linear(width, 8 * width)
        self.feed_out = nn.Linear(4 * width, width, bias=False)
        self.bias4 = nn.Parameter(torch.zeros(width))
        self.proj_out = nn.Linear(width, width)

    def entry(self) -> Norm:
        """What comes first: made together with what is before it."""
        return self._as_norm(self.norm, silu=False)

    def forward(self, x: Tensor, normed: Tensor, text: Tensor) -> Tensor:
        run = self.operations
        n, h, w, c = x.shape
        tokens = run.linear(normed.reshape(n, h * w, c), self.proj_in.weight, self.proj_in.bias)

        packed = run.linear(self._norm(tokens, self.norm1), self.to_qkv.weight).view(n, h * w, 3, self.heads, -1)
        mixed = run.attend(*packed.unbind(2))
        tokens = run.add_linear(tokens, mixed, self.attn1_out.weight)

        query = run.linear(self._norm(tokens, self.norm2, self.bias2), self.to_q.weight)
        key, value = text.view(n, -1, 2, self.heads, c // self.heads).unbind(2)
        mixed = run.attend(query.view(n, h * w, self.heads, -1), key, value)
        tokens = run.add_linear(tokens, mixed, self.attn2_out.weight)

        normed = self._norm(tokens, self.norm3, self.bias3)
        hidden = run.gated_linear(normed, self.feed_in.weight, self.feed_in.bias)
        tokens = run.add_linear(tokens, hidden, self.feed_out.weight)
        return run.linear(tokens, self.proj_out.weight, self.proj_out.bias, x.reshape(n, h * w, c)).view(n, h, w, c)

    def _norm(self, x: Tensor, norm: nn.LayerNorm, bias: Tensor | None = None) -> Tensor:
        return self.operations.layer_norm(x, norm.weight, norm.bias, norm.eps, bias)


class Level(Part):
    """Residual blocks of one resolution, each followed by a transformer where the level has attention."""

    def __init__(self, config: UNetConfig, operations: Operations, level: int, widths_in: Sequence[int]) -> None:
        super().__init__(config, operations)
        width = config.widths[level]
        self.resnets = nn.ModuleList(ResidualBlock(config, operations, one, width) for one in widths_in)
        count = len(widths_in) if config.has_attention[level] else 0
        self.attentions = nn.ModuleList(
            Transformer(config, operations, width, config.heads[level]) for _ in range(count)
        )

    def run_block(self, index: int, x: Tensor, parts: "Parts", skip: Tensor | None = None) -> Tensor:
        transformer = self.attentions[index] if self.attentions else None
        following = transformer.entry() if isinstance(transformer, Transformer) else None
        x, normed = self.resnets[index](x, next(parts.times), skip, following)
        return x if transformer is None else transformer(x, normed, next(parts.texts))


class Down(Level):
    """Leaves each feature map in `skips`, and ends at half the resolution unless it is the last."""

    def __init__(
        self, config: UNetConfig, operations: Operations, level: int, widths_in: Sequence[int], *, is_last: bool
    ) -> None:
        super().__init__(config, operations, level, widths_in)
        width = config.widths[level]
        self.resampler = None if is_last else nn.Conv2d(width, width, 3, padding=1)

    def forward(self, x: Tensor, parts: "Parts") -> Tensor:
        for index in range(len(self.resnets)):
            x = self.run_block(index, x, parts)
            parts.skips.append(x)
        if self.resampler is not None:
            x = self.operations.convolve(x, self.resampler.weight, self.resampler.bias, stride=2)
            parts.skips.append(x)
        return x


class Middle(Level):
    """The coarsest level again: a transformer between two residual blocks."""

    def __init__(self, config: UNetConfig, operations: Operations) -> None:
        super().__init__(replace(config, has_attention=(False,)), operations, -1, [config.widths[-1]] * 2)
        self.attentions = nn.ModuleList([Transformer(config, operations, config.widths[-1], config.heads[-1])])

    def forward(self, x: Tensor, parts: "Parts") -> Tensor:
        x = self.run_block(0, x, parts)
        last: Tensor = self.resnets[1](x, next(parts.times))[0]
        return last


class Up(Level):
    """Takes the feature maps from `skips`, and ends at twice the resolution unless it is the last."""

    def __init__(
        self, config: UNetConfig, operations: Operations, level: int, widths_in: Sequence[int], *, is_last: bool
    ) -> None:
        super().__init__(config, operations, level, widths_in)
        width = config.widths[level]
        self.resampler = None if is_last else DoubledConvolution(width)

    def forward(self, x: Tensor, parts: "Parts", some: slice = ALL) -> Tensor:
        """Runs all or `some` of its residual blocks."""
        for index in range(len(self.resnets))[some]:
            x = self.run_block(index, x, parts, parts.skips.pop())
        if self.resampler is not None:
            x = self.operations.convolve_doubled(x, self.resampler.weight, self.resampler.bias)
        return x


@dataclass(frozen=True)
class Parts:
    """What the blocks take up in their order."""

    times: Iterator[Tensor]
    texts: Iterator[Tensor]
    skips: list[Tensor]
