"""Which `TorchPlan` fits into a budget of memory: the fastest that draws every size, if there is one."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from quartet_pipeline.description import Size
from quartet_pipeline.engines.needs import COUNTS, Needs, ProgramNeeds
from quartet_pipeline.engines.turns import MOST_PROGRAMS, TorchPlan, Turn, Turns

LEAST_PROGRAMS = 2
"""For one picture and for four."""

Scratch = Callable[[ProgramNeeds], int]


@dataclass(frozen=True)
class Fit:
    """A plan, and the bytes that it takes."""

    plan: TorchPlan
    takes: int


def fit_torch(needs: Needs, budget: int, *, is_gpu: bool) -> Fit | None:
    """The plan for a budget of bytes, or None when not even one picture of one size fits."""
    # The whole model stays where it is, unless that leaves out a size that fits otherwise.
    fits = [_fit(needs, budget, takes_turns=takes_turns, is_gpu=is_gpu) for takes_turns in (False, True)]
    return max((fit for fit in fits if fit), key=lambda fit: len(fit.plan.turns or ()), default=None)


def least_bytes(needs: Needs) -> int:
    """The smallest budget with which anything can be drawn."""
    scratch = {size: max(needs.program(size, COUNTS[-1]).scratch.values()) for size in needs.sizes}
    drawing = min(LEAST_PROGRAMS * needs.kept(size) + needs.with_spare(scratch[size]) for size in needs.sizes)
    # Fractions of a byte were cut off twice.
    return needs.beside + max(needs.weights.values()) + drawing + 2


def _fit(needs: Needs, budget: int, *, takes_turns: bool, is_gpu: bool) -> Fit | None:
    weights = needs.beside + (max(needs.weights.values()) if takes_turns else sum(needs.weights.values()))
    sizes = sorted(needs.sizes, key=lambda size: size[0] * size[1])
    while sizes:
        kept = max(map(needs.kept, sizes))
        room = budget - weights - LEAST_PROGRAMS * kept
        shares = (_share_out(needs, sizes, pool, room) for pool in _pools(needs, sizes, is_gpu=is_gpu))
        best = max((share for share in shares if share), key=_quality, default=None)
        if best:
            takes = weights + needs.with_spare(_beside(needs, best))
            programs = min(MOST_PROGRAMS, (budget - takes) // kept)
            takes += programs * kept
            # One byte a number instead of two.
            fp8 = needs.weights["loop"] // 2
            has_fp8 = is_gpu and not takes_turns and takes + fp8 <= budget
            plan = TorchPlan(best, takes_turns=takes_turns, has_fp8=has_fp8, programs=programs)
            return Fit(plan, takes + fp8 if has_fp8 else takes)
        # The largest takes most.
        sizes.pop()
    return None


def _pools(needs: Needs, sizes: Sequence[Size], *, is_gpu: bool) -> list[int]:
    """How much captured graphs may keep: whatever some stage needs, or nothing."""
    if not is_gpu:
        return [0]
    programs = [needs.program(size, count) for size in sizes for count in COUNTS]
    return sorted({0, *(scratch(one) for one in programs for scratch in (_of_loop, _of_decoder))})


def _share_out(needs: Needs, sizes: Sequence[Size], pool: int, room: int) -> Mapping[Size, Turns] | None:
    """How each size is run when captured graphs keep `pool`, and everything else has what is left of `room`.

    Whatever is to be captured runs outside of a graph first, so that it has to fit in both.
    """
    rest = int(room / (1 + needs.spare)) - pool
    turns = {}
    for size in sizes:
        programs = {count: needs.program(size, count) for count in COUNTS}
        loop, decoder = (_turn(programs, scratch, pool, rest) for scratch in (_of_loop, _of_decoder))
        if loop is None or decoder is None or programs[1].scratch["encoder"] > rest:
            return None
        turns[size] = Turns(loop, decoder)
    # In the order in which the model offers them.
    return {size: turns[size] for size in needs.sizes if size in turns}


def _turn(programs: Mapping[int, ProgramNeeds], scratch: Scratch, pool: int, rest: int) -> Turn | None:
    """As many pictures at once as fit, in a graph if any do."""
    fitting = [count for count in COUNTS if scratch(programs[count]) <= rest]
    captured = [count for count in fitting if scratch(programs[count]) <= pool]
    if captured:
        return Turn(captured[0])
    return Turn(fitting[0], is_captured=False) if fitting else None


def _quality(turns: Mapping[Size, Turns]) -> tuple[int, ...]:
    """The larger, the faster: a step is run fifty times, the decoder once."""
    loops, decoders = [one.loop for one in turns.values()], [one.decoder for one in turns.values()]
    return (
        sum(turn.is_captured for turn in loops),
        sum(turn.pictures for turn in loops),
        sum(turn.pictures for turn in decoders),
        sum(turn.is_captured for turn in decoders),
    )


def _beside(needs: Needs, turns: Mapping[Size, Turns]) -> int:
    """What graphs keep, and what is needed beside them."""
    captured, all_of_it = [0], []
    for size, one in turns.items():
        for turn, scratch in ((one.loop, _of_loop), (one.decoder, _of_decoder)):
            takes = scratch(needs.program(size, turn.pictures))
            all_of_it.append(takes)
            if turn.is_captured:
                captured.append(takes)
        all_of_it.append(needs.program(size, 1).scratch["encoder"])
    return max(captured) + max(all_of_it)


def _of_loop(program: ProgramNeeds) -> int:
    return max(program.scratch["text"], program.scratch["loop"])


def _of_decoder(program: ProgramNeeds) -> int:
    return program.scratch["decoder"]
