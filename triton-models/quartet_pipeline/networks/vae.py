"""The autoencoder of Stable Diffusion (Rombach et al. 2022, appendix): pictures to latents of an eighth, and back."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import torch.nn.functional as F
from torch import Tensor, nn

from quartet_pipeline.errors import ModelError
from quartet_pipeline.networks.operations import PLAIN, DoubledConvolution, Norm, Operations

EPS = 1e-6


@dataclass(frozen=True)
class AutoencoderConfig:
    """The fields of `vae/config.json` that matter; the defaults are those of Stable Diffusion."""

    widths: tuple[int, ...] = (128, 256, 512, 512)
    """Channels of each level, finest first."""
    blocks: int = 2
    """Residual blocks a level in the encoder; one more in the decoder."""
    latent_channels: int = 4
    groups: int = 32

    @classmethod
    def from_diffusers(cls, fields: dict[str, Any]) -> "AutoencoderConfig":
        types = {*fields.get("down_block_types", ()), *fields.get("up_block_types", ())}
        if types - {"DownEncoderBlock2D", "UpDecoderBlock2D"}:
            raise ModelError(f"Expected the autoencoder of Stable Diffusion, got one with {sorted(types)[0]}.")
        return cls(
            widths=tuple(fields.get("block_out_channels", cls.widths)),
            blocks=fields.get("layers_per_block", cls.blocks),
            latent_channels=fields.get("latent_channels", cls.latent_channels),
            groups=fields.get("norm_num_groups", cls.groups),
        )


class _Part(nn.Module):
    def __init__(self, config: AutoencoderConfig, operations: Operations) -> None:
        super().__init__()
        self.config = config
        self.operations = operations

    def _norm(self, x: Tensor, norm: nn.GroupNorm, bias: Tensor | None = None, *, silu: bool = True) -> Tensor:
        return self.operations.group_norm(x, Norm(norm.weight, norm.bias, self.config.groups, EPS, silu), bias)


class ResidualBlock(_Part):
    """[n, h, w, c] -> [n, h, w, o]."""

    def __init__(self, config: AutoencoderConfig, operations: Operations, width_in: int, width: int) -> None:
        super().__init__(config, operations)
        self.norm1 = nn.GroupNorm(config.groups, width_in, EPS)
        self.conv1 = nn.Conv2d(width_in, width, 3, padding=1)
        self.norm2 = nn.GroupNorm(config.groups, width, EPS)
        self.conv2 = nn.Conv2d(width, width, 3, padding=1)
        self.conv_shortcut = nn.Linear(width_in, width) if width_in != width else None

    def forward(self, x: Tensor) -> Tensor:
        run = self.operations
        hidden = run.convolve(self._norm(x, self.norm1), self.conv1.weight, None)
        if self.conv_shortcut is not None:
            x = run.linear(x, self.conv_shortcut.weight, self.conv_shortcut.bias)
        hidden = self._norm(hidden, self.norm2, self.conv1.bias)
        return run.convolve(hidden, self.conv2.weight, self.conv2.bias, residual=x)


class Attention(_Part):
    """One head among positions: [n, h, w, c] -> the same shape."""

    def __init__(self, config: AutoencoderConfig, operations: Operations, width: int) -> None:
        super().__init__(config, operations)
        self.group_norm = nn.GroupNorm(config.groups, width, EPS)
        self.to_qkv = nn.Linear(width, 3 * width)
        self.out = nn.Linear(width, width)

    def forward(self, x: Tensor) -> Tensor:
        run = self.operations
        n, h, w, c = x.shape
        tokens = self._norm(x, self.group_norm, silu=False).reshape(n, h * w, c)
        packed = run.linear(tokens, self.to_qkv.weight, self.to_qkv.bias).view(n, h * w, 3, 1, c)
        mixed = run.attend(*packed.unbind(2))
        return run.linear(mixed, self.out.weight, self.out.bias, x.reshape(n, h * w, c)).view(n, h, w, c)


class Middle(_Part):
    def __init__(self, config: AutoencoderConfig, operations: Operations) -> None:
        super().__init__(config, operations)
        width = config.widths[-1]
        self.resnets = nn.ModuleList(ResidualBlock(config, operations, width, width) for _ in range(2))
        self.attentions = nn.ModuleList([Attention(config, operations, width)])

    def forward(self, x: Tensor) -> Tensor:
        x = self.attentions[0](self.resnets[0](x))
        result: Tensor = self.resnets[1](x)
        return result


class Level(_Part):
    """Residual blocks of one resolution, then the change to the next."""

    def __init__(
        self,
        config: AutoencoderConfig,
        operations: Operations,
        widths: Sequence[int],
        resampler: nn.Conv2d | DoubledConvolution | None,
    ) -> None:
        super().__init__(config, operations)
        self.resnets = nn.ModuleList(
            ResidualBlock(config, operations, before, after) for before, after in pairwise(widths)
        )
        self.resampler = resampler

    def forward(self, x: Tensor) -> Tensor:
        for block in self.resnets:
            x = block(x)
        if self.resampler is None:
            return x
        if isinstance(self.resampler, DoubledConvolution):
            return self.operations.convolve_doubled(x, self.resampler.weight, self.resampler.bias)
        # The border of zeros lies at the right and at the bottom only.
        padded = F.pad(x.permute(0, 3, 1, 2), (0, 1, 0, 1))
        return F.conv2d(padded, self.resampler.weight, self.resampler.bias, stride=2).permute(0, 2, 3, 1).contiguous()


class Encoder(_Part):
    """Pictures [n, h, w, 3] from -1 to 1 -> the mean of their latents, [n, h/8, w/8, 4]."""

    def __init__(self, config: AutoencoderConfig, operations: Operations = PLAIN) -> None:
        super().__init__(config, operations)
        widths, last = config.widths, len(config.widths) - 1
        self.conv_in = nn.Conv2d(3, widths[0], 3, padding=1)
        self.down_blocks = nn.ModuleList()
        width = widths[0]
        for level, one in enumerate(widths):
            resampler = nn.Conv2d(one, one, 3) if level < last else None
            self.down_blocks.append(Level(config, operations, [width] + [one] * config.blocks, resampler))
            width = one
        self.mid_block = Middle(config, operations)
        self.conv_norm_out = nn.GroupNorm(config.groups, width, EPS)
        # Mean and logarithm of the variance; drawing needs the mean.
        self.conv_out = nn.Conv2d(width, 2 * config.latent_channels, 3, padding=1)
        self.quant_conv = nn.Linear(2 * config.latent_channels, 2 * config.latent_channels)

    def forward(self, pictures: Tensor) -> Tensor:
        run = self.operations
        x = run.convolve(pictures, self.conv_in.weight, self.conv_in.bias)
        for level in self.down_blocks:
            x = level(x)
        x = self._norm(self.mid_block(x), self.conv_norm_out)
        moments = self.quant_conv(run.convolve(x, self.conv_out.weight, self.conv_out.bias))
        mean: Tensor = moments.chunk(2, dim=-1)[0]
        return mean


class Decoder(_Part):
    """Unscaled latents [n, h/8, w/8, 4] -> pictures [n, h, w, 3], about -1 to 1."""

    def __init__(self, config: AutoencoderConfig, operations: Operations = PLAIN) -> None:
        super().__init__(config, operations)
        widths = config.widths
        width = widths[-1]
        self.post_quant_conv = nn.Linear(config.latent_channels, config.latent_channels)
        self.conv_in = nn.Conv2d(config.latent_channels, width, 3, padding=1)
        self.mid_block = Middle(config, operations)
        self.up_blocks = nn.ModuleList()
        for level in reversed(range(len(widths))):
            one = widths[level]
            resampler = DoubledConvolution(one) if level else None
            self.up_blocks.append(Level(config, operations, [width] + [one] * (config.blocks + 1), resampler))
            width = one
        self.conv_norm_out = nn.GroupNorm(config.groups, width, EPS)
        self.conv_out = nn.Conv2d(width, 3, 3, padding=1)

    def forward(self, latents: Tensor) -> Tensor:
        run = self.operations
        x = run.convolve(self.post_quant_conv(latents), self.conv_in.weight, self.conv_in.bias)
        x = self.mid_block(x)
        for level in self.up_blocks:
            x = level(x)
        return run.convolve(self._norm(x, self.conv_norm_out), self.conv_out.weight, self.conv_out.bias)
