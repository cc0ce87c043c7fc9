"""A built network on a GPU: its engine, a context that borrows the shared scratch memory, and its refit.

Unrun where this project is developed (see `library`). Everything that can be wrong with sizes, names and versions is
kept out of here, in functions that tests run.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

import torch
from torch import Tensor

from quartet_pipeline.errors import ModelError
from quartet_pipeline.plans.folder import Entry
from quartet_pipeline.plans.library import as_weights, check_plan, require_library, torch_type

if TYPE_CHECKING:
    import tensorrt

ALIGNMENT = 256
"""Bytes: TensorRT asks for it."""


class Runner(Protocol):
    """One network of a fixed batch, whatever runs it."""

    batch: int

    def run(self, **inputs: Tensor) -> Tensor:
        """Its one output; inputs are contiguous, of the plan's shapes and types, and stay where they are."""


class PlanRunner:
    """A TensorRT plan. What it queues goes to PyTorch's current stream, so it can be captured in a CUDA graph; the
    addresses of inputs and outputs are then part of that graph."""

    def __init__(self, path: Path, entry: Entry, device: torch.device) -> None:
        version = require_library()
        import tensorrt

        if entry.plan is None:
            raise ModelError(f"Expected a plan of {entry.file}, got none. Build it with `python -m export.build`.")
        check_plan(
            entry.plan,
            version=version,
            card=torch.cuda.get_device_name(device),
            path=path / entry.plan.file,
        )
        self.batch = entry.batch
        self.part = entry.part
        self.device = device
        self._logger = tensorrt.Logger(tensorrt.Logger.WARNING)
        self._runtime = tensorrt.Runtime(self._logger)
        engine = self._runtime.deserialize_cuda_engine((path / entry.plan.file).read_bytes())
        if engine is None:
            raise ModelError(f"Expected TensorRT to read {entry.plan.file}, got a refusal: see the log above.")
        self._engine = engine
        self.scratch_bytes = self._engine.device_memory_size_v2
        self._context = self._engine.create_execution_context(tensorrt.ExecutionContextAllocationStrategy.USER_MANAGED)
        names = [self._engine.get_tensor_name(index) for index in range(self._engine.num_io_tensors)]
        modes = {name: self._engine.get_tensor_mode(name) for name in names}
        self._inputs = [name for name in names if modes[name] == tensorrt.TensorIOMode.INPUT]
        (self._output,) = (name for name in names if modes[name] == tensorrt.TensorIOMode.OUTPUT)
        self._shapes = {name: _as_tuple(self._engine.get_tensor_shape(name)) for name in names}
        self._types = {name: torch_type(self._engine.get_tensor_dtype(name)) for name in names}
        self._scratch = torch.empty(0)

    def lend(self, scratch: Tensor) -> None:
        """Memory for what it computes on the way; others may use it whenever this does not run."""
        self._scratch = scratch
        self._context.set_device_memory(scratch.data_ptr(), scratch.numel())

    def run(self, **inputs: Tensor) -> Tensor:
        for name in self._inputs:
            tensor = inputs[name]
            check_input(name, tensor, self._shapes[name], self._types[name])
            self._context.set_tensor_address(name, tensor.data_ptr())
        output = torch.empty(self._shapes[self._output], dtype=self._types[self._output], device=self.device)
        self._context.set_tensor_address(self._output, output.data_ptr())
        if not self._context.execute_async_v3(torch.cuda.current_stream(self.device).cuda_stream):
            raise ModelError(f"Expected the plan of {self.part} to run, got a refusal: see the log above.")
        return output

    def refit(self, weights: Mapping[str, Tensor]) -> None:
        """Takes every one of `weights`, by the names of initializers, in the order of the current stream."""
        import tensorrt

        if not self._engine.refittable:
            raise ModelError(f"Expected a plan of {self.part} that takes other weights, got one built without refit.")
        refitter = tensorrt.Refitter(self._engine, self._logger)
        unknown = weights.keys() ^ set(refitter.get_all_weights())
        if unknown:
            raise ModelError(
                f"Expected the plan of {self.part} to take `{sorted(unknown)[0]}` and no other, got neither."
            )
        for name, tensor in weights.items():
            place = tensorrt.TensorLocation.DEVICE if tensor.is_cuda else tensorrt.TensorLocation.HOST
            if not refitter.set_named_weights(name, as_weights(tensor), place):
                raise ModelError(
                    f"Expected the plan of {self.part} to take `{name}`, got a refusal: see the log above."
                )
        missing = refitter.get_missing_weights()
        if missing:
            raise ModelError(f"Expected all weights of {self.part}, got all but `{missing[0]}`.")
        stream = torch.cuda.current_stream(self.device)
        if not refitter.refit_cuda_engine_async(stream.cuda_stream):
            raise ModelError(f"Expected the plan of {self.part} to take new weights, got a refusal: see the log above.")
        # The tensors may go only when the copies are done.
        stream.synchronize()


def share_scratch(runners: Sequence[PlanRunner], device: torch.device) -> Tensor:
    """One block for all: they run one after the other, so the largest need is enough."""
    scratch = torch.empty(scratch_size([runner.scratch_bytes for runner in runners]), dtype=torch.uint8, device=device)
    for runner in runners:
        runner.lend(scratch)
    return scratch


def scratch_size(sizes: Sequence[int]) -> int:
    """Bytes of the block, at least one unit: a context without an address refuses to run."""
    return max(ALIGNMENT, -(-max(sizes, default=0) // ALIGNMENT) * ALIGNMENT)


def check_input(name: str, tensor: Tensor, shape: tuple[int, ...], dtype: torch.dtype) -> None:
    """TensorRT gets an address and believes it."""
    if tuple(tensor.shape) != shape or tensor.dtype != dtype or not tensor.is_contiguous():
        order = "" if tensor.is_contiguous() else ", not contiguous"
        got = f"{list(tensor.shape)} {tensor.dtype}{order}"
        raise ModelError(f"Expected `{name}` to be {list(shape)} {dtype}, got {got}.")


def _as_tuple(dims: tensorrt.Dims) -> tuple[int, ...]:
    return tuple(dims[index] for index in range(len(dims)))
