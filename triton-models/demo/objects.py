"""The objects as flat drawings: lists of shapes, back to front, in the coordinates that `demo.shapes` explains."""

import math
from typing import Final, NamedTuple

from demo.attributes import FLOATING, FLYING, Object
from demo.shapes import Shape, bar, box, disc, ellipse, polygon


class Drawing(NamedTuple):
    """An object's shapes and its place in the picture."""

    scale: float
    """Height of the picture that one unit of the drawing takes, when the object is alone."""
    half_width: float
    """In units of the drawing."""
    middle: float
    """Height of the drawing's middle over its origin, in its units."""
    shapes: tuple[Shape, ...]


def _window(left: float, bottom: float, right: float, top: float) -> tuple[Shape, ...]:
    x, y = (left + right) / 2, (bottom + top) / 2
    edge = 0.028
    return (
        disc("beam", x, y, 0.24, alpha=0.35, blur=0.3),
        box("cream", left - edge, bottom - edge, right + edge, top + edge),
        box("window", left, bottom, right, top),
    )


LIGHTHOUSE = Drawing(
    0.5,
    0.2,
    0.5,
    (
        disc("beam", 0, 0.8, 0.34, alpha=0.55, blur=0.42),
        polygon("main", (-0.14, 0), (0.14, 0), (0.09, 0.71), (-0.09, 0.71)),
        polygon("accent", (-0.129, 0.15), (0.129, 0.15), (0.117, 0.32), (-0.117, 0.32)),
        polygon("accent", (-0.106, 0.48), (0.106, 0.48), (0.098, 0.6), (-0.098, 0.6)),
        polygon("night", (0.04, 0), (0.14, 0), (0.09, 0.71), (0.025, 0.71), alpha=0.22),
        box("dark", -0.04, 0, 0.04, 0.1, rounding=0.03),
        box("window", -0.022, 0.37, 0.022, 0.43),
        box("dark", -0.14, 0.7, 0.14, 0.74, rounding=0.01),
        box("window", -0.08, 0.74, 0.08, 0.86),
        box("dark", -0.012, 0.74, 0.012, 0.86),
        polygon("main", (-0.115, 0.855), (0.115, 0.855), (0, 0.97)),
        polygon("shade", (0.02, 0.855), (0.115, 0.855), (0, 0.97)),
        disc("dark", 0, 0.975, 0.02),
    ),
)
BOAT = Drawing(
    0.42,
    0.46,
    0.5,
    (
        bar("wood", (0, 0.12), (0, 1.0), 0.032),
        polygon("accent", (0.035, 0.23), (0.035, 0.96), (0.4, 0.23), rounding=0.02),
        polygon("night", (0.2, 0.23), (0.035, 0.96), (0.4, 0.23), alpha=0.1),
        polygon("main", (-0.03, 0.23), (-0.03, 0.84), (-0.36, 0.23), rounding=0.02),
        polygon("main", (-0.46, 0.19), (0.46, 0.19), (0.34, 0.0), (-0.33, 0.0), rounding=0.02),
        polygon("shade", (-0.415, 0.09), (0.398, 0.09), (0.34, -0.005), (-0.33, -0.005), rounding=0.02),
        polygon("accent", (-0.455, 0.185), (0.455, 0.185), (0.435, 0.15), (-0.44, 0.15)),
    ),
)
HOUSE = Drawing(
    0.34,
    0.52,
    0.46,
    (
        ellipse("shadow", 0.08, 0.0, 0.62, 0.07, alpha=0.35, blur=0.1),
        box("wood", 0.2, 0.7, 0.31, 1.0),
        polygon("main", (-0.44, 0), (0.04, 0), (0.04, 0.46), (-0.2, 0.82), (-0.44, 0.46)),
        box("shade", 0.04, 0, 0.48, 0.46),
        polygon("roof", (-0.2, 0.87), (0.3, 0.87), (0.55, 0.42), (0.06, 0.42)),
        bar("cream", (-0.185, 0.86), (-0.49, 0.41), 0.055),
        bar("cream", (-0.215, 0.86), (0.075, 0.415), 0.055),
        box("dark", -0.27, 0, -0.13, 0.29, rounding=0.03),
        *_window(0.16, 0.15, 0.36, 0.33),
        disc("window", -0.2, 0.53, 0.06),
    ),
)
TREE = Drawing(
    0.44,
    0.36,
    0.5,
    (
        ellipse("shadow", 0.1, 0.0, 0.42, 0.05, alpha=0.35, blur=0.08),
        polygon("bark", (-0.075, 0), (0.075, 0), (0.045, 0.5), (-0.045, 0.5)),
        bar("bark", (0.0, 0.28), (0.17, 0.5), 0.05),
        disc("shade", 0.17, 0.5, 0.19),
        disc("shade", 0.2, 0.66, 0.17),
        disc("main", -0.17, 0.5, 0.19),
        disc("main", 0.05, 0.53, 0.2),
        disc("main", -0.17, 0.68, 0.19),
        disc("main", 0.08, 0.7, 0.2),
        disc("main", -0.02, 0.8, 0.2),
        ellipse("light", -0.14, 0.79, 0.1, 0.06, 35),
        ellipse("light", -0.21, 0.58, 0.08, 0.045, 30),
    ),
)
PINE = Drawing(
    0.46,
    0.32,
    0.5,
    (
        ellipse("shadow", 0.08, 0.0, 0.36, 0.05, alpha=0.35, blur=0.08),
        box("bark", -0.05, 0, 0.05, 0.2),
        polygon("main", (-0.33, 0.14), (0.33, 0.14), (0, 0.56), rounding=0.02),
        polygon("shade", (0.06, 0.14), (0.33, 0.14), (0, 0.56), rounding=0.01),
        polygon("main", (-0.27, 0.37), (0.27, 0.37), (0, 0.78), rounding=0.02),
        polygon("shade", (0.05, 0.37), (0.27, 0.37), (0, 0.78), rounding=0.01),
        polygon("main", (-0.21, 0.6), (0.21, 0.6), (0, 1.0), rounding=0.02),
        polygon("shade", (0.04, 0.6), (0.21, 0.6), (0, 1.0), rounding=0.01),
    ),
)


def _sails(x: float, y: float, length: float) -> tuple[Shape, ...]:
    shapes = []
    for turn in (25, 115, 205, 295):
        dx, dy = math.cos(math.radians(turn)), math.sin(math.radians(turn))

        def at(along: float, across: float, dx: float = dx, dy: float = dy) -> tuple[float, float]:
            return x + along * dx - across * dy, y + along * dy + across * dx

        shapes.append(polygon("cream", at(0.09, 0.012), at(length, 0.012), at(length, 0.11), at(0.09, 0.09)))
        shapes.append(bar("wood", at(0.0, 0.0), at(length, 0.0), 0.03))
    return tuple(shapes)


WINDMILL = Drawing(
    0.46,
    0.4,
    0.5,
    (
        ellipse("shadow", 0.08, 0.0, 0.34, 0.05, alpha=0.35, blur=0.08),
        polygon("main", (-0.23, 0), (0.23, 0), (0.14, 0.58), (-0.14, 0.58)),
        polygon("shade", (0.06, 0), (0.23, 0), (0.14, 0.58), (0.04, 0.58)),
        box("roof", -0.3, 0.57, 0.3, 1.0).within(0, 0.57, 0.19, 0.2),
        box("dark", -0.06, 0, 0.06, 0.16, rounding=0.04),
        *_window(-0.045, 0.29, 0.045, 0.39),
        *_sails(0, 0.64, 0.37),
        disc("dark", 0, 0.64, 0.035),
    ),
)


def _tower(left: float, right: float, top: float, ink: str) -> tuple[Shape, ...]:
    x, width = (left + right) / 2, right - left
    return (
        box(ink, left, 0, right, top),
        box(ink, left - 0.02, top - 0.06, right + 0.02, top),
        polygon("roof", (left - 0.035, top), (right + 0.035, top), (x, top + width * 1.35)),
        box("window", x - 0.024, top - 0.2, x + 0.024, top - 0.1, rounding=0.02),
    )


CASTLE = Drawing(
    0.44,
    0.56,
    0.5,
    (
        ellipse("shadow", 0.06, 0.0, 0.62, 0.05, alpha=0.35, blur=0.08),
        disc("beam", 0, 0.45, 0.5, alpha=0.3, blur=0.5),
        *_tower(-0.11, 0.13, 0.7, "shade"),
        box("main", -0.4, 0, 0.4, 0.36),
        *(box("main", x, 0.35, x + 0.075, 0.42) for x in (-0.27, -0.11, 0.05, 0.21)),
        *_tower(-0.5, -0.29, 0.52, "main"),
        *_tower(0.29, 0.5, 0.52, "main"),
        box("night", 0.42, 0, 0.5, 0.52, alpha=0.18),
        box("dark", -0.09, 0, 0.09, 0.14),
        disc("dark", 0, 0.14, 0.09),
        box("window", -0.22, 0.14, -0.17, 0.23),
        box("window", 0.17, 0.14, 0.22, 0.23),
    ),
)
BALLOON = Drawing(
    0.4,
    0.36,
    0.0,
    (
        bar("dark", (-0.06, -0.26), (-0.055, -0.42), 0.018),
        bar("dark", (0.06, -0.26), (0.055, -0.42), 0.018),
        box("wood", -0.085, -0.53, 0.085, -0.4, rounding=0.03),
        polygon("main", (-0.31, -0.02), (0.31, -0.02), (0.075, -0.29), (-0.075, -0.29), rounding=0.03),
        ellipse("main", 0, 0.13, 0.36, 0.36),
        polygon("accent", (-0.205, -0.02), (0.205, -0.02), (0.05, -0.285), (-0.05, -0.285)),
        ellipse("accent", 0, 0.13, 0.23, 0.36),
        polygon("main", (-0.11, -0.02), (0.11, -0.02), (0.028, -0.285), (-0.028, -0.285)),
        ellipse("main", 0, 0.13, 0.125, 0.36),
        ellipse("night", 0.0, 0.13, 0.36, 0.36, alpha=0.16).without(-0.12, 0.17, 0.42, 0.4),
    ),
)
BIRD = Drawing(
    0.36,
    0.5,
    0.05,
    (
        polygon("shade", (0.16, 0.04), (0.02, 0.04), (0.16, 0.44), (0.3, 0.5), rounding=0.04),
        polygon("shade", (-0.24, -0.03), (-0.22, 0.09), (-0.54, 0.15), (-0.5, -0.02), rounding=0.03),
        ellipse("main", 0, 0, 0.33, 0.14, 8),
        disc("main", 0.29, 0.1, 0.115),
        polygon("flame", (0.37, 0.14), (0.38, 0.05), (0.52, 0.075)),
        ellipse("accent", 0.1, -0.055, 0.19, 0.07, 12),
        polygon("main", (-0.14, 0.02), (0.13, 0.02), (-0.06, 0.46), (-0.22, 0.54), rounding=0.04),
        polygon("light", (-0.16, 0.2), (-0.1, 0.3), (-0.2, 0.53), (-0.24, 0.5), rounding=0.02),
        disc("dark", 0.315, 0.125, 0.026),
    ),
)
CACTUS = Drawing(
    0.44,
    0.36,
    0.5,
    (
        ellipse("shadow", 0.08, 0.0, 0.34, 0.05, alpha=0.35, blur=0.08),
        box("main", -0.33, 0.36, 0.0, 0.48, rounding=0.05),
        box("main", -0.34, 0.38, -0.21, 0.68),
        disc("main", -0.275, 0.68, 0.065),
        disc("main", -0.275, 0.42, 0.065),
        box("shade", 0.0, 0.26, 0.32, 0.38, rounding=0.05),
        box("shade", 0.2, 0.28, 0.33, 0.6),
        disc("shade", 0.265, 0.6, 0.065),
        disc("shade", 0.265, 0.32, 0.065),
        box("main", -0.12, 0, 0.12, 0.86),
        disc("main", 0, 0.86, 0.12),
        box("shade", 0.05, 0, 0.12, 0.86),
        box("light", -0.07, 0.05, -0.035, 0.84, rounding=0.02),
        disc("rose", -0.01, 0.985, 0.05),
        disc("rose", -0.275, 0.755, 0.04),
    ),
)
ROCKET = Drawing(
    0.46,
    0.3,
    0.0,
    (
        disc("beam", 0, -0.45, 0.3, alpha=0.5, blur=0.35),
        polygon("flame", (-0.11, -0.3), (0.11, -0.3), (0.0, -0.62), rounding=0.04),
        polygon("window", (-0.055, -0.3), (0.055, -0.3), (0.0, -0.47), rounding=0.03),
        polygon("accent", (-0.12, 0.0), (-0.12, -0.24), (-0.3, -0.4), (-0.28, -0.22), rounding=0.02),
        polygon("accent", (0.12, 0.0), (0.12, -0.24), (0.3, -0.4), (0.28, -0.22), rounding=0.02),
        box("main", -0.3, -0.32, 0.3, 0.6).within(0, -0.06, 0.19, 0.56),
        box("shade", 0.055, -0.32, 0.3, 0.6).within(0, -0.06, 0.19, 0.56),
        box("accent", -0.3, 0.3, 0.3, 0.6).within(0, -0.06, 0.19, 0.56),
        disc("accent", 0, 0.1, 0.1),
        disc("glass", 0, 0.1, 0.065),
        box("dark", -0.13, -0.34, 0.13, -0.29, rounding=0.01),
    ),
)
WHALE = Drawing(
    0.36,
    0.54,
    0.3,
    (
        ellipse("glass", -0.28, 0.62, 0.12, 0.14).without(-0.28, 0.56, 0.085, 0.14),
        ellipse("glass", -0.04, 0.62, 0.12, 0.14).without(-0.04, 0.56, 0.085, 0.14),
        bar("glass", (-0.16, 0.4), (-0.16, 0.64), 0.04),
        ellipse("shade", 0.44, 0.36, 0.06, 0.17, 42),
        ellipse("shade", 0.56, 0.38, 0.06, 0.16, -30),
        polygon("main", (0.24, 0.0), (0.34, 0.2), (0.52, 0.34), (0.56, 0.26), (0.48, 0.0), rounding=0.03),
        box("main", -0.6, 0.0, 0.6, 0.7).within(-0.08, 0.02, 0.44, 0.42),
        box("accent", -0.6, 0.0, 0.6, 0.15).within(-0.2, 0.0, 0.31, 0.15),
        disc("dark", -0.3, 0.22, 0.03),
    ),
)
CAR = Drawing(
    0.34,
    0.6,
    0.34,
    (
        ellipse("shadow", 0.03, 0.02, 0.66, 0.06, alpha=0.4, blur=0.08),
        polygon("main", (-0.42, 0.38), (0.4, 0.38), (0.2, 0.7), (-0.24, 0.7), rounding=0.06),
        polygon("glass", (-0.31, 0.4), (-0.03, 0.4), (-0.03, 0.62), (-0.2, 0.62), rounding=0.02),
        polygon("glass", (0.03, 0.4), (0.29, 0.4), (0.16, 0.62), (0.03, 0.62), rounding=0.02),
        box("main", -0.59, 0.12, 0.59, 0.42, rounding=0.1),
        box("shade", -0.58, 0.12, 0.58, 0.22, rounding=0.06),
        disc("window", 0.54, 0.31, 0.05),
        disc("beam", 0.56, 0.31, 0.22, alpha=0.5, blur=0.28),
        disc("dark", -0.33, 0.13, 0.145),
        disc("dark", 0.33, 0.13, 0.145),
        disc("grey", -0.33, 0.13, 0.07),
        disc("grey", 0.33, 0.13, 0.07),
    ),
)
TENT = Drawing(
    0.4,
    0.58,
    0.36,
    (
        ellipse("shadow", 0.05, 0.0, 0.66, 0.06, alpha=0.35, blur=0.08),
        bar("wood", (-0.2, 0.64), (-0.1, 0.8), 0.035),
        bar("wood", (-0.1, 0.64), (-0.2, 0.8), 0.035),
        polygon("shade", (-0.15, 0.7), (0.3, 0.62), (0.56, 0), (0.2, 0)),
        polygon("main", (-0.54, 0), (0.26, 0), (-0.15, 0.72)),
        disc("beam", -0.14, 0.2, 0.3, alpha=0.5, blur=0.3),
        polygon("dark", (-0.28, 0), (0.02, 0), (-0.145, 0.48)),
        polygon("window", (-0.2, 0), (-0.06, 0), (-0.143, 0.3)),
        polygon("light", (0.02, 0), (0.14, 0), (-0.14, 0.48)),
    ),
)
MUSHROOM = Drawing(
    0.36,
    0.44,
    0.44,
    (
        ellipse("shadow", 0.06, 0.0, 0.36, 0.05, alpha=0.35, blur=0.08),
        polygon("cream", (-0.15, 0), (0.15, 0), (0.1, 0.5), (-0.1, 0.5), rounding=0.04),
        polygon("night", (0.04, 0), (0.15, 0), (0.1, 0.5), (0.03, 0.5), rounding=0.02, alpha=0.15),
        ellipse("cream", 0, 0.42, 0.3, 0.06),
        box("main", -0.6, 0.42, 0.6, 1.0).within(0, 0.42, 0.43, 0.46),
        box("shade", -0.6, 0.42, 0.6, 1.0).within(0, 0.42, 0.43, 0.46).without(-0.08, 0.44, 0.42, 0.47),
        ellipse("accent", -0.2, 0.6, 0.075, 0.065),
        ellipse("accent", 0.02, 0.74, 0.075, 0.06),
        ellipse("accent", 0.18, 0.56, 0.06, 0.06),
        ellipse("accent", -0.02, 0.52, 0.05, 0.05),
    ),
)
SNOWMAN = Drawing(
    0.44,
    0.3,
    0.5,
    (
        ellipse("shadow", 0.08, 0.0, 0.36, 0.05, alpha=0.35, blur=0.08),
        bar("bark", (0.14, 0.5), (0.38, 0.66), 0.03),
        bar("bark", (-0.14, 0.5), (-0.38, 0.64), 0.03),
        disc("main", 0, 0.2, 0.23),
        disc("night", 0, 0.2, 0.23, alpha=0.14).without(-0.07, 0.24, 0.24, 0.24),
        disc("main", 0, 0.5, 0.175),
        disc("night", 0, 0.5, 0.175, alpha=0.14).without(-0.05, 0.53, 0.18, 0.18),
        disc("main", 0, 0.73, 0.135),
        box("accent2", -0.135, 0.6, 0.135, 0.665, rounding=0.03),
        box("accent2", 0.04, 0.44, 0.1, 0.63, rounding=0.02),
        polygon("flame", (0.0, 0.745), (0.0, 0.7), (0.15, 0.71)),
        disc("dark2", -0.055, 0.77, 0.022),
        disc("dark2", 0.05, 0.77, 0.022),
        disc("dark2", 0, 0.5, 0.024),
        disc("dark2", 0, 0.41, 0.024),
        box("dark", -0.16, 0.835, 0.16, 0.87, rounding=0.01),
        box("dark", -0.1, 0.85, 0.1, 1.0, rounding=0.01),
    ),
)
FLOWER = Drawing(
    0.44,
    0.28,
    0.5,
    (
        bar("green", (0, 0), (0, 0.66), 0.04),
        ellipse("green", -0.13, 0.2, 0.15, 0.05, -32),
        ellipse("green", 0.13, 0.28, 0.15, 0.05, 32),
        *(
            ellipse(
                "main" if k % 2 else "shade",
                0.17 * math.cos(k * math.pi / 4),
                0.73 + 0.17 * math.sin(k * math.pi / 4),
                0.12,
                0.072,
                k * 45,
            )
            for k in (0, 2, 4, 6, 1, 3, 5, 7)
        ),
        disc("wood", 0, 0.73, 0.085),
        disc("window", 0, 0.73, 0.055),
    ),
)
CAT = Drawing(
    0.38,
    0.36,
    0.46,
    (
        ellipse("shadow", 0.06, 0.0, 0.42, 0.05, alpha=0.35, blur=0.08),
        ellipse("shade", 0.26, 0.24, 0.18, 0.25).without(0.23, 0.28, 0.11, 0.22),
        ellipse("main", 0, 0.27, 0.25, 0.29),
        box("main", -0.25, 0.0, 0.25, 0.12, rounding=0.06),
        ellipse("accent", 0, 0.24, 0.1, 0.16),
        polygon("main", (-0.2, 0.66), (-0.03, 0.8), (-0.18, 0.93), rounding=0.02),
        polygon("main", (0.2, 0.66), (0.03, 0.8), (0.18, 0.93), rounding=0.02),
        polygon("rose", (-0.16, 0.76), (-0.09, 0.8), (-0.155, 0.87)),
        polygon("rose", (0.16, 0.76), (0.09, 0.8), (0.155, 0.87)),
        ellipse("main", 0, 0.65, 0.21, 0.185),
        ellipse("window", -0.085, 0.67, 0.042, 0.05),
        ellipse("window", 0.085, 0.67, 0.042, 0.05),
        ellipse("ink", -0.085, 0.67, 0.017, 0.042),
        ellipse("ink", 0.085, 0.67, 0.017, 0.042),
        polygon("rose", (-0.035, 0.6), (0.035, 0.6), (0, 0.56)),
    ),
)

DRAWINGS: Final[dict[Object, Drawing]] = {
    "lighthouse": LIGHTHOUSE,
    "boat": BOAT,
    "house": HOUSE,
    "tree": TREE,
    "pine": PINE,
    "windmill": WINDMILL,
    "castle": CASTLE,
    "balloon": BALLOON,
    "bird": BIRD,
    "cactus": CACTUS,
    "rocket": ROCKET,
    "whale": WHALE,
    "car": CAR,
    "tent": TENT,
    "mushroom": MUSHROOM,
    "snowman": SNOWMAN,
    "flower": FLOWER,
    "cat": CAT,
}

ISLET_DEPTH: Final = 0.11
"""How far below an islet's top the water is, in units of the drawing that stands on it."""


def _on_islet(name: Object, drawing: Drawing) -> Drawing:
    """The drawing with a rock in the water under it; the rock's inks show on water only."""
    if name in FLYING or name in FLOATING:
        return drawing
    width = drawing.half_width * 1.05 + 0.14
    water = -ISLET_DEPTH
    rocks = (
        box("rock", -2, water, 2, 1).within(0, water, width, ISLET_DEPTH + 0.04),
        box("rock shade", -2, water, 2, 1).within(0, water, width, ISLET_DEPTH + 0.04).without(-0.12, water, width, 0.18),
    )
    return drawing._replace(shapes=(*rocks, *drawing.shapes))


PLACED: Final[dict[Object, Drawing]] = {name: _on_islet(name, drawing) for name, drawing in DRAWINGS.items()}
