"""Which way is fastest is measured once, kept in a file, and read again."""

from pathlib import Path

import pytest

from quartet_pipeline.networks.kernels.choices import Choices
from quartet_pipeline.networks.kernels.shipped import SHIPPED, open_choices, read_choices, write_choices


def test_what_comes_along_for_a_card_is_read_wherever_own_choices_go(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    own = tmp_path / "own.json"
    monkeypatch.setenv("QUARTET_CHOICES", str(own))
    (shipped,) = SHIPPED.glob("*.json")
    choices = open_choices(shipped.stem)
    assert choices.chosen == read_choices(shipped).chosen
    assert len(choices.chosen) > 100

    key = next(iter(choices.chosen))
    choices.chosen[key] = "another way"
    choices.on_choice(choices)
    again = open_choices(shipped.stem)
    assert again.chosen[key] == "another way"
    assert len(again.chosen) == len(choices.chosen)


def test_a_card_that_nobody_measured_begins_with_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("QUARTET_CHOICES", str(tmp_path / "own.json"))
    assert open_choices("some-card-torch-9.9").chosen == {}


@pytest.mark.parametrize("content", ["", "[]", '{"chosen": {"no tuple": "x"}}', '{"chosen": 3}'])
def test_a_file_that_cannot_be_read_counts_as_none(tmp_path: Path, content: str) -> None:
    path = tmp_path / "choices.json"
    path.write_text(content)
    assert read_choices(path).chosen == {}


def test_choices_are_the_same_after_a_file(tmp_path: Path) -> None:
    path = tmp_path / "deep/choices.json"
    chosen = {("linear", 8, 320, True): "library", ("attend", 1, 2, 3): "kernel 128x32 w8"}
    write_choices(path, Choices(chosen=dict(chosen)))
    assert read_choices(path).chosen == chosen
