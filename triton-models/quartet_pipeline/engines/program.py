"""The whole loop of one size and number of pictures: captured once as CUDA graphs, then replayed.

Between the first replay and the last picture nothing waits for the GPU and no tensor leaves it. Graphs read and write
the same tensors every time, so whatever a request brings is copied into those first. Without a GPU the same functions
run as they are.
"""

from collections.abc import Callable, Iterable
from contextlib import nullcontext
from functools import partial
from typing import Any

import torch
from torch import Tensor

from quartet_pipeline.description import Description, Size
from quartet_pipeline.engines.kinds import StepKind
from quartet_pipeline.engines.masking import Canvas, Masking
from quartet_pipeline.engines.noise import device_noise
from quartet_pipeline.engines.sampling import PlainSampler
from quartet_pipeline.engines.steering import Steering
from quartet_pipeline.engines.turns import Turn, Turns, for_each_picture, in_turns
from quartet_pipeline.networks.interface import Checker, LoopNetworks
from quartet_pipeline.pixels import PREVIEW_SIDE
from quartet_pipeline.request import MAX_STEPS
from quartet_pipeline.schedulers import Row

COEFFICIENTS = 7
DEFAULT_TURNS = Turns()


def coefficients(row: Row) -> list[float]:
    """A scheduler's row, in the order in which `Program` reads it."""
    return [*row.estimate, row.latents, *row.estimates, row.noise]


class Program:
    """Buffers and graphs for `count` pictures of `size`; `is_guided` says whether there is a negative prompt.

    The exact step is captured at once, other kinds when `prepare` first hears of them. `turns` says how many pictures
    go through the networks together: the more, the more memory the networks need in between.
    """

    def __init__(
        self,
        networks: LoopNetworks,
        description: Description,
        size: Size,
        count: int,
        *,
        is_guided: bool,
        turns: Turns = DEFAULT_TURNS,
        pool: Any = None,
        is_captured: bool = True,
    ) -> None:
        self.networks = networks
        self.description = description
        self.size, self.count = size, count
        self._turns = turns
        device = networks.device
        height, width = (side // description.downscale for side in size)
        self._shape = (description.latent_channels, height, width)

        def zeros(*shape: int, dtype: torch.dtype = torch.float32) -> Tensor:
            return torch.zeros(shape, dtype=dtype, device=device)

        self.ids = zeros(1 + is_guided, description.max_tokens, dtype=torch.int64)
        """The negative prompt first, where there is one."""
        self.seeds = zeros(count, dtype=torch.int64)
        self.scale = zeros(1)
        self.table = zeros(MAX_STEPS, COEFFICIENTS)
        networks.bring("loop")
        self.times = networks.prepare_times(zeros(MAX_STEPS))
        self._time = torch.zeros_like(self.times[0])
        self.step = zeros(1, dtype=torch.int64)
        """Counted on the device: the same graph is every step."""
        self._current = zeros(1, dtype=torch.int64)
        self.latents, self.noise = zeros(count, *self._shape), zeros(count, *self._shape)
        self._sample = networks.make_sample(zeros(count * len(self.ids), *self._shape))
        extra = networks.extra_channels
        self.beside = networks.make_sample(zeros(len(self._sample), extra, height, width)) if extra else None
        """What a model that was trained to paint within masks sees beside each of its latents."""
        self._difference = zeros(count, *self._shape)
        """What the prompt made of the last answer that was guided."""
        self.estimates = [zeros(count, *self._shape) for _ in range(2)]
        """The last idea of the clean latents, and the one before."""
        rows, columns = (torch.arange(PREVIEW_SIDE, device=device) * side // PREVIEW_SIDE for side in (height, width))
        self._preview_places = rows[:, None], columns[None, :]
        self.show_as(description)

        self._sampler = networks.sampler or PlainSampler()
        self._states, self.text = Tensor(), Tensor()
        self._deep = Tensor()
        """What the last step that keeps it computed in the deeper part of the UNet."""
        can_capture = is_captured and device.type == "cuda"

        def capture_of(turn: Turn) -> Callable[[Callable[[], Any]], Repeat]:
            return _capture_into(pool) if can_capture and turn.is_captured else _repeat_eagerly

        self._capture = capture_of(turns.loop)
        self._steps: dict[StepKind, Callable[[], None]] = {}
        self._exact = StepKind(is_guided)
        self._masking: Masking | None = None
        self._steering: Steering | None = None
        networks.bring("text")
        self._encode_text, self._states = self._capture(self._encode)
        networks.bring("loop")
        self._prepare_text, self.text = self._capture(self._read)
        self.prepare([self._exact])
        self.add_noise, _ = self._capture(self._fill_noise)
        self.latents.normal_()
        networks.bring("decoder")
        self._decode_latents, (self.images, self.is_finite) = capture_of(turns.decoder)(self._decode)
        self.unsafe = zeros(count)
        """What a safety checker says of the pictures."""
        self._judging: Callable[[], None] | None = None

    def prepare(self, kinds: Iterable[StepKind]) -> bool:
        """Captures the kinds of steps that are new, before `begin`: it runs them. Says whether there were any."""
        new = [kind for kind in kinds if kind not in self._steps]
        if new:
            self.networks.bring("loop")
        for kind in new:
            if kind.is_controlled:
                self.steering()
            # A step runs on numbers like a request's.
            self.step.zero_()
            self.latents.normal_()
            self._sample.normal_()
            self._steps[kind], _ = self._capture(partial(self._advance, kind))
        return bool(new)

    def read(self) -> None:
        """Takes up the prompts of `ids`. The weights of the loop are in place after it."""
        self.networks.bring("text")
        self._encode_text()
        self.networks.bring("loop")
        self._prepare_text()

    def decode(self) -> None:
        """Makes `images` of the latents."""
        self.networks.bring("decoder")
        self._decode_latents()

    def masking(self) -> Masking:
        """What paints within a mask, captured on first use, before `begin`."""
        if self._masking is None:
            canvas = Canvas(self.latents, self.estimates[0], self._sample, self._current, self.images)
            self._masking = Masking(canvas, self._capture)
        return self._masking

    def steering(self) -> Steering:
        """What a control picture fills and controlled steps read, made on first use."""
        if self._steering is None:
            if self.networks.controls is None:
                raise ValueError("Expected networks with a ControlNet, got some without.")
            self._steering = Steering(self.networks.controls, self.size, self._states, self.count, self._capture)
        return self._steering

    def judging(self) -> Callable[[], None]:
        """Fills `unsafe` after the decoder, captured on first use, before `begin`."""
        if self._judging is None:
            if self.networks.checker is None:
                raise ValueError("Expected networks with a safety checker, got some without.")
            self._judging, _ = self._capture(partial(self._judge, self.networks.checker))
        return self._judging

    def advance(self, kind: StepKind | None = None) -> None:
        """One step, by default the exact one; of a kind that was prepared."""
        self._steps[kind or self._exact]()

    def show_as(self, description: Description) -> None:
        """Makes previews those of a model."""
        self._preview_weights = torch.tensor(description.latent_rgb_weights, device=self.networks.device)
        self._preview_bias = torch.tensor(description.latent_rgb_bias, device=self.networks.device)

    def begin(self, *, noise_scale: float, clean: Tensor | None, masking: Masking | None = None) -> None:
        """Sets out from the seeds' noise, and from what `clean` holds of a picture; `table` and `times` are filled."""
        self.step.fill_(-1)
        # The noise before the first step.
        self.add_noise()
        if masking is not None:
            masking.begin(self.noise)
        self.latents.copy_(self.noise * noise_scale)
        if clean is not None:
            self.latents.add_(clean)
        self._sample.copy_(self.latents.repeat(len(self.ids), 1, 1, 1))
        self.step.zero_()
        self.noise.zero_()
        for estimate in self.estimates:
            estimate.zero_()

    def _encode(self) -> Tensor:
        return self.networks.encode_text(self.ids)

    def _read(self) -> Tensor:
        return for_each_picture(self.networks.prepare_text(self._states), self.count)

    def _fill_noise(self) -> None:
        self.noise.copy_(device_noise(self.seeds, self.step + 1, self._shape))

    def _advance(self, kind: StepKind) -> None:
        """One step of any scheduler (see `schedulers.Row`)."""
        self._sampler.begin(self.step, self._current, self.times, self._time)
        # The prompted half is the last: the only one where a guided drawing goes on without guidance.
        first = 0 if kind.is_guided else len(self._sample) - self.count
        sample, text = self._sample[first:], self.text[first:]
        if self.beside is not None:
            sample = torch.cat([sample, self.beside[first:]], dim=1)
        rows = self._turns.loop.pictures * (2 if kind.is_guided else 1)
        with self.networks.in_fp8() if kind.is_coarse and self.networks.in_fp8 else nullcontext():
            if kind.is_controlled:
                output = self.steering().denoise(sample, self._time, text, self._current, rows)
            elif kind.is_shallow:
                shallow = partial(self._now, self.networks.denoise_shallow)
                (output,) = in_turns(rows, shallow, sample, text, self._deep[first:])
            elif kind.keeps_deep:
                output, deep = in_turns(rows, partial(self._now, self.networks.denoise_keeping), sample, text)
                if not len(self._deep):
                    # Outside any graph's memory: another graph reads it.
                    self._deep = deep.new_zeros(len(self._sample), *deep.shape[1:])
                self._deep[first:].copy_(deep)
            else:
                (output,) = in_turns(rows, partial(self._now, self.networks.denoise), sample, text)
        self._sampler.end(
            self._current, self.step, self.table, self.scale, output,
            self.latents, self.noise, self.estimates, self._sample,
            self._difference if kind.shares_guidance else None,
        )  # fmt: skip

    def _now(self, denoise: Callable[..., Any], sample: Tensor, *others: Tensor) -> Any:
        return denoise(sample, self._time, *others)

    def _decode(self) -> tuple[Tensor, Tensor]:
        (pictures,) = in_turns(
            self._turns.decoder.pictures, self.networks.decode, self.latents / self.description.scaling_factor
        )
        is_finite = torch.isfinite(self.latents).all()
        if pictures.dtype == torch.uint8:
            return pictures, is_finite
        levels = ((pictures.float() + 1) * 127.5).round().clamp(0, 255)
        return levels.permute(0, 2, 3, 1).to(torch.uint8).contiguous(), is_finite

    def _judge(self, checker: Checker) -> None:
        self.unsafe.copy_(checker.judge(self.images))

    def previews(self) -> Tensor:
        """The newest estimate as uint8 [n, 64, 64, 3]."""
        rows, columns = self._preview_places
        small = self.estimates[0][:, :, rows, columns].permute(0, 2, 3, 1)
        colors = small @ self._preview_weights + self._preview_bias
        return (colors * 255).round().clamp(0, 255).to(torch.uint8)


Repeat = tuple[Callable[[], None], Any]
"""What repeats a function, and the tensors that each repetition writes."""


def _repeat_eagerly(function: Callable[[], Any]) -> Repeat:
    results = function()

    def repeat() -> None:
        again = function()
        for old, new in zip(_tensors(results), _tensors(again), strict=True):
            old.copy_(new)

    return repeat, results


def _capture_into(pool: Any) -> Callable[[Callable[[], Any]], Repeat]:
    def capture(function: Callable[[], Any]) -> Repeat:
        stream = torch.cuda.Stream()
        stream.wait_stream(torch.cuda.current_stream())
        with torch.cuda.stream(stream):
            # The first run compiles and measures, which a capture must not see.
            for _ in range(2):
                function()
        torch.cuda.current_stream().wait_stream(stream)
        graph = torch.cuda.CUDAGraph()
        with torch.cuda.graph(graph, pool=pool):
            results = function()
        # What it writes is random bits until it has run once, and what is captured next measures itself on that.
        graph.replay()
        return graph.replay, results

    return capture


def _tensors(results: Any) -> tuple[Tensor, ...]:
    if results is None:
        return ()
    return results if isinstance(results, tuple) else (results,)
