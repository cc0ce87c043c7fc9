"""Which of several ways to compute the same thing is fastest on this card: measured once for each shape."""

import os
import warnings
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass, field
from functools import cache
from typing import Any, Generic, TypeVar

import torch
from torch import Tensor

Key = tuple[Any, ...]
Result = TypeVar("Result", Tensor, tuple[Tensor, Tensor])
REPEATS = 8
AS_GOOD = 1.01
MOST_ERROR = 4e-3
"""Of ‖out − reference‖ / ‖reference‖ in half precision; what is further off is a mistake, not rounding."""


@dataclass(frozen=True)
class Way(Generic[Result]):
    """One way, by a name to print."""

    name: str
    run: Callable[[], Result]
    is_ours: bool = False
    """Kernels of ours only, which its first run compiles."""


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
    on_choice: Callable[["Choices"], None] = lambda _: None
    """Told of each new choice."""

    def would_measure(self, key: Key) -> bool:
        return self.forced is None and key not in self.chosen and not torch.cuda.is_current_stream_capturing()

    def run(
        self,
        key: Key,
        ways: Sequence[Way[Result]],
        reference: Callable[[], Result],
        restore: Callable[[], object] = lambda: None,
        most_error: float = MOST_ERROR,
    ) -> Result:
        """Runs the chosen way; the first call of a shape measures all (never inside a capture).

        `restore` makes good what a way may overwrite; a way that is off by more than `most_error` is not taken.
        """
        named = {way.name: way for way in ways}
        name = self.chosen.get(key)
        # What a file chose may be a way that is gone.
        if name not in named:
            name = self._choose(key, ways, reference, restore, most_error)
        return named[name].run()

    def _choose(
        self,
        key: Key,
        ways: Sequence[Way[Result]],
        reference: Callable[[], Result],
        restore: Callable[[], object],
        most_error: float,
    ) -> str:
        if self.forced is not None:
            forced = self.forced
            return next((way.name for way in ways if way.name.startswith(forced)), ways[0].name)
        if len(ways) == 1 or torch.cuda.is_current_stream_capturing():
            return ways[0].name
        try:
            expected = _tensors(reference())
        except torch.OutOfMemoryError:
            # It is in float32. Where drawing fits and that does not, the first way has to do.
            return ways[0].name
        _compile([way for way in ways if way.is_ours])
        restore()
        results = [_measure(way, expected, restore, most_error) for way in ways]
        self.measured[key] = results
        usable = [result for result in results if not result.problem]
        least = min((result.microseconds for result in usable), default=0.0)
        # Of those as good as the fastest the first: ways stand in the order of what they cost at a start.
        best = next((result.name for result in usable if result.microseconds <= AS_GOOD * least), ways[0].name)
        self.chosen[key] = best
        self.on_choice(self)
        return best


def _tensors(result: Tensor | tuple[Tensor, Tensor]) -> tuple[Tensor, ...]:
    return result if isinstance(result, tuple) else (result,)


@cache
def _compilers() -> ThreadPoolExecutor:
    return ThreadPoolExecutor(max_workers=min(8, os.cpu_count() or 1))


def _compile(ways: Sequence[Way[Result]]) -> None:
    """Runs each once, side by side: a compiler takes a second, and most of it on one core without Python's lock."""

    def run(way: Way[Result]) -> None:
        # What goes wrong goes wrong again when it is measured.
        with suppress(Exception), torch.no_grad():
            way.run()

    torch.cuda.synchronize()
    list(_compilers().map(run, ways))
    torch.cuda.synchronize()


def _measure(
    way: Way[Result], expected: tuple[Tensor, ...], restore: Callable[[], object], most_error: float
) -> Measured:
    with warnings.catch_warnings():
        # PyTorch warns of each kind of attention that a shape is not made for.
        warnings.simplefilter("ignore", UserWarning)
        try:
            pairs = zip(_tensors(way.run()), expected, strict=True)
            error = max(float((ours.float() - theirs.float()).norm() / theirs.float().norm()) for ours, theirs in pairs)
            if not error <= most_error:
                return Measured(way.name, 0.0, error, f"is off by {error:.1e}")
            return Measured(way.name, microseconds(way.run), error)
        except Exception as problem:  # A way that this card cannot go is no reason not to draw.
            return Measured(way.name, 0.0, 0.0, f"{type(problem).__name__}: {str(problem)[:200]}")
        finally:
            restore()


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
