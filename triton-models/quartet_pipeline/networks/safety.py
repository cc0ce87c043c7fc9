"""Stable Diffusion's safety checker: CLIP's picture tower (Radford et al. 2021), and how near a picture is to some
concepts.

The model's own decision is "unsafe" when the cosine to one of the concepts is above its threshold by more than 0.0005
(diffusers rounds to three decimals); the thresholds are lower by 0.01 for a picture that is near one of the "special
care" concepts. Pictures are never altered here: what is done about them is for the bot to say.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F
from numpy.typing import NDArray
from torch import Tensor, nn

from quartet_pipeline.errors import ModelError
from quartet_pipeline.networks.clip import Layer, check_activation
from quartet_pipeline.networks.weight_set import Layout, WeightBuffer, WeightSet
from quartet_pipeline.networks.weights import clip_layer_sources, fill, read_config, read_part

SIDE = 224
MEAN = (0.48145466, 0.4578275, 0.40821073)
DEVIATION = (0.26862954, 0.26130258, 0.27577711)
"""CLIP's, of red, green and blue from 0 to 1."""
BOUNDARY = 0.0005
"""Scores above it round to 0.001 and more."""
CONCEPTS = ("concept_embeds", "concept_embeds_weights", "special_care_embeds", "special_care_embeds_weights")
CARE = 0.01
STEEPNESS = 100.0
"""Of `unsafe`: scores are within 0.1 of their threshold."""


@dataclass(frozen=True)
class SafetyConfig:
    """The fields of `safety_checker/config.json` that matter; the defaults are transformers'."""

    width: int = 768
    feed_width: int = 3_072
    layers: int = 12
    heads: int = 12
    patch: int = 32
    projection: int = 512
    activation: str = "quick_gelu"
    eps: float = 1e-5
    concepts: int = 17
    special: int = 3

    @classmethod
    def from_diffusers(cls, fields: Mapping[str, Any]) -> "SafetyConfig":
        vision = fields.get("vision_config") or {}
        config = cls(
            width=vision.get("hidden_size", cls.width),
            feed_width=vision.get("intermediate_size", cls.feed_width),
            layers=vision.get("num_hidden_layers", cls.layers),
            heads=vision.get("num_attention_heads", cls.heads),
            patch=vision.get("patch_size", cls.patch),
            projection=fields.get("projection_dim", cls.projection),
            activation=vision.get("hidden_act", cls.activation),
            eps=vision.get("layer_norm_eps", cls.eps),
        )
        if vision.get("image_size", SIDE) != SIDE or SIDE % config.patch:
            raise ModelError(f"Expected a safety checker for pictures of {SIDE}x{SIDE}, got {vision['image_size']}.")
        check_activation(config.activation)
        return config


class SafetyChecker(nn.Module):
    """Pictures as `prepare` makes them, float [n, 3, 224, 224] -> how far above their threshold they are, [n]."""

    def __init__(self, config: SafetyConfig) -> None:
        super().__init__()
        self.config = config
        patches = (SIDE // config.patch) ** 2
        self.class_embedding = nn.Parameter(torch.zeros(config.width))
        self.patch_embedding = nn.Linear(3 * config.patch**2, config.width, bias=False)
        self.position_embedding = nn.Embedding(patches + 1, config.width)
        # Theirs is written so.
        self.pre_layrnorm = nn.LayerNorm(config.width, config.eps)
        self.layers = nn.ModuleList(Layer(config, is_causal=False) for _ in range(config.layers))
        self.post_layernorm = nn.LayerNorm(config.width, config.eps)
        self.visual_projection = nn.Linear(config.width, config.projection, bias=False)
        self.concept_embeds = nn.Parameter(torch.zeros(config.concepts, config.projection))
        self.concept_embeds_weights = nn.Parameter(torch.zeros(config.concepts))
        self.special_care_embeds = nn.Parameter(torch.zeros(config.special, config.projection))
        self.special_care_embeds_weights = nn.Parameter(torch.zeros(config.special))

    def forward(self, pictures: Tensor) -> Tensor:
        """The score that decides, unrounded, float32 [n]: unsafe above `BOUNDARY`."""
        special, concepts = self.scores(pictures)
        is_special = (special > BOUNDARY).any(dim=1)
        score: Tensor = concepts.amax(dim=1) + CARE * is_special
        return score

    def scores(self, pictures: Tensor) -> tuple[Tensor, Tensor]:
        """Cosines above their thresholds: float32 [n, special] and [n, concepts]."""
        x = self._embed(pictures.to(self.class_embedding.dtype)).float()
        cosines = (
            F.normalize(x) @ F.normalize(embeds.float()).T for embeds in (self.special_care_embeds, self.concept_embeds)
        )
        thresholds = self.special_care_embeds_weights, self.concept_embeds_weights
        special, concepts = (one - least.float() for one, least in zip(cosines, thresholds, strict=True))
        return special, concepts

    def _embed(self, pictures: Tensor) -> Tensor:
        side, patch = SIDE // self.config.patch, self.config.patch
        # A convolution without overlap is a product of each patch.
        patches = pictures.reshape(-1, 3, side, patch, side, patch).permute(0, 2, 4, 1, 3, 5)
        patches = patches.reshape(-1, side**2, 3 * patch**2)
        first = self.class_embedding.expand(len(pictures), 1, -1)
        x = torch.cat([first, self.patch_embedding(patches)], dim=1) + self.position_embedding.weight
        x = self.pre_layrnorm(x)
        for layer in self.layers:
            x = layer(x)
        embedding: Tensor = self.visual_projection(self.post_layernorm(x[:, 0]))
        return embedding


def unsafe(score: Tensor) -> Tensor:
    """How sure it is, 0 to 1: `1 / (1 + exp(-100 * (score - 0.0005)))`, so that 0.5 is just where it decides."""
    return torch.sigmoid(STEEPNESS * (score - BOUNDARY))


def read_checker_config(place: Path) -> SafetyConfig:
    """Of the folder of a checker."""
    return SafetyConfig.from_diffusers(read_config(place / "config.json"))


class Judge:
    """`interface.Checker`: checkers take turns in one network, with what its pictures need."""

    def __init__(self, device: torch.device, dtype: torch.dtype) -> None:
        self._device, self._dtype = device, dtype
        self._mean = torch.tensor(MEAN, device=device)[:, None, None]
        self._deviation = torch.tensor(DEVIATION, device=device)[:, None, None]
        self._resizers: dict[tuple[int, int], tuple[Tensor, Tensor]] = {}
        self._sets: dict[Path, WeightSet] = {}
        self._held: WeightSet | None = None

    def add(self, place: Path) -> None:
        """Reads the folder of a checker; raises a ModelError where it is not whole."""
        if place not in self._sets:
            self.put(place, read_config(place / "config.json"), read_part(place))

    def put(self, place: Path, fields: Mapping[str, Any], tensors: Mapping[str, Tensor]) -> None:
        """The same of diffusers' configuration and tensors."""
        config = SafetyConfig.from_diffusers(fields)
        if not self._sets:
            self.network = make_checker(config, self._dtype)
        elif config != self.network.config:
            raise ModelError(f"Expected {place} to have the shape of the other safety checkers, got another.")
        weights = WeightSet(Layout.of(self.network))
        # Some versions say `vision_model` twice.
        fill(weights.views, {name.replace("vision_model.", ""): tensor for name, tensor in tensors.items()}, _sources)
        self.hold(place, weights)

    def hold(self, place: Path, weights: WeightSet) -> None:
        if not self._sets:
            self._buffer = WeightBuffer(self.network, self._device, weights.layout)
        # Most models bring the same one.
        self._sets[place] = next((kept for kept in self._sets.values() if kept.equals(weights)), weights)
        if self._held is None:
            self.choose(place)

    @torch.no_grad()
    def choose(self, place: Path) -> None:
        if self._held is not self._sets[place]:
            self._held = self._sets[place]
            self._buffer.fill(self._held)

    def judge(self, images: Tensor) -> Tensor:
        """uint8 [n, h, w, 3] -> `unsafe`, float32 [n]. The first of each size must be outside a capture."""
        return unsafe(self.network(self.prepare(images)))

    def prepare(self, images: Tensor) -> Tensor:
        """As CLIP's processor does: the shorter side to 224 (bicubic), the middle of the longer, mean and deviation."""
        _, height, width, _ = images.shape
        rows, columns = self._resizer(height, width)
        # Both passes round to whole levels, as Pillow does.
        x = (images.permute(0, 3, 1, 2).float() @ columns.T).round().clamp(0, 255)
        x = (rows @ x).round().clamp(0, 255)
        return (x / 255 - self._mean) / self._deviation

    def _resizer(self, height: int, width: int) -> tuple[Tensor, Tensor]:
        """Matrices for rows and columns, of which only the middle is computed."""
        found = self._resizers.get((height, width))
        if found is None:
            shorter = min(height, width)
            found = self._resizers[height, width] = (
                self._middle(height, shorter),
                self._middle(width, shorter),
            )
        return found

    def _middle(self, side: int, shorter: int) -> Tensor:
        matrix = bicubic(side, side * SIDE // shorter)
        top = (len(matrix) - SIDE) // 2
        return torch.from_numpy(matrix[top : top + SIDE]).float().to(self._device)


def bicubic(before: int, after: int) -> NDArray[np.float64]:
    """How Pillow resizes one side: [after, before], a wider filter where it shrinks (Keys 1981, with a = -0.5)."""
    scale = before / after
    reach = max(scale, 1.0)
    centers = (np.arange(after) + 0.5) * scale
    first = np.floor(np.maximum(centers - 2 * reach + 0.5, 0))
    last = np.floor(np.minimum(centers + 2 * reach + 0.5, before))
    places = np.arange(before)
    t = np.abs((places[None, :] - centers[:, None] + 0.5) / reach)
    near, far = (1.5 * t - 2.5) * t**2 + 1, ((-0.5 * t + 2.5) * t - 4) * t + 2
    weights = np.where(t < 1, near, np.where(t < 2, far, 0))
    weights[(places[None, :] < first[:, None]) | (places[None, :] >= last[:, None])] = 0
    matrix: NDArray[np.float64] = weights / weights.sum(axis=1, keepdims=True)
    return matrix


def make_checker(config: SafetyConfig, dtype: torch.dtype) -> SafetyChecker:
    """Without weights. What it compares with stays in float32."""
    with torch.device("meta"):
        network = SafetyChecker(config).to(dtype)
        for name in CONCEPTS:
            setattr(network, name, nn.Parameter(getattr(network, name).float()))
    return network


def _sources(name: str) -> Sequence[str]:
    if name.startswith("layers."):
        return clip_layer_sources(name)
    return [f"embeddings.{name}" if "_embedding" in name else name]
