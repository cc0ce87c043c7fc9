"""Does a picture show what was asked for? A classifier that knows rendered pictures only answers.

    python -m demo.probe --pictures 40                                 # the model of this repository, on the CPU
    python -m demo.probe --checkpoint runs/demo/checkpoint --pictures 1000 --device cuda
    python -m demo.probe --images pictures.npz                          # pictures made elsewhere

Prompts ask for combinations of attributes that the model has never been trained on. What a prompt says is compared with
what the probe finds. The last column is the probe's own score on freshly rendered pictures of held-out combinations: no
model could do better than that by this measure.
"""

import argparse
import json
import random
import re
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from demo.probe_network import ATTRIBUTES, ProbeNet, labels, shrink
from demo.render import render
from demo.scenes import VOCABULARY, Scene, caption, describe, full_caption, sample_scene

WEIGHTS: Final = Path(__file__).parent / "probe.npz"
Autoencode = Callable[[Tensor], Tensor]


@dataclass(frozen=True)
class Score:
    """How often an attribute that a prompt asked for was found."""

    attribute: str
    asked: int
    found: int
    rendered: float
    """Share, 0 to 1, that the probe gets right on rendered pictures."""


def train_probe(
    device: torch.device,
    minutes: float,
    autoencode: Autoencode | None = None,
    *,
    batch: int = 256,
    pictures: int = 40_000,
    size: int = 512,
) -> ProbeNet:
    """Train a probe from nothing on rendered pictures.

    Args:
        device: where to render and train.
        minutes: in all; two fifths go into rendering.
        autoencode: pictures through the model's autoencoder and back (uint8 [n, 3, h, w] both), which every other batch
            takes, so that the probe does not mind what that does to a picture.
        batch: pictures a step.
        pictures: at most, kept on the device at 128x128.
        size: at which they are rendered.
    """
    start = time.monotonic()
    bank, answers = _fill_bank(device, start + 24 * minutes, autoencode, pictures, size)
    network: ProbeNet = ProbeNet().to(device, memory_format=torch.channels_last)  # type: ignore[call-overload]
    optimizer = torch.optim.AdamW(network.parameters(), lr=2e-3, weight_decay=0.02)
    begin, end = time.monotonic(), start + 60 * minutes
    step = 0
    network.train()
    progress = 0.0
    while progress < 1:
        for group in optimizer.param_groups:
            group["lr"] = 2e-3 * min(1.0, (step + 1) / 100) * (1.01 - progress)
        rows = torch.randint(len(bank), (min(batch, len(bank)),), device=device)
        seen = _disturb(bank[rows].float() / 255)
        with torch.autocast(device.type, torch.bfloat16, enabled=device.type == "cuda"):
            logits = network(seen.contiguous(memory_format=torch.channels_last))
        truth = answers[rows]
        losses = [F.cross_entropy(logits[name].float(), truth[:, k]) for k, name in enumerate(ATTRIBUTES)]
        optimizer.zero_grad(set_to_none=True)
        loss = torch.stack(losses).sum()
        loss.backward()  # type: ignore[no-untyped-call]
        optimizer.step()
        step += 1
        if device.type == "cuda" and step % 20 == 0:
            torch.cuda.synchronize(device)
        progress = (time.monotonic() - begin) / max(1e-3, end - begin)
    print(f"probe: {len(bank)} pictures, {step} steps, loss {float(loss.detach()):.3f}", flush=True)
    return network.eval()


def _fill_bank(
    device: torch.device, until: float, autoencode: Autoencode | None, pictures: int, size: int
) -> tuple[Tensor, Tensor]:
    """uint8 [n, 3, 128, 128] and int64 [n, attributes] of scenes of every combination."""
    rng = random.Random(20_000_003)
    shown, answers = [], []
    batch = 64 if device.type == "cuda" else 8
    for k in range(max(1, pictures // batch)):
        scenes = [sample_scene(rng, held_out=rng.random() < 0.06) for _ in range(batch)]
        drawn = render(scenes, size=size, device=device)
        if autoencode and k % 2:
            drawn = autoencode(drawn)
        shown.append(shrink(drawn))
        answers.append(labels(scenes).to(device))
        if device.type == "cuda":
            torch.cuda.synchronize(device)
        if time.monotonic() > until:
            break
    return torch.cat(shown), torch.cat(answers)


def _disturb(pictures: Tensor) -> Tensor:
    """Softness, noise, another exposure, a small shift: float [n, 3, h, w], 0 to 1, to the same."""
    n, side = len(pictures), pictures.shape[-1]

    def uniform(low: float, high: float) -> Tensor:
        return torch.empty(n, 1, 1, 1, device=pictures.device).uniform_(low, high)

    dx, dy = (int(v) for v in torch.randint(-3, 4, (2,)))
    shifted = F.pad(pictures, (3, 3, 3, 3), mode="replicate")[:, :, 3 + dy : 3 + dy + side, 3 + dx : 3 + dx + side]
    soft = F.avg_pool2d(F.pad(shifted, (1, 1, 1, 1), mode="replicate"), 3, 1)
    seen = torch.lerp(shifted, soft, uniform(-0.2, 0.8))
    seen = (seen - 0.5) * uniform(0.92, 1.08) + 0.5 + uniform(-0.03, 0.03)
    return (seen + torch.randn_like(seen) * uniform(0.0, 0.03)).clamp(0, 1)


def ask(count: int, seed: int, *, short: bool = False) -> tuple[list[Scene], list[str]]:
    """Held-out scenes and prompts for them that say everything or, with `short`, what a person might say."""
    rng = random.Random(seed)
    scenes = [sample_scene(rng, held_out=True) for _ in range(count)]
    write = caption if short else full_caption
    return scenes, [write(scene, rng) for scene in scenes]


def asked_for(wanted: dict[str, str | int], prompt: str) -> set[str]:
    """The attributes whose wanted value the prompt speaks of."""
    return {name for name in ATTRIBUTES if any(_speaks(prompt, phrase) for phrase in _phrases(name, wanted[name]))}


def _phrases(attribute: str, value: str | int) -> Sequence[str]:
    return VOCABULARY[attribute].get(str(value), ())


def _speaks(prompt: str, phrase: str) -> bool:
    return re.search(rf"(?<![\w-]){re.escape(phrase)}(?![\w-])", prompt) is not None


def score(
    network: ProbeNet, images: Tensor, wanted: Sequence[dict[str, str | int]], prompts: Sequence[str]
) -> dict[str, tuple[int, int]]:
    """Asked and found of each attribute, and of all that a prompt asks for; images: uint8 [n, 3, h, w]."""
    found = network.classify(images)
    counts = {name: [0, 0] for name in (*ATTRIBUTES, "all of a prompt")}
    for k, (wish, prompt) in enumerate(zip(wanted, prompts, strict=True)):
        asked = asked_for(wish, prompt)
        right = {name for name in asked if found[name][k] == wish[name]}
        for name in asked:
            counts[name][0] += 1
            counts[name][1] += name in right
        counts["all of a prompt"][0] += 1
        counts["all of a prompt"][1] += right == asked
    return {name: (asked, hits) for name, (asked, hits) in counts.items()}


def measure(
    network: ProbeNet,
    images: Tensor,
    wanted: Sequence[dict[str, str | int]],
    prompts: Sequence[str],
    *,
    rendered: int = 80,
) -> list[Score]:
    """The table that `main` prints; images: uint8 [n, 3, h, w]. `rendered` pictures give the probe's own score."""
    shown = score(network, images, wanted, prompts)
    own = dict.fromkeys(shown, (0, 0))
    device = next(network.parameters()).device
    scenes, texts = ask(rendered, 77_000_000)
    for start in range(0, rendered, 20):
        part = scenes[start : start + 20]
        # Twice what the probe looks at is enough, and on a CPU four times faster than 512.
        pictures = render(part, size=512 if device.type == "cuda" else 256, device=device)
        counted = score(network, pictures, [describe(scene) for scene in part], texts[start : start + 20])
        own = {name: (own[name][0] + counted[name][0], own[name][1] + counted[name][1]) for name in own}
    return [
        Score(name, asked, found, own[name][1] / max(1, own[name][0]))
        for name, (asked, found) in shown.items()
        if asked
    ]


def format_table(scores: Sequence[Score]) -> str:
    """The scores as a table in Markdown."""
    rows = ["| attribute | asked | found | share | probe on rendered pictures |", "|---|---:|---:|---:|---:|"]
    for s in scores:
        rows.append(f"| {s.attribute} | {s.asked} | {s.found} | {s.found / s.asked:.1%} | {s.rendered:.1%} |")
    asked = sum(s.asked for s in scores[:-1])
    rows.insert(
        -1,
        f"| **together** | {asked} | {sum(s.found for s in scores[:-1])} | "
        f"{sum(s.found for s in scores[:-1]) / max(1, asked):.1%} | |",
    )
    return "\n".join(rows)


def _generate(arguments: argparse.Namespace, prompts: list[str]) -> Tensor:
    from demo.sample import Pipeline

    if arguments.checkpoint:
        from demo.checkpoint import Checkpoint

        pipeline = Pipeline.from_checkpoint(Checkpoint.load(arguments.checkpoint), torch.device(arguments.device))
    else:
        pipeline = Pipeline(arguments.model_dir)
    seeds = [arguments.seed * 1_000_003 + k for k in range(len(prompts))]
    batch = 4 if arguments.device == "cpu" else 32
    pictures = pipeline.generate(prompts, seeds, arguments.steps, arguments.guidance, batch=batch)
    return torch.from_numpy(pictures).permute(0, 3, 1, 2)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--model-dir", type=Path, default=Path(__file__).parent / "model")
    parser.add_argument("--checkpoint", type=Path, help="a training checkpoint instead of the exported model")
    parser.add_argument("--device", default="cpu", help="for --checkpoint and for the probe")
    parser.add_argument("--pictures", type=int, default=40)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--steps", type=int, help="default: the model's own")
    parser.add_argument("--guidance", type=float, help="default: the model's own")
    parser.add_argument("--short", action="store_true", help="prompts that leave things out, as people's do")
    parser.add_argument("--probe", type=Path, default=WEIGHTS)
    parser.add_argument("--images", type=Path, help="an archive that --save wrote, instead of generating")
    parser.add_argument("--save", type=Path, help="keep images, prompts and attributes in this .npz")
    arguments = parser.parse_args()
    network = ProbeNet.load(arguments.probe, arguments.device)
    if arguments.images:
        with np.load(arguments.images) as archive:
            images = torch.from_numpy(archive["images"]).permute(0, 3, 1, 2)
            prompts = [str(text) for text in archive["captions"]]
            wanted = json.loads(str(archive["attributes"]))
    else:
        scenes, prompts = ask(arguments.pictures, arguments.seed, short=arguments.short)
        wanted = [describe(scene) for scene in scenes]
        images = _generate(arguments, prompts)
    if arguments.save:
        np.savez_compressed(
            arguments.save,
            images=images.permute(0, 2, 3, 1).numpy(),
            captions=np.array(prompts),
            attributes=json.dumps(wanted),
        )
    rendered = 80 if arguments.device == "cpu" else 1_000
    print(format_table(measure(network, images, wanted, prompts, rendered=rendered)))


if __name__ == "__main__":
    main()
