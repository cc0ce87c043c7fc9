"""How fast the fast modes are: the shape of Stable Diffusion 1.5 with random weights, on a GPU."""

import json
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import torch

from bench.loop import REQUEST, networks_of, time_drawing
from bench.subject import DESCRIPTION, encode_prompt
from quartet_pipeline.engines.kinds import Shortcuts, step_kinds
from quartet_pipeline.engines.program import Program
from quartet_pipeline.engines.torch import TorchEngine
from quartet_pipeline.networks.kernels.operations import KernelOperations, prepare_libraries
from quartet_pipeline.networks.kernels.shipped import open_choices
from quartet_pipeline.request import Request

EXACT = Shortcuts()
LONG, SHORT = replace(REQUEST), replace(REQUEST, scheduler="dpmpp_2m", steps=20)
REPEATS = 5


def rows(engine: TorchEngine) -> Iterator[tuple[str, Request, Shortcuts]]:
    """What is timed: first what needs no shapes but those of the exact loop, because a new shape is measured first."""
    known = engine.shortcuts
    for count, title in ((4, "four"), (1, "one")):
        seeds = REQUEST.seeds[:count]
        long, short = replace(LONG, seeds=seeds), replace(SHORT, seeds=seeds)
        yield f"{title}, exact", long, EXACT
        yield f"{title}, fast but in half precision", long, replace(known["fast"], is_coarse=False)
        for every in (2, 3, 5):
            yield f"{title}, cached every {every}", long, Shortcuts(deep_every=every)
        yield f"{title}, exact, DPM++ 2M 20", short, EXACT
        yield f"{title}, fast but in half precision, DPM++ 2M 20", short, replace(known["fast"], is_coarse=False)
    for count, title in ((4, "four"), (1, "one")):
        long, short = (replace(one, seeds=REQUEST.seeds[:count]) for one in (LONG, SHORT))
        if "fp8" in known:
            yield f"{title}, fp8", long, known["fp8"]
            yield f"{title}, fast", long, known["fast"]
            yield f"{title}, fast, DPM++ 2M 20", short, known["fast"]
        # Half the batch: every shape is new.
        yield f"{title}, guidance every 2", long, Shortcuts(guided_every=2)
        yield f"{title}, cutoff at 60 %", long, Shortcuts(guided_percent=60)
        both = Shortcuts(deep_every=3, guided_every=3)
        yield f"{title}, cached every 3 and guided when whole", long, both


def measure_speed(most_seconds: float, path: Path | None) -> None:
    """Prints each row as it comes, and keeps them all in `path`; a row that fails costs no other."""
    begun = time.perf_counter()
    prepare_libraries()
    choices = open_choices()
    networks = networks_of(KernelOperations(choices))
    engine = TorchEngine(DESCRIPTION, networks, encode_prompt)
    results: dict[str, Any] = {"card": torch.cuda.get_device_name(), "torch": torch.__version__, "rows": {}}

    def row(title: str, run: Callable[[], dict[str, Any]]) -> None:
        if time.perf_counter() - begun > most_seconds:
            print(f"{title}: no time left", flush=True)
            return
        before = time.perf_counter()
        try:
            result = run()
            result["took_s"] = time.perf_counter() - before
            print(f"{title}: {result.pop('line')} (row took {result['took_s']:.1f} s)", flush=True)
        except Exception as problem:  # What comes after is to be measured too.
            result = {"problem": f"{type(problem).__name__}: {str(problem)[:300]}"}
            print(f"{title}: {result['problem']}", flush=True)
        results["rows"][title] = result
        if path:
            path.write_text(json.dumps(results))

    for title, request, left_out in rows(engine):
        row(title, lambda request=request, left_out=left_out: _timed(engine, request, left_out))  # type: ignore[misc]
    fast = engine.shortcuts["fast"]
    for title, left_out in (("fast", fast), ("cutoff", engine.shortcuts["cutoff"])):
        row(f"{title}, captured against eager", lambda left_out=left_out: _checked(engine, left_out))  # type: ignore[misc]
    for blocks in (2, 3):
        networks.shallow_blocks = blocks
        other = TorchEngine(DESCRIPTION, networks, encode_prompt)
        title = f"four, cached every 3, {blocks} blocks in a shallow step"
        row(title, lambda other=other: _timed(other, LONG, Shortcuts(deep_every=3)))  # type: ignore[misc]


def _timed(engine: TorchEngine, request: Request, left_out: Shortcuts) -> dict[str, Any]:
    engine.shortcuts = {**engine.shortcuts, request.speed: left_out}
    # Captures every kind of step that the row needs.
    engine.draw(request, lambda _: None, lambda: False)
    torch.cuda.reset_peak_memory_stats()
    timed = time_drawing(engine, request, REPEATS)
    seconds, spans = timed["seconds"], [round(span, 1) for span in timed["spans_ms"]]
    used = torch.cuda.max_memory_allocated() / 1e9
    median = seconds[len(seconds) // 2]
    line = (
        f"{median:.3f} s ({seconds[0]:.3f} to {seconds[-1]:.3f}); text, loop, decoder, total {spans} ms; {used:.1f} GB"
    )
    return {**timed, "median_s": median, "used_gb": used, "line": line}


def _checked(engine: TorchEngine, left_out: Shortcuts) -> dict[str, Any]:
    """The same request by captured graphs and by the functions themselves."""
    request = replace(SHORT, steps=10)
    engine.shortcuts = {**engine.shortcuts, request.speed: left_out}
    captured = engine.draw(request, lambda _: None, lambda: False).images.astype(int)
    eager = TorchEngine(DESCRIPTION, engine._networks, encode_prompt)
    eager.shortcuts = engine.shortcuts
    with torch.no_grad():
        program = Program(engine._networks, DESCRIPTION, request.size, 4, is_guided=True, is_captured=False)
        program.prepare(dict.fromkeys(step_kinds(left_out, request.steps, is_guided=True)))
    eager._programs[request.size, 4, True] = program
    theirs = eager.draw(request, lambda _: None, lambda: False).images.astype(int)
    apart = abs(captured - theirs)
    line = f"most {apart.max()}, mean {apart.mean():.4f} levels (pictures deviate by {theirs.std():.1f})"
    return {"most": int(apart.max()), "mean": float(apart.mean()), "line": line}
