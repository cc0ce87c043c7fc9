"""What the fast modes lose: the small model's pictures by each mode beside the exact ones, and what a probe finds."""

import json
import time
from collections.abc import Mapping
from contextlib import AbstractContextManager
from dataclasses import asdict, dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from PIL import Image, ImageDraw
from torch import nn

from demo.networks import TransformerBlock, UNet
from demo.probe import WEIGHTS, ask, score
from demo.probe_network import ProbeNet
from demo.scenes import describe
from quartet_pipeline.description import read_description
from quartet_pipeline.engines.torch import TorchEngine
from quartet_pipeline.networks import fp8
from quartet_pipeline.networks.small import SmallNetworks
from quartet_pipeline.request import Request
from quartet_pipeline.speeds import Shortcuts, shortcuts
from quartet_pipeline.tokenizer import open_prompt_encoder

MODEL = Path(__file__).parents[1] / "demo/model"
SEED = 31
SHOWN = 3
"""Pictures of each mode on the sheet."""
KNOWN = shortcuts("cached", "cutoff", "fp8")


@dataclass(frozen=True)
class Mode:
    """One row of the table."""

    name: str
    scheduler: str = "ddim"
    steps: int = 50
    left_out: Shortcuts = Shortcuts()  # noqa: RUF009
    has_coarse_convolutions: bool = False
    reference: str = "exact, DDIM 50"


EXACT_20 = "exact, DPM++ 2M 20"
LONG = (
    Mode("exact, DDIM 50"),
    Mode("cached, every 2", left_out=Shortcuts(deep_every=2)),
    Mode("cached, every 3", left_out=Shortcuts(deep_every=3)),
    Mode("cached, every 5", left_out=Shortcuts(deep_every=5)),
    Mode("guidance every 2", left_out=Shortcuts(guided_every=2)),
    Mode("cutoff at 60 %", left_out=Shortcuts(guided_percent=60)),
    Mode("fp8", left_out=KNOWN["fp8"]),
    Mode("fast", left_out=KNOWN["fast"]),
)
SHORT = tuple(
    Mode(f"{name}, DPM++ 2M 20", "dpmpp_2m", 20, left_out, "convolutions" in name, EXACT_20)
    for name, left_out in (
        ("cached, every 2", Shortcuts(deep_every=2)),
        ("cached, every 3", Shortcuts(deep_every=3)),
        ("guidance every 2", Shortcuts(guided_every=2)),
        ("cutoff at 60 %", Shortcuts(guided_percent=60)),
        ("fp8", KNOWN["fp8"]),
        ("fp8 with convolutions", KNOWN["fp8"]),
        ("fast", KNOWN["fast"]),
    )
)
FEWER = tuple(
    Mode(f"exact, {title} {steps}", scheduler, steps)
    for title, scheduler in (("DPM++ 2M", "dpmpp_2m"), ("UniPC", "unipc"))
    for steps in (20, 12, 8)
)
# The references come first of their kind.
MODES = (*LONG, *FEWER, *SHORT)


@dataclass
class Loss:
    """Sums over pictures; `asked` and `found` count attributes, `whole` prompts of which all was found."""

    pictures: int = 0
    mean_levels: float = 0.0
    psnr: float = 0.0
    asked: int = 0
    found: int = 0
    whole: int = 0
    seconds: float = 0.0
    shown: list[NDArray[np.uint8]] = field(default_factory=list)

    def row(self) -> dict[str, Any]:
        count = max(1, self.pictures)
        counts = {name: getattr(self, name) for name in ("pictures", "asked", "found", "whole")}
        return {
            **counts,
            "mean_levels": round(self.mean_levels / count, 3),
            "psnr_db": None if self.psnr == 0 else round(self.psnr / count, 2),
            "found_share": round(self.found / max(1, self.asked), 4),
            "seconds_a_picture": round(self.seconds / count, 2),
        }


def measure_loss(minutes: float, path: Path, sheet: Path) -> None:
    """Draws prompt after prompt by every mode until time is up; writes the table (JSON) and a sheet of pictures."""
    torch.set_num_threads(1)
    # Of this process alone: others may share the core.
    until = time.process_time() + 60 * minutes
    description = read_description(MODEL)
    networks = SmallNetworks(MODEL, torch.device("cpu"))
    engine = TorchEngine(description, networks, open_prompt_encoder(MODEL, description))
    probe = ProbeNet.load(WEIGHTS, "cpu")
    scenes, prompts = ask(500, SEED)
    losses = {mode.name: Loss() for mode in MODES}
    table: dict[str, Any] = {}
    longest = 0.0
    for index, (scene, prompt) in enumerate(zip(scenes, prompts, strict=True)):
        begun = time.process_time()
        # A prompt that would not be finished by every mode is not begun.
        if index and begun + longest > until:
            break
        drawn: dict[str, NDArray[np.uint8]] = {}
        for mode in MODES:
            drawn[mode.name], seconds = _draw(engine, networks, mode, prompt, 1000 + index)
            _add(losses[mode.name], drawn[mode.name], drawn[mode.reference], seconds)
            found = score(probe, torch.from_numpy(drawn[mode.name]).permute(2, 0, 1)[None], [describe(scene)], [prompt])
            _count(losses[mode.name], found)
        longest = max(longest, time.process_time() - begun)
        path.parent.mkdir(parents=True, exist_ok=True)
        table = {mode.name: {**asdict(mode), **losses[mode.name].row()} for mode in MODES}
        path.write_text(json.dumps({"prompts": prompts[: index + 1], "modes": table}, indent=1) + "\n")
        make_sheet(losses).save(sheet, quality=85)
        print(f"{index + 1} prompts, {longest:.0f} s each", flush=True)
    print(format_table(table))


def _draw(
    engine: TorchEngine, networks: SmallNetworks, mode: Mode, prompt: str, seed: int
) -> tuple[NDArray[np.uint8], float]:
    """One picture uint8 [h, w, 3], and the seconds of its loop."""
    networks.in_fp8 = partial(_in_fp8, networks.unet, mode.has_coarse_convolutions)
    engine.shortcuts = {"exact": mode.left_out}
    request = Request("", prompt, "", (seed,), mode.steps, 4.0, mode.scheduler, (512, 512), None, None, 0)
    drawing = engine.draw(request, lambda _: None, lambda: False)
    return drawing.images[0], drawing.timings_ms[1] / 1000


def _in_fp8(unet: UNet, has_convolutions: bool) -> AbstractContextManager[None]:
    """What fp8 would do to the small model: the layers that Stable Diffusion's kernels take."""
    layers: list[nn.Module] = []
    for block in unet.modules():
        if isinstance(block, TransformerBlock):
            # Keys and values of the prompt are computed once a prompt there, in half precision.
            kept = (block.text_attention.key, block.text_attention.value)
            layers += [layer for layer in block.modules() if isinstance(layer, nn.Linear) and layer not in kept]
    if has_convolutions:
        edges = (unet.stem, unet.out)
        layers += [layer for layer in unet.modules() if isinstance(layer, nn.Conv2d) and layer not in edges]
    return fp8.rounding(layers)


def _add(loss: Loss, picture: NDArray[np.uint8], reference: NDArray[np.uint8], seconds: float) -> None:
    apart = picture.astype(np.float64) - reference
    loss.pictures += 1
    loss.seconds += seconds
    loss.mean_levels += float(np.abs(apart).mean())
    error = float((apart**2).mean())
    loss.psnr += 10 * float(np.log10(255**2 / error)) if error else 0.0
    if len(loss.shown) < SHOWN:
        loss.shown.append(picture)


def _count(loss: Loss, found: dict[str, tuple[int, int]]) -> None:
    for name, (asked, hits) in found.items():
        if name == "all of a prompt":
            loss.whole += hits
        else:
            loss.asked += asked
            loss.found += hits


def format_table(rows: Mapping[str, Mapping[str, Any]]) -> str:
    """The modes of a file that `measure_loss` wrote, in Markdown."""
    lines = [
        "| | beside | mean difference, levels | PSNR, dB | attributes found | prompts wholly followed |",
        "|---|---|---:|---:|---:|---:|",
    ]
    for name, row in rows.items():
        apart = "| | "
        if name != row["reference"]:
            apart = f"{row['reference']} | {row['mean_levels']:.2f} | {row['psnr_db']:.1f}"
        share = f"{row['found']} of {row['asked']} ({row['found_share']:.1%})"
        lines.append(f"| {name} | {apart} | {share} | {row['whole']} of {row['pictures']} |")
    return "\n".join(lines)


def make_sheet(losses: dict[str, Loss], side: int = 256, columns: int = 2) -> Image.Image:
    """The first pictures of every mode, beside its name."""
    names = [mode.name for mode in MODES]
    rows = -(-len(names) // columns)
    label = 150
    sheet = Image.new("RGB", (columns * (label + SHOWN * side), rows * side), "white")
    draw = ImageDraw.Draw(sheet)
    for place, name in enumerate(names):
        left, top = place // rows * (label + SHOWN * side), place % rows * side
        text = name.replace(", ", "\n").replace(" with ", "\nwith ")
        draw.multiline_text((left + 8, top + side // 2 - 20), text, fill="black", font_size=16)
        for index, picture in enumerate(losses[name].shown):
            sheet.paste(Image.fromarray(picture).resize((side, side)), (left + label + index * side, top))
    return sheet
