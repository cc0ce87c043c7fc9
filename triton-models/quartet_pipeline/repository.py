"""Writes the model repository that Triton reads: `stable_diffusion`, told which model folders to serve.

    python -m quartet_pipeline.repository OUT [MODEL_FOLDER ...]

Needs Python's own library only.
"""

import argparse
import json
import os
import shutil
import subprocess
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from quartet_pipeline.description import read_description
from quartet_pipeline.model_folder import read_model_folder
from quartet_pipeline.plans.folder import has_plans
from quartet_pipeline.speeds import FP8_CAPABILITY, shortcuts

ROOT = Path(__file__).resolve().parents[1]
SMALL_MODEL = ROOT / "demo/model"


def write_repository(out: Path, folders: Sequence[Path]) -> None:
    """Makes `out/stable_diffusion`, or raises a ModelError that says what is wrong with a folder."""
    source = ROOT / "stable_diffusion"
    target = out / "stable_diffusion"
    target.mkdir(parents=True, exist_ok=True)
    described = json.dumps({"models": [describe(folder) for folder in folders]})
    parameters = {
        "pipelines": os.pathsep.join(str(folder.resolve()) for folder in folders),
        # What Triton's own metadata cannot tell the bot: sizes, defaults, and what the models can draw.
        "quartet_description": described,
    }
    lines = [
        f"parameters {{ key: {quote(key)} value {{ string_value: {quote(parameters[key])} }} }}\n" for key in parameters
    ]
    # Triton is never to read half of it.
    written = target / ".config.pbtxt"
    written.write_text((source / "config.pbtxt").read_text() + "\n" + "".join(lines))
    written.replace(target / "config.pbtxt")
    version = target / "1"
    if not version.is_symlink():
        version.symlink_to(source / "1", target_is_directory=True)


def describe(folder: Path) -> dict[str, Any]:
    """One model as the bot's `ModelDescription`."""
    checked = read_description(folder)
    fields = read_model_folder(folder).fields
    described = {
        "id": checked.id,
        "title": checked.name,
        "description": fields.get("description", ""),
        "sizes": [_size(size) for size in fields["sizes"]],
        "defaultSize": _size(fields["default_size"]),
        "defaultSteps": fields["default_steps"],
        "defaultGuidanceScale": fields["default_guidance_scale"],
        "defaultScheduler": fields["default_scheduler"],
        "canStartFromPicture": True,
        "canPaintWithin": True,
        # No plan takes controls.
        "controls": [] if has_plans(folder) else list(checked.controls),
        "safetyChecker": checked.safety_checker is not None,
        "loraScale": checked.lora_scale,
        "speeds": offered_speeds(folder),
        "enlarge": fields.get("enlarge"),
        "vocabulary": None,
    }
    vocabulary = fields.get("vocabulary")
    if vocabulary is not None:
        # A group is a list of words, or each thing with all the words for it.
        things = {group: [name for name in names if name] for group, names in vocabulary.items()}
        described["vocabulary"] = {group: names for group, names in things.items() if names}
        described["knownWords"] = {group: _all_words(names) for group, names in vocabulary.items()}
    return described


def offered_speeds(folder: Path) -> list[str]:
    """What the engine that `open_pipeline` takes for a folder has, on this machine."""
    if read_model_folder(folder).is_onnx:
        return [*shortcuts("cutoff")]
    return [*shortcuts("cached", "cutoff", *(("fp8",) if _has_fp8() else ()))]


def _has_fp8() -> bool:
    """Whether there is a card that multiplies in fp8: compute capability 8.9 and up."""
    program = shutil.which("nvidia-smi")
    if program is None:
        return False
    command = [program, "--query-gpu=compute_cap", "--format=csv,noheader"]
    try:
        answer = subprocess.run(command, capture_output=True, text=True, timeout=10, check=True).stdout
        return tuple(map(int, answer.split()[0].split("."))) >= FP8_CAPABILITY
    except (OSError, subprocess.SubprocessError, ValueError, IndexError):
        return False


def _size(size: Sequence[int]) -> dict[str, int]:
    height, width = size
    return {"width": width, "height": height}


def _all_words(names: list[str] | dict[str, list[str]]) -> list[str]:
    if isinstance(names, list):
        return names
    return [word for name, words in names.items() for word in (name, *words)]


def quote(text: str) -> str:
    """A string of protobuf's text format."""
    escaped = text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
    return f'"{escaped}"'


def main() -> None:
    parser = argparse.ArgumentParser(description="Write the model repository that Triton reads.")
    parser.add_argument("out", type=Path)
    parser.add_argument("folders", type=Path, nargs="*", default=[SMALL_MODEL])
    options = parser.parse_args()
    write_repository(options.out, options.folders)


if __name__ == "__main__":
    main()
