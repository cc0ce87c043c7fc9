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
from bench.subject import DESCRIPTION, arithmetic, encode_prompt, random_networks
from quartet_pipeline.engines.program import Program
from quartet_pipeline.engines.torch import TorchEngine
from quartet_pipeline.networks.kernels.choices import Choices, microseconds
from quartet_pipeline.networks.kernels.operations import KernelOperations, prepare_libraries
from quartet_pipeline.networks.kernels.shipped import open_choices
from quartet_pipeline.networks.stable_diffusion import StableDiffusionNetworks
from quartet_pipeline.request import Request
from quartet_pipeline.schedulers import SCHEDULERS

REQUEST = Request("", "a lighthouse at dusk", "blurry", (1, 2, 3, 4), 50, 7.5, "ddim", (512, 512), None, None, 0)
DEVICE = torch.device("cuda")
SKIPPABLE = ("card", "check", "exact", "profile", "compile", "one")


def networks_of(operations: KernelOperations) -> StableDiffusionNetworks:
    return StableDiffusionNetworks(random_networks(torch.float16, operations), DEVICE, operations.sampler)


def check(engine: TorchEngine, networks: StableDiffusionNetworks, results: dict[str, Any], *, is_exact: bool) -> None:
    """The captured loop against the same functions run eagerly, and against float32 without our kernels."""
    few = replace(REQUEST, steps=4)
    cases = [("the same, eager", networks, replace(few, seeds=REQUEST.seeds))]
    cases += [("the same, eager", networks, replace(few, seeds=(1,), scheduler=one)) for one in SCHEDULERS[1:]]
    if is_exact:
        exact = StableDiffusionNetworks(random_networks(torch.float32), DEVICE)
        cases.append(("float32, eager", exact, replace(few, seeds=(1,))))
    for name, other, request in cases:
        eager = TorchEngine(DESCRIPTION, other, encode_prompt)
        count = len(request.seeds)
        with torch.no_grad():
            eager._programs[request.size, count, True] = Program(
                other, DESCRIPTION, request.size, count, is_guided=True, is_captured=False
            )
        ours = engine.draw(request, lambda _: None, lambda: False).images.astype(int)
        theirs = eager.draw(request, lambda _: None, lambda: False).images.astype(int)
        apart = abs(ours - theirs)
        title = f"{count} captured against {name}, {request.scheduler}"
        line = f"most {apart.max()}, mean {apart.mean():.4f} levels (pictures deviate by {theirs.std():.1f})"
        print(f"{title}: {line}", flush=True)
        results.setdefault("checks", {})[title] = [int(apart.max()), float(apart.mean()), float(theirs.std())]
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


def profile(run: Callable[[], None], repeats: int = 4, most: int = 40) -> list[tuple[str, float, float]]:
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
    parser.add_argument(
        "--skip", nargs="*", default=[], choices=["card", "check", "exact", "profile", "compile", "one"]
    )
    parser.add_argument("--json", type=Path)
    options = parser.parse_args()
    results: dict[str, Any] = {}

    def keep() -> None:
        if options.json:
            options.json.write_text(json.dumps(results))

    begun = time.perf_counter()
    prepare_libraries()
    choices = Choices(options.forced) if options.forced else open_choices()
    operations = KernelOperations(choices)
    networks = networks_of(operations)
    torch.cuda.synchronize()
    print(f"Weights are on the card after {time.perf_counter() - begun:.1f} s", flush=True)
    engine = TorchEngine(DESCRIPTION, networks, encode_prompt)
    for count in (4, 1):
        with torch.no_grad():
            engine.program((512, 512), count, is_guided=True)
        results[f"ready_{count}_s"] = time.perf_counter() - begun
        known = f"{len(choices.measured)} of {len(choices.chosen)} operations measured"
        print(f"Ready for {count} after {results[f'ready_{count}_s']:.1f} s: {known}", flush=True)
    keep()
    measured = measure_card() if "card" not in options.skip else None
    torch.cuda.empty_cache()
    rate = measured.tera_per_second if measured else 729.0
    if measured:
        results["card"] = asdict(measured)
        print(f"{measured.name}: {rate:.0f} TFLOP/s, {measured.gigabytes_per_second:.0f} GB/s", flush=True)

    for count, name in ((4, "four"), (1, "one")):
        if name in options.skip:
            continue
        work = arithmetic(count, 50)
        limit = work / rate / 1e12
        torch.cuda.reset_peak_memory_stats()
        timed = time_drawing(engine, replace(REQUEST, seeds=REQUEST.seeds[:count]), 7)
        median = timed["seconds"][3]
        used, reserved = torch.cuda.max_memory_allocated() / 1e9, torch.cuda.max_memory_reserved() / 1e9
        print(
            f"{name} of 512x512, DDIM 50: {median:.3f} s ({timed['seconds'][0]:.3f} to {timed['seconds'][-1]:.3f}), "
            f"{median / limit:.2f} times the limit of {limit:.3f} s ({work / 1e12:.0f} TFLOP); text, loop, decoder, "
            f"total {[round(span, 1) for span in timed['spans_ms']]} ms; {used:.1f} GB in use, {reserved:.1f} held",
            flush=True,
        )
        results[name] = {**timed, "limit": limit, "used_gb": used, "held_gb": reserved}
        keep()
    if "check" not in options.skip:
        check(engine, networks, results, is_exact="exact" not in options.skip)
    keep()
    if "profile" not in options.skip:
        program = engine.program((512, 512), 4, is_guided=True)
        for name, run in (("step", program.advance), ("decoder", program.decode)):
            program.step.zero_()
            rows = profile(run)
            program.step.zero_()
            print(f"{name}: {sum(row[2] for row in rows) / 1000:.2f} ms in the kernels below", flush=True)
            for kernel, often, total in rows:
                print(f"  {total:8.1f} us {often:5.1f}x  {kernel[:110]}")
            results[f"profile_{name}"] = rows
    if "compile" not in options.skip:
        try:
            results["compiled_step_ms"] = time_compiled()
        except Exception as problem:  # What else was measured is not to be lost.
            print(f"plain operations do not compile: {str(problem)[:300]}")
    results["measured"] = {str(key): [asdict(way) for way in ways] for key, ways in choices.measured.items()}
    keep()


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
