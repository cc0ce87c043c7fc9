"""Every operation of a UNet step and of the decoder, each way that it can be computed: time, and error against float32.

    python -m bench.kernels --part unet --count 8 --seconds 200

Each kind of operation runs in a process of its own, so that one that crashes or hangs takes no other along.
"""

import argparse
import json
import subprocess
import sys
import time
from pathlib import Path

import torch

from bench.subject import call_again, record

KINDS = (
    "attend", "convolve", "convolve_norm", "convolve_doubled", "group_norm", "join_norm",
    "gated_linear", "linear", "add_linear", "layer_norm",
)  # fmt: skip


def measure(kind: str, part: str, count: int, seconds: float) -> dict[str, float]:
    """Prints the ways of each call of a kind; returns the milliseconds of a step: library alone, and the best."""
    from quartet_pipeline.networks.kernels.operations import KernelOperations

    begun = time.monotonic()
    recorder = record(part, count)
    calls = [(call, often) for call, often in recorder.calls.items() if call[0] == kind]
    operations = KernelOperations()
    sums = {"library": 0.0, "best": 0.0}
    for call, often in sorted(calls, key=lambda one: str(one[0])):
        if time.monotonic() - begun > seconds:
            print(f"  {call[1:]} x{often}: no time left")
            continue
        with torch.no_grad():
            call_again(operations, call)()
        (measured,) = list(operations.choices.measured.values())[-1:] or [[]]
        usable = sorted((way for way in measured if not way.problem), key=lambda way: way.microseconds)
        if not usable:
            print(f"  {call[1:]} x{often}: {[way.problem for way in measured]}")
            continue
        library = next((way for way in usable if way.name == "library"), usable[-1])
        sums["library"] += library.microseconds * often / 1000
        sums["best"] += usable[0].microseconds * often / 1000
        best = "  ".join(f"{way.name} {way.microseconds:.1f}" for way in usable[:4])
        errors = f"errors {library.error:.0e} {usable[0].error:.0e}"
        print(f"  {call[1:]} x{often}: library {library.microseconds:.1f} | {best} | {errors}")
        for way in measured:
            if way.problem:
                print(f"    {way.name}: {way.problem.splitlines()[0][:140]}")
        sys.stdout.flush()
    floor = recorder.operations[kind] / 1e12, recorder.size[kind] / 1e9
    print(
        f"{kind}: library {sums['library']:.2f} ms, best {sums['best']:.2f} ms a step; "
        f"{floor[0]:.3f} TFLOP, {floor[1]:.2f} GB",
        flush=True,
    )
    return sums


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--part", choices=("unet", "decoder"), default="unet")
    parser.add_argument("--count", type=int, default=8, help="latents of a step, or pictures to decode")
    parser.add_argument("--kinds", nargs="+", default=list(KINDS))
    parser.add_argument("--seconds", type=float, default=60, help="the most that one kind may take")
    parser.add_argument("--json", type=Path)
    parser.add_argument("--here", action="store_true", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.here:
        torch.backends.cudnn.allow_tf32 = False
        sums = measure(options.kinds[0], options.part, options.count, options.seconds)
        if options.json:
            options.json.write_text(json.dumps(sums))
        return
    for kind in options.kinds:
        command = [sys.executable, "-m", "bench.kernels", "--here", "--kinds", kind, "--part", options.part]
        command += ["--count", str(options.count), "--seconds", str(options.seconds)]
        try:
            done = subprocess.run(command, timeout=options.seconds * 1.6 + 30, check=False)
            if done.returncode:
                print(f"{kind}: ended with {done.returncode}", flush=True)
        except subprocess.TimeoutExpired:
            print(f"{kind}: did not end", flush=True)


if __name__ == "__main__":
    main()
