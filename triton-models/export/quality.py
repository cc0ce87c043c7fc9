"""What the quality gate asks of exported graphs, and how it says what came."""

from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

LEAST_SPREAD: Final = 2.0
"""Standard deviation of levels below which a picture counts as black, or as one flat color."""


@dataclass(frozen=True)
class Limits:
    """The most that may differ, relative to the length of the reference (the picture: levels of 255)."""

    text: float
    step: float
    picture: float
    encoder: float


LIMITS: Final = {"float16": Limits(0.005, 0.005, 2.0, 0.005), "float32": Limits(1e-4, 1e-3, 0.5, 1e-4)}


@dataclass(frozen=True)
class Report:
    """What the gate saw."""

    precision: str
    text_error: float
    step_errors: tuple[float, ...]
    """Of the UNet's output, given the reference's latents: how wrong one step is by itself."""
    drift: float
    """Of the last latents of a loop that ran on its own outputs."""
    picture_difference: float
    """Mean over all levels, of the two decoders on the same latents."""
    own_picture_difference: float
    """The same, each loop with its own latents: what somebody would see."""
    encoder_error: float
    not_finite: tuple[str, ...]
    is_black: bool
    """Whether the picture is without content, where the reference has some."""
    decoder: str
    """The precision of the decoder that was judged."""
    problems: tuple[str, ...]

    @property
    def passed(self) -> bool:
        return not self.problems


def relative_error(ours: NDArray[Any], theirs: NDArray[Any]) -> float:
    """Length of the difference over the length of the reference."""
    wide = theirs.astype(np.float64)
    return float(np.linalg.norm(ours.astype(np.float64) - wide) / np.linalg.norm(wide))


def find_problems(report: Report, limits: Limits) -> list[str]:
    """Sentences, each what was expected and what came."""
    problems = [f"Expected finite numbers from {part}, got NaN or infinity." for part in report.not_finite]
    worst = max(report.step_errors, key=lambda error: (np.isnan(error), error))
    for what, most, got in (
        ("the text encoder's error", limits.text, report.text_error),
        (f"the error of step {report.step_errors.index(worst) + 1}", limits.step, worst),
        ("the decoder's mean difference in levels", limits.picture, report.picture_difference),
        ("the encoder's error", limits.encoder, report.encoder_error),
    ):
        # A NaN is not below anything.
        if not got <= most:
            problems.append(f"Expected {what} to be at most {most:g}, got {got:.3g}.")
    if report.is_black:
        problems.append("Expected the picture to show what the reference shows, got a flat one.")
    return problems


def is_decoder_at_fault(report: Report) -> bool:
    """Whether float32 in the decoder alone may help."""
    return report.decoder == "float16" and (
        "vae_decoder" in report.not_finite or report.is_black or "decoder's" in " ".join(report.problems)
    )


def describe(report: Report, limits: Limits) -> list[str]:
    steps = report.step_errors
    return [
        f"text encoder  {report.text_error:.2e} (at most {limits.text:g})",
        *(f"step {index + 1:>3}      {error:.2e}" for index, error in enumerate(steps)),
        f"worst step    {max(steps):.2e} (at most {limits.step:g}); own loop's last latents {report.drift:.2e}",
        f"picture       {report.picture_difference:.3f} levels on average (at most {limits.picture:g}); "
        f"own loop {report.own_picture_difference:.3f}",
        f"encoder       {report.encoder_error:.2e} (at most {limits.encoder:g})",
        f"NaN           {', '.join(report.not_finite) or 'none'}; flat picture: {'yes' if report.is_black else 'no'}",
        *report.problems,
        f"{'passed' if report.passed else 'FAILED'}: {report.precision}, decoder {report.decoder}",
    ]
