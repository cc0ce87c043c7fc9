"""What runs the networks."""

from typing import Protocol

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float32]


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
