"""What leaves a device while it goes on working: copies of tensors, and points in its time."""

import time

import torch
from torch import Tensor


class Moment:
    """A point in the device's work: now on a CPU, and on a GPU when all that was queued before is done."""

    def __init__(self, *, is_gpu: bool) -> None:
        # A blocking event lets the thread sleep while it waits.
        self._event = torch.cuda.Event(enable_timing=True, blocking=True) if is_gpu else None
        if self._event is not None:
            self._event.record()
        self._time = time.perf_counter()

    def wait(self) -> None:
        if self._event is not None:
            self._event.synchronize()

    def __sub__(self, earlier: "Moment") -> float:
        """Milliseconds since then; both must have passed."""
        if self._event is not None and earlier._event is not None:
            return float(earlier._event.elapsed_time(self._event))
        return (self._time - earlier._time) * 1000


class Outlet:
    """Of one device."""

    def __init__(self, device: torch.device) -> None:
        self._is_gpu = device.type == "cuda"
        self._side = torch.cuda.Stream(device) if self._is_gpu else None

    def moment(self) -> Moment:
        return Moment(is_gpu=self._is_gpu)

    def fetch(self, tensor: Tensor) -> Tensor:
        """A copy on the CPU, there when a moment recorded after it has passed."""
        copy = torch.empty(tensor.shape, dtype=tensor.dtype, pin_memory=self._is_gpu)
        return copy.copy_(tensor, non_blocking=True)

    def fetch_aside(self, tensor: Tensor) -> tuple[Tensor, Moment]:
        """The same on a stream of its own, so that the next step need not wait for the transfer."""
        if self._side is None:
            return self.fetch(tensor), self.moment()
        self._side.wait_stream(torch.cuda.current_stream())
        with torch.cuda.stream(self._side):
            tensor.record_stream(self._side)
            return self.fetch(tensor), self.moment()
