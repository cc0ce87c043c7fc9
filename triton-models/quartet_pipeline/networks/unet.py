"""The UNet of Stable Diffusion 1.x and 2.x (Rombach et al. 2022), with what does not change in the loop left out of it.

What a step reads of the prompt (`prepare_text`: keys and values of every cross-attention) and of its time
(`prepare_times`: what each residual block adds) is computed once for all steps, not once a step.
"""

import math
from collections.abc import Callable, Iterator, Sequence

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from quartet_pipeline.networks.blocks import (
    Down,
    Level,
    Middle,
    Part,
    Parts,
    ResidualBlock,
    Transformer,
    UNetConfig,
    Up,
)
from quartet_pipeline.networks.operations import PLAIN, Operations

__all__ = ["Contracting", "Steer", "UNet", "UNetConfig"]

SHALLOW_BLOCKS = 1
"""Residual blocks of the outermost level on the way up that a shallow step runs, by default: DeepCache's own choice."""


class Contracting(Part):
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
