"""What lies in a model folder, and what it takes from another one; README.md beside this package describes them.

Needs Python's own library only.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from quartet_pipeline.errors import ModelError

ONNX_FILES = ("text_encoder.onnx", "unet.onnx", "vae_encoder.onnx", "vae_decoder.onnx")
DIFFUSERS_FILES = ("text_encoder/config.json", "unet/config.json", "vae/config.json")
"""Beside each of these lie the weights, as safetensors."""
MOST_LORA_SCALE = 2.0


@dataclass(frozen=True)
class ModelFolder:
    """A model's own folder, and where its parts lie."""

    path: Path
    fields: Mapping[str, Any]
    """Of its `pipeline.json`, with those of its base that it does not have."""
    networks: Path
    """A folder with ONNX files or as diffusers saves it, or a single-file checkpoint."""
    tokenizer: Path
    lora: Path | None

    @property
    def is_onnx(self) -> bool:
        return self.networks.is_dir() and not is_diffusers_folder(self.networks)


def is_diffusers_folder(folder: Path) -> bool:
    """Whether the networks lie there as diffusers saves them, not as ONNX files."""
    return (folder / DIFFUSERS_FILES[1]).is_file() and not (folder / "unet.onnx").is_file()


def read_model_folder(path: Path) -> ModelFolder:
    """Finds the parts of a model, or raises a ModelError that says which is missing."""
    own = _read_fields(path)
    base = own.get("base")
    if base is None:
        found = ModelFolder(path, own, path, path / "tokenizer.json", None)
    else:
        place = _find(path, "base", base)
        if place.is_dir():
            parent = read_model_folder(place) if "base" not in _read_fields(place) else None
            if parent is None:
                raise ModelError(
                    f"Expected the base of {path} to be a whole model, got {base}, which has a base itself."
                )
            if "name" not in own:
                raise ModelError(f"Expected {path / 'pipeline.json'} to have a `name` other than its base's, got none.")
            tokenizer = path / "tokenizer.json"
            found = ModelFolder(
                path,
                {**parent.fields, **own},
                parent.networks,
                tokenizer if tokenizer.is_file() else parent.tokenizer,
                None,
            )
        else:
            found = ModelFolder(path, own, place, path / "tokenizer.json", None)
    return _with_lora(_check_files(found))


def _with_lora(found: ModelFolder) -> ModelFolder:
    path, named = found.path, found.fields.get("lora")
    if named is None:
        if "lora_scale" in found.fields:
            raise ModelError(f"Expected no `lora_scale` in {path / 'pipeline.json'} without a `lora`, got one.")
        return found
    if found.is_onnx:
        raise ModelError(
            f"Expected no `lora` in {path / 'pipeline.json'}: ONNX files cannot be changed, got {named!r}."
        )
    lora = _find(path, "lora", named)
    if not lora.is_file():
        raise ModelError(f"Expected the lora of {path} to be a .safetensors file, got the folder {named}.")
    scale = found.fields.get("lora_scale", 1.0)
    if isinstance(scale, bool) or not isinstance(scale, int | float) or not 0 <= scale <= MOST_LORA_SCALE:
        raise ModelError(
            f"Expected `lora_scale` of {path} to be a number from 0 to {MOST_LORA_SCALE:g}, got {scale!r}."
        )
    return ModelFolder(path, found.fields, found.networks, found.tokenizer, lora)


def _find(path: Path, what: str, named: Any) -> Path:
    """What lies in the folder, or beside it."""
    file = path / "pipeline.json"
    if not isinstance(named, str) or not named or Path(named).name != named:
        raise ModelError(f"Expected `{what}` in {file} to name what lies in or beside its folder, got {named!r}.")
    for place in (path / named, path.resolve().parent / named):
        if place.resolve() == path.resolve():
            continue
        if place.is_dir() or (place.is_file() and place.suffix == ".safetensors"):
            return place
    raise ModelError(f"Expected the {what} of {path} in it or beside it, as a folder or .safetensors, got no {named}.")


def _check_files(found: ModelFolder) -> ModelFolder:
    missing = [] if found.tokenizer.is_file() else [found.tokenizer.name]
    if found.networks.is_dir():
        wanted = DIFFUSERS_FILES if is_diffusers_folder(found.networks) else ONNX_FILES
        missing += [name for name in wanted if not (found.networks / name).is_file()]
    if missing:
        lacks = f"The model folder {found.path} lacks {', '.join(missing)}"
        raise ModelError(f"{lacks}; copy it again, or export the model.")
    return found


def _read_fields(path: Path) -> dict[str, Any]:
    file = path / "pipeline.json"
    if not file.is_file():
        raise ModelError(f"The model folder {path} lacks pipeline.json; copy it again, or export the model.")
    try:
        fields = json.loads(file.read_text("utf-8"))
    except (OSError, ValueError) as error:
        raise ModelError(f"Expected {file} to describe a pipeline (format 1): {error}") from error
    if not isinstance(fields, dict):
        raise ModelError(f"Expected {file} to describe a pipeline (format 1), got {type(fields).__name__}.")
    return fields
