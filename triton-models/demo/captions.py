"""Captions: what people might type to get a given scene.

Word order is free, most words have synonyms, and most attributes go unsaid most of the time, so that "lighthouse" is as
good a prompt as "three small red boats on the sea at dusk, in watercolour style". An attribute is left out more readily
where the scene has its usual value: whoever types "a tree" expects a green one, by day or by night.
"""

import random
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Final

from demo.attributes import NATURAL_COLOURS

if TYPE_CHECKING:
    from demo.scenes import Scene

Words = Mapping[str, tuple[str, ...]]

SINGULARS: Final[Words] = {
    "lighthouse": ("lighthouse",),
    "boat": ("boat", "boat", "sailing boat", "sailboat", "ship", "sailing ship", "yacht"),
    "house": ("house", "house", "cottage", "cabin", "home"),
    "tree": ("tree", "tree", "tree", "leafy tree", "oak", "oak tree"),
    "pine": ("pine", "pine tree", "fir", "fir tree", "spruce"),
    "windmill": ("windmill", "windmill", "mill"),
    "castle": ("castle", "castle", "fortress", "palace"),
    "balloon": ("balloon", "hot air balloon", "hot-air balloon"),
    "bird": ("bird", "bird", "seagull", "gull"),
    "cactus": ("cactus",),
    "rocket": ("rocket", "rocket", "spaceship", "space rocket"),
    "whale": ("whale",),
    "car": ("car", "car", "automobile"),
    "tent": ("tent", "tent", "camping tent"),
    "mushroom": ("mushroom", "mushroom", "toadstool"),
    "snowman": ("snowman",),
    "flower": ("flower", "flower", "blossom", "daisy"),
    "cat": ("cat", "cat", "kitten"),
}
IRREGULAR_PLURALS: Final[dict[str, str]] = {
    "spruce": "spruces",
    "cactus": "cacti",
    "snowman": "snowmen",
    "fortress": "fortresses",
    "daisy": "daisies",
}
COLOURS: Final[Words] = {
    "red": ("red", "red", "red", "scarlet", "crimson"),
    "orange": ("orange",),
    "yellow": ("yellow", "yellow", "golden"),
    "green": ("green",),
    "blue": ("blue",),
    "purple": ("purple", "purple", "violet"),
    "pink": ("pink",),
    "white": ("white",),
    "black": ("black",),
}
POSITIONS: Final[Words] = {
    "left": ("on the left", "to the left", "at the left", "on the left side", "left"),
    "centre": ("in the centre", "in the center", "in the middle", "centred", "centered"),
    "right": ("on the right", "to the right", "at the right", "on the right side", "right"),
}
TIMES: Final[Words] = {
    "dawn": ("at dawn", "at sunrise", "in the early morning", "in the morning"),
    "day": ("by day", "in the daytime", "during the day", "at noon", "in daylight"),
    "dusk": ("at dusk", "at dusk", "at sunset", "at sunset", "in the evening", "at twilight"),
    "night": ("at night", "at night", "by night", "at midnight", "in the night"),
}
TIME_NOUNS: Final[Words] = {
    "dawn": ("dawn", "sunrise", "morning"),
    "day": ("day", "daytime", "daylight"),
    "dusk": ("dusk", "sunset", "evening", "twilight"),
    "night": ("night", "midnight"),
}
GROUNDS: Final[Words] = {
    "sea": ("at sea", "on the sea", "by the sea", "on the ocean", "in the ocean", "at the seaside"),
    "lake": ("by a lake", "at a lake", "at the lake", "on a lake", "by the lake"),
    "meadow": ("in a meadow", "on a meadow", "in a field", "in the fields", "in the grass", "in the meadows"),
    "hills": ("on a hill", "in the hills", "on rolling hills", "among hills"),
    "forest": ("in the forest", "in a forest", "in the woods", "by a forest", "at the edge of a forest"),
    "desert": ("in the desert", "in a desert", "among sand dunes", "in the dunes"),
}
GROUND_NOUNS: Final[Words] = {
    "sea": ("sea", "ocean", "seaside"),
    "lake": ("lake", "lakeside"),
    "meadow": ("meadow", "field", "grass"),
    "hills": ("hills", "rolling hills", "hill"),
    "forest": ("forest", "woods"),
    "desert": ("desert", "sand dunes", "dunes"),
}
SEASONS: Final[Words] = {
    "spring": ("in spring", "in springtime", "in the spring"),
    "summer": ("in summer", "in summertime", "in the summer"),
    "autumn": ("in autumn", "in fall", "in the autumn", "in the fall"),
    "winter": ("in winter", "in the snow", "in wintertime", "in the winter", "covered in snow"),
}
SEASON_ADJECTIVES: Final[Words] = {
    "spring": ("spring", "blooming"),
    "summer": ("summer",),
    "autumn": ("autumn", "autumnal", "fall"),
    "winter": ("winter", "snowy", "snow-covered", "wintry"),
}
WEATHERS: Final[Words] = {
    "clear": ("under a clear sky", "with a clear sky", "in clear weather"),
    "clouds": ("with clouds", "under a cloudy sky", "under clouds", "in cloudy weather"),
    "stars": ("under the stars", "with stars", "under a starry sky", "with a starry sky"),
    "rain": ("in the rain", "in rain", "in rainy weather", "while it rains"),
    "snow": ("in a snowfall", "with falling snow", "while it snows", "in a snowstorm", "with snowflakes"),
    "fog": ("in fog", "in the fog", "in the mist", "in foggy weather", "in mist"),
    "rainbow": ("with a rainbow", "under a rainbow", "and a rainbow"),
}
WEATHER_ADJECTIVES: Final[Words] = {
    "clear": ("clear",),
    "clouds": ("cloudy",),
    "stars": ("starry", "starlit"),
    "rain": ("rainy",),
    "snow": ("snowing",),
    "fog": ("foggy", "misty"),
    "rainbow": ("rainbow",),
}
LIGHTS: Final[Words] = {
    "sun": ("with the sun", "with a sun", "in the sunshine", "under the sun"),
    "moon": ("with a moon", "with the moon", "under the moon", "by moonlight", "in the moonlight"),
}
LIGHT_ADJECTIVES: Final[Words] = {"sun": ("sunny", "sunlit"), "moon": ("moonlit",)}
MOUNTAINS: Final[tuple[str, ...]] = (
    "with mountains",
    "in front of mountains",
    "before mountains",
    "mountains in the background",
    "with mountains behind",
    "in the mountains",
    "and mountains",
)
STYLES: Final[Words] = {
    "poster": ("poster style", "flat design", "as a poster", "in poster style", "travel poster", "poster", "flat"),
    "watercolour": (
        "watercolour",
        "watercolor",
        "in watercolour",
        "in watercolor",
        "in watercolour style",
        "watercolor style",
        "watercolour painting",
        "as a watercolour",
        "aquarelle",
        "watercolor painting",
    ),
    "woodcut": ("as a woodcut", "woodcut", "woodcut style", "linocut", "as a linocut", "in woodcut style"),
    "pixel art": ("pixel art", "as pixel art", "in pixel art style", "pixel style", "8-bit", "pixelated", "retro game"),
    "neon": ("neon", "neon style", "in neon", "in neon style", "neon lights", "as a neon sign", "neon glow"),
}
STYLE_NOUNS: Final[Words] = {
    "poster": ("poster", "travel poster"),
    "watercolour": ("watercolour", "watercolor", "watercolour painting", "watercolor painting"),
    "woodcut": ("woodcut", "linocut", "woodcut print"),
    "pixel art": ("pixel art", "pixel art picture"),
    "neon": ("neon picture", "neon sign"),
}
NUMERALS: Final[dict[int, tuple[str, ...]]] = {
    1: ("one", "1", "a single"),
    2: ("two", "two", "2", "a pair of"),
    3: ("three", "three", "3"),
}
GLUE: Final[tuple[str, ...]] = ("a", "an", "the", "of", "with", "and", "picture", "drawing", "landscape", "sky", "some")


def _plural(noun: str) -> str:
    head, _, last = noun.rpartition(" ")
    plural = IRREGULAR_PLURALS.get(last, last + "s")
    return f"{head} {plural}" if head else plural


def _vocabulary() -> dict[str, dict[str, list[str]]]:
    def merged(*tables: Words) -> dict[str, list[str]]:
        values = {value for table in tables for value in table}
        return {
            value: sorted({phrase for table in tables for phrase in table.get(value, ())}) for value in sorted(values)
        }

    objects = merged(SINGULARS)
    return {
        "object": {name: nouns + [_plural(noun) for noun in nouns] for name, nouns in objects.items()},
        "colour": merged(COLOURS),
        "count": {str(count): sorted(set(words)) for count, words in NUMERALS.items()},
        "position": merged(POSITIONS),
        "time": merged(TIMES, TIME_NOUNS),
        "ground": merged(GROUNDS, GROUND_NOUNS),
        "season": merged(SEASONS, SEASON_ADJECTIVES),
        "weather": merged(WEATHERS, WEATHER_ADJECTIVES),
        "light": merged(LIGHTS, LIGHT_ADJECTIVES),
        "mountains": {"yes": sorted({*MOUNTAINS, "mountains", "mountain landscape"})},
        "style": merged(STYLES, STYLE_NOUNS),
        "glue": {"": sorted(GLUE)},
    }


VOCABULARY: Final[dict[str, dict[str, list[str]]]] = _vocabulary()
"""Attribute -> value -> the phrases that ask for it; `glue` holds the words that ask for nothing."""


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
        "weather": {"clear": 0.06, "clouds": 0.5, "stars": 0.7}.get(scene.weather, 0.9),
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
        words = colour + _plural(noun)
        unnumbered = rng.random() < 0.15 and "position" not in said
        return words if unnumbered else f"{rng.choice(NUMERALS[scene.count])} {words}"
    if "count" in said and rng.random() < 0.6:
        return f"{rng.choice(NUMERALS[1])} {colour}{noun}"
    return _article(colour + noun, rng)


def _landscape(scene: "Scene", said: set[str], rng: random.Random) -> str:
    """The place as a noun, taking up to two adjectives out of `said`: "a foggy lake", "snowy mountains"."""
    adjectives = []
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
        "light": (scene.light,),
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
        subject = _landscape(scene, said, rng)
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
