"""Painting within a mask: a given picture is kept where the mask is 0, and drawn anew where it is 255.

With m the mask averaged down to latents, `clean` the given picture's scaled latents and `start` the seed's own noise of
stream 0 (that which the drawing set out with), each step of any scheduler is followed by

    latents = m * latents + (1 - m) * (after.alpha * clean + after.sigma * start)
    estimate = m * estimate + (1 - m) * clean

where `after` is that of the step's `schedulers.Row` and `estimate` the newest one. What is kept is so as noisy as the
rest, as the model expects it; and the schedulers that look back find estimates that belong to the latents they are
given (with equal estimates each of their steps is the first-order one, which stays on that line by itself).
`src/engines/onnx` does the same; tests/vectors/masks.json holds both to it.

Models that were trained to paint within masks need none of this: they see both beside the latents (`beside`).
"""

import numpy as np
from numpy.typing import NDArray

from quartet_pipeline.pixels import from_pixels
from quartet_pipeline.schedulers import Level

EDGE = 3
"""Pixels to each side over which the edge of a mask is softened."""


def latent_mask(mask: NDArray[np.uint8], downscale: int) -> NDArray[np.float32]:
    """uint8 [h, w] -> float32 [h/8, w/8]: the mean of each square of pixels, 0 keeps and 1 draws."""
    height, width = mask.shape
    squares = mask.reshape(height // downscale, downscale, width // downscale, downscale)
    sums = squares.sum(axis=(1, 3), dtype=np.int64)
    means: NDArray[np.float32] = (sums / (255 * downscale**2)).astype(np.float32)
    return means


def keep(mask: NDArray[np.float32], ours: NDArray[np.float32], given: NDArray[np.float64]) -> NDArray[np.float32]:
    """Latents or an estimate float32 [n, 4, h/8, w/8], with what the mask [h/8, w/8] keeps in its place."""
    weight = mask.astype(np.float64)
    return (weight * ours + (1 - weight) * given).astype(np.float32)


def noised(clean: NDArray[np.float64], start: NDArray[np.float64], level: Level) -> NDArray[np.float64]:
    """What the given picture's latents are at a level of noise."""
    return level.alpha * clean + level.sigma * start


def beside(
    picture: NDArray[np.uint8] | None, mask: NDArray[np.uint8] | None, size: tuple[int, int], downscale: int
) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """What such a model sees, as diffusers makes it: where to draw, float32 [h/8, w/8] of 0 and 1, and the given
    picture with grey there, float32 [1, 3, h, w] from -1 to 1. Without a mask it draws everywhere."""
    is_drawn = np.ones(size, bool) if mask is None else mask >= 128
    given = np.zeros((1, 3, *size), np.float32) if picture is None else from_pixels(picture)
    return is_drawn[::downscale, ::downscale].astype(np.float32), np.where(is_drawn, np.float32(0), given)


def edge_weights(mask: NDArray[np.uint8]) -> NDArray[np.float32]:
    """uint8 [h, w] -> how much of the drawn picture each pixel takes, float32 [h, w] from 0 to 1.

    `mask / 255 * max(0, 2 * mean - 1)`, with the mean of `mask / 255` over 7 x 7 pixels (beyond the picture's border,
    the border's own). A straight edge rises within four pixels inside what is drawn, so that no seam shows there;
    where the mask is 0 it stays 0.
    """
    side = 2 * EDGE + 1
    padded = np.pad(mask.astype(np.int64), EDGE + 1, mode="edge")
    totals = padded.cumsum(axis=0).cumsum(axis=1)
    sums = (
        totals[side:-1, side:-1]
        - totals[: -side - 1, side:-1]
        - totals[side:-1, : -side - 1]
        + totals[: -side - 1, : -side - 1]
    )
    inside = np.maximum(0, 2 * sums - 255 * side**2) / (255 * side**2)
    weights: NDArray[np.float32] = (mask / 255 * inside).astype(np.float32)
    return weights


def keep_pixels(drawn: NDArray[np.uint8], given: NDArray[np.uint8], weights: NDArray[np.float32]) -> NDArray[np.uint8]:
    """Pictures uint8 [n, h, w, 3], with the pixels of the given one [h, w, 3] in their place: rounded half up."""
    before = given.astype(np.float64)
    blended = before + weights.astype(np.float64)[:, :, None] * (drawn - before)
    pixels: NDArray[np.uint8] = np.floor(blended + 0.5).astype(np.uint8)
    return pixels
