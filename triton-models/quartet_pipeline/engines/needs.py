"""What drawing takes of a device's memory, found by running the whole program on shapes without numbers."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from functools import partial

import torch

from quartet_pipeline.description import Description, Size
from quartet_pipeline.engines.kinds import StepKind, step_kinds
from quartet_pipeline.engines.meter import MemoryMeter
from quartet_pipeline.engines.program import Program
from quartet_pipeline.engines.turns import Turn, Turns
from quartet_pipeline.networks.footprint import FusedAttention
from quartet_pipeline.networks.interface import LoopNetworks, Stage
from quartet_pipeline.request import MAX_PICTURES, MAX_STEPS
from quartet_pipeline.speeds import shortcuts

KINDS = tuple(
    dict.fromkeys(
        replace(kind, is_coarse=False)
        for left_out in shortcuts("cached", "cutoff").values()
        for kind in step_kinds(left_out, MAX_STEPS, is_guided=True)
    )
)
"""Every step that some speed takes."""
COUNTS = (4, 2, 1)
"""Pictures at once that are worth a try: what divides four without a rest."""


@dataclass(frozen=True)
class ProgramNeeds:
    """Bytes for the program of `MAX_PICTURES` pictures of one size, weights left out."""

    kept: int
    """As long as the program is: what a request brings, what graphs hand on to each other, the pictures."""
    scratch: Mapping[Stage, int]
    """What each stage takes beside that while it runs."""


class Needs:
    """Bytes for everything that a model's networks may be asked for; of networks on the meta device.

    `spare` is what an allocator wastes in gaps, as a share of what it gives out.
    """

    def __init__(
        self,
        networks: LoopNetworks,
        weights: Mapping[Stage, int],
        description: Description,
        *,
        beside: int = 0,
        spare: float,
    ) -> None:
        self.weights = weights
        self.beside = beside
        """Of what stays, whatever takes turns."""
        self.sizes = tuple(dict.fromkeys(description.offered_sizes(from_picture=True)))
        self.spare = spare
        self._networks = networks
        self._description = description
        self._programs: dict[tuple[Size, int], ProgramNeeds] = {}

    def with_spare(self, size: int) -> int:
        return int(size * (1 + self.spare))

    def kept(self, size: Size) -> int:
        """As long as a program of that size is, however many pictures go through its networks together."""
        return max(self.program(size, count).kept for count in COUNTS)

    def program(self, size: Size, at_once: int) -> ProgramNeeds:
        """The program of a size where that many pictures go through the networks together."""
        key = size, at_once
        if key not in self._programs:
            self._programs[key] = _measure(self._networks, self._description, size, at_once)
        return self._programs[key]


@torch.no_grad()
def _measure(networks: LoopNetworks, description: Description, size: Size, at_once: int) -> ProgramNeeds:
    turn = Turn(at_once)
    with MemoryMeter() as meter, FusedAttention():
        program = Program(networks, description, size, MAX_PICTURES, is_guided=True, turns=Turns(turn, turn))
        kinds = [*KINDS, StepKind(is_guided=True, is_controlled=True)] if networks.controls else KINDS
        program.prepare(kinds)
        program.masking()
        judge = program.judging() if networks.checker else None
        # And a table's times, which are kept for the next request that wants them.
        kept = meter.now + program.times.nbytes

        def beyond(run: Callable[[], object]) -> int:
            meter.start_peak()
            run()
            return int(meter.peak - kept)

        picture = torch.empty(1, 3, *size, device=networks.device)
        scratch: dict[Stage, int] = {
            "text": beyond(program.read),
            "loop": max(beyond(partial(program.advance, kind)) for kind in kinds),
            "decoder": max(beyond(program.decode), beyond(judge) if judge else 0),
            "encoder": beyond(lambda: networks.encode(picture)),
        }
    return ProgramNeeds(kept, scratch)
