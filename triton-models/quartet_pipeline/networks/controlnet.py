"""ControlNet (Zhang et al. 2023): a copy of the UNet's way down that is shown a picture, and steers the UNet.

What it finds at each skip and in the middle is projected and added to the UNet's. How strongly lies in the weights of
these projections on the device (`set_scale`), so that a captured step stays right.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial
from itertools import pairwise
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from quartet_pipeline.errors import ModelError
from quartet_pipeline.networks.operations import PLAIN, Operations
from quartet_pipeline.networks.unet import Contracting, Steer, UNetConfig


@dataclass(frozen=True)
class ControlNetConfig:
    """The fields of a ControlNet's `config.json` that matter; the defaults are those for Stable Diffusion 1.x."""

    unet: UNetConfig = UNetConfig()  # noqa: RUF009 - it is frozen
    hint_widths: tuple[int, ...] = (16, 32, 96, 256)
    """Channels of the control picture on its way down to the latents' size."""

    @classmethod
    def from_diffusers(cls, fields: Mapping[str, Any]) -> "ControlNetConfig":
        order = fields.get("controlnet_conditioning_channel_order", "rgb")
        if order != "rgb":
            raise ModelError(f"Expected a ControlNet that takes red, green and blue, got the order {order!r}.")
        widths = tuple(fields.get("conditioning_embedding_out_channels") or cls.hint_widths)
        if len(widths) != 4:
            raise ModelError(f"Expected a ControlNet whose picture is halved three times, got {len(widths) - 1} times.")
        down = tuple(fields.get("down_block_types", ("CrossAttnDownBlock2D",) * 3 + ("DownBlock2D",)))
        # It has no way up; the UNet's must mirror the way down.
        up = tuple(name.replace("Down", "Up") for name in reversed(down))
        return cls(UNetConfig.from_diffusers({**fields, "up_block_types": up}), widths)


class HintEmbedding(nn.Module):
    """Control pictures [n, h, w, 3] from 0 to 1 -> [n, h/8, w/8, c]. Once a request: the libraries do."""

    def __init__(self, widths: tuple[int, ...], width_out: int) -> None:
        super().__init__()
        self.conv_in = nn.Conv2d(3, widths[0], 3, padding=1)
        blocks = []
        for width, following in pairwise(widths):
            blocks.append(nn.Conv2d(width, width, 3, padding=1))
            blocks.append(nn.Conv2d(width, following, 3, padding=1))
        self.blocks = nn.ModuleList(blocks)
        self.conv_out = nn.Conv2d(widths[-1], width_out, 3, padding=1)

    def forward(self, pictures: Tensor) -> Tensor:
        x = F.silu(PLAIN.convolve(pictures, self.conv_in.weight, self.conv_in.bias))
        for index, block in enumerate(self.blocks):
            x = F.silu(PLAIN.convolve(x, *block.parameters(), stride=1 + index % 2))
        return PLAIN.convolve(x, self.conv_out.weight, self.conv_out.bias).contiguous()


class ControlNet(Contracting):
    """Noisy latents and a control picture's embedding -> what it adds to the UNet's feature maps."""

    def __init__(self, config: ControlNetConfig, operations: Operations = PLAIN) -> None:
        super().__init__(config.unet, operations)
        # As diffusers has them, so that the tensors' names are the same.
        self.controlnet_cond_embedding = HintEmbedding(config.hint_widths, config.unet.widths[0])
        self.controlnet_down_blocks = nn.ModuleList(nn.Linear(width, width) for width in self.skip_widths)
        self.controlnet_mid_block = nn.Linear(config.unet.widths[-1], config.unet.widths[-1])
        self._add_projections()
        self._scaled: list[tuple[Tensor, Tensor]] = []

    def embed(self, pictures: Tensor) -> Tensor:
        hint: Tensor = self.controlnet_cond_embedding(pictures)
        return hint

    def set_scale(self, scale: Tensor) -> None:
        """Takes up how strongly it steers, [1] on the device; before the first step, and after its weights change."""
        layers = [*self.controlnet_down_blocks, self.controlnet_mid_block]
        if not self._scaled:
            self._scaled = [(torch.empty_like(layer.weight), torch.empty_like(layer.bias)) for layer in layers]
        for layer, (weight, bias) in zip(layers, self._scaled, strict=True):
            weight.copy_(layer.weight.float() * scale)
            bias.copy_(layer.bias.float() * scale)

    def forward(self, sample: Tensor, hint: Tensor, time: Tensor, text: Tensor) -> Steer:
        """Latents [n, h, w, 4] and as many embeddings, with times and texts of its own -> what steers the UNet."""
        middle, parts = self._descend(sample, time, text, hint)
        return partial(self._steer, parts.skips, middle)

    def _steer(self, found: list[Tensor], middle: Tensor, skips: list[Tensor], x: Tensor) -> Tensor:
        run = self.operations
        *weights, (weight, bias) = self._scaled
        for index, one in enumerate(found):
            skips[index] = run.linear(one, *weights[index], skips[index])
        return run.linear(middle, weight, bias, x)
