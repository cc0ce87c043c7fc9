"""Painting within a mask on the device: what `quartet_pipeline.masks` says, as two small graphs of their own.

The exact loop knows nothing of it: a masked request runs one of them after each step and the other after the decoder.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from quartet_pipeline.masks import edge_weights, latent_mask
from quartet_pipeline.request import MAX_STEPS
from quartet_pipeline.schedulers import Table

Capture = Callable[[Callable[[], Any]], tuple[Callable[[], None], Any]]
"""Of a function: what repeats it, and the tensors that each repetition writes."""


@dataclass(frozen=True)
class Canvas:
    """A program's tensors that are mended."""

    latents: Tensor
    """float32 [n, 4, h/8, w/8]."""
    estimate: Tensor
    """The newest, shaped alike."""
    sample: Tensor
    """The latents once or twice, as the model takes them."""
    current: Tensor
    """int64 [1]: the step that has just run."""
    images: Tensor
    """uint8 [n, h, w, 3]."""


class Masking:
    """Buffers that a masked request fills, and what runs on them."""

    def __init__(self, canvas: Canvas, capture: Capture) -> None:
        self._canvas = canvas
        latents, images = canvas.latents, canvas.images
        _, height, width, _ = images.shape
        self._mask = torch.zeros_like(latents[0, :1])
        self._clean = torch.zeros_like(latents[:1])
        self._start = torch.zeros_like(latents)
        self._levels = torch.zeros(MAX_STEPS, 2, device=latents.device)
        self._given = torch.zeros_like(images[0])
        self._weights = torch.zeros(height, width, 1, device=images.device)
        self.mend, _ = capture(self._mend)
        """After a step."""
        self.blend, _ = capture(self._blend)
        """After the decoder."""

    def bring(self, table: Table, picture: NDArray[np.uint8], mask: NDArray[np.uint8], clean: Tensor) -> None:
        """Takes up a request: `clean` holds the given picture's scaled latents, float32 [1, 4, h/8, w/8]."""
        downscale = picture.shape[0] // self._mask.shape[-2]
        self._mask.copy_(torch.from_numpy(latent_mask(mask, downscale)))
        self._clean.copy_(clean)
        levels = torch.tensor([[row.after.alpha, row.after.sigma] for row in table.rows])
        self._levels[: len(levels)] = levels.to(self._levels.device)
        self._given.copy_(torch.from_numpy(picture))
        self._weights.copy_(torch.from_numpy(edge_weights(mask))[:, :, None])

    def begin(self, start: Tensor) -> None:
        """Keeps the noise that the drawing sets out with."""
        self._start.copy_(start)

    def _mend(self) -> None:
        canvas = self._canvas
        alpha, sigma = self._levels.index_select(0, canvas.current)[0]
        given = alpha * self._clean + sigma * self._start
        canvas.latents.copy_(self._mask * canvas.latents + (1 - self._mask) * given)
        canvas.estimate.copy_(self._mask * canvas.estimate + (1 - self._mask) * self._clean)
        canvas.sample.copy_(canvas.latents.repeat(len(canvas.sample) // len(canvas.latents), 1, 1, 1))

    def _blend(self) -> None:
        given = self._given.float()
        blended = given + self._weights * (self._canvas.images.float() - given)
        self._canvas.images.copy_((blended + 0.5).floor().to(torch.uint8))
