"""Writes a model folder of Stable Diffusion 1.5's shape with random weights, as diffusers saves one: for speed only.

    python -m bench.random_model OUT TOKENIZER

Any `tokenizer.json` will do. Needs diffusers and transformers, whose own names the weights get.
"""

import argparse
import importlib
import json
import shutil
from pathlib import Path
from typing import Any

import torch

from bench.subject import DESCRIPTION, shake

TEXT = {"vocab_size": 49_408, "hidden_size": 768, "intermediate_size": 3_072, "num_hidden_layers": 12}
TEXT_REST = {"num_attention_heads": 12, "max_position_embeddings": 77, "hidden_act": "quick_gelu"}
UNET = {"sample_size": 64, "cross_attention_dim": 768, "attention_head_dim": 8}
VAE = {
    "block_out_channels": (128, 256, 512, 512),
    "layers_per_block": 2,
    "latent_channels": 4,
    "down_block_types": ("DownEncoderBlock2D",) * 4,
    "up_block_types": ("UpDecoderBlock2D",) * 4,
}


def write_random_model(out: Path, tokenizer: Path, **smaller: dict[str, Any]) -> None:
    """Writes `out`; `smaller` changes the configurations of `text`, `unet` or `vae`."""
    diffusers: Any = importlib.import_module("diffusers")
    transformers: Any = importlib.import_module("transformers")

    device = "cuda" if torch.cuda.is_available() else "cpu"
    with torch.device(device):
        networks: dict[str, Any] = {
            "text_encoder": transformers.CLIPTextModel(
                transformers.CLIPTextConfig(**{**TEXT, **TEXT_REST, **smaller.get("text", {})})
            ),
            "unet": diffusers.UNet2DConditionModel(**{**UNET, **smaller.get("unet", {})}),
            "vae": diffusers.AutoencoderKL(**{**VAE, **smaller.get("vae", {})}),
        }
    generator = torch.Generator(device).manual_seed(1)
    for name, network in networks.items():
        shake(network, generator)
        network.half().save_pretrained(out / name)
    shutil.copy(tokenizer, out / "tokenizer.json")
    (out / "pipeline.json").write_text(json.dumps(describe(), indent=2))


def describe() -> dict[str, Any]:
    """`pipeline.json` of Stable Diffusion 1.5, but for the colors of its previews."""
    schedule = DESCRIPTION.schedule
    return {
        "format": 1,
        "name": "bench",
        "max_tokens": DESCRIPTION.max_tokens,
        "bos_token_id": DESCRIPTION.bos_token_id,
        "eos_token_id": DESCRIPTION.eos_token_id,
        "pad_token_id": DESCRIPTION.pad_token_id,
        "latent_channels": DESCRIPTION.latent_channels,
        "downscale": DESCRIPTION.downscale,
        "scaling_factor": DESCRIPTION.scaling_factor,
        "prediction_type": schedule.prediction_type,
        "num_train_timesteps": schedule.train_timesteps,
        "beta_schedule": schedule.beta_schedule,
        "beta_start": schedule.beta_start,
        "beta_end": schedule.beta_end,
        "timestep_spacing": schedule.timestep_spacing,
        "steps_offset": schedule.steps_offset,
        "default_scheduler": "ddim",
        "default_steps": 50,
        "default_guidance_scale": 7.5,
        "default_size": [512, 512],
        "sizes": [list(size) for size in DESCRIPTION.sizes],
        "latent_rgb": {"weights": DESCRIPTION.latent_rgb_weights, "bias": DESCRIPTION.latent_rgb_bias},
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("out", type=Path)
    parser.add_argument("tokenizer", type=Path)
    options = parser.parse_args()
    write_random_model(options.out, options.tokenizer)


if __name__ == "__main__":
    main()
