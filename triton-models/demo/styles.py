"""Styles: what turns the flat poster into a watercolour, a woodcut, pixel art or a neon sign.

Each works on the finished poster and on the layer of its objects, so that objects and landscapes know nothing of it.
Lengths are fractions of the picture's side, as everywhere.
"""

import math
from collections.abc import Callable, Sequence
from typing import Final

import torch
import torch.nn.functional as F
from torch import Tensor

from demo.attributes import Style
from demo.canvas import Grid, over, scalar, smooth
from demo.layout import Params, select

BLOCKS: Final = 64
"""Pixels of pixel art along a side: at 512 they are 8 wide, which is one cell of the autoencoder."""


def apply_styles(canvas: Tensor, objects: Tensor, styles: Sequence[Style], p: Params, grid: Grid) -> Tensor:
    """Each picture in its style.

    Args:
        canvas: float32 [n, 3, size, size], the posters.
        objects: float32 [n, 4, size, size], colour times alpha and alpha of the objects alone.
        styles: n of them.
        p: the scenes' parameters.
        grid: of the canvas.

    Returns:
        float32 [n, 3, size, size]
    """
    result = canvas.clone()
    for style, paint in PAINTERS.items():
        chosen = [k for k, other in enumerate(styles) if other == style]
        if chosen:
            rows = torch.tensor(chosen).to(canvas.device, non_blocking=True)
            result[rows] = paint(canvas[rows].clamp(0, 1), objects[rows], select(p, rows), grid)
    return result


def paint_watercolour(canvas: Tensor, _objects: Tensor, p: Params, grid: Grid) -> Tensor:
    """Wavering edges, pigment that pools at them and varies in the washes, white paper around."""
    wander_x = _wander(p, grid, 0, 0.0042)
    wander_y = _wander(p, grid, 4, 0.0042)
    places = torch.stack(((grid.x + wander_x)[:, 0] * 2 - 1, (grid.y + wander_y)[:, 0] * 2 - 1), -1)
    wet = F.grid_sample(canvas, places, padding_mode="border", align_corners=False)
    wet = _blur(wet, 0.0016, grid)
    edges = _blur(_edges(wet, 0.004, grid), 0.003, grid)
    wash = _wander(p, grid, 8, 0.5, 0.37) + _wander(p, grid, 2, 0.22, 0.83)
    density = 0.97 + 0.36 * wash + 0.3 * smooth(0.1, 0.5, edges)
    paint = (1 - (1 - wet) * density) * 0.92 + 0.07
    paper = paint.new_tensor((0.985, 0.975, 0.95))[None, :, None, None]
    ragged = _wander(p, grid, 6, 0.022, 0.5) + _wander(p, grid, 1, 0.006, 1.3)
    border = torch.minimum(torch.minimum(grid.x, 1 - grid.x), torch.minimum(grid.y, 1 - grid.y)) - 0.034 - ragged
    inside = smooth(-0.006, 0.008, border)
    rim = inside * (1 - smooth(0.0, 0.02, border))
    return over(paper, paint * (1 - 0.16 * rim), inside)


def paint_woodcut(canvas: Tensor, objects: Tensor, p: Params, grid: Grid) -> Tensor:
    """Dark ink on cream paper, tone by the width of cut lines, a few flat colours under it."""
    light = _luminance(canvas)
    paper = canvas.new_tensor((0.96, 0.92, 0.81))[None, :, None, None]
    ink = canvas.new_tensor((0.12, 0.1, 0.17))[None, :, None, None]
    levels = 5.0
    step = ((light * levels + 0.5).floor() / levels).clamp_min(0.14)
    flat = canvas * (step / light.clamp_min(0.05)).clamp(0.6, 1.8)
    alpha = objects[:, 3:]
    paint = over(over(flat, paper, 0.16), canvas, alpha) * paper
    bend = 0.014 * (grid.x * 9 + scalar(p["waves"][:, 0]) * 6.28).sin()
    lines = 30.0
    place = ((grid.y + bend + 0.12 * grid.x) * lines + 0.5) % 1.0
    width = (0.26 * (0.92 - light)).clamp(0, 0.16) * (1 - alpha)
    hatch = grid.inside(((place - 0.5).abs() - width) / lines) * (width > 0.03)
    # The light cut out of the dark: at night the lines are the sky's, not the ink's.
    cut = grid.inside(((place - 0.5).abs() - 0.09) / lines) * (1 - alpha) * (light < 0.3)
    hatch = hatch * (light >= 0.3)
    paint = over(paint, paint * 1.3 + 0.1, cut)
    edges = smooth(0.1, 0.24, _edges(canvas, 0.0034, grid))
    outline = smooth(0.2, 0.5, _edges(alpha, 0.0045, grid))
    return over(paint, ink, torch.maximum(torch.maximum(hatch * 0.62, edges * 0.85), outline))


def paint_pixels(canvas: Tensor, objects: Tensor, _p: Params, grid: Grid) -> Tensor:
    """Large square pixels of few colours."""
    small = F.adaptive_avg_pool2d(canvas, BLOCKS)
    alpha = F.adaptive_avg_pool2d(objects[:, 3:], BLOCKS)
    levels = 11.0
    posterised = (small * levels + 0.5).floor() / levels
    around = F.max_pool2d(alpha, 3, 1, 1)
    rim = (around > 0.5) & (alpha <= 0.5)
    posterised = torch.where(rim, posterised * 0.55, posterised)
    return F.interpolate(posterised, size=(grid.size, grid.size), mode="nearest")


def paint_neon(canvas: Tensor, objects: Tensor, p: Params, grid: Grid) -> Tensor:
    """Glowing outlines in the dark."""
    alpha = objects[:, 3:]
    dark = canvas.new_tensor((0.035, 0.02, 0.09))[None, :, None, None]
    weakest, strongest = canvas.amin(1, keepdim=True), canvas.amax(1, keepdim=True).clamp_min(0.05)
    # The purest colour of the same hue; greys stay as they are.
    bright = (canvas - 0.85 * weakest) / (strongest - 0.85 * weakest)
    lines = smooth(0.06, 0.17, _edges(canvas.clamp_min(0.01) ** 0.7, 0.0042, grid))
    outline = smooth(0.15, 0.5, _edges(alpha, 0.006, grid))
    tubes = torch.maximum(lines * 0.85, outline)
    vivid = _blur(bright, 0.006, grid)
    light_x, light_y, radius = scalar(p["light_x"]), scalar(p["light_y"]), scalar(p["light_radius"])
    disc = grid.inside(((grid.x - light_x) ** 2 + (grid.y - light_y) ** 2).sqrt() - radius) * (1 - alpha)
    disc = disc * smooth(0.62, 0.78, _luminance(canvas)) * (radius > 0)
    glow = _blur(vivid * tubes, 0.022, grid) * 1.9
    base = dark + canvas * (0.16 + 0.34 * alpha) + bright * (0.22 * strongest * (1 - alpha))
    lit = base + glow * (1 - base)
    lit = over(lit, canvas, 0.75 * disc)
    return over(lit, 0.3 + 0.7 * vivid, tubes)


PAINTERS: Final[dict[Style, Callable[[Tensor, Tensor, Params, Grid], Tensor]]] = {
    "watercolour": paint_watercolour,
    "woodcut": paint_woodcut,
    "pixel art": paint_pixels,
    "neon": paint_neon,
}


def _luminance(canvas: Tensor) -> Tensor:
    weights = canvas.new_tensor((0.3, 0.59, 0.11))[None, :, None, None]
    return (canvas * weights).sum(1, keepdim=True)


def _edges(canvas: Tensor, width: float, grid: Grid) -> Tensor:
    """How much the colour changes within `width`: float32 [n, 1, size, size], 0 to 1."""
    step = max(1, round(width * grid.size / 2))
    padded = F.pad(canvas, (step, step, step, step), mode="replicate")
    middle = slice(step, step + grid.size)
    across = (padded[:, :, middle, 2 * step :] - padded[:, :, middle, : grid.size]).abs()
    down = (padded[:, :, 2 * step :, middle] - padded[:, :, : grid.size, middle]).abs()
    return torch.maximum(across, down).amax(1, keepdim=True)


def _blur(canvas: Tensor, radius: float, grid: Grid) -> Tensor:
    """Two box filters, close to a Gaussian of standard deviation `radius`."""
    step = max(1, round(radius * grid.size * 1.2))
    for _ in range(2):
        padded = F.pad(canvas, (step, step, step, step), mode="replicate")
        canvas = F.avg_pool2d(F.avg_pool2d(padded, (1, 2 * step + 1), 1), (2 * step + 1, 1), 1)
    return canvas


def _wander(p: Params, grid: Grid, first: int, height: float, frequency: float = 1.0) -> Tensor:
    """Smooth irregular waves over the picture, about -height to height: float32 [n, 1, size, size]."""
    a, b, c = (scalar(p["waves"][:, (first + k) % 12]) * 2 * math.pi for k in range(3))
    x, y = grid.x * frequency * 2 * math.pi, grid.y * frequency * 2 * math.pi
    one = (3.1 * x + 1.7 * y + a).sin() * (1.3 * x - 2.9 * y + b).sin()
    two = (6.3 * x - 5.1 * y + c + one).sin()
    three = (9.7 * y + 4.3 * x + b + 2 * one).sin()
    return height * (0.45 * one + 0.3 * two + 0.25 * three)
