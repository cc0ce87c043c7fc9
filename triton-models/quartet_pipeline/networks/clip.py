"""CLIP's text encoder (Radford et al. 2021), as Stable Diffusion uses it: the last hidden states of all tokens."""

from dataclasses import dataclass
from typing import Any, Protocol

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from quartet_pipeline.errors import ModelError


@dataclass(frozen=True)
class TextConfig:
    """The fields of `text_encoder/config.json` that matter; the defaults are those of Stable Diffusion 1.x."""

    vocabulary: int = 49_408
    max_tokens: int = 77
    width: int = 768
    feed_width: int = 3_072
    layers: int = 12
    heads: int = 12
    activation: str = "quick_gelu"
    eps: float = 1e-5

    @classmethod
    def from_diffusers(cls, fields: dict[str, Any]) -> "TextConfig":
        config = cls(
            vocabulary=fields.get("vocab_size", cls.vocabulary),
            max_tokens=fields.get("max_position_embeddings", cls.max_tokens),
            width=fields.get("hidden_size", cls.width),
            feed_width=fields.get("intermediate_size", cls.feed_width),
            layers=fields.get("num_hidden_layers", cls.layers),
            heads=fields.get("num_attention_heads", cls.heads),
            activation=fields.get("hidden_act", cls.activation),
            eps=fields.get("layer_norm_eps", cls.eps),
        )
        check_activation(config.activation)
        return config


def check_activation(name: str) -> None:
    """Raises a ModelError for one that CLIP's layers do not have."""
    if name not in ("quick_gelu", "gelu"):
        raise ModelError(f"Expected `hidden_act` to be quick_gelu or gelu, got {name!r}.")


class LayerConfig(Protocol):
    """What a layer of either of CLIP's two towers has to know."""

    @property
    def width(self) -> int: ...
    @property
    def feed_width(self) -> int: ...
    @property
    def heads(self) -> int: ...
    @property
    def activation(self) -> str: ...
    @property
    def eps(self) -> float: ...


class Layer(nn.Module):
    """Attention, causal among words, and feed-forward: [n, l, width] -> the same shape."""

    def __init__(self, config: LayerConfig, *, is_causal: bool) -> None:
        super().__init__()
        self.config = config
        self.is_causal = is_causal
        self.layer_norm1 = nn.LayerNorm(config.width, config.eps)
        self.to_qkv = nn.Linear(config.width, 3 * config.width)
        self.out_proj = nn.Linear(config.width, config.width)
        self.layer_norm2 = nn.LayerNorm(config.width, config.eps)
        self.fc1 = nn.Linear(config.width, config.feed_width)
        self.fc2 = nn.Linear(config.feed_width, config.width)

    def forward(self, x: Tensor) -> Tensor:
        n, length, width = x.shape
        packed = self.to_qkv(self.layer_norm1(x)).view(n, length, 3, self.config.heads, -1)
        query, key, value = (part.transpose(1, 2) for part in packed.unbind(2))
        mixed = F.scaled_dot_product_attention(query, key, value, is_causal=self.is_causal)
        x = x + self.out_proj(mixed.transpose(1, 2).reshape(n, length, width))
        hidden = self.fc1(self.layer_norm2(x))
        # The first CLIP models approximated GELU by x * sigmoid(1.702 x).
        hidden = hidden * torch.sigmoid(1.702 * hidden) if self.config.activation == "quick_gelu" else F.gelu(hidden)
        fed: Tensor = x + self.fc2(hidden)
        return fed


class TextEncoder(nn.Module):
    """Token ids int64 [n, l] -> states [n, l, width]."""

    def __init__(self, config: TextConfig) -> None:
        super().__init__()
        self.token_embedding = nn.Embedding(config.vocabulary, config.width)
        self.position_embedding = nn.Embedding(config.max_tokens, config.width)
        self.layers = nn.ModuleList(Layer(config, is_causal=True) for _ in range(config.layers))
        self.final_layer_norm = nn.LayerNorm(config.width, config.eps)

    def forward(self, ids: Tensor) -> Tensor:
        x = self.token_embedding(ids) + self.position_embedding.weight[: ids.shape[1]]
        for layer in self.layers:
            x = layer(x)
        states: Tensor = self.final_layer_norm(x)
        return states
