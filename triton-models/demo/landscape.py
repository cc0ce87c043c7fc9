"""Mountains and the six grounds."""

import math
from collections.abc import Callable
from typing import Final

import torch
from torch import Tensor

from demo.attributes import Ground
from demo.canvas import Grid, colour, noise, over, scalar, smooth, swell
from demo.layout import Params


def paint_mountains(canvas: Tensor, p: Params, grid: Grid) -> Tensor:
    """Two ranges, the far one paler, lit from the left, some with snow."""
    haze = colour(p["haze"])
    for peaks, paint, cap in ((p["far_peaks"], colour(p["far"]), 0.075), (p["near_peaks"], colour(p["near"]), 0.0)):
        snow = (colour(p["peak"]), colour(p["peak_shade"])) if cap else None
        canvas = _paint_peaks(canvas, p, grid, peaks, paint, over(paint, haze, 0.45), snow, cap)
    return canvas


def _paint_peaks(
    canvas: Tensor,
    p: Params,
    grid: Grid,
    peaks: Tensor,
    paint: Tensor,
    foot: Tensor,
    snow: tuple[Tensor, Tensor] | None,
    cap: float,
) -> Tensor:
    """A range of peaks, the first at the back; peaks: float32 [n, k, 4] with x, y, left and right slope of each."""
    for k in range(peaks.shape[1]):
        x, y, left, right = (scalar(peaks[:, k, column]) for column in range(4))
        offset = grid.x - x
        depth = grid.y - y
        wobble = 0.16 * depth + 0.012 * ((depth * 19 + scalar(p["hash"]) + k) * math.pi).sin()
        shadow = grid.inside(wobble - offset)
        body = over(paint, foot, smooth(0.0, 0.3, depth))
        body = over(body, body * 0.84, shadow)
        if snow:
            edge = cap + 0.022 * _zigzag(offset * 26 + k * 0.3)
            body = over(body, over(snow[0], snow[1], shadow), grid.inside(depth - edge) * scalar(p["capped"]))
        canvas = over(canvas, body, grid.below(y + torch.maximum(-offset * left, offset * right)))
    return canvas


def _zigzag(x: Tensor) -> Tensor:
    """A triangle wave of period 1, -1 to 1."""
    return 4 * (x - (x + 0.5).floor()).abs() - 1


def _grove(
    p: Params, grid: Grid, base: Tensor, width: float, height: tuple[float, float], salt: float
) -> tuple[Tensor, Tensor]:
    """The outline of a row of round trees on `base`, and a number from 0 to 1 for each tree.

    base: float32 [n, 1, 1, size] or broadcast to it. Returns two float32 [n, 1, 1, size].
    """
    best, kind = base + 0.01, torch.zeros_like(base * grid.x)
    seed = scalar(p["hash"]) + salt
    cell = (grid.x / width).floor()
    for step in (-1, 0, 1):
        here = cell + step
        middle = (here + 0.3 + 0.4 * noise(here, seed)) * width
        radius = width * (0.5 + 0.3 * noise(here, seed + 1))
        top = height[0] + (height[1] - height[0]) * noise(here, seed + 2)
        share = (1 - ((grid.x - middle) / radius) ** 2).clamp_min(0).sqrt()
        line = torch.where(share > 0, base - top * (0.25 + 0.75 * share), base + 0.01)
        kind = torch.where(line < best, noise(here, seed + 3), kind)
        best = torch.minimum(best, line)
    return best, kind


def _paint_grove(
    canvas: Tensor,
    p: Params,
    grid: Grid,
    base: Tensor,
    width: float,
    height: tuple[float, float],
    salt: float,
    haze: float,
) -> Tensor:
    line, kind = _grove(p, grid, base, width, height, salt)
    leaves = [over(colour(p[f"leaf_{k}"]), colour(p["haze"]), haze) for k in range(3)]
    paint = torch.where(kind < 0.4, leaves[0], torch.where(kind < 0.72, leaves[1], leaves[2]))
    paint = over(paint, paint * 0.82, smooth(0.0, height[1], grid.y - line))
    return over(canvas, paint, grid.below(line) * grid.inside(grid.y - base))


def _paint_land(
    canvas: Tensor, p: Params, grid: Grid, line: Tensor, haze: float, depth: float, dark: float = 1.0
) -> Tensor:
    """Ground below `line`: lit at its crest, in the shade `depth` further down."""
    lit, shaded = colour(p["lit"]), colour(p["shaded"])
    paint = over(lit, over(lit, shaded, dark), smooth(0.0, depth, grid.y - line))
    return over(canvas, over(paint, colour(p["haze"]), haze), grid.below(line))


def _mirror(canvas: Tensor, p: Params, grid: Grid, line: Tensor) -> Tensor:
    """The picture above `line` upside down below it, with ripples; line: float32 [n, 1, 1, 1]."""
    depth = (grid.y - line).clamp_min(0)
    source = line - depth * 0.9 + 0.006 * ((depth * 38 + scalar(p["hash"])) * 6.2832).sin() * (depth * 8).clamp(0, 1)
    rows = (source * grid.size).long().clamp(0, grid.size - 1)
    return canvas.gather(2, rows.expand(canvas.shape[0], 3, -1, grid.size))


def _paint_water(canvas: Tensor, p: Params, grid: Grid, line: Tensor, clearness: float) -> Tensor:
    """Water below `line` (float32 [n, 1, 1, 1]): a mirror tinted by depth, a path of light, a few crests."""
    depth = grid.y - line
    paint = over(colour(p["water_far"]), colour(p["water_near"]), smooth(0.0, 0.34, depth))
    mirror = _mirror(canvas, p, grid, line)
    paint = over(paint, mirror, clearness * (1 - smooth(0.0, 0.36, depth)) + 0.04)
    salt = scalar(p["hash"])
    rows = 9.0
    # Perspective: the rows of crests lie closer together towards the horizon.
    far = (depth.clamp_min(1e-4) / 0.46).sqrt() * rows
    row = far.floor()
    off = (far - row - 0.5).abs()
    spacing = 0.34 - 0.018 * row
    shifted = grid.x + 3 * noise(row, salt)
    cell = (shifted / spacing).floor()
    length = (0.1 + 0.16 * noise(cell + row * 7, salt + 1)) * (0.55 + row / rows)
    dx = (shifted / spacing - cell - 0.5).abs() * spacing
    thin = 0.16 * (1 - (dx / (length * 0.55)) ** 2).clamp_min(0)
    half = (row + 0.5) * 2 / (rows * rows) * 0.46
    crest = grid.inside((off - thin) * half) * (row > 0) * (noise(cell + row * 7, salt + 2) < 0.6)
    paint = over(paint, over(colour(p["haze"]), torch.ones_like(colour(p["haze"])), 0.2), 0.34 * crest)
    rows = 15.0
    far = (depth.clamp_min(1e-4) / 0.46).sqrt() * rows
    row = far.floor()
    half = 0.92 * (row + 0.5) / (rows * rows)
    side = noise(row, salt + 6) - 0.5
    glitter = (grid.x - scalar(p["light_x"]) - 0.018 * side).abs() / (
        scalar(p["light_radius"]) * (0.55 + 0.8 * noise(row, salt + 4)) * (1 + 0.9 * depth)
    )
    # Lens-shaped strokes, one a row.
    off = (far - row - 0.5).abs() - 0.3 * (1 - glitter * glitter).clamp_min(0)
    shine = grid.inside(off * half) * (glitter < 1) * (row > 0) * (scalar(p["light_radius"]) > 0)
    paint = over(paint, colour(p["light"]), 0.75 * shine)
    return over(canvas, paint, grid.inside(line - grid.y))


def paint_sea(canvas: Tensor, p: Params, grid: Grid) -> Tensor:
    """Open water to the horizon."""
    return _paint_water(canvas, p, grid, scalar(p["horizon"]), 0.5)


def paint_lake(canvas: Tensor, p: Params, grid: Grid) -> Tensor:
    """A wooded far bank, still water, and a near shore."""
    horizon = scalar(p["horizon"])
    hill = horizon - 0.05 + swell(grid.x, p["waves"], ((0.8, 0.03), (1.7, 0.012)))
    canvas = _paint_land(canvas, p, grid, hill, 0.25, 0.1)
    bank = horizon + 0.03
    canvas = _paint_grove(canvas, p, grid, bank + 0 * grid.x, 0.062, (0.03, 0.075), 0, 0.1)
    canvas = _paint_water(canvas, p, grid, bank, 0.75)
    shore = 0.835 + swell(grid.x, p["waves"][:, 3:], ((0.6, 0.02), (1.3, 0.008)))
    canvas = over(canvas, colour(p["haze"]), 0.5 * grid.below(shore - 0.009))
    return _paint_land(canvas, p, grid, shore, 0.0, 0.16)


def paint_meadow(canvas: Tensor, p: Params, grid: Grid) -> Tensor:
    """A wide field with a row of trees behind it and flowers in it."""
    horizon = scalar(p["horizon"])
    far = horizon - 0.045 + swell(grid.x, p["waves"], ((0.7, 0.018), (1.9, 0.008)))
    canvas = _paint_land(canvas, p, grid, far, 0.4, 0.12)
    base = horizon + swell(grid.x, p["waves"][:, 2:], ((0.5, 0.012),))
    canvas = _paint_grove(canvas, p, grid, base + 0.012, 0.075, (0.025, 0.075), 0, 0.06)
    canvas = _paint_land(canvas, p, grid, base, 0.0, 0.2, 0.8)
    front = 0.78 + swell(grid.x, p["waves"][:, 4:], ((0.6, 0.03), (1.1, 0.012)))
    canvas = _paint_land(canvas, p, grid, front, 0.0, 0.22)
    return _paint_blooms(canvas, p, grid, front + 0.03)


def _paint_blooms(canvas: Tensor, p: Params, grid: Grid, line: Tensor) -> Tensor:
    """Dots in the foreground, in the colours of the season's leaves."""
    salt, columns = scalar(p["hash"]) + 20, 9.0
    column, row = (grid.x * columns).floor(), (grid.y * columns * 1.6).floor()
    cell = column + row * 23
    x = (column + 0.2 + 0.6 * noise(cell, salt)) / columns
    y = (row + 0.2 + 0.6 * noise(cell, salt + 1)) / columns / 1.6
    radius = 0.0075 + 0.004 * noise(cell, salt + 2)
    distance = ((grid.x - x) ** 2 + ((grid.y - y) * 1.4) ** 2).sqrt() - radius
    there = (noise(cell, salt + 3) < 0.7) & (y > line)
    paint = torch.where(noise(cell, salt + 4) < 0.55, colour(p["leaf_0"]), colour(p["leaf_1"]))
    return over(canvas, paint, grid.inside(distance) * there)


def paint_hills(canvas: Tensor, p: Params, grid: Grid) -> Tensor:
    """Rolling hills, one behind the other, the last with furrows."""
    horizon = scalar(p["horizon"])
    for k, (offset, height, haze) in enumerate(((0.0, 0.035, 0.42), (0.07, 0.045, 0.2))):
        line = horizon + offset + swell(grid.x, p["waves"][:, 2 * k :], ((0.9 + 0.3 * k, height), (2.1, 0.006)))
        canvas = _paint_grove(canvas, p, grid, line + 0.008, 0.17, (0.02, 0.06), 5.0 * k, haze * 0.6) if k else canvas
        canvas = _paint_land(canvas, p, grid, line, haze, 0.16)
    dome = 0.735 + 0.3 * (grid.x - scalar(p["hill_x"])) ** 2 + swell(grid.x, p["waves"][:, 6:], ((0.9, 0.014),))
    canvas = _paint_grove(canvas, p, grid, dome + 0.01, 0.21, (0.03, 0.09), 11, 0.0)
    canvas = _paint_land(canvas, p, grid, dome, 0.0, 0.24, 0.85)
    depth = grid.y - dome
    fan = (grid.x - scalar(p["hill_x"])) / (depth + 0.16).clamp_min(0.05)
    furrow = smooth(-0.12, 0.12, (fan * 2 * math.pi * 1.1).sin())
    paint = over(colour(p["lit"]), colour(p["shaded"]), smooth(0.0, 0.3, depth) * 0.6 + 0.4)
    return over(canvas, paint, 0.4 * furrow * grid.inside(-depth + 0.012))


def _paint_conifers(
    canvas: Tensor,
    p: Params,
    grid: Grid,
    base: float,
    width: float,
    height: tuple[float, float],
    salt: float,
    haze: float,
) -> Tensor:
    """A row of firs in three tiers each."""
    seed = scalar(p["hash"]) + salt
    bottom = scalar(p["horizon"]) + base
    cell = (grid.x / width).floor()
    paint = over(colour(p["conifer"]), colour(p["haze"]), haze)
    for step in (-1, 1, 0):
        here = cell + step
        middle = (here + 0.5 + 0.3 * (noise(here, seed) - 0.5)) * width
        top = height[0] + (height[1] - height[0]) * noise(here, seed + 1)
        height_below_top = grid.y - (bottom - top)
        share = height_below_top.clamp_min(0) / top
        tier = share * 3 - (share * 3).floor()
        reach = width * 0.78 * (0.3 * share + 0.42 * tier * (0.5 + 0.5 * share) + 0.06)
        distance = torch.maximum((grid.x - middle).abs() - reach, -height_below_top) * 0.8
        mask = grid.inside(distance) * grid.inside(grid.y - bottom)
        tone = paint * (0.9 + 0.2 * noise(here, seed + 2))
        tone = over(tone, tone * 0.8, grid.inside(middle + 0.1 * width - grid.x))
        canvas = over(canvas, tone, mask)
    return canvas


def paint_forest(canvas: Tensor, p: Params, grid: Grid) -> Tensor:
    """Three rows of firs around a clearing."""
    undergrowth = over(colour(p["conifer"]), colour(p["haze"]), 0.36) * 0.9
    canvas = over(canvas, undergrowth, grid.inside(scalar(p["horizon"]) - 0.075 - grid.y))
    canvas = _paint_conifers(canvas, p, grid, -0.02, 0.075, (0.12, 0.2), 0, 0.5)
    canvas = _paint_conifers(canvas, p, grid, 0.03, 0.105, (0.15, 0.26), 7, 0.22)
    canvas = _paint_conifers(canvas, p, grid, 0.09, 0.15, (0.17, 0.32), 13, 0.0)
    line = scalar(p["horizon"]) + 0.08 + swell(grid.x, p["waves"], ((0.7, 0.012), (1.6, 0.005)))
    canvas = _paint_land(canvas, p, grid, line, 0.0, 0.18)
    return _paint_blooms(canvas, p, grid, line + 0.12)


def paint_desert(canvas: Tensor, p: Params, grid: Grid) -> Tensor:
    """Dunes with sharp crests, dark on the lee side."""
    horizon = scalar(p["horizon"])
    for k, (offset, height, haze) in enumerate(((0.0, 0.03, 0.35), (0.085, 0.045, 0.15), (0.19, 0.05, 0.0))):
        phase = scalar(p["waves"][:, k])
        wave = (grid.x * (1.15 - 0.15 * k) + phase) % 1.0
        rise = torch.where(wave < 0.62, (wave / 0.62) ** 1.6, (1 - (wave - 0.62) / 0.38) ** 1.25)
        line = horizon + offset + height * (1 - 2 * rise)
        canvas = _paint_land(canvas, p, grid, line, haze, 0.16, 0.65)
        depth = (grid.y - horizon - offset + height) / 0.2
        lee = (wave - 0.62 + 0.16 * depth * (1 - depth * 0.5)) * 0.2
        dark = grid.inside(-lee * 4) * (1 - smooth(0.0, 1.0, depth)) * smooth(0.0, 0.3, 1 - wave)
        paint = over(colour(p["shaded"]) * 0.92, colour(p["haze"]), haze)
        canvas = over(canvas, paint, 0.75 * dark * grid.below(line))
    return canvas


PAINTERS: Final[dict[Ground, Callable[[Tensor, Params, Grid], Tensor]]] = {
    "sea": paint_sea,
    "lake": paint_lake,
    "meadow": paint_meadow,
    "hills": paint_hills,
    "forest": paint_forest,
    "desert": paint_desert,
}
