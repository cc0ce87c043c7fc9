"""The probe reads pictures, and compares what it reads with what a prompt asked for."""

import random
from pathlib import Path

import torch

from demo.probe import ask, asked_for, format_table, measure, score, train_probe
from demo.probe_network import ATTRIBUTES, ProbeNet, labels
from demo.render import render
from demo.scenes import describe, is_held_out, sample_scene


def test_has_a_name_for_every_attribute_of_a_scene() -> None:
    rng = random.Random(0)
    scenes = [sample_scene(rng) for _ in range(100)]
    assert labels(scenes).shape == (100, len(ATTRIBUTES))
    assert list(ATTRIBUTES) == list(describe(scenes[0]))


def test_asks_for_what_training_has_never_shown() -> None:
    scenes, prompts = ask(30, 5)
    assert all(map(is_held_out, scenes))
    assert len(prompts) == 30
    assert ask(30, 5) == (scenes, prompts)


def test_reads_from_a_prompt_what_it_asks_for() -> None:
    wanted: dict[str, str | int] = {
        "object": "boat", "colour": "red", "count": 2, "position": "left", "time": "dusk", "ground": "sea",
        "season": "none", "weather": "clear", "light": "sun", "mountains": "yes", "style": "watercolour",
    }  # fmt: skip
    assert asked_for(wanted, "two red boats at sunset, watercolor") == {"object", "colour", "count", "time", "style"}
    assert asked_for(wanted, "ships on the left") == {"object", "position"}
    assert asked_for(wanted, "an ocean in front of mountains, sunlit") == {"ground", "mountains", "light"}


def test_counts_what_was_found() -> None:
    class Knowing(ProbeNet):
        def classify(self, images: torch.Tensor, *, batch: int = 64) -> dict[str, list[str | int]]:  # noqa: ARG002
            return {name: [describe(scene)[name] for scene in scenes] for name in ATTRIBUTES}

    scenes, prompts = ask(12, 6)
    wanted = [describe(scene) for scene in scenes]
    counts = score(Knowing(), torch.zeros(12, 3, 128, 128, dtype=torch.uint8), wanted, prompts)
    assert counts["time"] == (12, 12)
    assert counts["all of a prompt"] == (12, 12)
    wanted[0] = {**wanted[0], "style": "neon" if wanted[0]["style"] != "neon" else "poster"}
    prompts[0] += f", {wanted[0]['style']}"
    counts = score(Knowing(), torch.zeros(12, 3, 128, 128, dtype=torch.uint8), wanted, prompts)
    assert counts["all of a prompt"] == (12, 11)


def test_trains_saves_and_loads(tmp_path: Path) -> None:
    network = train_probe(torch.device("cpu"), 0.02, lambda pictures: pictures, batch=4, pictures=16, size=128)
    file = tmp_path / "probe.npz"
    network.save(file)
    assert file.stat().st_size < 3_000_000
    pictures = render(ask(3, 7)[0], size=128)
    loaded = ProbeNet.load(file)
    assert set(loaded.classify(pictures)) == set(ATTRIBUTES)
    assert loaded.classify(pictures)["style"] == network.classify(pictures)["style"]


def test_prints_a_table() -> None:
    scenes, prompts = ask(2, 8)
    wanted = [describe(scene) for scene in scenes]
    table = format_table(measure(ProbeNet(), render(scenes, size=128), wanted, prompts, rendered=2))
    assert "| style | 2 |" in table
