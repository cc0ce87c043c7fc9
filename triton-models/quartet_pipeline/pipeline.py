"""A model folder, opened: what it can draw, and the engine that draws it."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from quartet_pipeline.description import Description, read_description
from quartet_pipeline.engines import Drawing, Engine, IsCancelled, OnProgress, Progress
from quartet_pipeline.errors import ModelError
from quartet_pipeline.model_folder import ModelFolder, read_model_folder
from quartet_pipeline.plans.folder import has_plans
from quartet_pipeline.request import Request
from quartet_pipeline.tokenizer import open_prompt_encoder

__all__ = ["Drawing", "Pipeline", "Progress", "draw", "open_pipeline", "open_pipelines", "warm_up"]

ENGINES = ("onnxruntime", "torch", "tensorrt")


@dataclass(frozen=True)
class Pipeline:
    """An opened model folder."""

    description: Description
    engine: Engine


def open_pipeline(folder: Path, *, engine: str | None = None, threads: int = 0) -> Pipeline:
    """Opens a model folder, or raises a ModelError that says what is wrong with it.

    `engine` is by default the one that reads what is there; `threads` 0 takes every core.
    """
    return open_pipelines([folder], engine=engine, threads=threads)[0]


def open_pipelines(folders: Sequence[Path], *, engine: str | None = None, threads: int = 0) -> list[Pipeline]:
    """The same of several folders: models of Stable Diffusion that are alike share what draws them."""
    opened = []
    shared: Any = None
    plans: Any = None
    for folder in folders:
        found, description = read_model_folder(folder), read_description(folder)
        kind = engine or _suited_engine(found)
        encode_prompt = open_prompt_encoder(found.tokenizer.parent, description)
        # Each engine needs libraries that the others do without.
        if kind == "onnxruntime":
            from quartet_pipeline.engines.onnxruntime import OnnxNetworks
            from quartet_pipeline.engines.stepwise import StepwiseEngine

            networks = OnnxNetworks(found.networks, threads=threads)
            opened.append(_pipeline(description, StepwiseEngine(description, networks, encode_prompt)))
        elif kind == "torch" and found.is_onnx:
            from quartet_pipeline.engines.torch import open_small_model

            opened.append(_pipeline(description, open_small_model(found.networks, description, encode_prompt)))
        elif kind == "torch":
            from quartet_pipeline.engines.shared import SharedEngines
            from quartet_pipeline.engines.torch import own_device

            shared = shared or SharedEngines(own_device())
            opened.append(_pipeline(description, shared.open(found, description, encode_prompt)))
        elif kind == "tensorrt":
            from quartet_pipeline.engines.tensorrt_models import PlanModels

            plans = plans or PlanModels()
            opened.append(_pipeline(*plans.open(found, description, encode_prompt)))
        else:
            raise ModelError(f"Expected the engine to be {' or '.join(ENGINES)}, got {kind!r}.")
    return opened


def _pipeline(description: Description, engine: Engine) -> Pipeline:
    return Pipeline(replace(description, speeds=engine.speeds), engine)


def _suited_engine(found: ModelFolder) -> str:
    """The engine that reads what lies there: plans, where somebody has built them."""
    if found.is_onnx:
        return "onnxruntime"
    return "tensorrt" if has_plans(found.path) or has_plans(found.networks) else "torch"


def warm_up(pipeline: Pipeline) -> None:
    """Makes ready what the first request would wait for."""
    pipeline.engine.warm_up()


def draw(
    pipeline: Pipeline,
    request: Request,
    *,
    on_progress: OnProgress = lambda _: None,
    is_cancelled: IsCancelled = lambda: False,
) -> Drawing:
    """Draws a checked request; raises CancelledError within one step after `is_cancelled` turns true."""
    return pipeline.engine.draw(request, on_progress, is_cancelled)
