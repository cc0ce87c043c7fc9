"""What fits on a card: while plans are built, and while they draw."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from export.memory import Need
from quartet_pipeline.plans.folder import batches

GIB: Final = 1024**3
CONTEXT: Final = int(0.8 * GIB)
"""CUDA's context, the libraries' code on the card, and PyTorch's own buffers: an allowance."""
KEPT_FREE: Final = 0.1
"""Of a card, because all this is reckoned and not measured."""
WORKSPACES: Final = tuple(int(size * GIB) for size in (4, 2, 1, 0.5))
"""Memory that one kernel may ask for while it runs, most first."""
LOOP_BUFFERS: Final = 32 * 1024**2
"""What the captured loop keeps for a request: noise, tables, texts, pictures."""


@dataclass(frozen=True)
class Card:
    """`bytes` as programs see them: less than the box says."""

    name: str
    bytes: int
    fuses_attention: bool
    """Taken as given from Ampere on; on Turing the careful guess is no."""


CARDS: Final = {
    "T4": Card("T4", int(14.56 * GIB), False),
    "A10": Card("A10", int(22.06 * GIB), True),
    "A100": Card("A100 40 GB", int(39.39 * GIB), True),
}
GraphNeeds = Mapping[tuple[str, int], tuple[Need, Need]]
"""By part and batch: what it needs with attention fused, and with it apart."""


@dataclass(frozen=True)
class Budget:
    """Bytes for one set of plans."""

    weights: int
    """Every plan has its own copy: one for each batch size."""
    scratch: int
    """Shared: the plans run one after the other."""
    buffers: int
    building: int
    """The largest of the builds, one after the other with nothing else on the card."""

    @property
    def running(self) -> int:
        return self.weights + self.scratch + self.buffers + CONTEXT


@dataclass(frozen=True)
class Choice:
    """Plans for requests of these numbers of pictures, built with this workspace."""

    counts: tuple[int, ...]
    workspace: int


def budget(needs: GraphNeeds, choice: Choice, card: Card) -> Budget:
    """What a choice takes on a card."""
    plans = [needs[part, batch] for part, each in batches(choice.counts).items() for batch in each]
    running = [fused if card.fuses_attention else apart for fused, apart in plans]
    # A network's weights are there twice, as it is read and as it is built. What it computes is there with attention
    # apart (also where it is fused in the end, the builder tries it), and the kernels that are tried read and write
    # copies of that.
    building = max(2 * apart.weights + 2 * apart.activations for _, apart in plans) + choice.workspace + CONTEXT
    return Budget(
        weights=sum(need.weights for need in running),
        scratch=max(need.activations for need in running),
        buffers=sum(need.ends for need in running) + LOOP_BUFFERS,
        building=building,
    )


def fits(taken: Budget, card: Card) -> bool:
    return max(taken.running, taken.building) <= (1 - KEPT_FREE) * card.bytes


def alternatives(counts: Sequence[int]) -> Iterator[Choice]:
    """What to try, best first: the pictures asked for with less workspace, then fewer at once."""
    wanted = tuple(sorted(set(counts)))
    yield from (Choice(wanted, workspace) for workspace in WORKSPACES)
    for most in range(max(wanted) - 1, 0, -1):
        fewer = tuple(sorted({min(count, most) for count in wanted}))
        yield from (Choice(fewer, workspace) for workspace in WORKSPACES)


def fitting_choices(needs: GraphNeeds, counts: Sequence[int], card: Card) -> list[Choice]:
    """For each set of counts the largest workspace that fits, best first; empty if only another engine does."""
    fitting: dict[tuple[int, ...], Choice] = {}
    for choice in alternatives(counts):
        if choice.counts not in fitting and fits(budget(needs, choice, card), card):
            fitting[choice.counts] = choice
    return list(fitting.values())
