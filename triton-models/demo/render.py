"""Scenes to pictures: everything is drawn for the whole batch at once, by distance functions, in PyTorch.

The picture is a function of the scene and of the place only, so that any size shows the same composition. Distances
give each edge a soft pixel, so that there is nothing to supersample.
"""

from collections.abc import Callable, Sequence
from functools import lru_cache

import torch
from torch import Tensor

from demo.attributes import OBJECTS
from demo.canvas import Grid, scalar, smooth
from demo.landscape import PAINTERS, paint_mountains
from demo.layout import MOST, Params, lay_out, select
from demo.objects import PLACED
from demo.scenes import Scene
from demo.shapes import ShapeTable, paint_drawings
from demo.sky import (
    paint_beams,
    paint_clouds,
    paint_fog,
    paint_light,
    paint_rain,
    paint_rainbow,
    paint_sky,
    paint_snowfall,
    paint_stars,
)
from demo.styles import apply_styles

WINDOW = 0.62
"""Side of the square in which one object is drawn, as a fraction of the picture's."""

Painter = Callable[[Tensor, Params, Grid], Tensor]


@torch.no_grad()
def render(scenes: Sequence[Scene], *, size: int = 512, device: torch.device | str = "cpu") -> Tensor:
    """Draw each scene.

    Args:
        scenes: at least one.
        size: side in pixels, 64 to 2048.
        device: where to draw and where the result stays.

    Returns:
        uint8 [n, 3, size, size]
    """
    grid = Grid.of(size, device)
    p = lay_out(scenes, device)
    canvas = paint_sky(p, grid).contiguous()

    def paint(painter: Painter, where: Callable[[Scene], bool]) -> None:
        chosen = [k for k, scene in enumerate(scenes) if where(scene)]
        if chosen:
            rows = torch.tensor(chosen).to(device, non_blocking=True)
            canvas[rows] = painter(canvas[rows], select(p, rows), grid)

    paint(paint_stars, lambda scene: scene.weather == "stars")
    paint(paint_light, lambda scene: scene.light != "none")
    paint(paint_rainbow, lambda scene: scene.weather == "rainbow")
    paint(paint_clouds, lambda scene: scene.weather in ("clouds", "rain", "snow", "rainbow"))
    paint(paint_mountains, lambda scene: scene.mountains)
    for ground, painter in PAINTERS.items():
        paint(painter, lambda scene, ground=ground: scene.ground == ground)  # type: ignore[misc]
    paint(lambda c, q, g: paint_fog(c, q, g, 1.0), lambda scene: scene.weather == "fog")
    paint(paint_beams, lambda scene: scene.object == "lighthouse" and scene.time in ("dusk", "night"))
    objects = _paint_objects(scenes, p, grid)
    reflection = _reflect(objects, p, grid)
    canvas = canvas + reflection[:, :3] - canvas * reflection[:, 3:]
    canvas = canvas * (1 - objects[:, 3:]) + objects[:, :3]
    paint(lambda c, q, g: paint_fog(c, q, g, 0.25), lambda scene: scene.weather == "fog")
    paint(paint_rain, lambda scene: scene.weather == "rain")
    paint(paint_snowfall, lambda scene: scene.weather == "snow")
    canvas = apply_styles(canvas, objects, [scene.style for scene in scenes], p, grid)
    return (canvas * 255 + 0.5).clamp(0, 255).to(torch.uint8)


@lru_cache(maxsize=4)
def _table(device: str) -> ShapeTable:
    return ShapeTable.of([PLACED[name].shapes if name != "none" else () for name in OBJECTS], device)


@lru_cache(maxsize=4)
def _middles(device: str) -> Tensor:
    return torch.tensor([PLACED[name].middle if name != "none" else 0.0 for name in OBJECTS]).to(device)


def _paint_objects(scenes: Sequence[Scene], p: Params, grid: Grid) -> Tensor:
    """All objects on nothing: float32 [n, 4, size, size], colour times alpha, and alpha."""
    device = grid.x.device
    n, size = len(scenes), grid.size
    side = int(WINDOW * size)
    # Windows may reach over the picture's edge by less than half their side.
    margin = side // 2
    layer = torch.zeros(n, 4, size + 2 * margin, size + 2 * margin, device=device)
    inner = slice(margin, margin + size)
    table = _table(str(device))
    owners = [[j for j, scene in enumerate(scenes) if scene.count > k] for k in range(MOST)]
    order = [(j, k) for k in range(MOST) for j in owners[k]]
    if not order:
        return layer[:, :, inner, inner]
    rows, slots = torch.tensor(order).to(device, non_blocking=True).unbind(1)
    x, y, scale, mirrored = p["objects"][rows, slots].unbind(1)
    which = p["object"][rows].long()
    pixels = torch.arange(side, device=device)
    columns = ((x - WINDOW / 2) * size).round().long()[:, None] + pixels
    lines = ((y - _middles(str(device))[which] * scale - WINDOW / 2) * size).round().long()[:, None] + pixels
    drawn = paint_drawings(
        table,
        which,
        ((columns + 0.5) / size - x[:, None]) / scale[:, None] * mirrored[:, None],
        (y[:, None] - (lines + 0.5) / size) / scale[:, None],
        p["inks"][rows],
        1 / (size * scale),
        p["ink_flags"][rows],
        max(table.counts[OBJECTS.index(scenes[j].object)] for j, _ in order),
    ).permute(0, 2, 3, 1)
    columns, lines = ((place + margin).clamp(0, size + 2 * margin - 1) for place in (columns, lines))
    start = 0
    for owned in owners:
        part = slice(start, start + len(owned))
        start += len(owned)
        at = (rows[part, None, None], slice(None), lines[part, :, None], columns[part, None, :])
        layer[at] = layer[at] * (1 - drawn[part, ..., 3:]) + drawn[part]
    return layer[:, :, inner, inner]


def _reflect(objects: Tensor, p: Params, grid: Grid) -> Tensor:
    """What stands in water, upside down in it: float32 [n, 4, size, size] like `objects`."""
    lines = p["waterline"]
    line = scalar(lines.amin(1).clamp_max(2.0))
    depth = (grid.y - line).clamp_min(0)
    source = line - depth + 0.004 * (depth * 240).sin() * (depth * 20).clamp(0, 1)
    rows = (source * grid.size).long().clamp(0, grid.size - 1)
    mirrored = objects.gather(2, rows.expand(objects.shape[0], 4, -1, grid.size))
    fade = 0.5 * (1 - smooth(0.0, 0.2, depth)) * (grid.y > line)
    return mirrored * fade


__all__ = ["render"]
