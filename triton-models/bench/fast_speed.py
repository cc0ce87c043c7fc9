"""How fast the fast modes are: the shape of Stable Diffusion 1.5 with random weights, on a GPU."""

import json
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import torch

from bench.subject import DESCRIPTION, encode_prompt, random_networks
from quartet_pipeline.description import Description
from quartet_pipeline.engines.kinds import step_kinds
from quartet_pipeline.engines.program import Program
from quartet_pipeline.engines.torch import TorchEngine
from quartet_pipeline.networks.stable_diffusion import StableDiffusionNetworks
from quartet_pipeline.request import Request
from quartet_pipeline.speeds import Shortcuts

REQUEST = Request("", "a lighthouse at dusk", "blurry", (1, 2, 3, 4), 50, 7.5, "ddim", (512, 512), None, None, 0)
EXACT = Shortcuts()


def open_networks() -> StableDiffusionNetworks:
    """Random weights on our kernels."""
    # Only a machine with a GPU has Triton's language.
    from quartet_pipeline.networks.kernels.fp8 import Fp8Operations
    from quartet_pipeline.networks.kernels.operations import prepare_libraries
    from quartet_pipeline.networks.kernels.shipped import open_choices

    prepare_libraries()
    operations = Fp8Operations(open_choices())
    fp8 = operations if operations.is_possible() else None
    networks = random_networks(torch.float16, operations)
    return StableDiffusionNetworks(networks, torch.device("cuda"), operations.sampler, fp8=fp8)


def rows(engine: TorchEngine, request: Request) -> Iterator[tuple[str, Request, Shortcuts]]:
    """What is timed: first what needs no shapes but those of the exact loop, because a new shape is measured first."""
    known = engine.shortcuts
    counts = ((len(request.seeds), "four"), (1, "one"))
    for count, title in counts:
        long = replace(request, seeds=request.seeds[:count])
        short = replace(long, scheduler="dpmpp_2m", steps=request.steps * 2 // 5)
        yield f"{title}, exact", long, EXACT
        for every in (3, 2, 5):
            yield f"{title}, cached every {every}", long, Shortcuts(deep_every=every)
        yield f"{title}, exact, DPM++ 2M", short, EXACT
        yield f"{title}, cached every 3, DPM++ 2M", short, Shortcuts(deep_every=3)
        if "fp8" in known:
            yield f"{title}, fp8", long, known["fp8"]
            yield f"{title}, fast (cached every 3, fp8)", long, known["fast"]
            yield f"{title}, fast, DPM++ 2M", short, known["fast"]
    for count, title in counts:
        # Half the batch: every shape is new.
        long = replace(request, seeds=request.seeds[:count])
        yield f"{title}, cutoff at 60 %", long, known["cutoff"]
        yield f"{title}, guidance every 2", long, Shortcuts(guided_every=2)
        yield f"{title}, cached every 3 and guided when whole", long, Shortcuts(deep_every=3, guided_every=3)


def measure_speed(
    networks: StableDiffusionNetworks,
    most_seconds: float,
    path: Path | None,
    request: Request = REQUEST,
    description: Description = DESCRIPTION,
    repeats: int = 5,
) -> dict[str, Any]:
    """Prints each row as it comes, and keeps them all in `path`; a row that fails costs no other."""
    begun = time.perf_counter()
    engine = TorchEngine(description, networks, encode_prompt)
    is_gpu = networks.device.type == "cuda"
    card = torch.cuda.get_device_name() if is_gpu else "CPU"
    results: dict[str, Any] = {"card": card, "torch": torch.__version__, "steps": request.steps, "rows": {}}

    def row(title: str, run: Callable[[], dict[str, Any]]) -> None:
        before = time.perf_counter()
        if before - begun > most_seconds:
            print(f"{title}: no time left", flush=True)
            return
        try:
            result = run()
        except Exception as problem:  # What comes after is to be measured too.
            result = {"line": f"{type(problem).__name__}: {str(problem)[:300]}", "failed": True}
        print(f"{title}: {result['line']} (row took {time.perf_counter() - before:.1f} s)", flush=True)
        results["rows"][title] = result
        if path:
            path.write_text(json.dumps(results, indent=1))

    known = engine.shortcuts
    for title, asked, left_out in rows(engine, request):
        row(title, partial(_timed, engine, asked, left_out, repeats))
    for title in ("fast", "cutoff"):
        row(f"{title}, captured against eager", partial(_checked, engine, networks, description, request, known[title]))
    for blocks in (2, 3):
        networks.shallow_blocks = blocks
        other = TorchEngine(description, networks, encode_prompt)
        title = f"four, cached every 3, {blocks} blocks in a shallow step"
        row(title, partial(_timed, other, request, Shortcuts(deep_every=3), repeats))
    return results


def _timed(engine: TorchEngine, request: Request, left_out: Shortcuts, repeats: int) -> dict[str, Any]:
    """Wall seconds of whole drawings, and the engine's own spans."""
    engine.shortcuts = {"exact": left_out}
    # Captures every kind of step that the row needs.
    engine.draw(request, lambda _: None, lambda: False)
    if torch.cuda.is_available():
        torch.cuda.reset_peak_memory_stats()
    drawn = []
    for _ in range(repeats):
        begun = time.perf_counter()
        spans = engine.draw(request, lambda _: None, lambda: False).timings_ms
        drawn.append((time.perf_counter() - begun, [round(span, 1) for span in spans]))
    drawn.sort()
    seconds, spans_ms = [one for one, _ in drawn], drawn[repeats // 2][1]
    used = torch.cuda.max_memory_allocated() / 1e9 if torch.cuda.is_available() else 0.0
    median = seconds[repeats // 2]
    line = f"{median:.3f} s ({seconds[0]:.3f} to {seconds[-1]:.3f}); text, loop, decoder, total {spans_ms} ms"
    line += f"; {used:.1f} GB in use"
    return {"median_s": median, "seconds": seconds, "spans_ms": spans_ms, "used_gb": used, "line": line}


def _checked(
    engine: TorchEngine,
    networks: StableDiffusionNetworks,
    description: Description,
    request: Request,
    left_out: Shortcuts,
) -> dict[str, Any]:
    """The same request by captured graphs and by the functions themselves."""
    request = replace(request, scheduler="dpmpp_2m", steps=10)
    count = len(request.seeds)
    engine.shortcuts = {"exact": left_out}
    captured = engine.draw(request, lambda _: None, lambda: False).images.astype(int)
    eager = TorchEngine(description, networks, encode_prompt)
    eager.shortcuts = engine.shortcuts
    with torch.no_grad():
        program = Program(networks, description, request.size, count, is_guided=True, is_captured=False)
        program.prepare(dict.fromkeys(step_kinds(left_out, request.steps, is_guided=True)))
    eager._programs[request.size, count, True] = program
    theirs = eager.draw(request, lambda _: None, lambda: False).images.astype(int)
    apart = abs(captured - theirs)
    line = f"most {apart.max()}, mean {apart.mean():.4f} levels (pictures deviate by {theirs.std():.1f})"
    return {"most": int(apart.max()), "mean": float(apart.mean()), "line": line}
