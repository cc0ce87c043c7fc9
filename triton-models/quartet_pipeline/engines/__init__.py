"""What draws a request: one interface, whatever runs the networks."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from quartet_pipeline.errors import CancelledError
from quartet_pipeline.request import Request


@dataclass(frozen=True)
class Progress:
    """One step is done."""

    step: int
    steps: int
    previews: NDArray[np.uint8] | None
    """uint8 [n, 64, 64, 3] when one was due."""


@dataclass(frozen=True)
class Drawing:
    """What was drawn."""

    images: NDArray[np.uint8]
    """uint8 [n, h, w, 3] in the order of the seeds."""
    timings_ms: tuple[float, float, float, float]
    """Text encoder, loop, decoder, total."""
    unsafe: NDArray[np.float32] | None = None
    """float32 [n] from 0 to 1, above 0.5 where the model's own safety checker would not show it; None without one."""


OnProgress = Callable[[Progress], None]
IsCancelled = Callable[[], bool]


class Engine(Protocol):
    """Draws one request at a time."""

    @property
    def speeds(self) -> tuple[str, ...]:
        """The values of `speed` that it has."""

    def draw(self, request: Request, on_progress: OnProgress, is_cancelled: IsCancelled) -> Drawing:
        """Draws a checked request; raises CancelledError within one step after `is_cancelled` turns true."""

    def warm_up(self) -> None:
        """Makes ready what the first request would wait for."""


def prompts(request: Request) -> list[str]:
    """The texts that the networks have to see: at scale 1 the answer without the prompt would be weighed with 0."""
    return [request.prompt] if request.guidance_scale == 1 else [request.negative_prompt, request.prompt]


def stop_if(is_cancelled: IsCancelled) -> None:
    if is_cancelled():
        raise CancelledError
