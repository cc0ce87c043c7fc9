"""Choices kept in files: those that come with this package, and those that this machine made."""

import json
import os
import re
from ast import literal_eval
from pathlib import Path

import torch

from quartet_pipeline.networks.kernels.choices import Choices

SHIPPED = Path(__file__).with_name("measured")
PATH = "QUARTET_CHOICES"
"""The environment variable that names the file for what is measured here."""


def open_choices(card: str | None = None) -> Choices:
    """What was measured on this kind of card with this PyTorch; each new choice is written down."""
    card = card or card_name()
    cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    own = Path(os.environ.get(PATH) or cache / "quartet" / f"{card}.json")
    choices = read_choices(SHIPPED / f"{card}.json")
    choices.chosen.update(read_choices(own).chosen)
    choices.on_choice = lambda changed: write_choices(own, changed)
    return choices


def card_name() -> str:
    """One file for each kind of card and each PyTorch: with either, what is fastest changes."""
    version = ".".join(torch.__version__.split(".")[:2])
    card = re.sub("[^a-z0-9]+", "-", torch.cuda.get_device_name().lower())
    return f"{card}-torch-{version}"


def read_choices(path: Path) -> Choices:
    """A file that cannot be read counts as none: everything is measured anew."""
    try:
        fields = json.loads(path.read_text("utf-8"))
        chosen = {tuple(literal_eval(key)): str(name) for key, name in fields["chosen"].items()}
        return Choices(chosen=chosen)
    except (OSError, ValueError, KeyError, TypeError, SyntaxError, AttributeError):
        return Choices()


def write_choices(path: Path, choices: Choices) -> None:
    """Whole or not at all: another process may be reading it."""
    fields = {"chosen": {repr(key): choices.chosen[key] for key in sorted(choices.chosen, key=repr)}}
    path.parent.mkdir(parents=True, exist_ok=True)
    unfinished = path.with_suffix(f".{os.getpid()}")
    unfinished.write_text(json.dumps(fields, indent=1) + "\n", "utf-8")
    unfinished.replace(path)
