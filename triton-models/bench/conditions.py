"""What masks, control pictures, safety checker and a second pass cost: Stable Diffusion 1.5's shape, random weights.

python -m bench.conditions --seconds 150 --json out.json
"""

import argparse
import json
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import torch

from bench.subject import DESCRIPTION, encode_prompt, random_networks
from quartet_pipeline.description import Description
from quartet_pipeline.engines.kinds import StepKind, step_kinds
from quartet_pipeline.engines.program import Program
from quartet_pipeline.engines.torch import TorchEngine
from quartet_pipeline.networks.controlnet import ControlNetConfig
from quartet_pipeline.networks.controls import Controls
from quartet_pipeline.networks.safety import Judge, SafetyConfig, make_checker
from quartet_pipeline.networks.stable_diffusion import StableDiffusionNetworks
from quartet_pipeline.networks.weight_set import Layout, WeightSet
from quartet_pipeline.request import Control, Request
from quartet_pipeline.speeds import Shortcuts

PLAIN = Request("", "a lighthouse at dusk", "blurry", (1, 2, 3, 4), 50, 7.5, "ddim", (512, 512), None, None, 0)
SAFETY = SafetyConfig(width=1024, feed_width=4096, layers=24, heads=16, patch=14, projection=768)
CONTROLS = {"canny": Path("canny"), "depth": Path("depth")}
CHECKER = Path("checker")
REPEATS = 5
Row = tuple[str, Callable[[], dict[str, Any]]]


def open_networks() -> StableDiffusionNetworks:
    """On our kernels, with two ControlNets and a safety checker."""
    # Only a machine with a GPU has Triton's language.
    from quartet_pipeline.networks.kernels.operations import KernelOperations, prepare_libraries
    from quartet_pipeline.networks.kernels.shipped import open_choices

    prepare_libraries()
    operations = KernelOperations(open_choices())
    networks = random_networks(torch.float16, operations)
    whole = StableDiffusionNetworks(networks, torch.device("cuda"), operations.sampler)
    add_conditions(whole, ControlNetConfig(), SAFETY)
    return whole


def add_conditions(networks: StableDiffusionNetworks, control: ControlNetConfig, safety: SafetyConfig) -> None:
    """Random ones; the same every time."""
    controls = Controls(networks)
    for seed, place in enumerate(CONTROLS.values()):
        controls.expect(control, place)
        weights = WeightSet(Layout.of(controls.network, networks.dtype), is_pinned=networks.device.type == "cuda")
        fill_randomly(weights, seed)
        controls.put(place, weights)
    networks.controls = controls
    judge = Judge(networks.device, networks.dtype)
    judge.network = make_checker(safety, networks.dtype)
    weights = WeightSet(Layout.of(judge.network))
    fill_randomly(weights, 0)
    judge.hold(CHECKER, weights)
    networks.checker = judge


def fill_randomly(weights: WeightSet, seed: int) -> None:
    generator = torch.Generator().manual_seed(seed)
    for name, view in weights.views.items():
        deviation = 0.05 if view.ndim == 1 else view[0].numel() ** -0.5
        around = 1.0 if "norm" in name and name.endswith("weight") else 0.0
        view.copy_(around + deviation * torch.randn(view.shape, generator=generator))


def masked(request: Request) -> Request:
    height, width = request.size
    mask = np.zeros(request.size, np.uint8)
    mask[height // 4 : -height // 4, width // 4 : -width // 4] = 255
    return replace(request, picture=some_picture(height, width), strength=1.0, mask=mask)


def controlled(request: Request, kind: str = "canny") -> Request:
    return replace(request, control=Control(kind, some_picture(*request.size), 0.8))


def enlarged(request: Request, factor: int = 2) -> Request:
    """The second pass: one picture at twice the size, three tenths of the steps."""
    height, width = (factor * side for side in request.size)
    return replace(
        request, seeds=request.seeds[:1], size=(height, width), picture=some_picture(height, width), strength=0.3
    )


def some_picture(height: int, width: int) -> Any:
    return np.random.default_rng(7).integers(0, 256, (height, width, 3)).astype(np.uint8)


def rows(engine: TorchEngine, description: Description, request: Request) -> Iterator[Row]:
    """What is measured, in this order; each row stands for itself."""
    one = replace(request, seeds=request.seeds[:1])
    yield "plain", lambda: timed(engine, request)
    yield "within a mask", lambda: timed(engine, masked(request))
    yield "safety checker", lambda: timed_parts(engine, request)
    yield "within a mask, captured against eager", lambda: checked(engine, description, masked(request))
    yield "one, controlled", lambda: timed(engine, controlled(one))
    yield "one, captured against eager", lambda: checked(engine, description, controlled(one))
    yield "controlled", lambda: timed(engine, controlled(request))
    yield "a step, controlled and not", lambda: timed_steps(engine, request)
    yield "another control and back", lambda: timed_change(engine, one)
    yield "controlled within a mask", lambda: timed(engine, controlled(masked(request)))
    yield "one, without guidance, controlled", lambda: timed(engine, controlled(replace(one, guidance_scale=1.0)))
    yield "second pass at twice the size", lambda: timed(engine, enlarged(request))
    yield "second pass, captured against eager", lambda: checked(engine, description, enlarged(request))


def measure(
    networks: StableDiffusionNetworks, description: Description, request: Request, seconds: float, path: Path | None
) -> dict[str, Any]:
    """Prints each row as it comes, and keeps them all in `path`; none begins after so many seconds."""
    begun = time.perf_counter()
    description = replace(description, controls=CONTROLS, safety_checker=CHECKER)
    engine = TorchEngine(description, networks, encode_prompt)
    card = torch.cuda.get_device_name() if networks.device.type == "cuda" else "cpu"
    results: dict[str, Any] = {"card": card, "torch": torch.__version__, "rows": {}}
    for title, run in rows(engine, description, request):
        before = time.perf_counter()
        if before - begun > seconds:
            result: dict[str, Any] = {"problem": "no time left"}
        else:
            try:
                result = run()
            except Exception as problem:  # What comes after is to be measured too.
                result = {"problem": f"{type(problem).__name__}: {str(problem)[:300]}"}
        result["took_s"] = round(time.perf_counter() - before, 1)
        print(f"{title}: {result}", flush=True)
        results["rows"][title] = result
        if path:
            path.write_text(json.dumps(results, indent=1))
    return results


def draw(engine: TorchEngine, request: Request) -> Any:
    return engine.draw(request, lambda _: None, lambda: False)


def timed(engine: TorchEngine, request: Request) -> dict[str, Any]:
    """Whole drawings after one that captures: seconds, the engine's own spans, and memory in use."""
    draw(engine, replace(request, steps=max(4, request.steps // 10)))
    is_gpu = torch.cuda.is_available()
    if is_gpu:
        torch.cuda.reset_peak_memory_stats()
    seconds, spans = [], []
    for _ in range(REPEATS):
        begun = time.perf_counter()
        spans.append(draw(engine, request).timings_ms)
        seconds.append(time.perf_counter() - begun)
    middle = sorted(spans, key=lambda one: one[3])[REPEATS // 2]
    used = torch.cuda.max_memory_allocated() / 1e9 if is_gpu else 0.0
    return {
        "median_s": round(sorted(seconds)[REPEATS // 2], 4),
        "text_loop_decoder_total_ms": [round(span, 1) for span in middle],
        "used_gb": round(used, 1),
    }


def milliseconds(run: Callable[[], object], repeats: int = 20) -> float:
    """Of one of several in a row."""
    wait = torch.cuda.synchronize if torch.cuda.is_available() else lambda: None
    run()
    wait()
    begun = time.perf_counter()
    for _ in range(repeats):
        run()
    wait()
    return round((time.perf_counter() - begun) * 1000 / repeats, 3)


@torch.no_grad()
def timed_parts(engine: TorchEngine, request: Request) -> dict[str, Any]:
    """What runs once after the loop, or once a step, each on its own."""
    program = engine.program(request.size, len(request.seeds), is_guided=True)
    masking = program.masking()
    parts = {"judge": program.judging(), "decode": program.decode, "mend": masking.mend, "blend": masking.blend}
    return {f"{name}_ms": milliseconds(run) for name, run in parts.items()}


@torch.no_grad()
def timed_steps(engine: TorchEngine, request: Request) -> dict[str, Any]:
    program = engine.program(request.size, len(request.seeds), is_guided=True)
    kinds = {"plain": StepKind(True), "controlled": StepKind(True, is_controlled=True)}
    program.prepare(kinds.values())
    program.step.zero_()
    times = {}
    for name, kind in kinds.items():
        program.step.zero_()
        times[f"{name}_ms"] = milliseconds(lambda kind=kind: program.advance(kind))  # type: ignore[misc]
    program.step.zero_()
    return times


@torch.no_grad()
def timed_change(engine: TorchEngine, request: Request) -> dict[str, Any]:
    """Another ControlNet's weights put in place."""
    controls = engine._networks.controls
    assert controls is not None
    places = iter([*CONTROLS.values()] * 40)
    change = milliseconds(lambda: controls.choose(next(places), 0.8))
    first = draw(engine, controlled(request)).images
    draw(engine, controlled(request, "depth"))
    again = draw(engine, controlled(request)).images
    return {"choose_ms": change, "is_the_same_after": bool((first == again).all())}


def checked(engine: TorchEngine, description: Description, request: Request) -> dict[str, Any]:
    """The same request by captured graphs and by the functions themselves: levels apart, and what the checker says."""
    request = replace(request, steps=max(4, request.steps // 5))
    captured = draw(engine, request)
    eager = TorchEngine(description, engine._networks, encode_prompt)
    count = len(request.seeds)
    kinds = step_kinds(Shortcuts(), 1, is_guided=True, is_controlled=request.control is not None)
    with torch.no_grad():
        program = Program(engine._networks, description, request.size, count, is_guided=True, is_captured=False)
        program.prepare(kinds)
    eager._programs[request.size, count, True] = program
    theirs = draw(eager, request)
    apart = np.abs(captured.images.astype(int) - theirs.images.astype(int))
    most = float(np.abs(captured.unsafe - theirs.unsafe).max())
    return {
        "most_levels": int(apart.max()),
        "mean_levels": round(float(apart.mean()), 4),
        "deviation": round(float(theirs.images.std()), 1),
        "unsafe_apart": most,
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seconds", type=float, default=150, help="no row begins after this")
    parser.add_argument("--json", type=Path)
    options = parser.parse_args()
    begun = time.perf_counter()
    networks = open_networks()
    spent = time.perf_counter() - begun
    print(f"Weights are on the card after {spent:.1f} s", flush=True)
    described = replace(DESCRIPTION, enlarge_factor=2)
    measure(networks, described, PLAIN, options.seconds - spent, options.json)


if __name__ == "__main__":
    main()
