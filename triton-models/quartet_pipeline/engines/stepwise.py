"""The denoise loop in numpy, over networks that are called a step at a time."""

import time
from collections.abc import Sequence
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from quartet_pipeline.description import Description
from quartet_pipeline.engines import Drawing, IsCancelled, OnProgress, Progress, prompts, stop_if
from quartet_pipeline.engines.kinds import StepKind, restart_of, step_kinds
from quartet_pipeline.errors import ModelError
from quartet_pipeline.masks import edge_weights, keep, keep_pixels, latent_mask, noised
from quartet_pipeline.pixels import from_pixels, to_pixels, to_previews
from quartet_pipeline.request import Request
from quartet_pipeline.schedulers import Row, Table, scheduler_table, steps_that_run
from quartet_pipeline.seeds import normal_noise
from quartet_pipeline.speeds import shortcuts
from quartet_pipeline.tokenizer import PromptEncoder

Floats = NDArray[np.float32]
Doubles = NDArray[np.float64]


class Networks(Protocol):
    """The four networks of a model folder, whatever runs them."""

    def encode_text(self, ids: NDArray[np.int64]) -> Floats:
        """int64 [n, max_tokens] -> states float32 [n, max_tokens, width]."""

    def denoise(self, sample: Floats, timestep: int, states: Floats) -> Floats:
        """Latents float32 [n, 4, h/8, w/8] at one timestep, and n states -> the model's output, shaped alike."""

    def decode(self, latents: Floats) -> Floats:
        """Unscaled latents float32 [n, 4, h/8, w/8] -> pictures float32 [n, 3, h, w] from -1 to 1."""

    def encode(self, pictures: Floats) -> Floats:
        """The reverse of `decode`."""


class _Canvas:
    """One picture while it is drawn."""

    def __init__(self, seed: int, start: Doubles, latents: Floats) -> None:
        self.seed = seed
        self.start = start
        """The noise that it set out with."""
        self.latents = latents
        """float32 [1, 4, h/8, w/8]."""
        self.estimates = (np.zeros_like(latents),) * 3
        """The model's last ideas of the clean latents, newest first."""
        self.difference = np.zeros(latents.shape)
        """What the prompt made of the last answer that was guided, float64."""


class StepwiseEngine:
    """The networks see one picture at a time: on a CPU a batch of four is no faster, and would not give the same bits
    as the picture drawn alone."""

    def __init__(self, description: Description, networks: Networks, encode_prompt: PromptEncoder) -> None:
        self._description = description
        self._networks = networks
        self._encode_prompt = encode_prompt
        self.shortcuts = shortcuts("cutoff")
        """What each `speed` leaves out. The networks are whole files, which a shallow step cannot look into."""

    @property
    def speeds(self) -> tuple[str, ...]:
        return tuple(self.shortcuts)

    def warm_up(self) -> None:
        """Runs each network of a drawing once, so that the first request finds memory and kernels ready."""
        height, width = min(self._description.sizes)
        request = Request("", "warm up", "", (0,), 1, 2.0, "ddim", (height, width), None, None, 0)
        self.draw(request, lambda _: None, lambda: False)

    def draw(self, request: Request, on_progress: OnProgress, is_cancelled: IsCancelled) -> Drawing:
        begun = time.perf_counter()
        states = self._networks.encode_text(np.stack([self._encode_prompt(text) for text in prompts(request)]))
        encoded = time.perf_counter()
        finished = self._denoise(request, states, on_progress, is_cancelled)
        denoised = time.perf_counter()
        pictures = []
        for latents in finished:
            stop_if(is_cancelled)
            unscaled = latents.astype(np.float64) / self._description.scaling_factor
            pictures.append(to_pixels(self._networks.decode(unscaled.astype(np.float32))))
        images = np.concatenate(pictures)
        if request.picture is not None and request.mask is not None:
            images = keep_pixels(images, request.picture, edge_weights(request.mask))
        stop_if(is_cancelled)
        done = time.perf_counter()
        spans = (encoded - begun, denoised - encoded, done - denoised, done - begun)
        text_ms, loop_ms, decoder_ms, total_ms = (span * 1000 for span in spans)
        return Drawing(images, (text_ms, loop_ms, decoder_ms, total_ms))

    def _denoise(
        self, request: Request, states: Floats, on_progress: OnProgress, is_cancelled: IsCancelled
    ) -> list[Floats]:
        description = self._description
        is_guided, left_out = len(states) == 2, self.shortcuts[request.speed]
        steps = steps_that_run(request.steps, request.strength)
        restart = restart_of(left_out, steps, is_guided=is_guided)
        table = scheduler_table(request.scheduler, request.steps, description.schedule, request.strength, restart)
        clean = self._clean(request)
        canvases = self._start(request, table, clean)
        mask = None if request.mask is None else latent_mask(request.mask, description.downscale)
        kinds = step_kinds(left_out, steps, is_guided=is_guided)
        for index, (row, kind) in enumerate(zip(table.rows, kinds, strict=True)):
            # The prompt's states are the last.
            seen = states if kind.is_guided else states[-1:]
            for canvas in canvases:
                stop_if(is_cancelled)
                sample = np.repeat(canvas.latents, len(seen), axis=0)
                output = self._networks.denoise(sample, row.timestep, seen)
                _apply(row, canvas, _guided(canvas, kind, output, request.guidance_scale), index)
                if mask is not None:
                    _keep_given(row, canvas, mask, clean)
            step = index + 1
            is_preview_due = request.preview_every > 0 and step % request.preview_every == 0
            newest = np.concatenate([canvas.estimates[0] for canvas in canvases])
            on_progress(Progress(step, len(table.rows), to_previews(newest, description) if is_preview_due else None))
        finished = [canvas.latents for canvas in canvases]
        if not all(np.isfinite(latents).all() for latents in finished):
            raise ModelError("Expected the model to give finite numbers, got NaN or infinity.")
        return finished

    def _clean(self, request: Request) -> Doubles:
        """The given picture's scaled latents [1, 4, h/8, w/8]; without a picture zeros."""
        description = self._description
        if request.picture is None:
            height, width = (side // description.downscale for side in request.size)
            return np.zeros((1, description.latent_channels, height, width))
        latents = self._networks.encode(from_pixels(request.picture)).astype(np.float64)
        scaled: Doubles = description.scaling_factor * latents
        return scaled

    def _start(self, request: Request, table: Table, clean: Doubles) -> Sequence[_Canvas]:
        canvases = []
        for seed in request.seeds:
            noise = normal_noise(seed, 0, clean.size).reshape(clean.shape).astype(np.float64)
            latents = table.noise * noise + table.picture * clean
            canvases.append(_Canvas(seed, noise, latents.astype(np.float32)))
        return canvases


def _guided(canvas: _Canvas, kind: StepKind, output: Floats, scale: float) -> Floats:
    """Classifier-free guidance: the answer without the prompt, and from there towards the one with it."""
    if kind.is_guided:
        without, prompted = output[:1].astype(np.float64), output[1:]
        canvas.difference = prompted - without
        return (without + scale * canvas.difference).astype(np.float32)
    if kind.shares_guidance:
        return (output + (scale - 1) * canvas.difference).astype(np.float32)
    return output


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


def _keep_given(row: Row, canvas: _Canvas, mask: Floats, clean: Doubles) -> None:
    """After a step, what the mask keeps of the given picture (see `masks`)."""
    newest, last, last_but_one = canvas.estimates
    canvas.latents = keep(mask, canvas.latents, noised(clean, canvas.start, row.after))
    canvas.estimates = (keep(mask, newest, clean), last, last_but_one)
