"""Which engine draws a model here, and why: the fastest that the folder, the libraries and the memory allow."""

import json
import os
from collections.abc import Mapping
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING

from quartet_pipeline.description import Description, is_diffusers_folder
from quartet_pipeline.errors import ModelError, NotEnoughMemoryError

if TYPE_CHECKING:
    from quartet_pipeline.device_memory import DeviceMemory
    from quartet_pipeline.engines.turns import TorchPlan

ENGINES = ("auto", "torch", "onnxruntime")
ENGINE_SETTING, MEMORY_SETTING = "QUARTET_ENGINE", "QUARTET_MEMORY_GB"


@dataclass(frozen=True)
class EngineSettings:
    """What whoever runs the models may decide."""

    engine: str = "auto"
    memory_gb: float | None = None
    """How large the card is taken to be. Where there is no GPU, the CPU stands for a card of that size."""


@dataclass(frozen=True)
class Choice:
    """An engine, and in a sentence why it is this one."""

    engine: str
    reason: str
    plan: "TorchPlan | None" = None
    memory: "DeviceMemory | None" = None


def read_settings(parameters: Mapping[str, str], environment: Mapping[str, str] = os.environ) -> EngineSettings:
    """From Triton's parameters `engine` and `memory_gb`, else from the environment."""
    engine = parameters.get("engine") or environment.get(ENGINE_SETTING) or "auto"
    given = parameters.get("memory_gb") or environment.get(MEMORY_SETTING)
    try:
        memory_gb = float(given) if given else None
    except ValueError:
        memory_gb = -1
    if memory_gb is not None and not 0 < memory_gb < 10_000:
        raise ModelError(f"Expected {MEMORY_SETTING} to be the gigabytes of a card, got {given!r}.")
    return EngineSettings(engine, memory_gb)


def choose_engine(
    folder: Path, description: Description, settings: EngineSettings, memory: "DeviceMemory | None" = None
) -> Choice:
    """The engine for a model folder, or a ModelError that says what it would take.

    `memory` is what models that were opened before have left of the device's.
    """
    wanted, has_graphs = settings.engine, not is_diffusers_folder(folder)
    if wanted not in ENGINES:
        raise ModelError(f"Expected the engine to be one of {', '.join(ENGINES)}, got {wanted!r}.")
    if wanted == "onnxruntime":
        return Choice(wanted, "onnxruntime on the CPU, as the settings say.")
    obstacle = _obstacle_to_torch(folder)
    if obstacle is None:
        from quartet_pipeline.torch_choice import choose_torch, open_memory

        memory = memory or open_memory(settings.memory_gb)
        if has_graphs and not memory.is_gpu and wanted == "auto":
            # At the size of models that come as graphs it is the faster of the two.
            obstacle = "there is no GPU."
        else:
            try:
                plan, reason = choose_torch(folder, description, memory)
                return Choice("torch", reason, plan, memory)
            except NotEnoughMemoryError as error:
                if not has_graphs or wanted == "torch":
                    raise
                obstacle = str(error)
    if not has_graphs or wanted == "torch":
        raise ModelError(obstacle)
    return Choice("onnxruntime", f"onnxruntime on the CPU: {obstacle}")


def _obstacle_to_torch(folder: Path) -> str | None:
    """What keeps the torch engine from a folder, in a sentence."""
    weights = "safetensors" if is_diffusers_folder(folder) else "onnx"
    missing = [library for library in ("torch", weights) if find_spec(library) is None]
    if missing:
        return f"Expected the library {missing[0]}, without which PyTorch cannot draw {folder.name}; got none."
    if weights == "onnx" and "architecture" not in json.loads((folder / "pipeline.json").read_text("utf-8")):
        return f"PyTorch knows no networks for the graphs of {folder.name}."
    return None
