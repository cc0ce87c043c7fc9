"""The three networks of the small text-to-image model: autoencoder, text encoder, UNet.

They have the shapes of Stable Diffusion 1.5 (latents an eighth of the picture's side with 4 channels, cross-attention
to the text encoder's last hidden state), cut down to what two CPU cores draw in seconds. The autoencoder has neither
normalisation nor attention: convolution followed by a leaky rectifier is what CPU runtimes fuse best, and edges come
out crisper without normalisation (Lim et al. 2017, "EDSR", section 3.1). The UNet works on 2x2 patches of the latents
(Hoogeboom et al. 2023, "Simple diffusion", section 4), because a level of 64x64 would cost more than all others.
"""

import math
from dataclasses import asdict, dataclass
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn

DOWNSCALE = 8
LATENT_CHANNELS = 4


@dataclass(frozen=True)
class ModelConfig:
    """Widths and depths; the defaults are those of the model that is shipped."""

    vocabulary: int = 748
    """Number of tokens."""
    max_tokens: int = 48
    """Length of the padded prompt, start and end tokens included."""
    text_width: int = 192
    text_layers: int = 4
    unet_widths: tuple[int, int, int] = (160, 256, 256)
    """Channels where a picture of 512 has 32x32, 16x16 and 8x8 positions."""
    encoder_widths: tuple[int, int, int] = (48, 80, 112)
    """Channels of the picture's encoder at a half, a quarter and an eighth of the picture's side."""
    decoder_widths: tuple[int, int, int] = (160, 96, 64)
    """Channels of the picture's decoder at an eighth, a quarter and a half of the picture's side."""

    def to_json(self) -> dict[str, Any]:
        return asdict(self)

    @classmethod
    def from_json(cls, values: dict[str, Any]) -> "ModelConfig":
        fields: dict[str, Any] = {name: tuple(v) if isinstance(v, list) else v for name, v in values.items()}
        return cls(**fields)


class PlainBlock(nn.Module):
    """Two convolutions and a shortcut: [n, c, h, w] -> the same shape."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.first = nn.Conv2d(width, width, 3, padding=1)
        self.second = nn.Conv2d(width, width, 3, padding=1)
        nn.init.zeros_(self.second.weight)

    def forward(self, x: Tensor) -> Tensor:
        return F.leaky_relu(x + self.second(F.leaky_relu(self.first(x), 0.1)), 0.1)


class PictureEncoder(nn.Module):
    """Pictures to latents: float [n, 3, h, w] in [-1, 1] -> [n, 4, h/8, w/8], mean 0 and deviation 1 per channel."""

    def __init__(self, config: ModelConfig) -> None:
        super().__init__()
        half, quarter, eighth = config.encoder_widths
        self.body = nn.Sequential(
            nn.PixelUnshuffle(2),
            nn.Conv2d(12, half, 3, padding=1),
            PlainBlock(half),
            nn.Conv2d(half, quarter, 3, stride=2, padding=1),
            PlainBlock(quarter),
            PlainBlock(quarter),
            nn.Conv2d(quarter, eighth, 3, stride=2, padding=1),
            PlainBlock(eighth),
            PlainBlock(eighth),
            PlainBlock(eighth),
            nn.Conv2d(eighth, LATENT_CHANNELS, 3, padding=1),
        )
        # Fixes the latents' scale, so that noise added to them while training means the same for every channel.
        self.standardise = nn.BatchNorm2d(LATENT_CHANNELS, affine=False, momentum=0.02)

    def forward(self, sample: Tensor) -> Tensor:
        latents: Tensor = self.standardise(self.body(sample).float())
        return latents


class PictureDecoder(nn.Module):
    """Latents to pictures: float [n, 4, h/8, w/8] -> [n, 3, h, w], about [-1, 1] (not clamped)."""

    def __init__(self, config: ModelConfig) -> None:
        super().__init__()
        eighth, quarter, half = config.decoder_widths
        self.body = nn.Sequential(
            nn.Conv2d(LATENT_CHANNELS, eighth, 3, padding=1),
            nn.LeakyReLU(0.1),
            PlainBlock(eighth),
            PlainBlock(eighth),
            PlainBlock(eighth),
            nn.Conv2d(eighth, quarter * 4, 1),
            nn.PixelShuffle(2),
            *(PlainBlock(quarter) for _ in range(4)),
            nn.Conv2d(quarter, half * 4, 1),
            nn.PixelShuffle(2),
            *(PlainBlock(half) for _ in range(3)),
            nn.Conv2d(half, 12, 3, padding=1),
            nn.PixelShuffle(2),
        )

    def forward(self, latent_sample: Tensor) -> Tensor:
        pictures: Tensor = self.body(latent_sample)
        return pictures


class Attention(nn.Module):
    """Multi-head attention: queries [n, p, width], context [n, l, context_width] -> [n, p, width]."""

    def __init__(self, width: int, context_width: int, head_width: int = 64) -> None:
        super().__init__()
        self.heads = width // head_width
        self.query = nn.Linear(width, width, bias=False)
        self.key = nn.Linear(context_width, width, bias=False)
        self.value = nn.Linear(context_width, width, bias=False)
        self.out = nn.Linear(width, width)
        nn.init.zeros_(self.out.weight)
        nn.init.zeros_(self.out.bias)

    def forward(self, x: Tensor, context: Tensor) -> Tensor:
        query, key, value = (
            projection(source).reshape(source.shape[0], source.shape[1], self.heads, -1).transpose(1, 2)
            for projection, source in ((self.query, x), (self.key, context), (self.value, context))
        )
        mixed = F.scaled_dot_product_attention(query, key, value)
        attended: Tensor = self.out(mixed.transpose(1, 2).flatten(2))
        return attended


class FeedForward(nn.Sequential):
    """[n, p, width] -> the same shape."""

    def __init__(self, width: int) -> None:
        super().__init__(nn.Linear(width, 4 * width), nn.GELU(approximate="tanh"), nn.Linear(4 * width, width))


class TextLayer(nn.Module):
    """Attention among tokens and feed-forward: [n, l, width] -> the same shape."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.attention_norm = nn.LayerNorm(width)
        self.attention = Attention(width, width)
        self.feed_norm = nn.LayerNorm(width)
        self.feed = FeedForward(width)

    def forward(self, x: Tensor) -> Tensor:
        normed = self.attention_norm(x)
        x = x + self.attention(normed, normed)
        fed: Tensor = x + self.feed(self.feed_norm(x))
        return fed


class TextEncoder(nn.Module):
    """Token ids to states: int64 [n, l] -> float [n, l, text_width]; position 0 sums up the prompt."""

    def __init__(self, config: ModelConfig) -> None:
        super().__init__()
        width = config.text_width
        self.tokens = nn.Embedding(config.vocabulary, width)
        self.positions = nn.Parameter(torch.randn(config.max_tokens, width) * 0.5)
        self.layers = nn.ModuleList(TextLayer(width) for _ in range(config.text_layers))
        self.norm = nn.LayerNorm(width)

    def forward(self, input_ids: Tensor) -> Tensor:
        x = self.tokens(input_ids) + self.positions
        for layer in self.layers:
            x = layer(x)
        states: Tensor = self.norm(x)
        return states


class ResidualBlock(nn.Module):
    """Convolutions steered by time and prompt: [n, width_in, h, w], [n, e] -> [n, width_out, h, w]."""

    def __init__(self, width_in: int, width_out: int, embedding: int) -> None:
        super().__init__()
        self.norm_in = nn.GroupNorm(16, width_in)
        self.conv_in = nn.Conv2d(width_in, width_out, 3, padding=1)
        self.steer = nn.Linear(embedding, 2 * width_out)
        self.norm_out = nn.GroupNorm(16, width_out)
        self.conv_out = nn.Conv2d(width_out, width_out, 3, padding=1)
        self.shortcut = nn.Conv2d(width_in, width_out, 1) if width_in != width_out else nn.Identity()
        nn.init.zeros_(self.conv_out.weight)

    def forward(self, x: Tensor, embedding: Tensor) -> Tensor:
        scale, shift = self.steer(embedding)[:, :, None, None].chunk(2, dim=1)
        hidden = self.conv_in(F.silu(self.norm_in(x)))
        hidden = self.conv_out(F.silu(self.norm_out(hidden) * (1 + scale) + shift))
        total: Tensor = self.shortcut(x) + hidden
        return total


class TransformerBlock(nn.Module):
    """Attention among positions, attention to the prompt, feed-forward: [n, c, h, w], [n, l, t] -> [n, c, h, w]."""

    def __init__(self, width: int, text_width: int) -> None:
        super().__init__()
        self.self_norm = nn.LayerNorm(width)
        self.self_attention = Attention(width, width)
        self.text_norm = nn.LayerNorm(width)
        self.text_attention = Attention(width, text_width)
        self.feed_norm = nn.LayerNorm(width)
        self.feed = FeedForward(width)

    def forward(self, x: Tensor, text: Tensor) -> Tensor:
        tokens = x.flatten(2).transpose(1, 2)
        normed = self.self_norm(tokens)
        tokens = tokens + self.self_attention(normed, normed)
        tokens = tokens + self.text_attention(self.text_norm(tokens), text)
        tokens = tokens + self.feed(self.feed_norm(tokens))
        result: Tensor = tokens.transpose(1, 2).reshape(x.shape)
        return result


def embed_timestep(timestep: Tensor, width: int) -> Tensor:
    """Sines and cosines (Vaswani et al. 2017, section 3.5): float [n] in 0..999 -> [n, width]."""
    frequencies = torch.exp(torch.arange(width // 2, device=timestep.device) * (-math.log(10_000) / (width // 2)))
    angles = timestep[:, None].float() * frequencies
    return torch.cat([angles.sin(), angles.cos()], dim=-1)


def coordinates_like(sample: Tensor) -> Tensor:
    """Where each position is, x then y, -1 to 1 from edge to edge: [n, c, h, w] -> [n, 2, h, w]."""
    height, width = sample.shape[2:]
    x = (torch.arange(width, device=sample.device, dtype=sample.dtype) + 0.5) * (2 / width) - 1
    y = (torch.arange(height, device=sample.device, dtype=sample.dtype) + 0.5) * (2 / height) - 1
    grid = torch.stack([x[None, :].expand(height, width), y[:, None].expand(height, width)])
    return grid[None].expand(sample.shape[0], 2, height, width)


class UNet(nn.Module):
    """Predicts the velocity: noisy latents [n, 4, h, w], timestep [n], text states [n, l, t] -> [n, 4, h, w]."""

    def __init__(self, config: ModelConfig) -> None:
        super().__init__()
        fine, middle, coarse = config.unet_widths
        text, embedding = config.text_width, config.unet_widths[1]
        self.time_width = config.unet_widths[0]
        self.time = nn.Sequential(nn.Linear(self.time_width, embedding), nn.SiLU(), nn.Linear(embedding, embedding))
        self.prompt = nn.Linear(text, embedding)
        self.stem = nn.Conv2d(4 * (LATENT_CHANNELS + 2), fine, 3, padding=1)
        self.fine_down = ResidualBlock(fine, fine, embedding)
        self.to_middle = nn.Conv2d(fine, middle, 3, stride=2, padding=1)
        self.middle_down = ResidualBlock(middle, middle, embedding)
        self.middle_down_attention = TransformerBlock(middle, text)
        self.to_coarse = nn.Conv2d(middle, coarse, 3, stride=2, padding=1)
        self.coarse_first = TransformerBlock(coarse, text)
        self.coarse_between = ResidualBlock(coarse, coarse, embedding)
        self.coarse_last = TransformerBlock(coarse, text)
        self.from_coarse = nn.Conv2d(coarse, middle, 1)
        self.middle_up = ResidualBlock(2 * middle, middle, embedding)
        self.middle_up_attention = TransformerBlock(middle, text)
        self.middle_last = ResidualBlock(middle, middle, embedding)
        self.middle_last_attention = TransformerBlock(middle, text)
        self.from_middle = nn.Conv2d(middle, fine, 1)
        self.fine_up = ResidualBlock(2 * fine, fine, embedding)
        self.fine_last = ResidualBlock(fine, fine, embedding)
        self.norm = nn.GroupNorm(16, fine)
        self.out = nn.Conv2d(fine, 4 * LATENT_CHANNELS, 3, padding=1)
        nn.init.zeros_(self.out.weight)

    def forward(
        self, sample: Tensor, timestep: Tensor, encoder_hidden_states: Tensor, coordinates: Tensor | None = None
    ) -> Tensor:
        """`coordinates` [n, 2, h, w] says where a crop lies in its picture; the whole picture where it is left out."""
        return self.keep(sample, timestep, encoder_hidden_states, coordinates)[0]

    def keep(
        self, sample: Tensor, timestep: Tensor, text: Tensor, coordinates: Tensor | None = None
    ) -> tuple[Tensor, Tensor]:
        """The same, and what the finest level takes from the coarser ones: [n, fine, h/2, w/2], for `shallow`."""
        embedding, fine = self._enter(sample, timestep, text, coordinates)
        middle = self.middle_down_attention(self.middle_down(self.to_middle(fine), embedding), text)
        coarse = self.coarse_first(self.to_coarse(middle), text)
        coarse = self.coarse_last(self.coarse_between(coarse, embedding), text)
        x = torch.cat([_double(self.from_coarse(coarse)), middle], dim=1)
        x = self.middle_up_attention(self.middle_up(x, embedding), text)
        x = self.middle_last_attention(self.middle_last(x, embedding), text)
        deep = _double(self.from_middle(x))
        return self._leave(deep, fine, embedding), deep

    def shallow(self, sample: Tensor, timestep: Tensor, text: Tensor, deep: Tensor) -> Tensor:
        """The finest level alone, `deep` taken from an earlier step (DeepCache, Ma et al. 2023, section 3.2)."""
        embedding, fine = self._enter(sample, timestep, text, None)
        return self._leave(deep, fine, embedding)

    def _enter(
        self, sample: Tensor, timestep: Tensor, text: Tensor, coordinates: Tensor | None
    ) -> tuple[Tensor, Tensor]:
        if coordinates is None:
            coordinates = coordinates_like(sample)
        embedding = self.time(embed_timestep(timestep, self.time_width).to(text.dtype)) + self.prompt(text[:, 0])
        embedding = F.silu(embedding)
        fine = self.stem(F.pixel_unshuffle(torch.cat([sample, coordinates], dim=1), 2))
        return embedding, self.fine_down(fine, embedding)

    def _leave(self, deep: Tensor, fine: Tensor, embedding: Tensor) -> Tensor:
        x = torch.cat([deep, fine], dim=1)
        x = self.fine_last(self.fine_up(x, embedding), embedding)
        return F.pixel_shuffle(self.out(F.silu(self.norm(x))), 2)


def _double(x: Tensor) -> Tensor:
    return F.interpolate(x, scale_factor=2.0, mode="nearest")
