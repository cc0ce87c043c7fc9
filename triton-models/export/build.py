"""Builds the plans of an export folder on the card of this machine.

    python -m export.build [FOLDER] [--workspace GIBIBYTES] [--level 0-5] [--anyway]

Needs a GPU and TensorRT 10.3 to 11; give the card to nothing else meanwhile. Each plan is built for this card and this
version. It has not run where this project is developed: there is no TensorRT there.
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from collections.abc import Iterable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import onnx

from export.cards import GIB, KEPT_FREE, WORKSPACES, Card, Choice, GraphNeeds, budget, fits
from export.memory import measure
from export.plan import found_card
from quartet_pipeline.errors import ModelError
from quartet_pipeline.plans.folder import (
    FOLDER,
    TIMINGS,
    WEIGHTS_MAP,
    Built,
    Entry,
    Exported,
    read_list,
    write_list,
)
from quartet_pipeline.plans.library import require_library
from quartet_pipeline.plans.weights import read_weights_map

if TYPE_CHECKING:
    import tensorrt

QUALITY: Final = "quality.json"
BEST_LEVEL: Final = 5
"""TensorRT tries more kernels the higher it is; 3 is its own default."""


@dataclass(frozen=True)
class Settings:
    """How to build."""

    workspace: int
    """Bytes."""
    level: int


def build_plan(graph: Path, refittable: Iterable[str], settings: Settings, timings: Path) -> bytes:
    """The plan of one graph; what was measured on the way goes into `timings`."""
    import tensorrt

    logger = tensorrt.Logger(tensorrt.Logger.INFO)
    builder = tensorrt.Builder(logger)
    # Strongly typed: every type is the graph's own. TensorRT 10 has to be told, 11 knows nothing else.
    network = builder.create_network(1 << int(tensorrt.NetworkDefinitionCreationFlag.STRONGLY_TYPED))
    parser = tensorrt.OnnxParser(network, logger)
    if not parser.parse_from_file(str(graph)):
        errors = [parser.get_error(index).desc() for index in range(parser.num_errors)]
        raise ModelError(f"Expected TensorRT to read {graph.name}, got: {'; '.join(errors)[:500]}.")
    config = builder.create_builder_config()
    config.set_memory_pool_limit(tensorrt.MemoryPoolType.WORKSPACE, settings.workspace)
    config.builder_optimization_level = settings.level
    config.profiling_verbosity = tensorrt.ProfilingVerbosity.DETAILED
    # Parameters only: if every constant could change, a scale of 0.158 would be a tensor to read, not a number.
    config.set_flag(tensorrt.BuilderFlag.REFIT_INDIVIDUAL)
    fixed = [name for name in refittable if not network.mark_weights_refittable(name)]
    if fixed:
        # The plan draws its own model all the same; a refit will refuse by name.
        print(f"{graph.name}: {len(fixed)} weights cannot be refitted, `{fixed[0]}` among them.")
    cache = _open_timings(config, timings)
    started = builder.build_serialized_network(network, config)
    timings.write_bytes(bytes(cache.serialize()))
    if started is None:
        raise ModelError(
            f"Expected a plan of {graph.name}, got none: see the log above. If it ran out of memory, give it less: "
            "`--workspace`, or fewer pictures at once (`python -m export.plan` says how many)."
        )
    return bytes(started)


def _open_timings(config: tensorrt.IBuilderConfig, path: Path) -> tensorrt.ITimingCache:
    """Measured times of another card or version are refused by TensorRT: then it measures again."""
    cache = config.create_timing_cache(path.read_bytes() if path.is_file() else b"")
    if not config.set_timing_cache(cache, False):
        print(f"{path} is of another card or version of TensorRT: measuring anew.")
        cache = config.create_timing_cache(b"")
        config.set_timing_cache(cache, False)
    return cache


def scratch_of(plan: bytes) -> int:
    """Bytes that a plan needs beside its weights while it runs; also shows that it can be opened here."""
    import tensorrt

    runtime = tensorrt.Runtime(tensorrt.Logger(tensorrt.Logger.WARNING))
    engine = runtime.deserialize_cuda_engine(plan)
    if engine is None:
        raise ModelError("Expected TensorRT to open the plan that it has built, got a refusal: see the log above.")
    return engine.device_memory_size_v2


def build_folder(folder: Path, settings: Settings, card: str) -> None:
    """Every plan of a folder, largest last; each is listed as soon as it is there."""
    exported = read_list(folder)
    weights = read_weights_map(folder / WEIGHTS_MAP)
    version = require_library()
    for entry in sorted(exported.entries, key=lambda one: (folder / f"{one.part}.weights").stat().st_size):
        begun = time.perf_counter()
        plan = build_plan(folder / entry.file, weights[entry.part], settings, folder / TIMINGS)
        file = Path(entry.file).with_suffix(".plan").name
        (folder / file).write_bytes(plan)
        built = Built(file, version, card, scratch_of(plan))
        exported = exported.with_entry(replace(entry, plan=built))
        write_list(folder, exported)
        seconds, size, scratch = time.perf_counter() - begun, len(plan) / GIB, built.scratch_bytes / GIB
        print(f"{file}: {size:.2f} GiB, {scratch:.2f} GiB of scratch, built in {seconds:.0f} s")


def needs_of(folder: Path, exported: Exported) -> GraphNeeds:
    """What the graphs of a folder need, read from them."""

    def need(entry: Entry) -> tuple[Any, Any]:
        model = onnx.load(folder / entry.file, load_external_data=False)
        return measure(model, is_attention_fused=True), measure(model, is_attention_fused=False)

    return {(entry.part, entry.batch): need(entry) for entry in exported.entries}


def refusal(folder: Path, exported: Exported, settings: Settings, card: Card) -> str | None:
    """Why not to begin; None if there is no reason."""
    quality = folder / QUALITY
    if not quality.is_file():
        return f"Expected {quality}, got nothing there: check the graphs first (`python -m export.check`)."
    if not json.loads(quality.read_text("utf-8"))["passed"]:
        return f"Expected graphs that passed, got some that did not: see {quality}."
    counts = tuple(entry.batch for entry in exported.of("vae_decoder"))
    taken = budget(needs_of(folder, exported), Choice(counts, settings.workspace), card)
    if fits(taken, card):
        return None
    return (
        f"Expected {max(taken.building, taken.running) / GIB:.1f} GiB to fit into {1 - KEPT_FREE:.0%} of the "
        f"{card.bytes / GIB:.1f} GiB that are free on {card.name}, got less: see `python -m export.plan`."
    )


def main() -> None:
    parser = argparse.ArgumentParser(description="Build the plans of an export folder.")
    parser.add_argument("folder", type=Path, nargs="?", default=Path(FOLDER))
    parser.add_argument("--workspace", type=float, default=WORKSPACES[0] / GIB, metavar="GIBIBYTES")
    parser.add_argument("--level", type=int, default=BEST_LEVEL, choices=range(6))
    parser.add_argument("--anyway", action="store_true", help="build although it may not fit, or was not checked")
    options = parser.parse_args()
    settings = Settings(int(options.workspace * GIB), options.level)
    try:
        exported = read_list(options.folder)
        require_library()
        card = found_card()
        if card is None:
            raise ModelError(
                "Expected a GPU to build for, got none: plans are built on the kind of card that runs them."
            )
        problem = None if options.anyway else refusal(options.folder, exported, settings, card)
        if problem is not None:
            raise ModelError(problem)
        build_folder(options.folder, settings, card.name)
    except ModelError as error:
        sys.exit(str(error))


if __name__ == "__main__":
    main()
