"""Makes a model folder of what others trained: Stable Diffusion 1.x or 2.x as diffusers saves it, or as one file.

    python -m quartet_pipeline.adopt FOLDER --name "Storybook"
    python -m quartet_pipeline.adopt CHECKPOINT.safetensors --name "Storybook" --tokenizer TOKENIZER_FOLDER

A diffusers folder gets two files more: `pipeline.json`, what the model is, and `tokenizer.json`. For a single file a
folder of its name is made beside it. No weights are copied. What `pipeline.json` says may be changed by hand: sizes,
defaults, a description that people see in `/models`.
"""

import argparse
import json
import shutil
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from tokenizers import Regex, Tokenizer, models, normalizers, pre_tokenizers

from quartet_pipeline.description import read_description
from quartet_pipeline.errors import ModelError

START, END = "<|startoftext|>", "<|endoftext|>"
WORDS = r"'s|'t|'re|'ve|'m|'ll|'d|[\p{L}]+|[\p{N}]|[^\s\p{L}\p{N}]+"
"""What CLIP takes for a word (Radford et al. 2021, `simple_tokenizer`)."""
# A linear fit of colors to latents of Stable Diffusion's autoencoder, for previews.
LATENT_RGB = {
    "weights": [[0.176, 0.115, 0.161], [0.163, 0.249, 0.118], [-0.141, 0.088, 0.136], [-0.106, -0.131, -0.359]],
    "bias": [0.5, 0.5, 0.5],
}


def adopt(source: Path, name: str, tokenizer: Path | None = None) -> Path:
    """Writes `pipeline.json` and `tokenizer.json`; returns their folder, or raises a ModelError."""
    is_file = source.is_file()
    if is_file and source.suffix != ".safetensors":
        raise ModelError(f"Expected a folder or a .safetensors file (pickled weights are not read), got {source.name}.")
    if not is_file and not (source / "unet/config.json").is_file():
        raise ModelError(f"Expected {source} to hold a model as diffusers saves it, got no unet/config.json in it.")
    folder = source.with_suffix("") if is_file else source
    folder.mkdir(exist_ok=True)
    words = tokenizer or source / "tokenizer"
    if not words.exists():
        raise ModelError(f"Expected a tokenizer: name one with --tokenizer, got none at {words}.")
    pad = write_tokenizer(words, folder / "tokenizer.json")
    fields = describe(source, name, folder / "tokenizer.json", pad)
    (folder / "pipeline.json").write_text(json.dumps(fields, indent=2) + "\n", "utf-8")
    read_description(folder)
    return folder


def describe(source: Path, name: str, tokenizer: Path, pad: str) -> dict[str, Any]:
    """`pipeline.json`; what a folder does not say is as in Stable Diffusion 1.5."""
    scheduler = _read(source / "scheduler/scheduler_config.json")
    text, unet, vae = (_read(source / part / "config.json") for part in ("text_encoder", "unet", "vae"))
    ids = Tokenizer.from_file(str(tokenizer))
    side = 8 * int(unet.get("sample_size", 64))
    # Besides squares, what a model of this size still draws well.
    long = 768 if side == 512 else side
    return {
        "format": 1,
        "name": name,
        **({"base": source.name} if source.is_file() else {}),
        "description": "",
        "max_tokens": text.get("max_position_embeddings", 77),
        "bos_token_id": ids.token_to_id(START),
        "eos_token_id": ids.token_to_id(END),
        "pad_token_id": ids.token_to_id(pad),
        "latent_channels": 4,
        "downscale": 8,
        "scaling_factor": vae.get("scaling_factor", 0.18215),
        "prediction_type": scheduler.get("prediction_type", "epsilon"),
        "num_train_timesteps": scheduler.get("num_train_timesteps", 1000),
        "beta_schedule": scheduler.get("beta_schedule", "scaled_linear"),
        "beta_start": scheduler.get("beta_start", 0.00085),
        "beta_end": scheduler.get("beta_end", 0.012),
        "timestep_spacing": scheduler.get("timestep_spacing", "leading"),
        "steps_offset": scheduler.get("steps_offset", 1),
        "rescale_betas_zero_snr": scheduler.get("rescale_betas_zero_snr", False),
        "default_scheduler": "dpmpp_2m",
        "default_steps": 25,
        "default_guidance_scale": 7.5,
        "default_size": [side, side],
        "sizes": [list(size) for size in dict.fromkeys([(side, side), (side, long), (long, side)])],
        "enlarge": {"factor": 2, "strength": 0.4},
        "latent_rgb": LATENT_RGB,
    }


def write_tokenizer(source: Path, target: Path) -> str:
    """Writes CLIP's tokenizer as one file, from such a file or its two parts; returns what pads a prompt."""
    folder = source if source.is_dir() else source.parent
    whole = source / "tokenizer.json" if source.is_dir() else source
    if whole.is_file():
        if whole.resolve() != target.resolve():
            shutil.copyfile(whole, target)
    else:
        try:
            bpe = models.BPE.from_file(
                str(folder / "vocab.json"), str(folder / "merges.txt"), end_of_word_suffix="</w>", unk_token=END
            )
        except Exception as error:
            raise ModelError(
                f"Expected {folder} to hold vocab.json and merges.txt, got: {str(error)[:120]}."
            ) from error
        tokenizer = Tokenizer(bpe)
        tokenizer.normalizer = normalizers.Sequence(
            [normalizers.NFC(), normalizers.Replace(Regex(r"\s+"), " "), normalizers.Lowercase()]
        )
        split = pre_tokenizers.Split(Regex(WORDS), behavior="removed", invert=True)
        tokenizer.pre_tokenizer = pre_tokenizers.Sequence([split, pre_tokenizers.ByteLevel(add_prefix_space=False)])
        tokenizer.save(str(target))
    pad = _read(folder / "special_tokens_map.json").get("pad_token", END)
    return str(pad["content"] if isinstance(pad, Mapping) else pad)


def _read(path: Path) -> dict[str, Any]:
    try:
        fields = json.loads(path.read_text("utf-8"))
    except (FileNotFoundError, NotADirectoryError):
        return {}
    except (OSError, ValueError) as error:
        raise ModelError(f"Expected {path} to be JSON, got: {str(error)[:120]}.") from error
    return fields if isinstance(fields, dict) else {}


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("source", type=Path)
    parser.add_argument("--name", required=True, help="as people see it and ask for it")
    parser.add_argument("--tokenizer", type=Path, help="a folder with tokenizer.json, or vocab.json and merges.txt")
    options = parser.parse_args()
    try:
        folder = adopt(options.source, options.name, options.tokenizer)
    except ModelError as error:
        print(error, file=sys.stderr)
        return 1
    print(f"{folder} can be served now: `python -m quartet_pipeline.repository OUT {folder}`.")
    return 0


if __name__ == "__main__":
    sys.exit(main())
