"""Scenes to pictures, batched, by distance functions."""

import random
from collections.abc import Sequence

import torch
from torch import Tensor

from demo.scenes import Scene

_C = {
    "red": (210, 50, 45), "orange": (240, 140, 40), "yellow": (245, 210, 60), "green": (60, 150, 80),
    "blue": (50, 100, 200), "purple": (130, 70, 170), "pink": (240, 140, 180), "white": (245, 240, 230),
    "black": (40, 40, 48), "none": (0, 0, 0),
}  # fmt: skip
_S = {"dawn": (250, 200, 180), "day": (120, 190, 230), "dusk": (220, 100, 90), "night": (25, 40, 90)}
_G = {
    "sea": (40, 110, 150), "lake": (80, 150, 180), "meadow": (110, 170, 80), "hills": (80, 140, 90),
    "forest": (40, 90, 60), "desert": (220, 170, 100),
}  # fmt: skip


def render(scenes: Sequence[Scene], *, size: int = 512, device: torch.device | str = "cpu") -> Tensor:
    """Draw each scene: uint8 [n, 3, size, size]."""
    n = len(scenes)
    axis = (torch.arange(size, device=device) + 0.5) / size
    x, y = axis[None, None, None, :], axis[None, None, :, None]
    colours = torch.tensor([(*_S[s.time], *_G[s.ground], *_C[s.colour]) for s in scenes], device=device) / 255
    sky, ground, thing = (c[:, :, None, None] for c in colours.view(n, 3, 3).unbind(1))
    canvas = torch.lerp(sky.expand(n, 3, size, size), ground, ((y - 0.62) * size).clamp(0, 1))
    for k in range(3):
        centres = []
        for s in scenes:
            start = {"left": 0.28, "right": 0.72}.get(s.position, 0.5) + random.Random(s.seed).uniform(-0.03, 0.03)
            centres.append(start + (k - (s.count - 1) / 2) * 0.27 if k < s.count else -9.0)
        centre = torch.tensor(centres, device=device)[:, None, None, None]
        distance = ((x - centre) ** 2 + (y - 0.7) ** 2).sqrt() - 0.11
        canvas = torch.lerp(canvas, thing.expand_as(canvas), (0.5 - distance * size).clamp(0, 1))
    return (canvas * 255).round().clamp(0, 255).to(torch.uint8)
