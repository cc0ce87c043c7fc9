"""Everything above the horizon: sky, stars, sun and moon, rainbow, clouds; and what falls from it."""

import torch
from torch import Tensor

from demo.canvas import Grid, colour, noise, over, scalar, smooth
from demo.layout import CLOUDS, MOST, PUFFS, Params

LAMP = 0.8
"""Height of a lighthouse's lamp over its foot, in units of the drawing."""
BEAM = (1.0, 0.92, 0.62)
RAINBOW = ((226, 68, 62), (244, 146, 50), (250, 216, 84), (96, 186, 104), (74, 136, 216), (142, 92, 184))


def paint_sky(p: Params, grid: Grid) -> Tensor:
    """The gradient from the top to the horizon."""
    t = grid.y / scalar(p["horizon"])
    sky = over(colour(p["sky_top"]), colour(p["sky_middle"]), smooth(0.0, 0.62, t))
    sky = over(sky, colour(p["sky_low"]), smooth(0.45, 1.0, t))
    return sky.expand(-1, -1, grid.size, grid.size)


def paint_stars(canvas: Tensor, p: Params, grid: Grid) -> Tensor:
    """About thirty stars, a third of them with four rays, none near the horizon."""
    columns, rows = 8.0, 5.0
    height = 0.5
    column, row = (grid.x * columns).floor(), (grid.y / height * rows).floor()
    cell, salt = column + row * 13, scalar(p["hash"])
    x = (column + 0.2 + 0.6 * noise(cell, salt)) / columns
    y = (row + 0.2 + 0.6 * noise(cell, salt + 3)) / rows * height
    dx, dy = (grid.x - x).abs(), (grid.y - y).abs()
    big = noise(cell, salt + 7)
    radius = 0.0045 + 0.003 * big
    rays = (dx * dy).sqrt() * 1.9 + (dx + dy) * 0.42 - 0.0065
    distance = torch.where(
        big > 0.62, torch.minimum(rays, (dx * dx + dy * dy).sqrt() - 0.006), (dx * dx + dy * dy).sqrt() - radius
    )
    there = (noise(cell, salt + 11) < 0.8) & (row < rows)
    paint = canvas.new_tensor((1.0, 0.97, 0.86))[None, :, None, None]
    return over(canvas, paint, grid.inside(distance) * there)


def paint_light(canvas: Tensor, p: Params, grid: Grid) -> Tensor:
    """Sun or moon with its glow."""
    dx, dy = grid.x - scalar(p["light_x"]), grid.y - scalar(p["light_y"])
    radius, moon, paint = scalar(p["light_radius"]), scalar(p["moon"]), colour(p["light"])
    distance = (dx * dx + dy * dy).sqrt() - radius
    reach = distance.clamp_min(0) / radius
    canvas = over(canvas, paint, (0.55 - 0.2 * moon) * (-reach * 0.8).exp())
    cut = ((dx - radius * 0.5) ** 2 + (dy + radius * 0.22) ** 2).sqrt() - radius * 0.88
    distance = torch.where(moon > 0, torch.maximum(distance, -cut), distance)
    return over(canvas, paint, grid.inside(distance))


def paint_beams(canvas: Tensor, p: Params, grid: Grid) -> Tensor:
    """What a lighthouse sends out to both sides."""
    for k in range(MOST):
        x, y, scale, _ = p["objects"][:, k].unbind(1)
        dx, dy = (grid.x - scalar(x)).abs(), (grid.y - scalar(y - LAMP * scale)).abs()
        cone = smooth(0.0, 0.02, 0.012 + 0.15 * dx - dy) * (-dx / 0.26).exp()
        canvas = over(canvas, canvas.new_tensor(BEAM)[None, :, None, None], 0.6 * cone * scalar((x > 0).float()))
    return canvas


def paint_rainbow(canvas: Tensor, p: Params, grid: Grid) -> Tensor:
    """Six bands, red outside."""
    dx, dy = grid.x - scalar(p["rainbow_x"]), grid.y - scalar(p["horizon"]) - 0.05
    radius = (dx * dx + dy * dy).sqrt()
    width = 0.02
    for k, band in enumerate(RAINBOW):
        middle = 0.5 - width * (k + 0.5)
        paint = canvas.new_tensor(band)[None, :, None, None] / 255
        canvas = over(canvas, paint, 0.8 * grid.inside((radius - middle).abs() - width / 2))
    return canvas


def paint_clouds(canvas: Tensor, p: Params, grid: Grid) -> Tensor:
    """Clouds of round puffs on a flat base, lighter at the top."""
    for k in range(CLOUDS):
        puffs = p["clouds"][:, k]
        base = puffs[:, 0, 1] + puffs[:, 0, 3] * 0.55
        distance = canvas.new_full((1,), 9.0)
        for j in range(PUFFS):
            x, y, radius = (scalar(puffs[:, j, i]) for i in range(3))
            distance = torch.minimum(distance, ((grid.x - x) ** 2 + (grid.y - y) ** 2).sqrt() - radius)
        flat = grid.y - scalar(base)
        distance = torch.maximum(distance, flat)
        share = smooth(-0.07, 0.0, flat)
        paint = over(colour(p["cloud"]), colour(p["cloud_base"]), share)
        canvas = over(canvas, paint, 0.95 * grid.inside(distance))
    return canvas


def paint_fog(canvas: Tensor, p: Params, grid: Grid, strength: float) -> Tensor:
    """Haze that thickens towards the horizon, in three long banks."""
    height = grid.y - scalar(p["horizon"])
    wave = 0.012 * ((grid.x * 1.3 + scalar(p["waves"][:, 0])) * 6.2832).sin()
    veil = (-((height / 0.2) ** 2)).exp() * 0.75
    for k, offset in enumerate((-0.14, 0.02, 0.17)):
        place = height - offset + wave * (-1) ** k
        veil = torch.maximum(veil, 0.82 * (-((place / 0.05) ** 2)).exp())
    return over(canvas, colour(p["haze"]), veil * strength + 0.12 * strength)


def paint_rain(canvas: Tensor, p: Params, grid: Grid) -> Tensor:
    """Slanting streaks."""
    slant, salt = scalar(p["slant"]), scalar(p["hash"])
    columns, rows = 13.0, 5.0
    across = (grid.x + grid.y * slant) * columns
    column = across.floor()
    along = grid.y * rows + noise(column, salt)
    row = along.floor()
    cell = column + row * 17
    dx = (across - column - 0.25 - 0.5 * noise(cell, salt + 5)).abs() / columns
    dy = (along - row - 0.5).abs() / rows
    distance = torch.maximum(dx - 0.0034, dy - 0.05 - 0.02 * noise(cell, salt + 9))
    there = noise(cell, salt + 2) < 0.75
    paint = over(colour(p["sky_low"]), torch.ones_like(colour(p["sky_low"])), 0.45)
    return over(canvas, paint, 0.75 * grid.inside(distance) * there)


def paint_snowfall(canvas: Tensor, p: Params, grid: Grid) -> Tensor:
    """Round flakes of three sizes."""
    salt = scalar(p["hash"])
    for k, (columns, radius) in enumerate(((9.0, 0.0075), (6.0, 0.0105))):
        column, row = (grid.x * columns).floor(), (grid.y * columns).floor()
        cell = column + row * 19
        x = (column + 0.15 + 0.7 * noise(cell, salt + k)) / columns
        y = (row + 0.15 + 0.7 * noise(cell, salt + 4 + k)) / columns
        distance = ((grid.x - x) ** 2 + (grid.y - y) ** 2).sqrt() - radius
        there = noise(cell, salt + 6 + k) < 0.85
        canvas = over(
            canvas, canvas.new_tensor((0.97, 0.98, 1.0))[None, :, None, None], 0.95 * grid.inside(distance) * there
        )
    return canvas
