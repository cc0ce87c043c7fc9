"""A model folder, opened: what it can draw, and the engine that draws it."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from quartet_pipeline.auto import Choice, EngineChooser, EngineSettings
from quartet_pipeline.description import Description, read_description
from quartet_pipeline.engines import Drawing, Engine, IsCancelled, OnProgress, Progress
from quartet_pipeline.model_folder import read_model_folder
from quartet_pipeline.request import Request
from quartet_pipeline.tokenizer import open_prompt_encoder

__all__ = ["Drawing", "Pipeline", "Progress", "draw", "open_pipeline", "open_pipelines", "warm_up"]

DEFAULT_SETTINGS = EngineSettings()


@dataclass(frozen=True)
class Pipeline:
    """An opened model folder."""

    description: Description
    engine: Engine
    choice: Choice
    """Which engine it is, and why."""


def open_pipeline(folder: Path, *, engine: str = "auto", memory_gb: float | None = None, threads: int = 0) -> Pipeline:
    """Opens a model folder, or raises a ModelError that says what is wrong with it."""
    return open_pipelines([folder], EngineSettings(engine, memory_gb, threads))[0]


def open_pipelines(folders: Sequence[Path], settings: EngineSettings = DEFAULT_SETTINGS) -> list[Pipeline]:
    """The same of several folders: models of Stable Diffusion that are alike share what draws them."""
    models = [(read_model_folder(folder), read_description(folder)) for folder in folders]
    chooser = EngineChooser(settings, models)
    opened = []
    for found, description in models:
        encode_prompt = open_prompt_encoder(found.tokenizer.parent, description)
        drawn, engine, choice = chooser.open(found, description, encode_prompt)
        opened.append(Pipeline(replace(drawn, speeds=engine.speeds), engine, choice))
    return opened


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
