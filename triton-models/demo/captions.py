"""Captions: what people might type to get a given scene.

Word order is free, most words have synonyms, and most attributes go unsaid most of the time, so that "lighthouse" is as
good a prompt as "three small red boats on the sea at dusk, in watercolour style". An attribute is left out more readily
where the scene has its usual value: whoever types "a tree" expects a green one, by day or by night.
"""

import random
from collections.abc import Sequence
from typing import TYPE_CHECKING

from demo.attributes import NATURAL_COLOURS
from demo.words import (
    COLOURS,
    GROUND_NOUNS,
    GROUNDS,
    LIGHT_ADJECTIVES,
    LIGHT_NOUNS,
    LIGHTS,
    MOUNTAINS,
    NUMERALS,
    OPENINGS,
    POSITIONS,
    SEASON_ADJECTIVES,
    SEASONS,
    SINGULARS,
    STYLE_NOUNS,
    STYLES,
    TIME_NOUNS,
    TIMES,
    WEATHER_ADJECTIVES,
    WEATHERS,
    plural,
)

if TYPE_CHECKING:
    from demo.scenes import Scene


def caption(scene: "Scene", rng: random.Random) -> str:
    """A caption of `scene` that leaves most attributes unsaid; never empty."""
    return _compose(scene, _choose(scene, rng), rng)


def full_caption(scene: "Scene", rng: random.Random) -> str:
    """A caption of `scene` that says every attribute it has."""
    return _compose(scene, _sayable(scene), rng)


def _sayable(scene: "Scene") -> set[str]:
    said = {"time", "ground", "weather", "style"}
    if scene.object != "none":
        said |= {"object", "colour", "count"}
    if scene.position != "none":
        said.add("position")
    if scene.season != "none":
        said.add("season")
    if scene.light != "none":
        said.add("light")
    if scene.mountains:
        said.add("mountains")
    return said


def _choose(scene: "Scene", rng: random.Random) -> set[str]:
    usual_colour = scene.colour in NATURAL_COLOURS.get(scene.object, ())
    probabilities = {
        "object": 0.98,
        "count": 1.0 if scene.count > 1 else 0.15,
        "colour": 0.35 if usual_colour else 0.85 if scene.object in NATURAL_COLOURS else 0.7,
        "position": 0.3,
        "time": 0.4 if scene.time == "day" else 0.7,
        "ground": 0.6,
        "season": {"winter": 0.85, "autumn": 0.7, "spring": 0.5, "summer": 0.25}.get(scene.season, 0.0),
        "weather": {"clear": 0.3, "clouds": 0.5, "stars": 0.7}.get(scene.weather, 0.9),
        "light": 0.55,
        "mountains": 0.65,
        "style": 0.15 if scene.style == "poster" else 0.97,
    }
    # One caption in five is terse: a noun and little else.
    terseness = 0.3 if rng.random() < 0.2 else 1.0
    always = {"object", "count", "style"}
    sayable = sorted(_sayable(scene))
    said = {name for name in sayable if rng.random() < probabilities[name] * (1.0 if name in always else terseness)}
    if not said & {"object", "ground", "mountains"}:
        said.add("object" if scene.object != "none" else "ground")
    return said


def _article(words: str, rng: random.Random) -> str:
    if rng.random() < 0.12:
        return words
    if rng.random() < 0.1:
        return f"the {words}"
    return f"an {words}" if words[0] in "aeiou" else f"a {words}"


def _noun_phrase(scene: "Scene", said: set[str], rng: random.Random) -> str:
    """The object with what belongs to it: "two red boats", "a blue house", "trees"."""
    noun = rng.choice(SINGULARS[scene.object])
    colour = rng.choice(COLOURS[scene.colour]) + " " if "colour" in said else ""
    if scene.count > 1:
        words = colour + plural(noun)
        unnumbered = rng.random() < 0.15 and "position" not in said
        return words if unnumbered else f"{rng.choice(NUMERALS[scene.count])} {words}"
    if "count" in said and rng.random() < 0.6:
        return f"{rng.choice(NUMERALS[1])} {colour}{noun}"
    return _article(colour + noun, rng)


def _landscape(scene: "Scene", said: set[str], rng: random.Random) -> str:
    """The place as a noun, taking up to two adjectives out of `said`: "a foggy lake", "snowy mountains"."""
    adjectives: list[str] = []
    for name, table in (("weather", WEATHER_ADJECTIVES), ("light", LIGHT_ADJECTIVES), ("season", SEASON_ADJECTIVES)):
        if name in said and len(adjectives) < 2 and rng.random() < 0.6:
            said.discard(name)
            adjectives.append(rng.choice(table[getattr(scene, name)]))
    if "ground" in said:
        said.discard("ground")
        noun = rng.choice(GROUND_NOUNS[scene.ground])
    elif "mountains" in said:
        said.discard("mountains")
        noun = rng.choice(("mountains", "mountains", "mountain landscape"))
    else:
        noun = "landscape"
    words = " ".join([*adjectives, noun])
    plain = noun.endswith("s") and noun != "grass"
    return words if plain else _article(words, rng)


def _view(scene: "Scene", said: set[str], rng: random.Random) -> str:
    """The hour of a place: "sunset over the sea"."""
    said -= {"time", "ground"}
    place = rng.choice(GROUND_NOUNS[scene.ground])
    joint = rng.choice(("over", "over", "at") if scene.ground in ("sea", "lake") else ("over", "in"))
    return f"{rng.choice(TIME_NOUNS[scene.time])} {joint} the {place}"


def _phrases(scene: "Scene", said: set[str], rng: random.Random) -> list[str]:
    tables: dict[str, Sequence[str]] = {
        "position": POSITIONS.get(scene.position, ()),
        "time": TIMES[scene.time],
        "ground": GROUNDS[scene.ground],
        "season": SEASONS.get(scene.season, ()),
        "weather": WEATHERS[scene.weather],
        "light": LIGHTS.get(scene.light, ()),
        "mountains": MOUNTAINS,
    }
    phrases = [rng.choice(table) for name, table in tables.items() if name in said]
    rng.shuffle(phrases)
    return phrases


def _keywords(scene: "Scene", said: set[str], rng: random.Random) -> list[str]:
    tables: dict[str, Sequence[str]] = {
        "position": (scene.position,),
        "time": TIME_NOUNS[scene.time],
        "ground": GROUND_NOUNS[scene.ground],
        "season": SEASON_ADJECTIVES.get(scene.season, ()),
        "weather": WEATHER_ADJECTIVES[scene.weather],
        "light": LIGHT_NOUNS.get(scene.light, ()),
        "mountains": ("mountains",),
    }
    words = [rng.choice(table) for name, table in tables.items() if name in said]
    rng.shuffle(words)
    return words


def _compose(scene: "Scene", chosen: set[str], rng: random.Random) -> str:
    said = set(chosen)
    kind = rng.random()
    style = "style" in said
    if "object" not in said:
        subject = _view(scene, said, rng) if {"time", "ground"} <= said and kind < 0.4 else _landscape(scene, said, rng)
    elif kind < 0.2 and said & {"ground", "mountains"}:
        landscape = _landscape(scene, said, rng)
        joint = rng.choice((" with ", " and ", ", "))
        subject = f"{landscape}{joint}{_noun_phrase(scene, said, rng)}"
    else:
        subject = _noun_phrase(scene, said, rng)
    if kind > 0.85:
        rest, joint = _keywords(scene, said, rng), rng.choice((", ", ", ", " "))
    else:
        rest, joint = _phrases(scene, said, rng), rng.choice((" ", " ", ", "))
    text = joint.join([subject, *rest])
    if style:
        text = _with_style(text, scene, rng)
    elif rng.random() < 0.06:
        text = f"{rng.choice(OPENINGS)} {text}"
    if rng.random() < 0.08:
        text += "."
    return text


def _with_style(text: str, scene: "Scene", rng: random.Random) -> str:
    if rng.random() < 0.25:
        joint = "" if rng.random() < 0.1 else "a "
        return f"{joint}{rng.choice(STYLE_NOUNS[scene.style])} of {text}"
    phrase = rng.choice(STYLES[scene.style])
    if rng.random() < 0.15:
        return f"{phrase}, {text}"
    return f"{text}{rng.choice((', ', ', ', ' '))}{phrase}"
