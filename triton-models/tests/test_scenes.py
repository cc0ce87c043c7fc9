"""Scenes, their captions and their pictures agree with each other."""

import dataclasses
import itertools
import random
import re

import pytest
import torch

from demo.attributes import COLOURS, FLYING, GROUNDS_OF, OBJECTS, STYLES
from demo.layout import lay_out
from demo.objects import PLACED
from demo.palettes import PIGMENTS
from demo.render import render
from demo.scenes import VOCABULARY, Scene, caption, describe, full_caption, is_held_out, sample_scene


def scenes(count: int, seed: int = 0, *, held_out: bool = False) -> list[Scene]:
    rng = random.Random(seed)
    return [sample_scene(rng, held_out=held_out) for _ in range(count)]


def plain(thing: str, colour: str, style: str = "poster") -> Scene:
    ground = GROUNDS_OF[thing][-1]  # type: ignore[index]
    return Scene("day", ground, "summer", "clear", "none", False, thing, colour, 1, "centre", style, 7)  # type: ignore[arg-type]


def test_samples_the_same_scenes_from_the_same_seed() -> None:
    assert scenes(50) == scenes(50)


def test_keeps_one_combination_in_twenty_out_of_training() -> None:
    assert not any(map(is_held_out, scenes(400)))
    assert all(map(is_held_out, scenes(100, held_out=True)))
    combinations = {(s.time, s.ground, s.object, s.colour, s.weather): s for s in scenes(3000, 1)}
    rng = random.Random(2)
    drawn = [dataclasses.replace(s, colour=rng.choice(COLOURS[:-1])) for s in combinations.values() if s.count]
    assert 0.03 < sum(map(is_held_out, drawn)) / len(drawn) < 0.07


def test_places_objects_where_they_belong() -> None:
    for scene in scenes(500, 3):
        assert scene.ground in GROUNDS_OF[scene.object]
        assert (scene.count == 0) == (scene.object == "none") == (scene.colour == "none")
        assert scene.weather != "stars" or scene.time == "night"
        assert scene.light != "sun" or scene.time != "night"
        assert scene.object != "snowman" or scene.season == "winter"


def test_renders_every_scene_alike_twice() -> None:
    batch = scenes(24, 4)
    pictures = render(batch, size=64)
    assert pictures.shape == (24, 3, 64, 64)
    assert pictures.dtype == torch.uint8
    assert torch.equal(pictures, render(batch, size=64))
    assert pictures.float().std(dim=(1, 2, 3)).min() > 4


def test_renders_a_scene_alike_alone_and_in_a_batch() -> None:
    batch = scenes(6, 5)
    together = render(batch, size=64).int()
    alone = torch.cat([render([scene], size=64) for scene in batch]).int()
    assert (together - alone).abs().max() <= 1


def test_shows_the_same_composition_at_any_size() -> None:
    batch = [scene for scene in scenes(40, 6) if scene.style == "poster"][:6]
    small = render(batch, size=128).float()
    large = torch.nn.functional.avg_pool2d(render(batch, size=256).float(), 2)
    assert (small - large).abs().mean() < 2.5


@pytest.mark.parametrize("thing", OBJECTS[1:])
def test_shows_the_colour_that_was_asked_for(thing: str) -> None:
    batch = [plain(thing, colour) for colour in COLOURS[:-1]]
    empty = dataclasses.replace(batch[0], object="none", colour="none", count=0, position="none")
    background = render([empty], size=128).float()
    pictures = render(batch, size=128).float()
    pigments = torch.tensor([PIGMENTS[colour] for colour in COLOURS[:-1]])
    changed = (pictures - background).abs().amax(1) > 24
    for k, colour in enumerate(COLOURS[:-1]):
        pixels = pictures[k][:, changed[k] if colour != "green" else changed[0]].T
        near = (pixels - pigments[k]).norm(dim=1) < 30
        assert near.sum() > 110, f"{colour} {thing}: {int(near.sum())} of {len(pixels)} pixels"


def test_draws_objects_large_and_apart() -> None:
    for scene in scenes(300, 8):
        places = lay_out([scene], "cpu")["objects"][0]
        if scene.count:
            width = PLACED[scene.object].half_width * float(places[0, 2])
            xs = [float(x) for x in places[: scene.count, 0]]
            assert min(xs) - width > -0.04, scene
            assert max(xs) + width < 1.04, scene
            assert all(b - a > 1.8 * width for a, b in itertools.pairwise(xs)), scene
            assert scene.object in FLYING or float(places[0, 1]) > 0.7


@pytest.mark.parametrize("style", STYLES)
def test_tells_the_styles_apart(style: str) -> None:
    own = render([plain("house", "red", style)], size=128).float()
    others = render([plain("house", "red", other) for other in STYLES if other != style], size=128).float()
    assert (own - others).abs().mean(dim=(1, 2, 3)).min() > 6


def words(attribute: str, value: str) -> list[str]:
    """The phrases of a value, longest first."""
    return sorted(VOCABULARY[attribute].get(value, []), key=len, reverse=True)


def contains(text: str, phrase: str) -> bool:
    return re.search(rf"(?<![\w-]){re.escape(phrase)}(?![\w-])", text) is not None


def test_says_only_what_is_true() -> None:
    rng = random.Random(9)
    for scene in scenes(800, 10):
        text = caption(scene, rng)
        truth = {name: str(value) for name, value in describe(scene).items()}
        ours = {phrase for name, value in truth.items() for phrase in words(name, value)}
        for attribute in ("object", "time", "weather", "style", "ground"):
            for value in VOCABULARY[attribute]:
                if value == truth[attribute]:
                    continue
                for phrase in words(attribute, value):
                    within = any(phrase in longer for longer in ours if longer in text)
                    assert within or not contains(text, phrase), f"{text!r} speaks of {value}, shown is {scene}"


def test_says_everything_when_asked_to() -> None:
    rng = random.Random(11)
    for scene in scenes(300, 12, held_out=True):
        text = full_caption(scene, rng)
        for attribute, value in describe(scene).items():
            known = VOCABULARY[attribute].get(str(value))
            if known and attribute not in ("count", "position", "mountains"):
                assert any(contains(text, phrase) for phrase in known), f"{text!r} leaves out {attribute} {value}"


def test_knows_every_word_it_says() -> None:
    known = {
        word
        for values in VOCABULARY.values()
        for phrases in values.values()
        for phrase in phrases
        for word in phrase.split()
    }
    rng = random.Random(13)
    for scene in scenes(1500, 14):
        for text in (caption(scene, rng), full_caption(scene, rng)):
            assert text
            assert set(re.findall(r"[\w-]+", text)) <= known, text


def test_can_be_asked_in_a_single_word() -> None:
    rng = random.Random(15)
    texts = [caption(scene, rng) for scene in scenes(1500, 16)]
    assert sum(len(text.split()) <= 2 for text in texts) > 20
    assert max(len(text.split()) for text in texts) < 45
