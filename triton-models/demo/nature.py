"""Plants, animals and snowmen as flat drawings, in the coordinates that `demo.shapes` explains."""

import math

from demo.shapes import Drawing, bar, box, disc, ellipse, polygon

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
        disc("gold", 0, 0.73, 0.055),
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
        ellipse("gold", -0.085, 0.67, 0.042, 0.05),
        ellipse("gold", 0.085, 0.67, 0.042, 0.05),
        ellipse("ink", -0.085, 0.67, 0.017, 0.042),
        ellipse("ink", 0.085, 0.67, 0.017, 0.042),
        polygon("rose", (-0.035, 0.6), (0.035, 0.6), (0, 0.56)),
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
