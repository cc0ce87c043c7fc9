"""Draws what the bench measured: how long four pictures take, and what a step consists of.

    python -m bench.plot RESULTS_FOLDER OUT_FOLDER

Reads loop.json, served.json and reference.json as `on_gpu.sh` leaves them.
"""

import json
import re
import sys
from pathlib import Path
from typing import Any

from matplotlib.figure import Figure

INK, QUIET, OURS, THEIRS = "#1f2430", "#8a90a0", "#d9572b", "#b9bfcc"
GROUPS = (
    ("self-attention", r"sdpa|fmha|flash"),
    ("3x3 convolutions (cuDNN)", r"fprop|nhwcAddPadding|init_device_workspace"),
    ("matrix products (cuBLAS)", r"nvjet|cutlass|splitK"),
    ("our products: convolutions, gates", r"^multiply$|^add_partials$"),
    ("group and layer norms", r"sum_channels|find_factors|apply_factors|normalise"),
    ("attention to the prompt", r"^attend$"),
    ("all else", r""),
)


def main() -> None:
    results, out = Path(sys.argv[1]), Path(sys.argv[2])
    loop, served, reference = (
        json.loads((results / f"{name}.json").read_text()) for name in ("loop", "served", "reference")
    )
    out.mkdir(parents=True, exist_ok=True)
    draw_seconds(loop["card"]["name"], served, reference).savefig(out / "seconds.png", dpi=110)
    draw_step(loop).savefig(out / "step.png", dpi=110)


def draw_seconds(card: str, served: list[dict[str, Any]], reference: dict[str, Any]) -> Figure:
    rows = [
        (f"diffusers: {title}", median(row["seconds"]), THEIRS) for title, row in reference.items() if "seconds" in row
    ]
    exact, fast = (row["p50_ms"] / 1000 for row in served[:2])
    rows += [("Quartet through Triton, p50", exact, OURS), ("the same, speed: fast", fast, OURS)]
    limit = next(row["limit"] for row in reference.values() if "limit" in row)
    figure = Figure(figsize=(9, 0.5 * len(rows) + 1.5), layout="constrained")
    axes = figure.add_subplot()
    for place, (_, seconds, color) in enumerate(rows):
        axes.barh(place, seconds, color=color, height=0.62)
        axes.text(
            seconds + 0.03, place, f"{seconds:.2f} s   {seconds / limit:.2f}x", va="center", color=INK, fontsize=9
        )
    axes.axvline(limit, color=INK, linewidth=1, linestyle=":")
    axes.text(limit, -0.75, f" the card's arithmetic limit: {limit:.2f} s", color=INK, fontsize=8, va="bottom")
    axes.set_yticks(range(len(rows)), [title for title, *_ in rows], color=INK, fontsize=9)
    axes.set_xlim(0, 1.2 * max(seconds for _, seconds, _ in rows))
    axes.set_ylim(len(rows) - 0.4, -0.9)
    axes.set_title(f"Four 512x512 pictures, DDIM 50, half precision, {card}", color=INK, fontsize=11)
    tidy(axes)
    return figure


def draw_step(loop: dict[str, Any]) -> Figure:
    sums = dict.fromkeys((name for name, _ in GROUPS), 0.0)
    for kernel, _, microseconds in loop["profile_step"]:
        sums[next(name for name, pattern in GROUPS if re.search(pattern, kernel))] += microseconds / 1000
    rows = sorted(sums.items(), key=lambda row: -row[1])
    figure = Figure(figsize=(9, 3.4), layout="constrained")
    axes = figure.add_subplot()
    for place, (_, milliseconds) in enumerate(rows):
        axes.barh(place, milliseconds, color=OURS, height=0.62)
        axes.text(milliseconds + 0.06, place, f"{milliseconds:.2f} ms", va="center", color=INK, fontsize=9)
    axes.set_yticks(range(len(rows)), [name for name, _ in rows], color=INK, fontsize=9)
    axes.set_xlim(0, 1.15 * rows[0][1])
    axes.invert_yaxis()
    axes.set_title(f"One step for four pictures: {sum(sums.values()):.1f} ms in kernels", color=INK, fontsize=11)
    tidy(axes)
    return figure


def tidy(axes: Any) -> None:
    for side in ("top", "right", "left"):
        axes.spines[side].set_visible(False)
    axes.spines["bottom"].set_color(QUIET)
    axes.tick_params(axis="x", colors=QUIET, labelsize=8)
    axes.tick_params(axis="y", length=0)


def median(numbers: list[float]) -> float:
    return sorted(numbers)[len(numbers) // 2]


if __name__ == "__main__":
    main()
