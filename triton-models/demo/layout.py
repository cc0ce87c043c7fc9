"""Where everything stands: the numbers that the seed of a scene settles, and those numbers as tensors."""

import random
from collections.abc import Sequence
from typing import TYPE_CHECKING, Final

import torch
from torch import Tensor

from demo.attributes import FLOATING, FLYING, OBJECTS, TIMES, Ground
from demo.objects import ISLET_DEPTH, PLACED
from demo.palettes import landscape_colours, object_inks
from demo.shapes import INKS

if TYPE_CHECKING:
    from demo.scenes import Scene

MOST: Final = 3
"""Objects in a picture."""
PEAKS: Final = 5
CLOUDS: Final = 4
PUFFS: Final = 4

HORIZONS: Final[dict[Ground, float]] = {
    "sea": 0.6,
    "lake": 0.55,
    "meadow": 0.64,
    "hills": 0.56,
    "forest": 0.62,
    "desert": 0.6,
}
FEET: Final[dict[Ground, float]] = {
    "sea": 0.8,
    "lake": 0.88,
    "meadow": 0.86,
    "hills": 0.86,
    "forest": 0.87,
    "desert": 0.86,
}
"""Where objects stand on the ground, as a height from the top."""

Params = dict[str, Tensor]
"""Name -> float32 [n, ...]; colours are [n, 3], 0 to 1, lengths are fractions of the picture's side."""


def select(params: Params, chosen: Tensor) -> Params:
    """The parameters of some scenes; `chosen`: int64 [m]."""
    return {name: value[chosen] for name, value in params.items()}


def lay_out(scenes: Sequence["Scene"], device: torch.device | str) -> Params:
    """The parameters of a batch of scenes."""
    rows = [_place(scene) for scene in scenes]
    return {
        name: torch.tensor([row[name] for row in rows], dtype=torch.float32).to(device, non_blocking=True)
        for name in rows[0]
    }


def _place(scene: "Scene") -> dict[str, float | list[float] | list[list[float]] | list[list[list[float]]]]:
    rng = random.Random(scene.seed)
    colours = landscape_colours(scene, rng)
    horizon = HORIZONS[scene.ground] + rng.uniform(-0.02, 0.02)
    objects = _objects(scene, rng)
    light_x, light_y, light_radius = _light(scene, rng, horizon, [x for x, *_ in objects])
    padding = [[-9.0, 0.0, 0.0, 0.0]] * (MOST - len(objects))
    water = _waterline(scene, objects)
    slopes = (0.3, 0.42) if scene.ground == "desert" else (0.62, 0.95)
    return {
        **{name: [channel / 255 for channel in colour] for name, colour in colours.items()},
        "inks": [[channel / 255 for channel in colour] for colour in object_inks(scene)],
        "ink_flags": _ink_flags(scene),
        "object": float(OBJECTS.index(scene.object)),
        "objects": [list(place) for place in objects] + padding,
        "waterline": water,
        "horizon": horizon,
        "time": float(TIMES.index(scene.time)),
        "light_x": light_x,
        "light_y": light_y,
        "light_radius": light_radius,
        "moon": float(scene.light == "moon"),
        "far_peaks": _peaks(rng, horizon, (0.16, 0.3), slopes),
        "near_peaks": _peaks(rng, horizon, (0.07, 0.17), slopes),
        "capped": 1.0 if scene.season == "winter" or (scene.ground != "desert" and rng.random() < 0.5) else 0.0,
        "clouds": _clouds(scene, rng),
        "waves": [rng.uniform(0, 1) for _ in range(12)],
        "hash": rng.uniform(0, 100),
        "rainbow_x": rng.choice((0.3, 0.5, 0.7)),
        "hill_x": rng.uniform(0.35, 0.65),
        "slant": rng.uniform(0.12, 0.22),
    }


def _objects(scene: "Scene", rng: random.Random) -> list[tuple[float, float, float, float]]:
    """Of each object: x, y of its origin, its scale, and 1 or -1 for mirrored."""
    if scene.count == 0:
        return []
    drawing = PLACED[scene.object]
    scale = drawing.scale * (1.0, 0.8, 0.68)[scene.count - 1] * rng.uniform(0.95, 1.06 if scene.count < 3 else 1.0)
    scale = min(scale, (0.3, 0.165, 0.14)[scene.count - 1] / drawing.half_width)
    spread = (0.0, 0.35, 0.3)[scene.count - 1]
    start, end = (0.25, 0.75) if scene.count == 1 else (0.34, 0.66)
    middle = {"left": start, "right": end}.get(scene.position, 0.5) + rng.uniform(-0.025, 0.025)
    places = []
    mirrored = -1.0 if rng.random() < 0.5 else 1.0
    for k in range(scene.count):
        x = middle + (k - (scene.count - 1) / 2) * spread + (rng.uniform(-0.012, 0.012) if scene.count > 1 else 0)
        if scene.object in FLYING:
            y = (0.34 if scene.object != "rocket" else 0.36) + rng.uniform(-0.04, 0.04)
            y += (0.07 * (-1) ** k * mirrored) if scene.count > 1 else 0
        elif scene.object in FLOATING:
            y = (0.76 if scene.ground == "lake" else 0.8) + rng.uniform(-0.025, 0.025)
        else:
            y = FEET[scene.ground] + rng.uniform(-0.015, 0.02)
        places.append((x, y, scale, mirrored))
    return places


def _waterline(scene: "Scene", objects: list[tuple[float, float, float, float]]) -> list[float]:
    """Height at which each object meets water, or 9 where it does not."""
    lines = [9.0] * MOST
    for k, (_, y, scale, _) in enumerate(objects):
        if scene.object in FLOATING:
            lines[k] = y
        elif scene.ground == "sea" and scene.object not in FLYING:
            lines[k] = y + ISLET_DEPTH * scale
    return lines


def _ink_flags(scene: "Scene") -> list[float]:
    on_rock = scene.ground == "sea" and scene.object not in FLYING and scene.object not in FLOATING
    lamps = {"night": 1.0, "dusk": 0.8}.get(scene.time, 0.0)
    flags = {"shadow": 0.0 if on_rock else 1.0, "rock": float(on_rock), "rock shade": float(on_rock), "beam": lamps}
    if scene.object == "rocket":
        flags["beam"] = 1.0 if scene.time != "day" else 0.5
    return [flags.get(ink, 1.0) for ink in INKS]


def _light(scene: "Scene", rng: random.Random, horizon: float, taken: list[float]) -> tuple[float, float, float]:
    """x, y and radius of sun or moon, away from the objects; radius 0 where the sky is empty."""
    if scene.light == "none":
        return 0.5, -1.0, 0.0
    places = (0.16, 0.3, 0.5, 0.7, 0.84)
    free = [x for x in places if all(abs(x - other) > 0.2 for other in taken)]
    if scene.count > 1 or not free:
        gaps = [x for x in places if all(abs(x - other) > 0.14 for other in taken)]
        free = gaps or [max(places, key=lambda x: min(abs(x - other) for other in taken))]
    x = rng.choice(free) + rng.uniform(-0.02, 0.02)
    low = scene.light == "sun" and scene.time != "day"
    if low and not scene.mountains:
        y = horizon - rng.uniform(0.06, 0.2)
    elif low:
        y = horizon - rng.uniform(0.24, 0.36)
    else:
        y = rng.uniform(0.13, 0.2)
    return x, y, (0.058 if scene.light == "moon" else 0.085 if low else 0.068) * rng.uniform(0.95, 1.1)


def _peaks(
    rng: random.Random, horizon: float, heights: tuple[float, float], slopes: tuple[float, float]
) -> list[list[float]]:
    """x, y, left slope, right slope of each peak."""
    peaks = []
    for k in range(PEAKS):
        x = (k + rng.uniform(0.15, 0.85)) / PEAKS * 1.2 - 0.1
        peaks.append([x, horizon - rng.uniform(*heights), rng.uniform(*slopes), rng.uniform(*slopes)])
    return sorted(peaks, key=lambda peak: peak[1])


def _clouds(scene: "Scene", rng: random.Random) -> list[list[list[float]]]:
    """x, y, radius x, radius y of each puff of each cloud; a cloud that is not there lies above the picture."""
    overcast = scene.weather in ("rain", "snow")
    clouds = []
    for k in range(CLOUDS):
        x = (k + rng.uniform(0.2, 0.8)) / CLOUDS
        y = rng.uniform(0.05, 0.11) if overcast else rng.uniform(0.1, 0.36)
        width = rng.uniform(0.15, 0.21) if overcast else rng.uniform(0.1, 0.16)
        there = overcast or (scene.weather == "clouds" and k != 3) or (scene.weather == "rainbow" and k in (0, 3))
        if not there:
            y = -2.0
        puffs = []
        for offset, rise, radius in ((-0.55, 0.0, 0.38), (-0.12, -0.22, 0.52), (0.32, -0.1, 0.44), (0.66, 0.02, 0.3)):
            radius *= rng.uniform(0.88, 1.12) * width
            puffs.append([x + offset * width, y + rise * width, radius, radius])
        clouds.append(puffs)
    return clouds
