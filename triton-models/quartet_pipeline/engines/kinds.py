"""Which of several programs a step of the loop is."""

from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class StepKind:
    """Each kind of step that a request needs is captured as a graph of its own, on first use."""

    is_guided: bool
    """Whether the model also answers without the prompt (with the negative one): twice the batch."""
    is_shallow: bool = False
    """Whether it runs the outermost part of the UNet only, on what the last whole step kept of the rest."""
    is_keeping: bool = False
    """Whether it keeps what shallow steps need."""
    is_controlled: bool = False
    """Whether a control picture steers it."""


def exact_kinds(steps: int, *, is_guided: bool) -> Sequence[StepKind]:
    """Every step whole."""
    return [StepKind(is_guided)] * steps
