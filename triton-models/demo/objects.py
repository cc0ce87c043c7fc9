"""The drawing of each object, and the rock it stands on in the sea."""

from typing import Final

from demo.attributes import FLOATING, FLYING, Object
from demo.buildings import CASTLE, HOUSE, LIGHTHOUSE, TENT, WINDMILL
from demo.nature import BIRD, CACTUS, CAT, FLOWER, MUSHROOM, PINE, SNOWMAN, TREE, WHALE
from demo.shapes import Drawing, box
from demo.vehicles import BALLOON, BOAT, CAR, ROCKET

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
        box("rock shade", -2, water, 2, 1)
        .within(0, water, width, ISLET_DEPTH + 0.04)
        .without(-0.12, water, width, 0.18),
    )
    return drawing._replace(shapes=(*rocks, *drawing.shapes))


PLACED: Final[dict[Object, Drawing]] = {name: _on_islet(name, drawing) for name, drawing in DRAWINGS.items()}
