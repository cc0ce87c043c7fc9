"""Which of several programs each step of a drawing's loop is."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from quartet_pipeline.speeds import Shortcuts


@dataclass(frozen=True)
class StepKind:
    """Each kind of step that a request needs is captured as a graph of its own, on first use."""

    is_guided: bool
    """Whether the model also answers without the prompt (with the negative one): twice the batch."""
    shares_guidance: bool = False
    """Whether the difference that guidance makes is kept (by a guided step), or taken from there."""
    keeps_deep: bool = False
    """Whether it keeps what shallow steps need."""
    is_shallow: bool = False
    """Whether it runs the outermost part of the UNet only, on what the last whole step kept of the rest."""
    is_coarse: bool = False
    """Whether its products of matrices are in fp8."""
    is_controlled: bool = False
    """Whether a control picture steers it."""


def step_kinds(left_out: Shortcuts, steps: int, *, is_guided: bool, is_controlled: bool = False) -> Sequence[StepKind]:
    """The kind of each step; `is_guided` says whether there is a negative prompt at all.

    Controlled steps are whole and not in fp8: what steers comes in at every depth.
    """
    if is_controlled:
        left_out = replace(left_out, deep_every=1, is_coarse=False)
    last_guided = _guided_steps(left_out, steps) if is_guided else 0
    kinds = []
    for step in range(steps):
        after = max(0, step - left_out.first + 1)
        is_whole = after % left_out.deep_every == 0
        sees_negative = after % left_out.guided_every == 0
        kinds.append(
            StepKind(
                is_guided=step < last_guided and sees_negative,
                shares_guidance=step < last_guided and left_out.guided_every > 1,
                keeps_deep=is_whole and left_out.deep_every > 1,
                is_shallow=not is_whole,
                is_coarse=left_out.is_coarse,
                is_controlled=is_controlled,
            )
        )
    return kinds


def restart_of(left_out: Shortcuts, steps: int, *, is_guided: bool) -> int | None:
    """The step at which guidance ends, and with it what a multistep scheduler may conclude from the steps before."""
    first = _guided_steps(left_out, steps)
    return first if is_guided and first < steps else None


def _guided_steps(left_out: Shortcuts, steps: int) -> int:
    return -(-steps * left_out.guided_percent // 100)
