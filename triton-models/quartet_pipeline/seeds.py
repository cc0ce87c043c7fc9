"""Noise that belongs to a seed: the same in every engine and on every machine, whatever else is in the batch."""

import numpy as np
from numpy.typing import NDArray

ROUNDS = 10
MULTIPLIERS = (np.uint64(0xD251_1F53), np.uint64(0xCD9E_8D57))
WEYL = (0x9E37_79B9, 0xBB67_AE85)
LOW = np.uint64(0xFFFF_FFFF)
HALF = np.uint64(32)


def philox4x32(counters: NDArray[np.uint64], key: tuple[int, int]) -> NDArray[np.uint64]:
    """Philox4x32-10 (Salmon et al. 2011): uint64 [n, 4] of 32-bit words -> as many random 32-bit words."""
    c0, c1, c2, c3 = (counters[:, column] for column in range(4))
    k0, k1 = key
    for _ in range(ROUNDS):
        # The product of two 32-bit words fits into 64 bits.
        product0, product1 = MULTIPLIERS[0] * c0, MULTIPLIERS[1] * c2
        c0 = (product1 >> HALF) ^ c1 ^ np.uint64(k0)
        c1 = product1 & LOW
        c2 = (product0 >> HALF) ^ c3 ^ np.uint64(k1)
        c3 = product0 & LOW
        k0, k1 = (k0 + WEYL[0]) & 0xFFFF_FFFF, (k1 + WEYL[1]) & 0xFFFF_FFFF
    return np.stack([c0, c1, c2, c3], axis=1)


def normal_noise(seed: int, stream: int, length: int) -> NDArray[np.float32]:
    """Standard normal noise of one picture: float32 [length], in the order of latents [channels, height, width].

    Block b is `philox4x32((b, 0, stream, 0), key=(low, high word of the seed))`; two words give two numbers by
    Box-Muller in float64. Stream 0 is the starting noise, stream k + 1 what the k-th step that runs (from 0) adds.
    """
    counters = np.zeros(((length + 3) // 4, 4), np.uint64)
    counters[:, 0] = np.arange(len(counters), dtype=np.uint64)
    counters[:, 2] = stream
    words = philox4x32(counters, (seed & 0xFFFF_FFFF, seed >> 32))
    uniform = (words.reshape(-1, 2).astype(np.float64) + 0.5) / 2.0**32
    radius, angle = np.sqrt(-2.0 * np.log(uniform[:, 0])), 2.0 * np.pi * uniform[:, 1]
    pairs = np.stack([radius * np.cos(angle), radius * np.sin(angle)], axis=1)
    noise: NDArray[np.float32] = pairs.reshape(-1)[:length].astype(np.float32)
    return noise
