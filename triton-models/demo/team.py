"""One training process per GPU: who they are and the little they say to each other."""

import os
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

import torch
import torch.distributed as dist
import torch.multiprocessing
from torch import Tensor


@dataclass(frozen=True)
class Team:
    """This process among `size` equal ones, each with its own device and its own share of the pictures."""

    rank: int
    size: int
    device: torch.device

    @property
    def leads(self) -> bool:
        return self.rank == 0

    def average_gradients(self, parameters: Iterable[Tensor]) -> None:
        """Replace each gradient by its mean over the processes, in one message."""
        if self.size == 1:
            return
        gradients = [parameter.grad for parameter in parameters if parameter.grad is not None]
        flat = torch.cat([gradient.flatten() for gradient in gradients])
        dist.all_reduce(flat, op=dist.ReduceOp.AVG)
        parts = torch.split(flat, [gradient.numel() for gradient in gradients])
        torch._foreach_copy_(gradients, [part.view_as(g) for part, g in zip(parts, gradients, strict=True)])

    def copy_from_lead(self, tensors: Iterable[Tensor]) -> None:
        """Overwrite `tensors` with those of the leading process."""
        if self.size > 1:
            for tensor in tensors:
                # NCCL wants plain memory order, which convolutions' weights may not have.
                message = tensor.contiguous()
                dist.broadcast(message, src=0)
                tensor.copy_(message)

    def wait(self) -> None:
        """Return when every process has come this far."""
        if self.size > 1:
            dist.barrier()

    def seconds_since(self, start: float) -> float:
        """Seconds since `start` on `time.monotonic()`, the same number in every process: all must stop together."""
        elapsed = torch.tensor([time.monotonic() - start], device=self.device, dtype=torch.float64)
        self.copy_from_lead([elapsed])
        return float(elapsed)

    def report(self, text: str) -> None:
        if self.leads:
            print(text, flush=True)


def run_team(work: Callable[[Team, Any], None], argument: Any) -> None:
    """Call `work(team, argument)` in one process per GPU, or in this process where there is none or one."""
    size = torch.cuda.device_count()
    if size <= 1:
        work(Team(0, 1, torch.device("cuda" if size else "cpu")), argument)
        return
    torch.multiprocessing.spawn(_member, args=(size, work, argument), nprocs=size)  # type: ignore


def _member(rank: int, size: int, work: Callable[[Team, Any], None], argument: Any) -> None:
    os.environ.setdefault("MASTER_ADDR", "127.0.0.1")
    os.environ.setdefault("MASTER_PORT", "29511")
    device = torch.device("cuda", rank)
    torch.cuda.set_device(device)
    dist.init_process_group("nccl", rank=rank, world_size=size, device_id=device)
    try:
        work(Team(rank, size, device), argument)
    finally:
        dist.destroy_process_group()
