"""What the controlled steps of a program read: a control picture's embedding, and the ControlNet's own times and texts.

All of it is made once a request. The tensors lie outside the graphs' memory, because other graphs run in between.
"""

from pathlib import Path
from typing import Protocol

import torch
from torch import Tensor

from quartet_pipeline.description import Size
from quartet_pipeline.engines.masking import Capture
from quartet_pipeline.engines.turns import for_each_picture, in_turns
from quartet_pipeline.pixels import from_pixels
from quartet_pipeline.request import MAX_STEPS, Control


class ControlNetworks(Protocol):
    """The ControlNets of a model, of which one at a time is in place."""

    def choose(self, place: Path, scale: float) -> None:
        """Makes it the one that was read from there, and how strongly it steers; captured graphs stay right."""

    def embed(self, pictures: Tensor) -> Tensor:
        """Control pictures float32 [n, 3, h, w] from 0 to 1 -> what each step reads of them, [n, ...]."""

    def prepare_text(self, states: Tensor) -> Tensor:
        """States of the prompts [n, l, width] -> what each step of the ControlNet reads of them, [n, ...]."""

    def prepare_times(self, timesteps: Tensor) -> Tensor:
        """float32 [steps] -> what each step of the ControlNet reads of its time, [steps, ...]."""

    def denoise(
        self, sample: Tensor, time: Tensor, text: Tensor, hint: Tensor, own_time: Tensor, own_text: Tensor
    ) -> Tensor:
        """`LoopNetworks.denoise`, steered; a hint and a text for each of the sample's latents."""


class Steering:
    """Buffers that a controlled request fills, and the step that reads them."""

    def __init__(self, controls: ControlNetworks, size: Size, states: Tensor, count: int, capture: Capture) -> None:
        self._controls = controls
        self._states = states
        self._count = count
        device = states.device
        hint = controls.embed(torch.zeros(1, 3, *size, device=device))
        self._hint = hint.repeat(count * len(states), *[1] * (hint.ndim - 1))
        self._times = controls.prepare_times(torch.zeros(MAX_STEPS, device=device))
        self._time = torch.zeros_like(self._times[0])
        self._text = self._texts()
        self._read, _ = capture(self._fill_text)

    def bring(self, control: Control, place: Path, timesteps: Tensor) -> None:
        """Takes up a request whose states are there, with the ControlNet that was read from `place`."""
        self._controls.choose(place, control.scale)
        # From 0 to 1, not from -1 to 1 as pictures for the autoencoder.
        picture = (torch.from_numpy(from_pixels(control.picture)).to(self._states.device) + 1) / 2
        self._hint.copy_(self._controls.embed(picture).expand_as(self._hint))
        self._times[: len(timesteps)] = self._controls.prepare_times(timesteps)
        self._read()

    def denoise(self, sample: Tensor, time: Tensor, text: Tensor, current: Tensor, rows: int) -> Tensor:
        """The step `current`, int64 [1], of a sample that is the last of all of them; `rows` of it at a time."""
        self._time.copy_(self._times.index_select(0, current)[0])
        first = len(self._hint) - len(sample)

        def steer(sample: Tensor, text: Tensor, hint: Tensor, own_text: Tensor) -> Tensor:
            return self._controls.denoise(sample, time, text, hint, self._time, own_text)

        (output,) = in_turns(rows, steer, sample, text, self._hint[first:], self._text[first:])
        return output

    def _fill_text(self) -> None:
        self._text.copy_(self._texts())

    def _texts(self) -> Tensor:
        return for_each_picture(self._controls.prepare_text(self._states), self._count)
