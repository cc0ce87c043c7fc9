"""The surface that everything is painted on, and the few strokes it knows.

A canvas is float32 [n, 3, size, size], 0 to 1. Masks are float32 [n, 1, size, size] (or broadcast to it), 0 to 1.
"""

import math
from dataclasses import dataclass

import torch
from torch import Tensor


@dataclass(frozen=True)
class Grid:
    """The places of the pixels: fractions of the picture's side, from the top left corner."""

    size: int
    x: Tensor
    """float32 [1, 1, 1, size]"""
    y: Tensor
    """float32 [1, 1, size, 1]"""

    @classmethod
    def of(cls, size: int, device: torch.device | str) -> "Grid":
        axis = (torch.arange(size, device=device, dtype=torch.float32) + 0.5) / size
        return cls(size, axis[None, None, None, :], axis[None, None, :, None])

    def inside(self, distance: Tensor) -> Tensor:
        """Coverage of a shape by its signed distance (negative inside), with edges one pixel wide."""
        return (0.5 - distance * self.size).clamp(0, 1)

    def below(self, line: Tensor) -> Tensor:
        """Coverage of what lies below a line; line: float32 [n, 1, 1, size], heights from the top."""
        slope = (line[..., 1:] - line[..., :-1]) * self.size
        slope = torch.cat((slope, slope[..., -1:]), -1)
        return ((self.y - line) * self.size / (1 + slope * slope).sqrt() + 0.5).clamp(0, 1)


def scalar(values: Tensor) -> Tensor:
    """float32 [n] as [n, 1, 1, 1]."""
    return values[:, None, None, None]


def colour(values: Tensor) -> Tensor:
    """float32 [n, 3] as [n, 3, 1, 1]."""
    return values[:, :, None, None]


def over(canvas: Tensor, paint: Tensor, mask: Tensor | float) -> Tensor:
    """`paint` over `canvas` where `mask` says so, or everywhere with that share."""
    return torch.lerp(canvas, paint, mask)


def smooth(low: float, high: float, values: Tensor) -> Tensor:
    """0 below `low`, 1 above `high`, a smooth step between."""
    t = ((values - low) / (high - low)).clamp(0, 1)
    return t * t * (3 - 2 * t)


def noise(cells: Tensor, salt: Tensor | float) -> Tensor:
    """A number from 0 to 1 for each integer in `cells`, a different one for each `salt`."""
    t = (cells * 0.754877666 + salt * 0.569840291) % 1.0
    t = (t * (t + 7.31) * 5.17) % 1.0
    return (t * (t + 3.77) * 9.13) % 1.0


def swell(x: Tensor, phases: Tensor, waves: tuple[tuple[float, float], ...]) -> Tensor:
    """A sum of sines: (waves across the picture, height) each; phases: float32 [n, >= len(waves)]."""
    total = torch.zeros_like(x)
    for k, (frequency, height) in enumerate(waves):
        total = total + height * ((x * frequency + scalar(phases[:, k])) * 2 * math.pi).sin()
    return total
