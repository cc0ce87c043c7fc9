"""Prompt and seeds in, pictures out: text encoder, steps, decoder."""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from quartet_pipeline.description import Description, read_description
from quartet_pipeline.engines import Floats, Networks
from quartet_pipeline.engines.onnxruntime import OnnxNetworks
from quartet_pipeline.errors import CancelledError, ModelError
from quartet_pipeline.pixels import from_pixels, to_pixels, to_previews
from quartet_pipeline.request import Request
from quartet_pipeline.schedulers import Row, Table, scheduler_table
from quartet_pipeline.seeds import normal_noise
from quartet_pipeline.tokenizer import PromptEncoder, open_prompt_encoder


@dataclass(frozen=True)
class Pipeline:
    """An opened model folder."""

    description: Description
    networks: Networks
    encode_prompt: PromptEncoder


@dataclass(frozen=True)
class Progress:
    """One step is done."""

    step: int
    steps: int
    previews: NDArray[np.uint8] | None
    """uint8 [n, 64, 64, 3] when one was due."""


@dataclass(frozen=True)
class Drawing:
    """What was drawn."""

    images: NDArray[np.uint8]
    """uint8 [n, h, w, 3] in the order of the seeds."""
    timings_ms: tuple[float, float, float, float]
    """Text encoder, loop, decoder, total."""


OnProgress = Callable[[Progress], None]
IsCancelled = Callable[[], bool]


def open_pipeline(folder: Path, *, threads: int = 0) -> Pipeline:
    """Opens a model folder, or raises a ModelError that says what is wrong with it."""
    description = read_description(folder)
    return Pipeline(description, OnnxNetworks(folder, threads=threads), open_prompt_encoder(folder, description))


def warm_up(pipeline: Pipeline) -> None:
    """Runs each network of a drawing once, so that the first request finds memory and kernels ready."""
    height, width = min(pipeline.description.sizes)
    request = Request("", "warm up", "", (0,), 1, 2.0, "ddim", (height, width), None, None, 0)
    draw(pipeline, request)


def draw(
    pipeline: Pipeline,
    request: Request,
    *,
    on_progress: OnProgress = lambda _: None,
    is_cancelled: IsCancelled = lambda: False,
) -> Drawing:
    """Draws a checked request; raises CancelledError within one step of one picture after `is_cancelled` turns true.

    The networks see one picture at a time: on a CPU a batch of four is no faster, and would not give the same bits as
    the picture drawn alone.
    """
    begun = time.perf_counter()
    # At scale 1 the answer without the prompt would be weighed with 0.
    texts = [request.prompt] if request.guidance_scale == 1 else [request.negative_prompt, request.prompt]
    states = pipeline.networks.encode_text(np.stack([pipeline.encode_prompt(text) for text in texts]))
    encoded = time.perf_counter()
    finished = _denoise(pipeline, request, states, on_progress, is_cancelled)
    denoised = time.perf_counter()
    pictures = []
    for latents in finished:
        _stop_if(is_cancelled)
        unscaled = latents.astype(np.float64) / pipeline.description.scaling_factor
        pictures.append(to_pixels(pipeline.networks.decode(unscaled.astype(np.float32))))
    _stop_if(is_cancelled)
    done = time.perf_counter()
    spans = (encoded - begun, denoised - encoded, done - denoised, done - begun)
    text_ms, loop_ms, decoder_ms, total_ms = (span * 1000 for span in spans)
    return Drawing(np.concatenate(pictures), (text_ms, loop_ms, decoder_ms, total_ms))


class _Canvas:
    """One picture while it is drawn."""

    def __init__(self, seed: int, latents: Floats) -> None:
        self.seed = seed
        self.latents = latents
        """float32 [1, 4, h/8, w/8]."""
        self.estimates = (np.zeros_like(latents),) * 3
        """The model's last ideas of the clean latents, newest first."""


def _denoise(
    pipeline: Pipeline, request: Request, states: Floats, on_progress: OnProgress, is_cancelled: IsCancelled
) -> list[Floats]:
    description = pipeline.description
    table = scheduler_table(request.scheduler, request.steps, description.schedule, request.strength)
    canvases = _start(pipeline, request, table)
    for index, row in enumerate(table.rows):
        for canvas in canvases:
            _stop_if(is_cancelled)
            sample = np.repeat(canvas.latents, len(states), axis=0)
            output = _guided(pipeline.networks.denoise(sample, row.timestep, states), request.guidance_scale)
            _apply(row, canvas, output, index)
        step = index + 1
        is_preview_due = request.preview_every > 0 and step % request.preview_every == 0
        newest = np.concatenate([canvas.estimates[0] for canvas in canvases])
        on_progress(Progress(step, len(table.rows), to_previews(newest, description) if is_preview_due else None))
    finished = [canvas.latents for canvas in canvases]
    if not all(np.isfinite(latents).all() for latents in finished):
        raise ModelError("Expected the model to give finite numbers, got NaN or infinity.")
    return finished


def _start(pipeline: Pipeline, request: Request, table: Table) -> Sequence[_Canvas]:
    description = pipeline.description
    height, width = (side // description.downscale for side in request.size)
    shape = (1, description.latent_channels, height, width)
    clean = 0.0 if request.picture is None else pipeline.networks.encode(from_pixels(request.picture))
    canvases = []
    for seed in request.seeds:
        noise = normal_noise(seed, 0, int(np.prod(shape))).reshape(shape).astype(np.float64)
        latents = table.noise * noise + table.picture * description.scaling_factor * np.asarray(clean, np.float64)
        canvases.append(_Canvas(seed, latents.astype(np.float32)))
    return canvases


def _guided(output: Floats, scale: float) -> Floats:
    """Classifier-free guidance: the answer without the prompt, and from there towards the one with it."""
    if len(output) == 1:
        return output
    without, prompted = output[:1].astype(np.float64), output[1:]
    return (without + scale * (prompted - without)).astype(np.float32)


def _apply(row: Row, canvas: _Canvas, output: Floats, index: int) -> None:
    """One step of any scheduler; sums in float64, so that other engines that do the same agree to the last bits."""
    latents = canvas.latents.astype(np.float64)
    guess = row.estimate[0] * latents + row.estimate[1] * output.astype(np.float64)
    last, last_but_one, _ = canvas.estimates
    newest, older, oldest = row.estimates
    following = row.latents * latents + newest * guess
    following += older * last.astype(np.float64) + oldest * last_but_one.astype(np.float64)
    if row.noise != 0:
        following += row.noise * normal_noise(canvas.seed, index + 1, latents.size).reshape(latents.shape)
    canvas.estimates = (guess.astype(np.float32), last, last_but_one)
    canvas.latents = following.astype(np.float32)


def _stop_if(is_cancelled: IsCancelled) -> None:
    if is_cancelled():
        raise CancelledError
