"""Between what the networks speak and what people see."""

import numpy as np
from numpy.typing import NDArray

from quartet_pipeline.description import Description

PREVIEW_SIDE = 64


def to_pixels(pictures: NDArray[np.float32]) -> NDArray[np.uint8]:
    """float32 [n, 3, h, w] from -1 to 1 -> uint8 [n, h, w, 3]."""
    signed = np.rint((pictures.astype(np.float64) + 1) * 127.5)
    return np.ascontiguousarray(np.clip(signed, 0, 255).astype(np.uint8).transpose(0, 2, 3, 1))


def from_pixels(picture: NDArray[np.uint8]) -> NDArray[np.float32]:
    """uint8 [h, w, 3] -> float32 [1, 3, h, w] from -1 to 1."""
    signed = picture.astype(np.float64).transpose(2, 0, 1)[None] / 127.5 - 1
    return np.ascontiguousarray(signed, np.float32)


def to_previews(latents: NDArray[np.float32], description: Description) -> NDArray[np.uint8]:
    """Scaled latents float32 [n, 4, h/8, w/8] -> uint8 [n, 64, 64, 3], by a linear map and the nearest latent."""
    _, _, height, width = latents.shape
    rows, columns = (np.arange(PREVIEW_SIDE) * side // PREVIEW_SIDE for side in (height, width))
    small = latents[:, :, rows[:, None], columns[None, :]].astype(np.float64)
    weights, bias = np.array(description.latent_rgb_weights), np.array(description.latent_rgb_bias)
    colors = np.einsum("nchw,cr->nhwr", small, weights) + bias
    previews: NDArray[np.uint8] = np.clip(np.rint(colors * 255), 0, 255).astype(np.uint8)
    return previews
