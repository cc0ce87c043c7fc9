"""The UNet of Stable Diffusion 1.x and 2.x (Rombach et al. 2022), with what does not change in the loop left out of it.

What a step reads of the prompt (`prepare_text`: keys and values of every cross-attention) and of its time
(`prepare_times`: what each residual block adds) is computed once for all steps, not once a step.
"""

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from quartet_pipeline.errors import ModelError
from quartet_pipeline.networks.operations import PLAIN, Operations


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

    def forward(self, x: Tensor, time: Tensor) -> Tensor:
        run, config = self.operations, self.config
        hidden = run.group_norm(x, self.norm1.weight, self.norm1.bias, config.groups, config.eps, silu=True)
        hidden = run.convolve(hidden, self.conv1.weight, time)
        hidden = run.group_norm(hidden, self.norm2.weight, self.norm2.bias, config.groups, config.eps, silu=True)
        if self.conv_shortcut is not None:
            x = run.linear(x, self.conv_shortcut.weight, self.conv_shortcut.bias)
        return run.convolve(hidden, self.conv2.weight, self.conv2.bias, residual=x)


class Transformer(_Part):
    """Attention among positions and to the prompt: [n, h, w, c], keys and values [n, l, 2 c] -> [n, h, w, c]."""

    def __init__(self, config: UNetConfig, operations: Operations, width: int, heads: int) -> None:
        super().__init__(config, operations)
        self.width = width
        self.heads = heads
        self.norm = nn.GroupNorm(config.groups, width, 1e-6)
        self.proj_in = nn.Linear(width, width)
        self.norm1 = nn.LayerNorm(width)
        self.to_qkv = nn.Linear(width, 3 * width, bias=False)
        self.attn1_out = nn.Linear(width, width)
        self.norm2 = nn.LayerNorm(width)
        self.to_q = nn.Linear(width, width, bias=False)
        self.attn2_out = nn.Linear(width, width)
        self.norm3 = nn.LayerNorm(width)
        self.feed_in = nn.Linear(width, 8 * width)
        self.feed_out = nn.Linear(4 * width, width)
        self.proj_out = nn.Linear(width, width)

    def forward(self, x: Tensor, text: Tensor) -> Tensor:
        run = self.operations
        n, h, w, c = x.shape
        normed = run.group_norm(x, self.norm.weight, self.norm.bias, self.config.groups, 1e-6, silu=False)
        tokens = run.linear(normed.reshape(n, h * w, c), self.proj_in.weight, self.proj_in.bias)

        packed = run.linear(self._norm(tokens, self.norm1), self.to_qkv.weight).view(n, h * w, 3, self.heads, -1)
        mixed = run.attend(*packed.unbind(2))
        tokens = run.linear(mixed, self.attn1_out.weight, self.attn1_out.bias, tokens)

        query = run.linear(self._norm(tokens, self.norm2), self.to_q.weight).view(n, h * w, self.heads, -1)
        key, value = text.unflatten(2, (2, self.heads, -1)).unbind(2)
        mixed = run.attend(query, key, value)
        tokens = run.linear(mixed, self.attn2_out.weight, self.attn2_out.bias, tokens)

        hidden = run.gated_linear(self._norm(tokens, self.norm3), self.feed_in.weight, self.feed_in.bias)
        tokens = run.linear(hidden, self.feed_out.weight, self.feed_out.bias, tokens)
        return run.linear(tokens, self.proj_out.weight, self.proj_out.bias, x.reshape(n, h * w, c)).view(n, h, w, c)

    def _norm(self, x: Tensor, norm: nn.LayerNorm) -> Tensor:
        return self.operations.layer_norm(x, norm.weight, norm.bias, norm.eps)


class Level(_Part):
    """Residual blocks of one resolution, each followed by a transformer where the level has attention."""

    def __init__(
        self, config: UNetConfig, operations: Operations, level: int, widths_in: Sequence[int], resample: str | None
    ) -> None:
        super().__init__(config, operations)
        width = config.widths[level]
        self.resnets = nn.ModuleList(ResidualBlock(config, operations, one, width) for one in widths_in)
        count = len(widths_in) if config.has_attention[level] else 0
        self.attentions = nn.ModuleList(
            Transformer(config, operations, width, config.heads[level]) for _ in range(count)
        )
        self.resample = resample
        self.resampler = nn.Conv2d(width, width, 3, padding=1) if resample else None


class Middle(_Part):
    """The coarsest level: a transformer between two residual blocks."""

    def __init__(self, config: UNetConfig, operations: Operations) -> None:
        super().__init__(config, operations)
        width = config.widths[-1]
        self.resnets = nn.ModuleList(ResidualBlock(config, operations, width, width) for _ in range(2))
        self.attentions = nn.ModuleList([Transformer(config, operations, width, config.heads[-1])])


class UNet(_Part):
    """Noisy latents and what `prepare_times` and `prepare_text` made -> the model's output."""

    def __init__(self, config: UNetConfig, operations: Operations = PLAIN) -> None:
        super().__init__(config, operations)
        widths, last = config.widths, len(config.widths) - 1
        embedding = 4 * widths[0]
        self.time_in = nn.Linear(widths[0], embedding)
        self.time_out = nn.Linear(embedding, embedding)
        self.conv_in = nn.Conv2d(config.in_channels, widths[0], 3, padding=1)
        self.down_blocks = nn.ModuleList()
        skips = [widths[0]]
        width = widths[0]
        for level, one in enumerate(widths):
            widths_in = [width] + [one] * (config.blocks - 1)
            resample = "halve" if level < last else None
            self.down_blocks.append(Level(config, operations, level, widths_in, resample))
            skips += [one] * (config.blocks + (level < last))
            width = one
        self.mid_block = Middle(config, operations)
        self.up_blocks = nn.ModuleList()
        for level in reversed(range(last + 1)):
            widths_in = []
            for _ in range(config.blocks + 1):
                widths_in.append(width + skips.pop())
                width = widths[level]
            self.up_blocks.append(Level(config, operations, level, widths_in, "double" if level else None))
        self.conv_norm_out = nn.GroupNorm(config.groups, widths[0], config.eps)
        self.conv_out = nn.Conv2d(widths[0], config.out_channels, 3, padding=1)
        self._time_widths = [block.width for block in self.residual_blocks()]
        self._text_widths = [2 * block.width for block in self.transformers()]
        self.times = nn.Linear(embedding, sum(self._time_widths))
        """For every residual block: its part of the time embedding, and the bias of its first convolution."""
        self.texts = nn.Linear(config.text_width, sum(self._text_widths), bias=False)
        """For every transformer: keys, then values."""

    def levels(self) -> Iterator[tuple[str, "Level | Middle"]]:
        """In the order in which they run, with their names."""
        yield from ((f"down_blocks.{index}", level) for index, level in enumerate(self.down_blocks))  # type: ignore[misc]
        yield "mid_block", self.mid_block
        yield from ((f"up_blocks.{index}", level) for index, level in enumerate(self.up_blocks))  # type: ignore[misc]

    def residual_blocks(self) -> Iterator[ResidualBlock]:
        for _, level in self.levels():
            yield from level.resnets  # type: ignore[misc]

    def transformers(self) -> Iterator[Transformer]:
        for _, level in self.levels():
            yield from level.attentions  # type: ignore[misc]

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

    def forward(self, sample: Tensor, time: Tensor, text: Tensor) -> Tensor:
        """Latents [n, h, w, in_channels], one row of `prepare_times`, `prepare_text` -> [n, h, w, out_channels]."""
        run, config = self.operations, self.config
        times, texts = iter(time.split(self._time_widths)), iter(text.split(self._text_widths, dim=2))
        x = run.convolve(sample, self.conv_in.weight, self.conv_in.bias)
        skips = [x]
        for level in self.down_blocks:
            for index, block in enumerate(level.resnets):
                x = block(x, next(times))
                if level.attentions:
                    x = level.attentions[index](x, next(texts))
                skips.append(x)
            if level.resample:
                x = run.convolve(x, level.resampler.weight, level.resampler.bias, stride=2)
                skips.append(x)
        first, second = self.mid_block.resnets
        x = self.mid_block.attentions[0](first(x, next(times)), next(texts))
        x = second(x, next(times))
        for level in self.up_blocks:
            for index, block in enumerate(level.resnets):
                x = block(run.join(x, skips.pop()), next(times))
                if level.attentions:
                    x = level.attentions[index](x, next(texts))
            if level.resample:
                x = run.convolve_doubled(x, level.resampler.weight, level.resampler.bias)
        norm = self.conv_norm_out
        x = run.group_norm(x, norm.weight, norm.bias, config.groups, config.eps, silu=True)
        return run.convolve(x, self.conv_out.weight, self.conv_out.bias)
