"""How much of a device's memory the models of this process may take: what is free, or what a setting allows."""

from contextlib import AbstractContextManager, nullcontext

import torch

from quartet_pipeline.engines.meter import MemoryMeter

BYTES_OF_GB = 10**9
CONTEXT = 300_000_000
"""Bytes that a process takes of a GPU before its first tensor."""
LIBRARIES = 300_000_000
"""Bytes for the code of kernels and libraries, which is loaded when it is first called."""
SPARE = 0.1
"""What the allocator of a GPU loses in gaps, as a share of what it gives out."""


def own_device() -> torch.device:
    """The GPU where there is one."""
    return torch.device("cuda" if torch.cuda.is_available() else "cpu")


class DeviceMemory:
    """The memory of a GPU, or of a CPU that stands for one when `given_gb` says how large a card it is to be."""

    def __init__(self, device: torch.device, given_gb: float | None = None) -> None:
        self.device = device
        self.is_gpu = device.type == "cuda"
        self.spare = SPARE if self.is_gpu else 0.0
        self.left = None if given_gb is None else int(given_gb * BYTES_OF_GB)
        """Bytes for tensors; None without a bound."""
        if self.is_gpu:
            free, total = torch.cuda.mem_get_info(device)
            of_card = total if self.left is None else min(total, self.left)
            self.left = max(0, min(free - LIBRARIES, of_card - CONTEXT - LIBRARIES))
            if given_gb is not None:
                # So that a mistake of ours shows on a large card too.
                torch.cuda.set_per_process_memory_fraction(min(1.0, self.left / total))
        self._meter = None if self.is_gpu or self.left is None else MemoryMeter(self.left)

    def take(self, size: int) -> None:
        """What one model takes is not there for the next."""
        if self.left is not None:
            self.left -= size

    def watch(self) -> AbstractContextManager[object]:
        """Within this, tensors on a CPU that stands for a card count; what does not fit raises what a card would."""
        return self._meter or nullcontext()


def gigabytes(size: int) -> str:
    return f"{size / BYTES_OF_GB:.1f} GB" if size >= BYTES_OF_GB / 10 else f"{size / 1e6:.1f} MB"
