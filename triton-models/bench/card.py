"""The two ceilings of a card: arithmetic and memory."""

from dataclasses import dataclass

import torch


@dataclass(frozen=True)
class Card:
    """Measured on random data, as drawing would see it."""

    name: str
    tera_per_second: float
    """Operations (a multiplication and an addition are two) of a large half-precision matrix product."""
    gigabytes_per_second: float
    """Read plus written by a large copy."""


def measure_card() -> Card:
    side = 8192
    a, b = (torch.randn(side, side, device="cuda", dtype=torch.float16) for _ in range(2))
    product = torch.empty_like(a)
    seconds = _median(lambda: torch.mm(a, b, out=product), 10)
    source = torch.empty(2**32, device="cuda", dtype=torch.uint8).random_()
    target = torch.empty_like(source)
    copy_seconds = _median(lambda: target.copy_(source), 5)
    return Card(torch.cuda.get_device_name(), 2 * side**3 / seconds / 1e12, 2 * source.numel() / copy_seconds / 1e9)


def _median(run: object, repeats: int) -> float:
    assert callable(run)
    times = []
    for index in range(repeats + 3):
        begin, end = (torch.cuda.Event(enable_timing=True) for _ in range(2))
        begin.record()
        run()
        end.record()
        end.synchronize()
        if index >= 3:
            times.append(begin.elapsed_time(end) / 1000)
    return float(sorted(times)[len(times) // 2])
