"""Colours: of the sky by time of day, of the ground by season, of an object's inks by the hour."""

import random
from typing import TYPE_CHECKING, Final

from demo.attributes import Colour, Season, Time
from demo.shapes import INKS

if TYPE_CHECKING:
    from demo.scenes import Scene

Rgb = tuple[float, float, float]
"""0 to 255 a channel."""

SKIES: Final[dict[Time, tuple[tuple[Rgb, Rgb, Rgb], ...]]] = {
    "dawn": (
        ((142, 168, 212), (240, 200, 196), (255, 232, 190)),
        ((168, 160, 206), (246, 190, 190), (255, 226, 196)),
        ((150, 190, 210), (236, 214, 200), (255, 222, 184)),
    ),
    "day": (
        ((58, 146, 206), (132, 198, 228), (214, 238, 240)),
        ((74, 168, 196), (150, 212, 216), (246, 242, 214)),
        ((88, 160, 222), (160, 206, 236), (232, 240, 238)),
    ),
    "dusk": (
        ((74, 46, 112), (206, 78, 96), (255, 170, 78)),
        ((96, 44, 98), (224, 92, 72), (255, 190, 96)),
        ((58, 54, 122), (186, 84, 124), (255, 156, 104)),
    ),
    "night": (
        ((14, 26, 72), (28, 54, 116), (66, 106, 166)),
        ((20, 20, 66), (42, 46, 116), (98, 104, 174)),
        ((8, 34, 70), (18, 66, 110), (52, 120, 152)),
    ),
}
"""Top, middle, bottom; a few harmonies for each time."""

TINTS: Final[dict[Time, Rgb]] = {
    "dawn": (1.0, 0.92, 0.9),
    "day": (1.0, 1.0, 1.0),
    "dusk": (0.95, 0.72, 0.68),
    "night": (0.42, 0.5, 0.66),
}
"""What the hour's light multiplies colours of the land by."""

AIR: Final[dict[Time, tuple[Rgb, float]]] = {
    "dawn": ((250, 190, 180), 0.06),
    "day": ((255, 255, 255), 0.0),
    "dusk": ((120, 44, 100), 0.16),
    "night": ((36, 66, 138), 0.34),
}
"""The colour that the hour mixes into the land, and its share."""

OBJECT_TINTS: Final[dict[Time, Rgb]] = {
    "dawn": (1.0, 0.97, 0.95),
    "day": (1.0, 1.0, 1.0),
    "dusk": (1.0, 0.91, 0.88),
    "night": (0.87, 0.88, 0.95),
}
"""The same for objects: weaker, so that a red boat is red at night."""

FAR_MOUNTAINS: Final[dict[Time, Rgb]] = {
    "dawn": (176, 160, 190),
    "day": (118, 160, 190),
    "dusk": (138, 70, 110),
    "night": (56, 82, 146),
}
NEAR_MOUNTAINS: Final[dict[Time, Rgb]] = {
    "dawn": (124, 112, 152),
    "day": (66, 104, 136),
    "dusk": (84, 44, 88),
    "night": (30, 50, 102),
}
WATERS: Final[dict[Time, tuple[Rgb, Rgb]]] = {
    "dawn": ((190, 190, 204), (104, 140, 172)),
    "day": ((96, 186, 204), (22, 104, 150)),
    "dusk": ((206, 108, 100), (70, 48, 98)),
    "night": ((56, 98, 152), (14, 36, 84)),
}
"""Far and near."""

LANDS: Final[dict[Season, tuple[Rgb, Rgb]]] = {
    "spring": ((176, 208, 104), (110, 168, 88)),
    "summer": ((118, 176, 80), (58, 124, 70)),
    "autumn": ((204, 178, 84), (150, 124, 62)),
    "winter": ((246, 249, 252), (196, 212, 234)),
    "none": ((242, 196, 122), (206, 134, 78)),
}
"""Lit and in the shade; without a season it is the sand of the desert."""

FOLIAGE: Final[dict[Season, tuple[Rgb, Rgb, Rgb]]] = {
    "spring": ((246, 176, 196), (236, 150, 178), (160, 196, 96)),
    "summer": ((70, 140, 74), (50, 116, 68), (94, 156, 76)),
    "autumn": ((226, 126, 46), (196, 76, 44), (236, 168, 60)),
    "winter": ((226, 236, 246), (176, 198, 220), (240, 246, 252)),
    "none": ((150, 120, 80), (120, 140, 90), (170, 130, 80)),
}
CONIFERS: Final[dict[Season, Rgb]] = {
    "spring": (86, 146, 92),
    "summer": (38, 98, 72),
    "autumn": (198, 104, 46),
    "winter": (150, 180, 200),
    "none": (60, 110, 80),
}
LIGHT_COLOURS: Final[dict[Time, Rgb]] = {
    "dawn": (255, 244, 206),
    "day": (255, 240, 170),
    "dusk": (255, 224, 130),
    "night": (250, 244, 214),
}
PIGMENTS: Final[dict[Colour, Rgb]] = {
    "red": (212, 44, 42),
    "orange": (242, 128, 28),
    "yellow": (250, 208, 48),
    "green": (46, 142, 76),
    "blue": (38, 98, 204),
    "purple": (122, 58, 166),
    "pink": (244, 138, 178),
    "white": (248, 246, 240),
    "black": (40, 40, 50),
    "none": (128, 128, 128),
}


def mix(a: Rgb, b: Rgb, share: float) -> Rgb:
    """`a` with `share`, 0 to 1, of `b`."""
    return (a[0] + (b[0] - a[0]) * share, a[1] + (b[1] - a[1]) * share, a[2] + (b[2] - a[2]) * share)


def multiply(a: Rgb, b: Rgb) -> Rgb:
    """The colour `a` seen through the filter `b`, whose channels are 0 to 1."""
    return (a[0] * b[0], a[1] * b[1], a[2] * b[2])


def _greyed(colour: Rgb, share: float) -> Rgb:
    level = 0.3 * colour[0] + 0.59 * colour[1] + 0.11 * colour[2]
    return mix(colour, (level * 0.94, level * 0.97, level), share)


def landscape_colours(scene: "Scene", rng: random.Random) -> dict[str, Rgb]:
    """The colours of everything but the object."""
    tint = TINTS[scene.time]
    top, middle, low = rng.choice(SKIES[scene.time])
    dull = {"rain": 0.62, "snow": 0.5, "fog": 0.3}.get(scene.weather, 0.0)
    top, middle, low = _greyed(top, dull), _greyed(middle, dull), _greyed(low, dull)
    if scene.weather == "rain":
        top, middle, low = (multiply(colour, (0.84, 0.86, 0.9)) for colour in (top, middle, low))
    far = _greyed(FAR_MOUNTAINS[scene.time], dull)
    near = _greyed(NEAR_MOUNTAINS[scene.time], dull)
    if scene.ground == "desert":
        far = mix(far, multiply((206, 130, 100), tint), 0.35)
        near = mix(near, multiply((176, 92, 70), tint), 0.4)
    lit, shaded = LANDS[scene.season]
    if scene.ground == "forest" and scene.season != "winter":
        lit, shaded = mix(lit, (70, 110, 60), 0.3), mix(shaded, (40, 70, 50), 0.3)
    air, share = AIR[scene.time]

    def in_this_light(colour: Rgb) -> Rgb:
        return _greyed(mix(multiply(colour, tint), air, share), dull * 0.6)

    lit, shaded = in_this_light(lit), in_this_light(shaded)
    leaves = [in_this_light(colour) for colour in FOLIAGE[scene.season]]
    water_far, water_near = (_greyed(colour, dull) for colour in WATERS[scene.time])
    cloud = {"dawn": (255, 238, 226), "day": (255, 255, 255), "dusk": (250, 178, 150), "night": (92, 112, 168)}
    cloud_base = {"dawn": (226, 190, 204), "day": (202, 226, 240), "dusk": (178, 84, 116), "night": (50, 68, 124)}
    light, shade = _greyed(cloud[scene.time], dull), _greyed(cloud_base[scene.time], dull)
    if scene.weather == "rain":
        light, shade = multiply(light, (0.74, 0.77, 0.82)), multiply(shade, (0.62, 0.65, 0.72))
    snow = multiply((250, 252, 255), mix(tint, (1, 1, 1), 0.25))
    return {
        "sky_top": top,
        "sky_middle": middle,
        "sky_low": low,
        "far": mix(far, low, 0.35),
        "near": near,
        "peak": snow,
        "peak_shade": mix(snow, near, 0.4),
        "lit": lit,
        "shaded": shaded,
        "haze": mix(low, (255, 255, 255), 0.15 if scene.time != "night" else 0.05),
        "leaf_0": leaves[0],
        "leaf_1": leaves[1],
        "leaf_2": leaves[2],
        "conifer": in_this_light(CONIFERS[scene.season]),
        "water_far": water_far,
        "water_near": water_near,
        "cloud": light,
        "cloud_base": shade,
        "light": LIGHT_COLOURS[scene.time] if scene.light == "sun" else (250, 246, 224),
    }


def object_inks(scene: "Scene") -> list[Rgb]:
    """The object's inks in the order of `INKS`."""
    main = PIGMENTS[scene.colour]
    white, black = scene.colour == "white", scene.colour == "black"
    tint = OBJECT_TINTS[scene.time]
    lamps = scene.time in ("dusk", "night")
    inks: dict[str, Rgb] = {
        "main": main,
        "shade": (206, 210, 222) if white else (24, 24, 32) if black else multiply(main, (0.76, 0.74, 0.8)),
        "light": (255, 255, 255) if white else (86, 86, 100) if black else mix(main, (255, 250, 235), 0.35),
        "accent": (196, 206, 222) if white else (246, 240, 224),
        "accent2": (226, 70, 60) if scene.colour not in ("red", "orange", "pink") else (60, 120, 190),
        "cream": (246, 240, 224) if not white else (222, 214, 200),
        "dark": (52, 48, 62) if not black else (96, 92, 108),
        "dark2": (40, 38, 50) if not black else (236, 232, 226),
        "ink": (24, 24, 32),
        "wood": (150, 104, 66),
        "bark": (112, 76, 54),
        "grey": (196, 198, 206),
        "roof": (140, 144, 182) if scene.time == "night" or black else (84, 92, 122),
        "green": (52, 126, 72) if scene.colour != "green" else (36, 96, 66),
        "glass": (170, 218, 236),
        "gold": (252, 208, 84),
        "rose": (240, 140, 160),
        "rock": (128, 120, 122),
        "rock shade": (90, 84, 96),
    }
    inks = {name: multiply(colour, tint) for name, colour in inks.items()}
    inks |= {
        "window": (255, 214, 110) if lamps else (250, 222, 140) if scene.time == "dawn" else (84, 116, 146),
        "flame": (250, 150, 50),
        "shadow": multiply((40, 50, 70), TINTS[scene.time]),
        "night": (16, 14, 44),
        "beam": (255, 226, 140),
    }
    return [inks[name] for name in INKS]
