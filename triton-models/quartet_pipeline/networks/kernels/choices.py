"""Which of several ways to compute the same thing is fastest on this card: measured once for each shape."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import cache
from typing import Any

import torch
from torch import Tensor

Key = tuple[Any, ...]
REPEATS = 12
MOST_ERROR = 4e-3
"""Of ‖out − reference‖ / ‖reference‖ in half precision; what is further off is a mistake, not rounding."""


@dataclass(frozen=True)
class Way:
    """One way, by a name to print."""

    name: str
    run: Callable[[], Tensor]


@dataclass(frozen=True)
class Measured:
    """How long one way took, and how far off it was; `problem` when it did not run."""

    name: str
    microseconds: float
    error: float
    problem: str = ""


@dataclass
class Choices:
    """The fastest way for each shape that has come up."""

    forced: str | None = None
    """Take the first way whose name starts with this, unmeasured."""
    measured: dict[Key, list[Measured]] = field(default_factory=dict)
    chosen: dict[Key, str] = field(default_factory=dict)

    def run(self, key: Key, ways: Sequence[Way], reference: Callable[[], Tensor]) -> Tensor:
        """Runs the chosen way; the first call of a shape measures all (never inside a capture)."""
        name = self.chosen.get(key)
        if name is None:
            name = self._choose(key, ways, reference)
        return next(way for way in ways if way.name == name).run()

    def _choose(self, key: Key, ways: Sequence[Way], reference: Callable[[], Tensor]) -> str:
        if self.forced is not None:
            forced = self.forced
            return next((way.name for way in ways if way.name.startswith(forced)), ways[0].name)
        if len(ways) == 1 or torch.cuda.is_current_stream_capturing():
            return ways[0].name
        expected = reference().float()
        results = [_measure(way, expected) for way in ways]
        self.measured[key] = results
        usable = [result for result in results if not result.problem]
        best = min(usable, key=lambda result: result.microseconds).name if usable else ways[0].name
        self.chosen[key] = best
        return best


def _measure(way: Way, expected: Tensor) -> Measured:
    try:
        error = float((way.run().float() - expected).norm() / expected.norm())
        if not error <= MOST_ERROR:
            return Measured(way.name, 0.0, error, f"is off by {error:.1e}")
        return Measured(way.name, microseconds(way.run), error)
    except Exception as problem:  # A way that this card cannot go is no reason not to draw.
        return Measured(way.name, 0.0, 0.0, f"{type(problem).__name__}: {str(problem)[:200]}")


@cache
def _measuring_stream() -> torch.cuda.Stream:
    """One for all: each stream that cuBLAS sees costs it a workspace."""
    return torch.cuda.Stream()


def microseconds(run: Callable[[], object]) -> float:
    """Of one run on the GPU, launches left out: the median of three replays of a graph of several."""
    stream = _measuring_stream()
    stream.wait_stream(torch.cuda.current_stream())
    graph = torch.cuda.CUDAGraph()
    with torch.cuda.stream(stream):
        run()
        stream.synchronize()
        graph.capture_begin()
        try:
            for _ in range(REPEATS):
                run()
        finally:
            graph.capture_end()
        times: list[float] = []
        graph.replay()
        for _ in range(3):
            begin, end = (torch.cuda.Event(enable_timing=True) for _ in range(2))
            begin.record()
            graph.replay()
            end.record()
            end.synchronize()
            times.append(begin.elapsed_time(end) * 1000 / REPEATS)
    torch.cuda.current_stream().wait_stream(stream)
    return sorted(times)[1]
