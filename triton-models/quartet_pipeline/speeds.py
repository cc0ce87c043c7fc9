"""What a drawing leaves out to be faster: the values of `speed` on the wire."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Final


@dataclass(frozen=True)
class Shortcuts:
    """What is left out, against the exact drawing."""

    first: int = 4
    """Steps at the start that are whole and guided: there the picture's composition is decided."""
    deep_every: int = 1
    """From there on, every so many steps one is whole; those between are shallow (DeepCache, Ma et al. 2023, 3.3)."""
    guided_every: int = 1
    """From there on, every so many steps one looks at the negative prompt; those between take its difference to the
    prompt from the last that did."""
    guided_percent: int = 100
    """The part of the steps, counted from the start, that are guided at all."""
    is_coarse: bool = False
    """Whether products of matrices are in fp8."""


# The figures behind the numbers are in bench/FAST.md.
CACHED: Final = Shortcuts(deep_every=3)
CUTOFF: Final = Shortcuts(guided_percent=60)
FP8: Final = Shortcuts(is_coarse=True)
SPEEDS: Final = ("exact", "cached", "cutoff", "fp8", "fast")
"""The values of `speed` on the wire."""
FP8_CAPABILITY: Final = (8, 9)
"""The least compute capability of an NVIDIA card that multiplies in fp8."""


def shortcuts(*speeds: str) -> Mapping[str, Shortcuts]:
    """What each `speed` leaves out where an engine has these ways. `fast` puts together what loses least for its time:
    shallow steps where there are any, else guidance every other step; and fp8 where the card has it."""
    known = {"cached": CACHED, "cutoff": CUTOFF, "fp8": FP8}
    fast = CACHED if "cached" in speeds else Shortcuts(guided_every=2)
    fast = replace(fast, is_coarse="fp8" in speeds)
    return {"exact": Shortcuts(), **{speed: known[speed] for speed in speeds}, "fast": fast}
