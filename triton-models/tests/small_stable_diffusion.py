"""A Stable Diffusion so small that a test can draw with it, as diffusers saves one."""

import json
from pathlib import Path
from typing import Any

from bench.random_model import write_random_model

DEMO = Path(__file__).parents[1] / "demo/model"
UNET: dict[str, Any] = {"block_out_channels": (32, 64, 64, 64), "norm_num_groups": 8, "attention_head_dim": 4}
TEXT = {"hidden_size": 32, "intermediate_size": 64, "num_hidden_layers": 2, "num_attention_heads": 4}
VAE = {"block_out_channels": (8, 8, 8, 8), "norm_num_groups": 4, "layers_per_block": 1}


def write_small_model(folder: Path, *, unet: dict[str, Any] | None = None, **fields: Any) -> None:
    """Random weights; `fields` are added to pipeline.json."""
    shape = {**UNET, "cross_attention_dim": 32, "sample_size": 8, **(unet or {})}
    write_random_model(folder, DEMO / "tokenizer.json", text=TEXT, unet=shape, vae=VAE)
    path = folder / "pipeline.json"
    described = json.loads(path.read_text()) | {"max_tokens": 16, "sizes": [[64, 128]], "default_size": [64, 128]}
    path.write_text(json.dumps(described | fields))
