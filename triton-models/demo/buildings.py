"""What people build to live in as flat drawings, in the coordinates that `demo.shapes` explains."""

import math

from demo.shapes import Drawing, Shape, bar, box, disc, ellipse, polygon


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
        disc("beam", 0, 0.8, 0.16, alpha=0.6, blur=0.3),
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
        ellipse("shadow", 0.02, 0.0, 0.58, 0.05, alpha=0.35, blur=0.08),
        disc("beam", 0, 0.45, 0.4, alpha=0.3, blur=0.5),
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
