"""TensorRT itself: found, of a version that is known, and talked to in the pipeline's errors.

The calls of this package and of `export.build` are those of `typings/tensorrt.pyi`, which is made from the bindings of
TensorRT 10.3, 10.16 and 11.4. None of them has run where this project is developed: there is no TensorRT there.
"""

from __future__ import annotations

import importlib
from pathlib import Path
from typing import TYPE_CHECKING, Final

import torch

from quartet_pipeline.errors import ModelError
from quartet_pipeline.plans.folder import Built

if TYPE_CHECKING:
    import tensorrt

LEAST: Final = (10, 3)
"""The first with `REFIT_INDIVIDUAL` and `set_device_memory`."""
BELOW: Final = (12,)
INSTALL: Final = "Install `tensorrt-cu12` (or -cu13) of the version that built the plans"


def require_library() -> str:
    """The version of the module `tensorrt`, which can then be imported; or a ModelError that says what to install."""
    try:
        library = importlib.import_module("tensorrt")
    except (ImportError, OSError) as error:
        raise ModelError(
            f"Expected TensorRT, got: {str(error)[:120]}. {INSTALL}, or draw with `engine: torch`."
        ) from error
    version = str(getattr(library, "__version__", "none"))
    check_version(version)
    return version


def check_version(version: str) -> None:
    """A ModelError unless it is one whose API is known."""
    try:
        numbers = tuple(int(part) for part in version.split(".")[:2])
    except ValueError:
        numbers = ()
    if not LEAST <= numbers < BELOW:
        raise ModelError(f"Expected TensorRT from 10.3 to 11, got {version}. {INSTALL}.")


def check_plan(plan: Built, *, version: str, card: str, path: Path) -> None:
    """A plan runs where it was built: the same version, the same kind of card. Its own error comes later, and says
    less."""
    if plan.tensorrt != version:
        raise ModelError(
            f"Expected {path.name} to be built by TensorRT {version}, which is installed, got one of {plan.tensorrt}. "
            "Build it again with `python -m export.build`."
        )
    if plan.card != card:
        raise ModelError(
            f"Expected {path.name} to be built on this card ({card}), got one of {plan.card}. "
            "Build it again with `python -m export.build`."
        )
    if not path.is_file():
        raise ModelError(f"Expected the plan {path}, got nothing there. Build it again with `python -m export.build`.")


def torch_type(kind: tensorrt.DataType) -> torch.dtype:
    """A type of TensorRT as PyTorch calls it."""
    import tensorrt

    types = {
        tensorrt.DataType.FLOAT: torch.float32,
        tensorrt.DataType.HALF: torch.float16,
        tensorrt.DataType.INT32: torch.int32,
        tensorrt.DataType.INT64: torch.int64,
        tensorrt.DataType.UINT8: torch.uint8,
        tensorrt.DataType.BOOL: torch.bool,
    }
    if kind not in types:
        raise ModelError(f"Expected a plan with {', '.join(map(str, types.values()))} at its ends, got {kind}.")
    return types[kind]


def as_weights(tensor: torch.Tensor) -> tensorrt.Weights:
    """A tensor as TensorRT takes new weights: its address, of the device or of the host. It must outlive the refit."""
    import tensorrt

    kinds = {torch.float32: tensorrt.DataType.FLOAT, torch.float16: tensorrt.DataType.HALF}
    return tensorrt.Weights(kinds[tensor.dtype], tensor.data_ptr(), tensor.numel())
