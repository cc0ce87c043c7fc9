"""Scenes: what is in a picture, drawn at random, and which combinations training never sees.

A scene is a handful of named attributes and one integer that settles every detail which has no name (the shape of the
mountains, the exact place of a boat). Equal scenes render to equal pictures.
"""

import hashlib
import random
from dataclasses import dataclass

from demo.attributes import (
    COLOURS,
    GROUNDS_OF,
    LIGHTS,
    NATURAL_COLOURS,
    OBJECTS,
    SEASONLESS,
    TIMES,
    Colour,
    Ground,
    Light,
    Object,
    Position,
    Season,
    Style,
    Time,
    Weather,
)
from demo.captions import caption, full_caption
from demo.words import VOCABULARY

__all__ = ["VOCABULARY", "Scene", "caption", "describe", "full_caption", "is_held_out", "sample_scene"]

HELD_OUT_ONE_IN = 20


@dataclass(frozen=True)
class Scene:
    """One picture in words. `seed` settles what the words leave open."""

    time: Time
    ground: Ground
    season: Season
    """`none` on the grounds without a season, sea and desert."""
    weather: Weather
    light: Light
    """What shines in the sky."""
    mountains: bool
    object: Object
    colour: Colour
    """Of the object; `none` without an object."""
    count: int
    """How many of the object, 0 to 3; 0 without an object."""
    position: Position
    """Of the object or pair; three fill the width and have `none`, like no object."""
    style: Style
    seed: int
    """0 to 2**31 - 1."""


def is_held_out(scene: Scene) -> bool:
    """Whether the combination of time, ground, object, colour and weather is kept out of training (one in twenty)."""
    key = "|".join((scene.time, scene.ground, scene.object, scene.colour, scene.weather))
    return int.from_bytes(hashlib.sha256(key.encode()).digest()[:4], "big") % HELD_OUT_ONE_IN == 0


def sample_scene(rng: random.Random, *, held_out: bool = False) -> Scene:
    """Draw a scene, from the training combinations or, with `held_out`, from the others only."""
    while True:
        scene = _sample(rng)
        if is_held_out(scene) == held_out:
            return scene


def describe(scene: Scene) -> dict[str, str | int]:
    """The attributes by name, as the probe reports them."""
    return {
        "object": scene.object,
        "colour": scene.colour,
        "count": scene.count,
        "position": scene.position,
        "time": scene.time,
        "ground": scene.ground,
        "season": scene.season,
        "weather": scene.weather,
        "light": scene.light,
        "mountains": "yes" if scene.mountains else "no",
        "style": scene.style,
    }


def _sample(rng: random.Random) -> Scene:
    # A landscape without an object is one picture in twelve; the objects share the rest evenly.
    thing: Object = "none" if rng.random() < 1 / 12 else rng.choice(OBJECTS[1:])
    ground = rng.choice(GROUNDS_OF[thing])
    season = _season(rng, thing, ground)
    time = rng.choices(TIMES, (2, 4, 3, 3))[0]
    weather = _weather(rng, time, ground, season)
    if season == "none" and weather == "snow" and ground == "desert":
        weather = "clear"
    count = 0 if thing == "none" else rng.choices((1, 2, 3), (6, 2.2, 1.8))[0]
    position: Position = "none" if count in (0, 3) else rng.choice(("left", "centre", "right"))
    return Scene(
        time=time,
        ground=ground,
        season=season,
        weather=weather,
        light=_light(rng, time, weather),
        mountains=rng.random() < 0.45,
        object=thing,
        colour=_colour(rng, thing, season),
        count=count,
        position=position,
        style=rng.choices(("poster", "watercolour", "woodcut", "pixel art", "neon"), (10, 3, 3, 2.5, 2.5))[0],
        seed=rng.randrange(2**31),
    )


def _season(rng: random.Random, thing: Object, ground: Ground) -> Season:
    if ground in SEASONLESS:
        return "none"
    if thing == "snowman":
        return "winter"
    if thing in ("flower", "mushroom", "cactus"):
        return rng.choices(("spring", "summer", "autumn"), (2, 2, 1))[0]
    return rng.choices(("spring", "summer", "autumn", "winter"), (2, 3, 2, 2.5))[0]


def _weather(rng: random.Random, time: Time, ground: Ground, season: Season) -> Weather:
    weights: dict[Weather, float] = {"clear": 5, "clouds": 3, "fog": 1}
    if time == "night":
        weights["stars"] = 5
    if season == "winter" or ground == "sea":
        weights["snow"] = 2.5 if season == "winter" else 0.5
    if season != "winter" and ground != "desert":
        weights["rain"] = 1.2
    if season != "winter" and time != "night":
        weights["rainbow"] = 0.9
    return rng.choices(tuple(weights), tuple(weights.values()))[0]


def _light(rng: random.Random, time: Time, weather: Weather) -> Light:
    if weather in ("rain", "snow", "rainbow"):
        return "none"
    if time == "night":
        return rng.choices(("none", "moon"), (2, 3))[0]
    if weather == "fog":
        return rng.choices(("none", "sun"), (1, 1))[0]
    return rng.choices(LIGHTS, (3, 6, 0.6 if time != "day" else 0))[0]


def _colour(rng: random.Random, thing: Object, season: Season) -> Colour:
    if thing == "none":
        return "none"
    natural = NATURAL_COLOURS.get(thing, ())
    if thing == "tree" and season == "autumn":
        natural = ("orange", "red", "yellow")
    if natural and rng.random() < 0.4:
        return rng.choice(natural)
    return rng.choice(COLOURS[:-1])
