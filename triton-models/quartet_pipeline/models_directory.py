"""A directory whose folders are the models to serve: what lies in it, and whether it is whole.

Needs Python's own library only.
"""

import json
import os
from collections.abc import Iterable, Iterator
from pathlib import Path

from quartet_pipeline.description import read_description
from quartet_pipeline.errors import ModelError
from quartet_pipeline.model_folder import ModelFolder, read_model_folder

Traces = frozenset[tuple[str, int, int]]
"""Path, size and time of change of files: another when anything about them is."""
MOST_HEADER_BYTES = 100_000_000
"""As much as the format allows."""


def model_folders(directory: Path) -> list[Path]:
    """By name. What has no `pipeline.json` is no model: bases, LoRA files and ControlNets may lie there too."""
    return sorted(folder for folder in directory.iterdir() if _is_seen(folder) and (folder / "pipeline.json").is_file())


def traces_of(places: Iterable[Path]) -> Traces:
    """Of files, and of all files in folders."""
    return frozenset(trace for place in places for trace in _traces(place))


def _traces(place: Path) -> Iterator[tuple[str, int, int]]:
    if place.is_dir():
        files = [Path(folder) / name for folder, _, names in os.walk(place, followlinks=True) for name in names]
    else:
        files = [place]
    for file in files:
        try:
            status = file.stat()
        except OSError:
            continue  # It is being replaced; the next look sees what is there then.
        yield str(file), status.st_size, status.st_mtime_ns


def _is_seen(place: Path) -> bool:
    return not place.name.startswith(".")


def check_model(folder: Path) -> ModelFolder:
    """Raises a ModelError where a model folder is not complete, as far as can be told without opening it."""
    read_description(folder)
    found = read_model_folder(folder)
    for file in _weight_files(found):
        _check_safetensors(file)
    return found


def files_of(found: ModelFolder) -> Traces:
    """Of everything that a model is made of, its base's and its LoRA's files too."""
    return traces_of(place for place in (found.path, found.networks, found.tokenizer, found.lora) if place)


def _weight_files(found: ModelFolder) -> Iterator[Path]:
    if found.networks.is_dir():
        yield from (file for part in found.networks.iterdir() if part.is_dir() for file in part.glob("*.safetensors"))
    else:
        yield found.networks
    if found.lora:
        yield found.lora


def _check_safetensors(file: Path) -> None:
    """Whether the file is as long as its header says (https://github.com/huggingface/safetensors#format)."""
    try:
        with file.open("rb") as opened:
            length = int.from_bytes(opened.read(8), "little")
            header = json.loads(opened.read(min(length, MOST_HEADER_BYTES)))
        end = max((fields["data_offsets"][1] for name, fields in header.items() if name != "__metadata__"), default=0)
        expected, got = 8 + length + end, file.stat().st_size
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise ModelError(f"Expected {file} to be a safetensors file, got: {str(error)[:120]}.") from error
    if got != expected:
        raise ModelError(f"Expected {file} to have {expected} bytes, got {got}; copy it again.")
