"""Many models and LoRA on one engine: how long another model takes, what it costs, and that it is exact.

python -m bench.model_swap --json swap.json

Needs a GPU, 10 GB on disk for a moment, and 2.2 GB of host memory a model (`--models`).
"""

import argparse
import json
import shutil
import tempfile
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import torch

from bench.random_files import Fields, write_lora, write_model
from bench.subject import DESCRIPTION, encode_prompt
from quartet_pipeline.device_memory import DeviceMemory, own_device
from quartet_pipeline.engines.shared import Shared, SharedEngines, SharedModel
from quartet_pipeline.model_folder import read_model_folder
from quartet_pipeline.networks.lora import read_lora
from quartet_pipeline.networks.weight_set import WeightSet
from quartet_pipeline.networks.weights import PARTS, WeightSets, make_networks, parse_configs
from quartet_pipeline.request import Request

REQUEST = Request("", "a lighthouse at dusk", "blurry", (1, 2, 3, 4), 50, 7.5, "ddim", (512, 512), None, None, 0)
SMALL: Fields = {
    "text_encoder": {"hidden_size": 32, "intermediate_size": 64, "num_hidden_layers": 2, "num_attention_heads": 4},
    "unet": {"block_out_channels": (32, 64, 64, 64), "norm_num_groups": 8, "cross_attention_dim": 32},
    "vae": {"block_out_channels": (16, 16, 32, 32), "layers_per_block": 1, "norm_num_groups": 8},
}


class Run:
    """What the parts share, and how much time is left."""

    def __init__(self, options: argparse.Namespace) -> None:
        self.options = options
        self.begun = time.perf_counter()
        self.results: dict[str, Any] = {}
        self.request = replace(REQUEST, size=(64, 64), steps=8) if options.small else REQUEST
        self.few = replace(self.request, steps=4)

    @property
    def left(self) -> float:
        return float(self.options.seconds) - (time.perf_counter() - self.begun)

    def tell(self, name: str, value: Any, line: str) -> None:
        self.results[name] = value
        print(f"[{time.perf_counter() - self.begun:5.1f} s] {line}", flush=True)
        if self.options.json:
            self.options.json.write_text(json.dumps(self.results, indent=1))


def synchronize() -> None:
    if torch.cuda.is_available():
        torch.cuda.synchronize()


def milliseconds(run: Callable[[], object], repeats: int) -> list[float]:
    """By the host's clock, from before the call until the device is done."""
    times = []
    for _ in range(repeats):
        synchronize()
        begun = time.perf_counter()
        run()
        synchronize()
        times.append((time.perf_counter() - begun) * 1000)
    return sorted(times)


def memory_gb() -> dict[str, float]:
    """Of the card: in tensors, held by PyTorch, and taken altogether; of the host: locked or not."""
    status = Path("/proc/self/status").read_text()
    kilobytes = {line.split(":")[0]: int(line.split()[1]) for line in status.splitlines() if line.startswith("Vm")}
    memory = {"host": kilobytes["VmRSS"] * 1024 / 1e9}
    if torch.cuda.is_available():
        free, total = torch.cuda.mem_get_info()
        memory |= {
            "tensors": torch.cuda.memory_allocated() / 1e9,
            "held": torch.cuda.memory_reserved() / 1e9,
            "card": (total - free) / 1e9,
        }
    return memory


def another(weights: WeightSets, number: int) -> WeightSets:
    """A set of its own with other numbers in it."""
    copies = {}
    for part, one in weights.items():
        copies[part] = WeightSet(one.layout)
        copies[part].memory.copy_(one.memory)
        copies[part].lock_pages()
        next(view for view in copies[part].views.values() if view.ndim == 1)[0] += number * 0.1
    return copies


def write_files(run: Run, folder: Path) -> None:
    fields = SMALL if run.options.small else {}
    networks = make_networks(parse_configs({part: dict(fields.get(part, {})) for part in PARTS}))
    begun = time.perf_counter()
    for number, name in enumerate(("first", "second")):
        write_model(folder / name, networks, fields, number, own_device().type)
    count = {
        "lora": write_lora(folder / "lora.safetensors", networks, rank=32, with_convolutions=False),
        "locon": write_lora(folder / "locon.safetensors", networks, rank=16, with_convolutions=True),
    }
    torch.cuda.empty_cache()
    run.tell("lora_layers", count, f"files written in {time.perf_counter() - begun:.1f} s; layers of LoRA: {count}")


def open_models(run: Run, engines: SharedEngines, folder: Path) -> tuple[Shared, SharedModel, SharedModel]:
    models = []
    for name in ("first", "second"):
        begun = time.perf_counter()
        found = read_model_folder(folder / name)
        model = engines.open(found, replace(DESCRIPTION, id=name), encode_prompt)
        shared = model.shared
        sets = shared.shelf.get(found.networks.resolve())
        seconds, pinned = time.perf_counter() - begun, all(one.is_pinned for one in sets.values())
        gigabytes = {part: round(one.layout.size / 1e9, 3) for part, one in sets.items()}
        line = f"{name} read from its files in {seconds:.2f} s; GB {gigabytes}, pages locked: {pinned}"
        run.tell(f"read_{name}", {"seconds": seconds, "gigabytes": gigabytes, "pinned": pinned}, line)
        models.append(model)
    return shared, models[0], models[1]


def time_swaps(run: Run, shared: Shared, first: SharedModel, second: SharedModel) -> None:
    def there_and_back() -> None:
        second.bring(None)
        first.bring(None)

    first.bring(None)
    changed = second.bring(None)
    times = [one / 2 for one in milliseconds(there_and_back, 10)]
    rate = 2 * sum(shared.networks.buffers[part].layout.size for part in changed) / times[5] / 2e6
    line = f"swap of {', '.join(changed)}: {times[5]:.1f} ms ({times[0]:.1f} to {times[-1]:.1f}), {rate:.1f} GB/s"
    run.tell("swap_ms", times, line)


def compare_drawings(run: Run, first: SharedModel, second: SharedModel, folder: Path) -> None:
    pictures = [draw(model, run.few).images for model in (first, second, first, second)]
    same = bool((pictures[0] == pictures[2]).all() and (pictures[1] == pictures[3]).all())
    other = bool((pictures[0] != pictures[1]).any())
    run.tell(
        "swapped_back", [same, other], f"pictures after swapping back: same bits {same}; of the other differ: {other}"
    )
    fresh = SharedEngines(DeviceMemory(own_device())).open(
        read_model_folder(folder / "second"), DESCRIPTION, encode_prompt
    )
    apart = abs(draw(fresh, run.few).images.astype(int) - pictures[1].astype(int)).max()
    run.tell("fresh_engine", int(apart), f"second after a swap against an engine of its own: {apart} levels apart")


def draw(model: SharedModel, request: Request) -> Any:
    return model.draw(request, lambda _: None, lambda: False)


def time_lora(run: Run, shared: Shared, weights: WeightSets, path: Path, name: str) -> None:
    networks = shared.networks
    lora = read_lora(path, networks.networks, is_pinned=True)
    networks.use(weights)
    merged = milliseconds(lambda: networks.use(weights, lora, 0.8), 1)
    scales = iter(range(1, 100))
    times = milliseconds(lambda: networks.use(weights, lora, next(scales) / 100), 10)
    base = {part: shared.networks.buffers[part].memory.clone() for part in lora} if networks.use(weights) else {}
    merge = milliseconds(lambda: [part.merge_into(networks.buffers[key].views, 0.5) for key, part in lora.items()], 3)
    # What was merged behind the networks' back is not known to them.
    networks.forget()
    networks.use(weights)
    bits = []
    changed = []
    turns = 5 if run.options.small else 50
    for turn in range(turns):
        networks.use(weights, lora, 0.1 + 0.03 * turn)
        changed.append(any(not torch.equal(base[part], networks.buffers[part].memory) for part in lora))
        networks.use(weights)
        bits.append(all(torch.equal(base[part], networks.buffers[part].memory) for part in lora))
    values = {"first_ms": merged[0], "ms": times, "merge_ms": merge, "identical": sum(bits), "changed": sum(changed)}
    line = (
        f"{name}: base copied and merged {times[5]:.1f} ms (first {merged[0]:.1f}), merging alone {merge[1]:.1f} ms; "
    )
    run.tell(
        name,
        values,
        line + f"of {turns} merges and un-merges {sum(bits)} left the base bit for bit, {sum(changed)} changed it",
    )


def compare_with_cpu(run: Run, shared: Shared, weights: WeightSets, path: Path) -> None:
    networks = shared.networks
    lora = read_lora(path, networks.networks)
    networks.use(weights, lora, 0.7)
    most, differing, total = 0.0, 0, 0
    for part, one in lora.items():
        mine = WeightSet(weights[part].layout)
        mine.memory.copy_(weights[part].memory)
        one.merge_into(mine.views, 0.7)
        for name, expected in mine.views.items():
            got = networks.buffers[part].views[name].cpu()
            differing += int((got != expected).sum())
            total += got.numel()
            scale = expected.abs().max().float().clamp(min=1e-6)
            most = max(most, float((got.float() - expected.float()).abs().max() / scale))
    line = f"merged on the card against the CPU: {differing} of {total} weights differ, by {most:.1e} of the largest"
    run.tell("against_cpu", {"differing": differing, "total": total, "most": most}, line)


def time_drawings(run: Run, shared: Shared, first: SharedModel, path: Path) -> None:
    lora = read_lora(path, shared.networks.networks, is_pinned=True)
    found = replace(DESCRIPTION, id="lora", lora_scale=0.8)
    drawn = SharedModel(shared, found, encode_prompt, first.weights, lora)
    for name, model in (("without", first), ("with", drawn), ("without, again", first)):
        draw(model, run.few)
        times = milliseconds(lambda model=model: draw(model, run.request), 5)  # type: ignore[misc]
        run.tell(
            f"drawing_{name}_ms", times, f"four pictures, DDIM {run.request.steps}, {name} LoRA: {times[2]:.1f} ms"
        )
    first.bring(None)
    times = milliseconds(lambda: (draw(drawn, run.few), draw(first, run.few)), 5)
    run.tell("taking_turns_ms", times, f"four steps with LoRA, then four without, swaps included: {times[2]:.1f} ms")


def fill_shelf(run: Run, shared: Shared, weights: WeightSets) -> None:
    torch.cuda.empty_cache()
    before = memory_gb()
    run.tell("memory_two", before, f"memory with two models, GB: {rounded(before)}")
    count = 2
    while count < run.options.models and run.left > 40:
        shared.shelf.put(Path(f"/model/{count}"), another(weights, count))
        count += 1
    if count == 2:
        run.tell("skipped many", True, "many models: no time left")
        return
    kept = [shared.shelf.get(Path(f"/model/{number}")) for number in range(2, count)]
    after = memory_gb()
    run.tell(f"memory_{count}", after, f"memory with {count} models, GB: {rounded(after)}")
    order = iter(kept * 2)
    times = milliseconds(lambda: shared.networks.use(next(order)), min(20, 2 * len(kept)))
    run.tell("swap_among_many_ms", times, f"swap among {count}: {times[len(times) // 2]:.1f} ms, most {times[-1]:.1f}")
    end = memory_gb()
    run.tell("memory_after", end, f"memory after {len(times)} swaps, GB: {rounded(end)}")


def rounded(memory: dict[str, float]) -> dict[str, float]:
    return {name: round(value, 2) for name, value in memory.items()}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--models", type=int, default=20)
    parser.add_argument("--seconds", type=float, default=240)
    parser.add_argument("--folder", type=Path, help="where to write the files (default: a temporary folder)")
    parser.add_argument("--small", action="store_true", help="small networks and pictures, to try this on a CPU")
    parser.add_argument("--skip", nargs="*", default=[], help="parts to leave out: swaps, LoRA, drawings, ...")
    parser.add_argument("--json", type=Path)
    run = Run(parser.parse_args())
    folder = Path(tempfile.mkdtemp(prefix="quartet-swap-", dir=run.options.folder))
    try:
        measure(run, folder)
    finally:
        shutil.rmtree(folder)


def measure(run: Run, folder: Path) -> None:
    write_files(run, folder)
    engines = SharedEngines(DeviceMemory(own_device()))
    shared, first, second = open_models(run, engines, folder)
    begun = time.perf_counter()
    with torch.no_grad():
        shared.engine.program(run.request.size, 4, is_guided=True)
    memory = memory_gb()
    run.tell(
        "ready",
        memory,
        f"captured in {time.perf_counter() - begun:.1f} s; memory with one model, GB: {rounded(memory)}",
    )
    weights = shared.shelf.get(first.weights)
    parts: list[tuple[str, Callable[[], None]]] = [
        ("swaps", lambda: time_swaps(run, shared, first, second)),
        ("many models", lambda: fill_shelf(run, shared, weights)),
        ("LoRA", lambda: time_lora(run, shared, weights, folder / "lora.safetensors", "lora")),
        ("LoRA of convolutions too", lambda: time_lora(run, shared, weights, folder / "locon.safetensors", "locon")),
        ("drawings", lambda: time_drawings(run, shared, first, folder / "locon.safetensors")),
        ("against the CPU", lambda: compare_with_cpu(run, shared, weights, folder / "locon.safetensors")),
        ("same pictures", lambda: compare_drawings(run, first, second, folder)),
    ]
    for name, part in parts:
        if name in run.options.skip:
            continue
        if run.left < 10:
            run.tell(f"skipped {name}", True, f"{name}: no time left")
            continue
        try:
            part()
        except Exception as problem:  # What else can be measured is not to be lost.
            run.tell(f"failed {name}", repr(problem), f"{name} failed: {problem!r}")


if __name__ == "__main__":
    main()
