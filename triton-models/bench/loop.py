"""Our loop, end to end: right first, then how fast, then where the time goes.

python -m bench.loop --json out.json
"""

import argparse
import json
import time
from collections.abc import Callable
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import torch

from bench.card import measure_card
from bench.subject import DESCRIPTION, encode_prompt, random_networks, record
from quartet_pipeline.engines.program import Program
from quartet_pipeline.engines.torch import TorchEngine
from quartet_pipeline.networks.kernels.choices import Choices, microseconds
from quartet_pipeline.networks.kernels.operations import KernelOperations
from quartet_pipeline.networks.stable_diffusion import StableDiffusionNetworks
from quartet_pipeline.request import Request
from quartet_pipeline.schedulers import SCHEDULERS

REQUEST = Request("", "a lighthouse at dusk", "blurry", (1, 2, 3, 4), 50, 7.5, "ddim", (512, 512), None, None, 0)
DEVICE = torch.device("cuda")


def check(networks: StableDiffusionNetworks, results: dict[str, Any]) -> None:
    """The captured loop against the same functions run eagerly, and against float32 without our kernels."""
    exact = StableDiffusionNetworks(random_networks(torch.float32), DEVICE)
    small = replace(REQUEST, seeds=(1, 2), steps=4)
    captured = TorchEngine(DESCRIPTION, networks, encode_prompt)
    for name, other in (("the same, eager", networks), ("float32, eager", exact)):
        eager = TorchEngine(DESCRIPTION, other, encode_prompt)
        eager._programs[(512, 512), 2, True] = Program(
            other, DESCRIPTION, (512, 512), 2, is_guided=True, is_captured=False
        )
        for scheduler in SCHEDULERS if other is networks else SCHEDULERS[:1]:
            request = replace(small, scheduler=scheduler)
            ours = captured.draw(request, lambda _: None, lambda: False).images.astype(int)
            theirs = eager.draw(request, lambda _: None, lambda: False).images.astype(int)
            apart = abs(ours - theirs)
            line = f"most {apart.max()}, mean {apart.mean():.4f} levels (pictures deviate by {theirs.std():.1f})"
            print(f"captured against {name}, {scheduler}: {line}", flush=True)
            results.setdefault("checks", {})[f"{name}, {scheduler}"] = [int(apart.max()), float(apart.mean())]
    del exact
    torch.cuda.empty_cache()


def time_drawing(engine: TorchEngine, request: Request, repeats: int) -> dict[str, Any]:
    """Wall seconds of whole drawings, and the engine's own spans."""
    engine.draw(replace(request, steps=2), lambda _: None, lambda: False)
    seconds, spans = [], []
    for _ in range(repeats):
        begun = time.perf_counter()
        spans.append(engine.draw(request, lambda _: None, lambda: False).timings_ms)
        seconds.append(time.perf_counter() - begun)
    return {"seconds": sorted(seconds), "spans_ms": sorted(spans, key=lambda one: one[3])[len(spans) // 2]}


def profile(run: Callable[[], None], repeats: int = 4, most: int = 32) -> list[tuple[str, float, float]]:
    """Kernels of one run: name, how often, microseconds altogether."""
    with torch.profiler.profile(activities=[torch.profiler.ProfilerActivity.CUDA]) as profiler:
        for _ in range(repeats):
            run()
        torch.cuda.synchronize()
    rows = [(one.key, one.count / repeats, one.self_device_time_total / repeats) for one in profiler.key_averages()]
    return sorted(rows, key=lambda row: -row[2])[:most]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--forced", help="take the ways whose name starts with this (library, kernel) unmeasured")
    parser.add_argument("--skip", nargs="*", default=[], choices=["check", "profile", "compile", "one"])
    parser.add_argument("--json", type=Path)
    options = parser.parse_args()
    torch.backends.cudnn.benchmark = True
    torch.backends.cudnn.allow_tf32 = False
    card = measure_card()
    print(f"{card.name}: {card.tera_per_second:.0f} TFLOP/s, {card.gigabytes_per_second:.0f} GB/s", flush=True)
    results: dict[str, Any] = {"card": asdict(card)}
    operations = KernelOperations(Choices(options.forced))
    networks = StableDiffusionNetworks(random_networks(torch.float16, operations), DEVICE)
    begun = time.perf_counter()
    engine = TorchEngine(DESCRIPTION, networks, encode_prompt)
    with torch.no_grad():
        program = engine.program((512, 512), 4, is_guided=True)
    print(f"Measured and captured in {time.perf_counter() - begun:.1f} s", flush=True)

    for count, name in ((4, "four"), (1, "one")):
        if name in options.skip:
            continue
        work = 50 * sum(record("unet", 2 * count).operations.values())
        work += sum(record("decoder", count).operations.values())
        limit = work / card.tera_per_second / 1e12
        torch.cuda.reset_peak_memory_stats()
        timed = time_drawing(engine, replace(REQUEST, seeds=REQUEST.seeds[:count]), 5)
        median = timed["seconds"][2]
        memory = torch.cuda.max_memory_reserved() / 1e9
        print(
            f"{name} of 512x512, DDIM 50: {median:.3f} s ({timed['seconds'][0]:.3f} to {timed['seconds'][-1]:.3f}), "
            f"{median / limit:.2f} times the limit of {limit:.3f} s ({work / 1e12:.0f} TFLOP); "
            f"text, loop, decoder, total {[round(span, 1) for span in timed['spans_ms']]} ms; {memory:.1f} GB",
            flush=True,
        )
        results[name] = {**timed, "limit": limit, "memory_gb": memory}
    if "check" not in options.skip:
        check(networks, results)
    if "profile" not in options.skip:
        for name, run in (("step", program.advance), ("decoder", program.decode)):
            program.step.zero_()
            rows = profile(run)
            print(f"{name}: {sum(row[2] for row in rows) / 1000:.2f} ms in the kernels below", flush=True)
            for kernel, often, total in rows:
                print(f"  {total:8.1f} us {often:5.1f}x  {kernel[:110]}")
            results[f"profile_{name}"] = rows
    if "compile" not in options.skip:
        try:
            results["compiled_step_ms"] = time_compiled()
        except Exception as problem:  # What else was measured is not to be lost.
            print(f"plain operations do not compile: {str(problem)[:300]}")
    if options.json:
        results["choices"] = {
            str(key): [asdict(way) for way in ways] for key, ways in operations.choices.measured.items()
        }
        options.json.write_text(json.dumps(results))


def time_compiled() -> float:
    """Milliseconds of a UNet step on 8 latents: our networks on plain operations, compiled by Inductor."""
    begun = time.perf_counter()
    unet = random_networks(torch.float16).unet
    sample = torch.randn(8, 64, 64, 4, device="cuda", dtype=torch.float16)
    with torch.no_grad():
        time_row = unet.prepare_times(torch.tensor([500.0], device="cuda"))[0]
        text = unet.prepare_text(torch.randn(8, 77, 768, device="cuda", dtype=torch.float16))
        compiled = torch.compile(unet, fullgraph=True, dynamic=False)
        compiled(sample, time_row, text)
        step = microseconds(lambda: compiled(sample, time_row, text)) / 1000
    print(
        f"plain operations compiled by Inductor: {step:.2f} ms a step ({time.perf_counter() - begun:.0f} s)", flush=True
    )
    return step


if __name__ == "__main__":
    main()
