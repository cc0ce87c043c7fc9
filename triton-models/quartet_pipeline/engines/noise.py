"""The noise of `quartet_pipeline.seeds`, made where the loop runs."""

import math

import torch
from torch import Tensor

from quartet_pipeline.seeds import MULTIPLIERS, ROUNDS, WEYL

LOW = 0xFFFF_FFFF


def device_noise(seeds: Tensor, stream: Tensor, shape: tuple[int, ...]) -> Tensor:
    """Seeds int64 [n], stream int64 [1] -> float32 [n, *shape], as `normal_noise` gives it for each seed."""
    length = math.prod(shape)
    blocks = torch.arange((length + 3) // 4, device=seeds.device)
    words = [blocks.expand(len(seeds), -1), torch.zeros_like(blocks), stream, torch.zeros_like(blocks)]
    keys = [(seeds & LOW)[:, None], (seeds >> 32)[:, None]]
    for _ in range(ROUNDS):
        # A product may wrap below zero: its 64 bits are the same, so the mask gives its high word all the same.
        products = [words[0] * int(MULTIPLIERS[0]), words[2] * int(MULTIPLIERS[1])]
        low, high = [product & LOW for product in products], [(product >> 32) & LOW for product in products]
        words = [high[1] ^ words[1] ^ keys[0], low[1], high[0] ^ words[3] ^ keys[1], low[0]]
        keys = [(key + step) & LOW for key, step in zip(keys, WEYL, strict=True)]
    uniform = (torch.stack(words, dim=-1).double() + 0.5) / 2.0**32
    radius, angle = torch.sqrt(-2.0 * torch.log(uniform[..., 0::2])), 2.0 * math.pi * uniform[..., 1::2]
    pairs = torch.stack([radius * torch.cos(angle), radius * torch.sin(angle)], dim=-1)
    return pairs.flatten(1)[:, :length].float().reshape(len(seeds), *shape)
