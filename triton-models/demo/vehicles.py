"""What people travel in as flat drawings, in the coordinates that `demo.shapes` explains."""

from demo.shapes import Drawing, bar, box, disc, ellipse, polygon

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
ROCKET = Drawing(
    0.46,
    0.3,
    0.0,
    (
        disc("beam", 0, -0.42, 0.11, alpha=0.6, blur=0.26),
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
        disc("gold", 0.54, 0.31, 0.05),
        disc("beam", 0.56, 0.31, 0.18, alpha=0.5, blur=0.28),
        disc("dark", -0.33, 0.13, 0.145),
        disc("dark", 0.33, 0.13, 0.145),
        disc("grey", -0.33, 0.13, 0.07),
        disc("grey", 0.33, 0.13, 0.07),
    ),
)
