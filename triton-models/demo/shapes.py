"""Flat shapes as data: convex polygons and ellipses, what is cut out of them, and how a batch of them is drawn.

A drawing is a list of shapes, back to front, in its own coordinates: x to the right, y up, (0, 0) where the drawing
touches the ground (or its centre, when it flies), 1 its full height. All drawings of a batch are painted together: the
k-th shape of each at once, whatever it is.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final, NamedTuple

import torch
from torch import Tensor

Point = tuple[float, float]

MAX_EDGES: Final = 6
FAR: Final = 1e3
INKS: Final = (
    "main",
    "shade",
    "light",
    "accent",
    "accent2",
    "cream",
    "dark",
    "dark2",
    "ink",
    "wood",
    "bark",
    "grey",
    "roof",
    "green",
    "window",
    "flame",
    "gold",
    "glass",
    "rose",
    "rock",
    "rock shade",
    "shadow",
    "night",
    "beam",
)
"""What a shape may be painted with; `main`, `shade` and `light` are of the object's colour, the rest depend on time."""


@dataclass(frozen=True)
class Shape:
    """The intersection of a convex polygon and an ellipse, either of which may be absent, less an ellipse cut out."""

    ink: str
    polygon: tuple[Point, ...] = ()
    ellipse: tuple[float, ...] = ()
    """Centre x, y, radius x, y, and angle in degrees, anticlockwise."""
    cut: tuple[float, ...] = ()
    """Like `ellipse`."""
    rounding: float = 0.0
    """Radius of the polygon's corners, roughly."""
    alpha: float = 1.0
    blur: float = 0.0
    """Width of the soft edge; 0 is as sharp as the pixels allow."""

    def within(self, *ellipse: float) -> "Shape":
        """This shape where it is inside an ellipse."""
        return replace(self, ellipse=ellipse)

    def without(self, *ellipse: float) -> "Shape":
        """This shape where it is outside an ellipse."""
        return replace(self, cut=ellipse)


def polygon(ink: str, *points: Point, rounding: float = 0.0, alpha: float = 1.0, blur: float = 0.0) -> Shape:
    """A convex polygon of 3 to 6 corners, in either direction."""
    if not 3 <= len(points) <= MAX_EDGES:
        raise ValueError(f"Expected 3 to {MAX_EDGES} corners, got {len(points)}")
    return Shape(ink, polygon=points, rounding=rounding, alpha=alpha, blur=blur)


def box(
    ink: str, left: float, bottom: float, right: float, top: float, *, rounding: float = 0.0, alpha: float = 1.0
) -> Shape:
    """An upright rectangle."""
    corners = ((left, bottom), (right, bottom), (right, top), (left, top))
    return Shape(ink, polygon=corners, rounding=rounding, alpha=alpha)


def bar(ink: str, start: Point, end: Point, width: float) -> Shape:
    """A straight stroke."""
    (x0, y0), (x1, y1) = start, end
    length = math.hypot(x1 - x0, y1 - y0)
    nx, ny = -(y1 - y0) / length * width / 2, (x1 - x0) / length * width / 2
    return Shape(ink, polygon=((x0 + nx, y0 + ny), (x1 + nx, y1 + ny), (x1 - nx, y1 - ny), (x0 - nx, y0 - ny)))


def ellipse(
    ink: str, x: float, y: float, rx: float, ry: float, angle: float = 0.0, *, alpha: float = 1.0, blur: float = 0.0
) -> Shape:
    """An ellipse, turned by `angle` degrees."""
    return Shape(ink, ellipse=(x, y, rx, ry, angle), alpha=alpha, blur=blur)


def disc(ink: str, x: float, y: float, radius: float, *, alpha: float = 1.0, blur: float = 0.0) -> Shape:
    """A circle."""
    return ellipse(ink, x, y, radius, radius, alpha=alpha, blur=blur)


class Drawing(NamedTuple):
    """An object's shapes and its place in the picture."""

    scale: float
    """Height of the picture that one unit of the drawing takes, when the object is alone."""
    half_width: float
    """In units of the drawing."""
    middle: float
    """Height of the drawing's middle over its origin, in its units."""
    shapes: tuple[Shape, ...]


@dataclass(frozen=True)
class ShapeTable:
    """Drawings as tensors: `d` drawings of at most `k` shapes each."""

    planes: Tensor
    """float32 [d, k, 6, 3]: signed distance to each edge is the product with (x, y, 1)."""
    ellipses: Tensor
    """float32 [d, k, 2, 2, 3]: (x, y, 1) to the coordinates in which the ellipse, then the cut, is the unit circle.

    An absent ellipse is far larger than the picture, an absent cut far outside it.
    """
    paint: Tensor
    """float32 [d, k, 3]: rounding, alpha, blur. Absent shapes have alpha 0."""
    inks: Tensor
    """int64 [d, k]: index into `INKS`."""
    counts: tuple[int, ...]
    """Shapes of each drawing."""
    cuts: tuple[bool, ...]
    """Whether anything is cut out of the k-th shape of any drawing."""

    @classmethod
    def of(cls, drawings: Sequence[Sequence[Shape]], device: torch.device | str) -> "ShapeTable":
        count = max(map(len, drawings))
        planes = torch.zeros(len(drawings), count, MAX_EDGES, 3)
        planes[..., 2] = -FAR
        ellipses = torch.zeros(len(drawings), count, 2, 2, 3)
        ellipses[:, :, 0] = torch.tensor(_to_unit_circle(0, 0, FAR, FAR))
        ellipses[:, :, 1] = torch.tensor(_to_unit_circle(FAR, 0, 1, 1))
        paint = torch.zeros(len(drawings), count, 3)
        inks = torch.zeros(len(drawings), count, dtype=torch.int64)
        for d, shapes in enumerate(drawings):
            for k, shape in enumerate(shapes):
                for edge, plane in enumerate(_planes(shape.polygon)):
                    planes[d, k, edge] = torch.tensor(plane)
                for slot, curve in enumerate((shape.ellipse, shape.cut)):
                    if curve:
                        ellipses[d, k, slot] = torch.tensor(_to_unit_circle(*curve))
                paint[d, k] = torch.tensor((shape.rounding, shape.alpha, shape.blur))
                inks[d, k] = INKS.index(shape.ink)
        counts = tuple(map(len, drawings))
        cuts = tuple(any(shapes[k].cut for shapes in drawings if k < len(shapes)) for k in range(count))
        return cls(planes.to(device), ellipses.to(device), paint.to(device), inks.to(device), counts, cuts)


def paint_drawings(
    table: ShapeTable, which: Tensor, x: Tensor, y: Tensor, inks: Tensor, pixel: Tensor, flags: Tensor, most: int
) -> Tensor:
    """Paint one drawing per window.

    Args:
        table: the drawings.
        which: int64 [m], index of each window's drawing.
        x: float32 [m, p], local x of the window's columns.
        y: float32 [m, p], local y of the window's rows.
        inks: float32 [m, len(INKS), 3], 0 to 1.
        pixel: float32 [m], size of a pixel in local units.
        flags: float32 [m, len(INKS)], factor on the alpha of each ink.
        most: shapes of the most detailed of these drawings.

    Returns:
        float32 [m, 4, p, p]: colour times alpha, and alpha.
    """
    m, p = x.shape
    layer = x.new_zeros(m, 4, p, p)
    ink = table.inks[which]
    rows = torch.arange(m, device=x.device)[:, None]
    strengths = table.paint[which][..., 1] * flags[rows, ink]
    colours = torch.cat((inks[rows, ink], inks.new_ones(*ink.shape, 1)), 2)
    planes, curves, paint = table.planes[which], table.ellipses[which], table.paint[which]
    pixel = pixel[:, None, None]
    for k in range(most):
        rounding, blur = paint[:, k, 0, None, None], paint[:, k, 2, None, None]
        distance = _polygon_distance(planes[:, k], x, y, torch.maximum(rounding * 0.6, pixel * 0.08))
        distance = torch.maximum(distance, _ellipse_distance(curves[:, k, 0], x, y))
        if table.cuts[k]:
            distance = torch.maximum(distance, -_ellipse_distance(curves[:, k, 1], x, y))
        coverage = (0.5 - distance / torch.maximum(blur, pixel)).clamp_(0, 1).mul_(strengths[:, k, None, None])
        layer.lerp_(colours[:, k, :, None, None].expand_as(layer), coverage[:, None])
    return layer


def _polygon_distance(planes: Tensor, x: Tensor, y: Tensor, softness: Tensor) -> Tensor:
    """Distance to a convex polygon whose corners a smooth maximum rounds (Quilez, "smooth minimum").

    planes: float32 [m, 6, 3]; x, y: float32 [m, p]; softness: float32 [m, 1, 1]. Returns float32 [m, p, p].
    """
    planes = planes / softness
    sides = (planes[:, :, 0, None] * x[:, None, :])[:, :, None, :]
    sides = sides + (planes[:, :, 1, None] * y[:, None, :] + planes[:, :, 2, None])[:, :, :, None]
    return sides.logsumexp(1).mul_(softness)


def _ellipse_distance(transform: Tensor, x: Tensor, y: Tensor) -> Tensor:
    """Distance to an ellipse, exact to first order at its edge.

    transform: float32 [m, 2, 3]; x, y: float32 [m, p]. Returns float32 [m, p, p].
    """
    # The gradient of |A (x, y, 1)| is A^T A (x, y, 1) / |A (x, y, 1)|; both vectors are affine in x and y.
    linear = transform[:, :, :2]
    rows = torch.cat((transform, linear.transpose(1, 2) @ transform), 1)
    across = (rows[:, :, 0, None] * x[:, None, :])[:, :, None, :]
    down = (rows[:, :, 1, None] * y[:, None, :] + rows[:, :, 2, None])[:, :, :, None]
    values = (across + down).square_()
    radius = (values[:, 0] + values[:, 1]).sqrt_().clamp_min_(1e-6)
    slope = (values[:, 2] + values[:, 3]).sqrt_().clamp_min_(1e-9)
    return (radius - 1) * (radius / slope)


def _planes(points: Sequence[Point]) -> list[tuple[float, float, float]]:
    area = sum(x0 * y1 - x1 * y0 for (x0, y0), (x1, y1) in zip(points, [*points[1:], *points[:1]], strict=True))
    ordered = list(points) if area > 0 else list(reversed(points))
    planes = []
    for (x0, y0), (x1, y1) in zip(ordered, [*ordered[1:], *ordered[:1]], strict=True):
        length = math.hypot(x1 - x0, y1 - y0)
        nx, ny = (y1 - y0) / length, -(x1 - x0) / length
        planes.append((nx, ny, -(nx * x0 + ny * y0)))
    return planes


def _to_unit_circle(x: float, y: float, rx: float, ry: float, angle: float = 0.0) -> list[list[float]]:
    cosine, sine = math.cos(math.radians(angle)), math.sin(math.radians(angle))
    rows = ((cosine / rx, sine / rx), (-sine / ry, cosine / ry))
    return [[a, b, -(a * x + b * y)] for a, b in rows]
