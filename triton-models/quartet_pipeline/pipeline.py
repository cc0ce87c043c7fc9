"""A model folder, opened: what it can draw, and the engine that draws it."""

from dataclasses import dataclass, replace
from pathlib import Path

from quartet_pipeline.description import Description, is_diffusers_folder, read_description
from quartet_pipeline.engines import Drawing, Engine, IsCancelled, OnProgress, Progress
from quartet_pipeline.errors import ModelError
from quartet_pipeline.request import Request
from quartet_pipeline.tokenizer import open_prompt_encoder

__all__ = ["Drawing", "Pipeline", "Progress", "draw", "open_pipeline", "warm_up"]

ENGINES = ("onnxruntime", "torch")


@dataclass(frozen=True)
class Pipeline:
    """An opened model folder."""

    description: Description
    engine: Engine


def open_pipeline(folder: Path, *, engine: str | None = None, threads: int = 0) -> Pipeline:
    """Opens a model folder, or raises a ModelError that says what is wrong with it.

    `engine` is by default the one that reads what is there; `threads` 0 takes every core.
    """
    description = read_description(folder)
    engine = engine or ("torch" if is_diffusers_folder(folder) else "onnxruntime")
    encode_prompt = open_prompt_encoder(folder, description)
    # Each engine needs libraries that the others do without.
    if engine == "onnxruntime":
        from quartet_pipeline.engines.onnxruntime import OnnxNetworks
        from quartet_pipeline.engines.stepwise import StepwiseEngine

        return _pipeline(description, StepwiseEngine(description, OnnxNetworks(folder, threads=threads), encode_prompt))
    if engine == "torch":
        from quartet_pipeline.engines.torch import open_torch_engine

        return _pipeline(description, open_torch_engine(folder, description, encode_prompt))
    raise ModelError(f"Expected the engine to be {' or '.join(ENGINES)}, got {engine!r}.")


def _pipeline(description: Description, engine: Engine) -> Pipeline:
    return Pipeline(replace(description, speeds=engine.speeds), engine)


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
