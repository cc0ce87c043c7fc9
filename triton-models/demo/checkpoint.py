"""A checkpoint: one folder with the weights in half precision, the tokenizer and what was measured while training."""

import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Self

import torch
from tokenizers import Tokenizer
from torch import Tensor

from demo.networks import ModelConfig
from demo.tokenizer import END, START, load_tokenizer, token_id

State = dict[str, Tensor]


@dataclass
class Checkpoint:
    """The trained model as it lies on disk; `demo.export` turns it into ONNX graphs."""

    folder: Path
    config: ModelConfig
    weights: dict[str, State] = field(default_factory=dict)
    """State dictionaries of `text_encoder`, `unet`, `vae_encoder` and `vae_decoder`, as far as they are trained."""
    statistics: dict[str, Any] = field(default_factory=dict)
    """`scaling_factor` and `latent_rgb` (see pipeline.json)."""

    @property
    def tokenizer_file(self) -> Path:
        return self.folder / "tokenizer.json"

    @property
    def tokenizer(self) -> Tokenizer:
        return load_tokenizer(self.folder)

    @property
    def token_ids(self) -> dict[str, int]:
        tokenizer = self.tokenizer
        return {token: token_id(tokenizer, token) for token in (START, END)}

    def save(self) -> None:
        """Write what is there; parts that are not in `weights` stay as they are on disk."""
        self.folder.mkdir(parents=True, exist_ok=True)
        (self.folder / "config.json").write_text(json.dumps(self.config.to_json(), indent=2) + "\n")
        (self.folder / "statistics.json").write_text(json.dumps(self.statistics, indent=2) + "\n")
        for name, state in self.weights.items():
            halves = {
                key: value.detach().half().cpu() if value.is_floating_point() else value.cpu()
                for key, value in state.items()
            }
            # A reader never sees a half-written file: the rename is atomic.
            partial = self.folder / f"{name}.partial"
            torch.save(halves, partial)
            partial.rename(self.folder / f"{name}.pt")

    @classmethod
    def load(cls, folder: Path) -> Self:
        config = ModelConfig.from_json(json.loads((folder / "config.json").read_text()))
        weights = {
            file.stem: torch.load(file, map_location="cpu", weights_only=True) for file in sorted(folder.glob("*.pt"))
        }
        return cls(folder, config, weights, json.loads((folder / "statistics.json").read_text()))
