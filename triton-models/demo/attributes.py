"""What a picture can contain: the closed lists every other module of the demo works with."""

from typing import Final, Literal, get_args

Time = Literal["dawn", "day", "dusk", "night"]
Ground = Literal["sea", "lake", "meadow", "hills", "forest", "desert"]
Season = Literal["spring", "summer", "autumn", "winter", "none"]
Weather = Literal["clear", "clouds", "stars", "rain", "snow", "fog", "rainbow"]
Light = Literal["none", "sun", "moon"]
Colour = Literal["red", "orange", "yellow", "green", "blue", "purple", "pink", "white", "black", "none"]
Position = Literal["left", "centre", "right", "none"]
Style = Literal["poster", "watercolour", "woodcut", "pixel art", "neon"]
Object = Literal[
    "none",
    "lighthouse",
    "boat",
    "house",
    "tree",
    "pine",
    "windmill",
    "castle",
    "balloon",
    "bird",
    "cactus",
    "rocket",
    "whale",
    "car",
    "tent",
    "mushroom",
    "snowman",
    "flower",
    "cat",
]

TIMES: Final[tuple[Time, ...]] = get_args(Time)
GROUNDS: Final[tuple[Ground, ...]] = get_args(Ground)
SEASONS: Final[tuple[Season, ...]] = get_args(Season)
WEATHERS: Final[tuple[Weather, ...]] = get_args(Weather)
LIGHTS: Final[tuple[Light, ...]] = get_args(Light)
COLOURS: Final[tuple[Colour, ...]] = get_args(Colour)
POSITIONS: Final[tuple[Position, ...]] = get_args(Position)
STYLES: Final[tuple[Style, ...]] = get_args(Style)
OBJECTS: Final[tuple[Object, ...]] = get_args(Object)
COUNTS: Final[tuple[int, ...]] = (0, 1, 2, 3)

FLYING: Final[frozenset[Object]] = frozenset({"balloon", "bird", "rocket"})
FLOATING: Final[frozenset[Object]] = frozenset({"boat", "whale"})
SEASONLESS: Final[frozenset[Ground]] = frozenset({"sea", "desert"})

GROUNDS_OF: Final[dict[Object, tuple[Ground, ...]]] = {
    "none": GROUNDS,
    "lighthouse": ("sea", "sea", "lake", "meadow", "hills"),
    "boat": ("sea", "lake"),
    "house": ("sea", "lake", "meadow", "hills", "forest", "desert"),
    "tree": ("sea", "lake", "meadow", "hills", "forest", "desert"),
    "pine": ("lake", "meadow", "hills", "forest"),
    "windmill": ("lake", "meadow", "hills", "desert"),
    "castle": ("sea", "lake", "meadow", "hills", "forest", "desert"),
    "balloon": GROUNDS,
    "bird": GROUNDS,
    "cactus": ("desert", "desert", "desert", "meadow"),
    "rocket": GROUNDS,
    "whale": ("sea", "sea", "lake"),
    "car": ("lake", "meadow", "hills", "forest", "desert"),
    "tent": ("lake", "meadow", "hills", "forest", "desert"),
    "mushroom": ("meadow", "hills", "forest"),
    "snowman": ("lake", "meadow", "hills", "forest"),
    "flower": ("lake", "meadow", "hills", "forest", "desert"),
    "cat": ("lake", "meadow", "hills", "forest", "desert"),
}
"""Where an object may stand; a ground listed twice is drawn twice as often."""

NATURAL_COLOURS: Final[dict[Object, tuple[Colour, ...]]] = {
    "tree": ("green",),
    "pine": ("green",),
    "cactus": ("green",),
    "whale": ("blue",),
    "snowman": ("white",),
    "mushroom": ("red",),
    "cat": ("black", "orange", "white"),
}
"""Colours that a reader assumes when no colour is said; an object not listed has no expected colour."""
