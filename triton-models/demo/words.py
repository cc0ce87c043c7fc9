"""The words for every attribute."""

from collections.abc import Mapping
from typing import Final

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
LIGHT_NOUNS: Final[Words] = {"sun": ("sun", "sunshine"), "moon": ("moon", "moonlight")}
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
OPENINGS: Final[tuple[str, ...]] = ("a picture of", "a drawing of", "draw", "a painting of", "an image of")
GLUE: Final[tuple[str, ...]] = ("a", "an", "the", "of", "with", "and", "in", "at", "over", "landscape")


def plural(noun: str) -> str:
    """Of a noun whose last word is the one that changes."""
    head, _, last = noun.rpartition(" ")
    last_plural = IRREGULAR_PLURALS.get(last, last + "s")
    return f"{head} {last_plural}" if head else last_plural


def _vocabulary() -> dict[str, dict[str, list[str]]]:
    def merged(*tables: Words) -> dict[str, list[str]]:
        values = {value for table in tables for value in table}
        return {
            value: sorted({phrase for table in tables for phrase in table.get(value, ())}) for value in sorted(values)
        }

    objects = merged(SINGULARS)
    return {
        "object": {name: nouns + [plural(noun) for noun in nouns] for name, nouns in objects.items()},
        "colour": merged(COLOURS),
        "count": {str(count): sorted(set(words)) for count, words in NUMERALS.items()},
        "position": merged(POSITIONS),
        "time": merged(TIMES, TIME_NOUNS),
        "ground": merged(GROUNDS, GROUND_NOUNS),
        "season": merged(SEASONS, SEASON_ADJECTIVES),
        "weather": merged(WEATHERS, WEATHER_ADJECTIVES),
        "light": merged(LIGHTS, LIGHT_ADJECTIVES, LIGHT_NOUNS),
        "mountains": {"yes": sorted({*MOUNTAINS, "mountains", "mountain landscape"})},
        "style": merged(STYLES, STYLE_NOUNS),
        "glue": {"": sorted({*GLUE, *OPENINGS})},
    }


VOCABULARY: Final[dict[str, dict[str, list[str]]]] = _vocabulary()
"""Attribute -> value -> the phrases that ask for it; `glue` holds the words that ask for nothing."""
