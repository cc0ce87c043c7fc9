"""The UNet of Stable Diffusion 1.x and 2.x (Rombach et al. 2022), with what does not change in the loop left out of it.

What a step reads of the prompt (`prepare_text`: keys and values of every cross-attention) and of its time
(`prepare_times`: what each residual block adds) is computed once for all steps, not once a step.
"""

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from quartet_pipeline.errors import ModelError
from quartet_pipeline.networks.operations import PLAIN, DoubledConvolution, Norm, Operations

ALL = slice(None)
SHALLOW_BLOCKS = 1
"""Residual blocks of the outermost level on the way up that a shallow step runs, by default: DeepCache's own choice."""


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


class _Part(nn.Module):
    """What knows its operations."""

    def __init__(self, config: UNetConfig, operations: Operations) -> None:
        super().__init__()
        self.config = config
        self.operations = operations

    def _as_norm(self, norm: nn.GroupNorm, *, silu: bool = True) -> Norm:
        return Norm(norm.weight, norm.bias, self.config.groups, norm.eps, silu)


class ResidualBlock(_Part):
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


class Transformer(_Part):
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


class Level(_Part):
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


class Contracting(_Part):
    """The way down and the middle, with what all blocks read of time and prompt: what a UNet and a ControlNet share."""

    def __init__(self, config: UNetConfig, operations: Operations) -> None:
        super().__init__(config, operations)
        widths, last = config.widths, len(config.widths) - 1
        embedding = 4 * widths[0]
        self.time_in = nn.Linear(widths[0], embedding)
        self.time_out = nn.Linear(embedding, embedding)
        self.conv_in = nn.Conv2d(config.in_channels, widths[0], 3, padding=1)
        self.down_blocks = nn.ModuleList()
        self.skip_widths = [widths[0]]
        width = widths[0]
        for level, one in enumerate(widths):
            widths_in = [width] + [one] * (config.blocks - 1)
            self.down_blocks.append(Down(config, operations, level, widths_in, is_last=level == last))
            self.skip_widths += [one] * (config.blocks + (level < last))
            width = one
        self.mid_block = Middle(config, operations)

    def _add_projections(self) -> None:
        """What all blocks read of time and prompt, once they are there."""
        self._time_widths = [block.width for block in self.residual_blocks()]
        self._text_widths = [2 * block.width for block in self.transformers()]
        self.times = nn.Linear(4 * self.config.widths[0], sum(self._time_widths))
        """For every residual block: its part of the time embedding, and the bias of its first convolution."""
        self.texts = nn.Linear(self.config.text_width, sum(self._text_widths), bias=False)
        """For every transformer: keys, then values."""

    def levels(self) -> Iterator[tuple[str, Level]]:
        """In the order in which they run, with their names."""
        for name in ("down_blocks", "mid_block", "up_blocks"):
            part = getattr(self, name, None)
            if isinstance(part, Level):
                yield name, part
            elif part is not None:
                yield from ((f"{name}.{index}", level) for index, level in enumerate(part))

    def residual_blocks(self) -> Iterator[ResidualBlock]:
        for _, level in self.levels():
            yield from (block for block in level.resnets if isinstance(block, ResidualBlock))

    def transformers(self) -> Iterator[Transformer]:
        for _, level in self.levels():
            yield from (block for block in level.attentions if isinstance(block, Transformer))

    def prepare_times(self, timesteps: Tensor) -> Tensor:
        """float32 [steps] -> what the residual blocks add in each step, [steps, all their widths]."""
        half = self.config.widths[0] // 2
        frequencies = torch.exp(torch.arange(half, device=timesteps.device) * (-math.log(10_000) / half))
        angles = timesteps[:, None].float() * frequencies
        waves = torch.cat([angles.cos(), angles.sin()], dim=-1).to(self.times.weight.dtype)
        rows: Tensor = self.times(F.silu(self.time_out(F.silu(self.time_in(waves)))))
        return rows

    def prepare_text(self, states: Tensor) -> Tensor:
        """States [n, l, text_width] -> keys and values of every transformer, [n, l, all their widths]."""
        prepared: Tensor = self.texts(states)
        return prepared

    def _descend(self, sample: Tensor, time: Tensor, text: Tensor, hint: Tensor | None = None) -> tuple[Tensor, Parts]:
        """Down to the middle, with a picture's embedding added first where there is one; the skips are in the parts."""
        x, parts = self._enter(sample, self._split_times(time), self._split_texts(text), hint)
        for level in self.down_blocks:
            x = level(x, parts)
        return self.mid_block(x, parts), parts

    def _enter(
        self, sample: Tensor, times: Sequence[Tensor], texts: Sequence[Tensor], hint: Tensor | None = None
    ) -> tuple[Tensor, Parts]:
        x = self.operations.convolve(sample, self.conv_in.weight, self.conv_in.bias, residual=hint)
        return x, Parts(iter(times), iter(texts), [x])

    def _split_times(self, time: Tensor) -> Sequence[Tensor]:
        return torch.split(time, self._time_widths)

    def _split_texts(self, text: Tensor) -> Sequence[Tensor]:
        return torch.split(text, self._text_widths, dim=2)


Steer = Callable[[list[Tensor], Tensor], Tensor]
"""Adds to the skips, and to the middle's feature map, which it returns."""


class UNet(Contracting):
    """Noisy latents and what `prepare_times` and `prepare_text` made -> the model's output."""

    def __init__(self, config: UNetConfig, operations: Operations = PLAIN) -> None:
        super().__init__(config, operations)
        widths, last = config.widths, len(config.widths) - 1
        skips = list(self.skip_widths)
        width = widths[-1]
        self.up_blocks = nn.ModuleList()
        for level in reversed(range(last + 1)):
            widths_in = []
            for _ in range(config.blocks + 1):
                widths_in.append(width + skips.pop())
                width = widths[level]
            self.up_blocks.append(Up(config, operations, level, widths_in, is_last=level == 0))
        self.conv_norm_out = nn.GroupNorm(config.groups, widths[0], config.eps)
        self.conv_out = nn.Conv2d(widths[0], config.out_channels, 3, padding=1)
        self._add_projections()

    def forward(self, sample: Tensor, time: Tensor, text: Tensor, steer: Steer | None = None) -> Tensor:
        """Latents [n, h, w, in_channels], one row of `prepare_times`, `prepare_text` -> [n, h, w, out_channels]."""
        return self.keep(sample, time, text, steer=steer)[0]

    def keep(
        self, sample: Tensor, time: Tensor, text: Tensor, blocks: int = SHALLOW_BLOCKS, steer: Steer | None = None
    ) -> tuple[Tensor, Tensor]:
        """The same, and what enters the last `blocks` residual blocks: [n, h, w, c], for `shallow`."""
        x, parts = self._descend(sample, time, text)
        if steer is not None:
            x = steer(parts.skips, x)
        *coarser, outermost = self.up_blocks
        for level in coarser:
            x = level(x, parts)
        deep = outermost(x, parts, slice(-blocks))
        return self._leave(outermost(deep, parts, slice(-blocks, None))), deep

    def shallow(self, sample: Tensor, time: Tensor, text: Tensor, deep: Tensor, blocks: int = SHALLOW_BLOCKS) -> Tensor:
        """The outermost blocks alone, `deep` taken from an earlier step (DeepCache, Ma et al. 2023, section 3.2)."""
        down, up = self.down_blocks[0], self.up_blocks[-1]
        if not isinstance(down, Down) or not 0 < blocks <= self.config.blocks + 1:
            raise ValueError(f"Expected a shallow step to run 1 to {self.config.blocks + 1} blocks, got {blocks}.")
        # As many on the way down as give the skips that those on the way up take, without the first convolution's.
        before = blocks - 1
        times, texts = self._split_times(time), self._split_texts(text)
        has_attention = bool(down.attentions)
        x, parts = self._enter(
            sample,
            (*times[:before], *times[-blocks:]),
            (*texts[:before], *texts[-blocks:]) if has_attention else (),
        )
        for index in range(before):
            x = down.run_block(index, x, parts)
            parts.skips.append(x)
        return self._leave(up(deep, parts, slice(-blocks, None)))

    def _leave(self, x: Tensor) -> Tensor:
        x = self.operations.group_norm(x, self._as_norm(self.conv_norm_out))
        return self.operations.convolve(x, self.conv_out.weight, self.conv_out.bias)
