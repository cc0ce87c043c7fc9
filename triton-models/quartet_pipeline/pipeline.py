"""A model folder, opened: what it can draw, and the engine that draws it."""

from dataclasses import dataclass
from pathlib import Path

from quartet_pipeline.auto import Choice, EngineSettings, choose_engine
from quartet_pipeline.description import Description, read_description
from quartet_pipeline.engines import Drawing, Engine, IsCancelled, OnProgress, Progress
from quartet_pipeline.request import Request
from quartet_pipeline.tokenizer import open_prompt_encoder

__all__ = ["Drawing", "Pipeline", "Progress", "draw", "open_pipeline", "warm_up"]


@dataclass(frozen=True)
class Pipeline:
    """An opened model folder."""

    description: Description
    engine: Engine
    choice: Choice
    """Which engine it is, and why."""


def open_pipeline(
    folder: Path,
    *,
    engine: str = "auto",
    memory_gb: float | None = None,
    threads: int = 0,
    before: Pipeline | None = None,
) -> Pipeline:
    """Opens a model folder, or raises a ModelError that says what is wrong with it.

    `engine` and `memory_gb` are those of `auto.EngineSettings`; `threads` 0 takes every core. The pipeline that was
    opened `before` in this process says what is left of the device's memory.
    """
    description = read_description(folder)
    encode_prompt = open_prompt_encoder(folder, description)
    memory = before.choice.memory if before else None
    choice = choose_engine(folder, description, EngineSettings(engine, memory_gb), memory)
    # Each engine needs libraries that the others do without.
    if choice.plan is None or choice.memory is None:
        from quartet_pipeline.engines.onnxruntime import OnnxNetworks
        from quartet_pipeline.engines.stepwise import StepwiseEngine

        stepwise = StepwiseEngine(description, OnnxNetworks(folder, threads=threads), encode_prompt)
        return Pipeline(description, stepwise, choice)
    from quartet_pipeline.engines.torch import open_torch_engine

    return Pipeline(
        description, open_torch_engine(folder, description, encode_prompt, choice.memory, choice.plan), choice
    )


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
