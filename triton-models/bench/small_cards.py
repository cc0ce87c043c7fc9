"""Small cards: what is reckoned beside what drawing really takes, and pictures under the memory of smaller cards.

    python -m bench.small_cards --json out.json --seconds 120

PyTorch's allocator is bounded as a smaller card would bound it. Operations run as the libraries have them, unmeasured,
so that pictures can be compared: with networks in turns they have to be the same bits as with all of them there.
"""

import argparse
import gc
import json
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from bench.subject import DESCRIPTION, encode_prompt, random_networks
from quartet_pipeline.description import Description, Size
from quartet_pipeline.device_memory import CONTEXT, LIBRARIES, DeviceMemory
from quartet_pipeline.engines.needs import Needs
from quartet_pipeline.engines.planning import fit_torch, least_bytes
from quartet_pipeline.engines.program import Program
from quartet_pipeline.engines.torch import TorchEngine
from quartet_pipeline.engines.turns import TorchPlan, Turn, Turns
from quartet_pipeline.networks.clip import TextConfig
from quartet_pipeline.networks.footprint import Footprint
from quartet_pipeline.networks.interface import Stage
from quartet_pipeline.networks.kernels.choices import Choices
from quartet_pipeline.networks.kernels.operations import KernelOperations, prepare_libraries
from quartet_pipeline.networks.operations import Operations
from quartet_pipeline.networks.stable_diffusion import StableDiffusionNetworks
from quartet_pipeline.networks.unet import UNetConfig
from quartet_pipeline.networks.vae import AutoencoderConfig
from quartet_pipeline.networks.weight_set import Layout, WeightSet
from quartet_pipeline.networks.weights import Configs, make_networks
from quartet_pipeline.request import MAX_PICTURES, Request

CONFIGS = Configs(TextConfig(), UNetConfig(), AutoencoderConfig())
DEVICE = torch.device("cuda")
CARDS_GB = (None, 8.0, 6.0, 4.0, 3.0, 2.0)
REQUEST = Request("", "a lighthouse at dusk", "blurry", (1, 2, 3, 4), 6, 7.5, "ddim", (512, 512), None, None, 0)
MB = 10**6


@dataclass
class Subject:
    """The model of all cases: its weights lie on the host."""

    weights: dict[str, WeightSet]
    operations: KernelOperations

    @classmethod
    def random(cls) -> "Subject":
        made = random_networks(torch.float16)
        weights = {}
        for part, network in made.parts().items():
            weights[part] = WeightSet(Layout.of(network), is_pinned=True)
            for name, tensor in network.state_dict().items():
                weights[part].views[name].copy_(tensor)
        return cls(weights, KernelOperations(Choices("library")))

    def networks(self, *, takes_turns: bool) -> StableDiffusionNetworks:
        operations: Operations = self.operations
        networks = make_networks(CONFIGS, operations)
        return StableDiffusionNetworks(networks, DEVICE, self.operations.sampler, self.weights, takes_turns=takes_turns)


def reckon(description: Description, memory: DeviceMemory) -> Needs:
    """Needs of the same model on shapes alone."""
    networks = make_networks(CONFIGS, Footprint())
    for network in networks.parts().values():
        network.to(torch.float16)
    shapes = StableDiffusionNetworks(networks, torch.device("meta"))
    return Needs(shapes, shapes.weights_of_stages(), description, spare=memory.spare)


@torch.no_grad()
def compare_stages(subject: Subject, needs: Needs, size: Size, at_once: int) -> dict[str, Any]:
    """Megabytes that each stage takes beside weights and what is kept: reckoned, and by PyTorch's own count."""
    networks = subject.networks(takes_turns=False)
    clear()
    weights = torch.cuda.memory_allocated()
    turn = Turn(at_once, is_captured=False)
    program = Program(networks, DESCRIPTION, size, MAX_PICTURES, is_guided=True, turns=Turns(turn, turn))
    torch.cuda.synchronize()
    clear()
    kept = torch.cuda.memory_allocated() - weights

    def beyond(run: Callable[[], object]) -> int:
        torch.cuda.reset_peak_memory_stats()
        before = torch.cuda.memory_allocated()
        run()
        torch.cuda.synchronize()
        return torch.cuda.max_memory_allocated() - before

    picture = torch.zeros(1, 3, *size, device=DEVICE)
    real: dict[Stage, int] = {
        "text": beyond(program.read),
        "loop": beyond(program.advance),
        "decoder": beyond(program.decode),
        "encoder": beyond(lambda: networks.encode(picture)),
    }
    reckoned = needs.program(size, at_once)
    rows: dict[str, Any] = {"kept": [reckoned.kept / MB, kept / MB]}
    rows |= {stage: [reckoned.scratch[stage] / MB, real[stage] / MB] for stage in real}
    name = f"{at_once} at once of {size[1]}x{size[0]}"
    for stage, (ours, theirs) in rows.items():
        print(f"{name}, {stage}: reckoned {ours:.0f} MB, took {theirs:.0f} MB", flush=True)
    return {"at_once": at_once, "size": size, "weights_mb": weights / MB, **rows}


def draw_on(subject: Subject, plan: TorchPlan, memory: DeviceMemory | None = None) -> tuple[NDArray[np.uint8], Any]:
    """Pictures by a plan, and how long and how much memory that took."""
    clear()
    torch.cuda.reset_peak_memory_stats()
    begun = time.perf_counter()
    engine = TorchEngine(DESCRIPTION, subject.networks(takes_turns=plan.takes_turns), encode_prompt, plan, memory)
    engine.warm_up()
    ready = time.perf_counter() - begun
    engine.draw(replace(REQUEST, steps=2), lambda _: None, lambda: False)
    drawing = engine.draw(REQUEST, lambda _: None, lambda: False)
    return drawing.images, {
        "ready_s": ready,
        "spans_ms": drawing.timings_ms,
        "used_mb": torch.cuda.max_memory_allocated() / MB,
        "held_mb": torch.cuda.max_memory_reserved() / MB,
    }


def play(subject: Subject, card_gb: float | None, whole: NDArray[np.uint8] | None) -> dict[str, Any]:
    """One card: what is chosen for it, and what comes of that."""
    name = "this card" if card_gb is None else f"{card_gb:g} GB"
    memory = DeviceMemory(DEVICE, card_gb)
    needs = reckon(DESCRIPTION, memory)
    assert memory.left is not None
    fit = fit_torch(needs, memory.left, is_gpu=True)
    if fit is None:
        print(
            f"{name}: nothing fits into {memory.left / MB:.0f} MB, {least_bytes(needs) / MB:.0f} MB would do",
            flush=True,
        )
        return {"card_gb": card_gb, "left_mb": memory.left / MB, "least_mb": least_bytes(needs) / MB}
    turns = (fit.plan.turns or {})[REQUEST.size]
    images, took = draw_on(subject, fit.plan, memory)
    apart = 0 if whole is None else int(np.abs(images.astype(int) - whole.astype(int)).max())
    print(
        f"{name}: {memory.left / MB:.0f} MB for tensors; {'in turns' if fit.plan.takes_turns else 'whole'}, loop "
        f"{turns.loop}, decoder {turns.decoder}; reckoned {fit.takes / MB:.0f} MB, used {took['used_mb']:.0f}, held "
        f"{took['held_mb']:.0f}; ready after {took['ready_s']:.1f} s, text, loop of {REQUEST.steps}, decoder, total "
        f"{[round(span, 1) for span in took['spans_ms']]} ms; {apart} levels from four at once",
        flush=True,
    )
    result: dict[str, Any] = {"card_gb": card_gb, "left_mb": memory.left / MB}
    result |= {"reckoned_mb": fit.takes / MB, "levels_apart": apart, "images": images}
    result |= took | {"in_turns": fit.plan.takes_turns, "loop": vars(turns.loop), "decoder": vars(turns.decoder)}
    if fit.plan.takes_turns:
        torch.cuda.set_per_process_memory_fraction(1.0)
        there, _ = draw_on(subject, replace(fit.plan, takes_turns=False))
        result["same_bits"] = bool((there == images).all())
        print(f"{name}: the same bits with all networks there: {result['same_bits']}", flush=True)
    return result


def clear() -> None:
    gc.collect()
    torch.cuda.synchronize()
    torch.cuda.empty_cache()


def outside_mb() -> float:
    """What the card holds that is not PyTorch's: contexts, code, and whoever else is there."""
    free, total = torch.cuda.mem_get_info()
    return (total - free - torch.cuda.memory_reserved()) / MB


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seconds", type=float, default=120, help="no case begins after this")
    parser.add_argument("--json", type=Path)
    options = parser.parse_args()
    begun = time.perf_counter()
    torch.zeros(1, device=DEVICE)
    results: dict[str, Any] = {"stages": [], "cards": [], "outside_mb": [outside_mb()]}
    print(f"context: reckoned {CONTEXT / MB:.0f} MB, takes {outside_mb():.0f} MB", flush=True)
    prepare_libraries()
    subject = Subject.random()
    needs = reckon(replace(DESCRIPTION, enlarge_factor=2), DeviceMemory(DEVICE))
    whole: NDArray[np.uint8] | None = None

    def attempt(what: str, run: Callable[[], dict[str, Any]], into: list[Any]) -> dict[str, Any]:
        """One case: what goes wrong in it must not cost the others."""
        torch.cuda.set_per_process_memory_fraction(1.0)
        clear()
        if time.perf_counter() - begun > options.seconds:
            print(f"{what}: no time left", flush=True)
            return {}
        try:
            result = run()
        except Exception as problem:
            print(f"{what}: {type(problem).__name__}: {str(problem)[:300]}", flush=True)
            result = {"what": what, "problem": str(problem)[:300]}
        into.append({key: value for key, value in result.items() if key != "images"})
        if options.json:
            options.json.write_text(json.dumps(results))
        return result

    for size, count in (((512, 512), 4), ((512, 512), 1), ((1024, 1024), 1)):
        attempt(f"stages of {count}", partial(compare_stages, subject, needs, size, count), results["stages"])
    for card_gb in CARDS_GB:
        result = attempt(f"{card_gb} GB", partial(play, subject, card_gb, whole), results["cards"])
        whole = result.get("images", whole) if card_gb is None else whole
    results["outside_mb"].append(outside_mb())
    print(f"context and code: reckoned {(CONTEXT + LIBRARIES) / MB:.0f} MB, take {outside_mb():.0f} MB", flush=True)
    if options.json:
        options.json.write_text(json.dumps(results))


if __name__ == "__main__":
    main()
