"""Which engine draws a model here, and why: the fastest that the folder, the libraries and the memory allow."""

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING

from quartet_pipeline.description import Description
from quartet_pipeline.engines import Engine
from quartet_pipeline.errors import ModelError, NotEnoughMemoryError
from quartet_pipeline.model_folder import ModelFolder
from quartet_pipeline.plans.folder import has_plans
from quartet_pipeline.tokenizer import PromptEncoder

if TYPE_CHECKING:
    from quartet_pipeline.engines.fitted import FittedEngines
    from quartet_pipeline.engines.tensorrt_models import PlanModels

ENGINES = ("auto", "tensorrt", "torch", "onnxruntime")
ENGINE_SETTING, MEMORY_SETTING = "QUARTET_ENGINE", "QUARTET_MEMORY_GB"


Model = tuple[ModelFolder, Description]


@dataclass(frozen=True)
class EngineSettings:
    """What whoever runs the models may decide."""

    engine: str = "auto"
    memory_gb: float | None = None
    """How large the card is taken to be. Where there is no GPU, the CPU stands for a card of that size."""
    threads: int = 0
    """Of ONNX Runtime; 0 takes every core."""


@dataclass(frozen=True)
class Choice:
    """An engine, and in a sentence why it is this one."""

    engine: str
    reason: str


Opened = tuple[Description, Engine, Choice]
"""What the engine can draw of a model, the engine, and why it is that one."""


def read_settings(parameters: Mapping[str, str], environment: Mapping[str, str] = os.environ) -> EngineSettings:
    """From Triton's parameters `engine` and `memory_gb`, else from the environment."""
    given = parameters.get("memory_gb") or environment.get(MEMORY_SETTING)
    try:
        memory_gb = float(given) if given else None
    except ValueError:
        memory_gb = 0
    if memory_gb is not None and not 0 < memory_gb < 10_000:
        raise ModelError(f"Expected {MEMORY_SETTING} to be the gigabytes of a card, got {given!r}.")
    return EngineSettings(parameters.get("engine") or environment.get(ENGINE_SETTING) or "auto", memory_gb)


class EngineChooser:
    """Opens `models`, those of one process: what one takes of the device's memory is not there for the next."""

    def __init__(self, settings: EngineSettings, models: Sequence[Model]) -> None:
        if settings.engine not in ENGINES:
            raise ModelError(f"Expected the engine to be one of {', '.join(ENGINES)}, got {settings.engine!r}.")
        self._settings = settings
        self._models = models
        self._fitted: FittedEngines | None = None
        self._plans: PlanModels | None = None

    def open(self, found: ModelFolder, description: Description, encode_prompt: PromptEncoder) -> Opened:
        """The engine of a model, or a ModelError that says what it would take."""
        wanted = self._settings.engine
        if wanted == "onnxruntime":
            return self._open_graphs(found, description, encode_prompt, "as the settings say.")
        before = ""
        if wanted == "tensorrt" or (wanted == "auto" and plans_of(found)):
            try:
                return self._open_plans(found, description, encode_prompt)
            except ModelError as error:
                if wanted == "tensorrt":
                    raise
                before = f"TensorRT's plans are left alone: {error} So "
        obstacle = _obstacle_to_torch(found)
        if obstacle is None:
            fitted = self._fitted_engines()
            if found.is_onnx and not fitted.is_gpu and wanted == "auto":
                # At the size of models that come as graphs it is the faster of the two.
                obstacle = "there is no GPU."
            else:
                try:
                    engine, reason = fitted.open(found, description, encode_prompt)
                    return description, engine, Choice("torch", before + reason)
                except NotEnoughMemoryError as error:
                    if not found.is_onnx or wanted == "torch":
                        raise
                    obstacle = str(error)
        if not found.is_onnx or wanted == "torch":
            raise ModelError(before + obstacle)
        return self._open_graphs(found, description, encode_prompt, obstacle)

    def _open_plans(self, found: ModelFolder, description: Description, encode_prompt: PromptEncoder) -> Opened:
        from quartet_pipeline.engines.tensorrt_models import PlanModels

        self._plans = self._plans or PlanModels()
        place = plans_of(found)
        fitted = self._fitted_engines()
        reason = "by those of a model that it is like" if place is None else fitted.fit_plans(place)
        drawn, engine = self._plans.open(found, description, encode_prompt)
        if place is not None:
            fitted.take_plans(place)
        return drawn, engine, Choice("tensorrt", f"TensorRT by plans: {reason}.")

    def _fitted_engines(self) -> "FittedEngines":
        if self._fitted is None:
            from quartet_pipeline.engines.fitted import FittedEngines

            self._fitted = FittedEngines(self._settings.memory_gb, self._models)
        return self._fitted

    def _open_graphs(
        self, found: ModelFolder, description: Description, encode_prompt: PromptEncoder, reason: str
    ) -> Opened:
        # Each engine needs libraries that the others do without.
        from quartet_pipeline.engines.onnxruntime import OnnxNetworks
        from quartet_pipeline.engines.stepwise import StepwiseEngine

        networks = OnnxNetworks(found.networks, threads=self._settings.threads)
        engine = StepwiseEngine(description, networks, encode_prompt)
        return description, engine, Choice("onnxruntime", f"onnxruntime on the CPU: {reason}")


def plans_of(found: ModelFolder) -> Path | None:
    """Where a model's plans lie, or those of its base."""
    return next((place for place in (found.path, found.networks) if has_plans(place)), None)


def _obstacle_to_torch(found: ModelFolder) -> str | None:
    """What keeps the torch engine from a model, in a sentence."""
    weights = "onnx" if found.is_onnx else "safetensors"
    missing = [library for library in ("torch", weights) if find_spec(library) is None]
    if missing:
        return f"Expected the library {missing[0]}, without which PyTorch cannot draw {found.path.name}, got none."
    if found.is_onnx and "architecture" not in found.fields:
        return f"PyTorch knows no networks for the graphs of {found.path.name}."
    return None
