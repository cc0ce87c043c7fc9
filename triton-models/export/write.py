"""Writes the graphs of a model: ONNX with static shapes, one file of weights for each network.

    python -m export.write MODEL [--out FOLDER] [--counts 1 4] [--size 512 512] [--precision float16]

MODEL is a diffusers folder or a single `.safetensors` file of Stable Diffusion 1.x.
"""

import argparse
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import onnx
import torch
from torch import nn

from export.graph import Graph
from export.trace import OPERATIONS, PARTS, trace
from quartet_pipeline.description import Size
from quartet_pipeline.errors import ModelError
from quartet_pipeline.networks.weights import StableDiffusion, load_stable_diffusion
from quartet_pipeline.plans.folder import FOLDER, WEIGHTS_MAP, Entry, Exported, batches, read_list, write_list
from quartet_pipeline.plans.weights import Weight, read_weights_map, take_form, write_weights_map

ALIGNMENT = 4096
"""So that a weights file can be mapped into memory a weight at a time."""
LATENT_CHANNELS = 4
PRECISIONS = ("float16", "float32")


def write_model(
    networks: StableDiffusion, folder: Path, *, size: Size, counts: Sequence[int], parts: Sequence[str] = PARTS
) -> Exported:
    """Writes the graphs of `networks`, which have `trace.OPERATIONS`, and everything that goes with them.

    With only some of the parts, into a folder that has the others."""
    channels = networks.unet.config.in_channels
    if channels != LATENT_CHANNELS:
        raise ModelError(
            f"Expected a UNet that sees {LATENT_CHANNELS} channels, got one with {channels}: no plans draw it."
        )
    folder.mkdir(parents=True, exist_ok=True)
    is_whole = set(parts) == set(PARTS)
    exported = Exported(size, ()) if is_whole else read_list(folder)
    weights = {} if is_whole else read_weights_map(folder / WEIGHTS_MAP)
    for part in parts:
        network = network_of(networks, part)
        precision = str(next(network.parameters()).dtype).removeprefix("torch.")
        graphs = {batch: trace(networks, part, batch, size) for batch in batches(counts)[part]}
        weights[part] = {name: weight for graph in graphs.values() for name, weight in graph.weights.items()}
        weights_file = f"{part}.weights"
        offsets = write_weights(folder / weights_file, network, weights[part])
        weights[part] = {name: replace(one, offset=offsets[name][0]) for name, one in weights[part].items()}
        for batch, graph in graphs.items():
            file = f"{part}-{batch}.onnx"
            write_graph(folder / file, graph, weights_file, offsets)
            exported = exported.with_entry(Entry(part, batch, file, precision))
    write_weights_map(folder / WEIGHTS_MAP, {part: each.values() for part, each in weights.items()})
    write_list(folder, exported)
    return exported


def network_of(networks: StableDiffusion, part: str) -> nn.Module:
    return {
        "text_encoder": networks.text_encoder,
        "unet": networks.unet,
        "vae_decoder": networks.decoder,
        "vae_encoder": networks.encoder,
    }[part]


def write_weights(path: Path, network: nn.Module, weights: dict[str, Weight]) -> dict[str, tuple[int, int]]:
    """One weight after the other; where each begins, and its length. Never two copies of all in memory."""
    parameters = dict(network.named_parameters())
    offsets = {}
    partial = path.with_suffix(".part")
    with partial.open("wb") as file:
        for name, weight in weights.items():
            begin = -(-file.tell() // ALIGNMENT) * ALIGNMENT
            file.seek(begin)
            file.write(take_form(parameters[weight.parameter], weight).cpu().numpy().tobytes())
            offsets[name] = begin, weight.bytes
    partial.replace(path)
    return offsets


def write_graph(path: Path, graph: Graph, weights_file: str, offsets: dict[str, tuple[int, int]]) -> None:
    path.write_bytes(graph.to_model(weights_file, offsets).SerializeToString())
    # By path, because the checker follows the weights from there; it also infers every shape and compares.
    onnx.checker.check_model(str(path), full_check=True)


def count_nodes(path: Path) -> Counter[str]:
    """How many nodes of each kind a graph has."""
    return Counter(node.op_type for node in onnx.load(path, load_external_data=False).graph.node)


def main() -> None:
    parser = argparse.ArgumentParser(description="Write the graphs of a model.")
    parser.add_argument("model", type=Path)
    parser.add_argument("--out", type=Path, help=f"by default the folder `{FOLDER}` in the model's")
    parser.add_argument("--counts", type=int, nargs="+", default=[1, 4], choices=range(1, 5))
    parser.add_argument("--size", type=int, nargs=2, default=(512, 512), metavar=("HEIGHT", "WIDTH"))
    parser.add_argument("--precision", choices=PRECISIONS, default=PRECISIONS[0])
    options = parser.parse_args()
    out = options.out or default_folder(options.model)
    begun = time.perf_counter()
    networks = load_stable_diffusion(options.model, dtype=getattr(torch, options.precision), operations=OPERATIONS)
    print(f"{options.model}: read in {time.perf_counter() - begun:.1f} s")
    begun = time.perf_counter()
    exported = write_model(networks, out, size=tuple(options.size), counts=options.counts)
    for entry in exported.entries:
        nodes = count_nodes(out / entry.file)
        kinds = ", ".join(f"{nodes[kind]} {kind}" for kind in ("Conv", "MatMul", "Transpose"))
        print(f"{entry.file}: {nodes.total()} nodes ({kinds}), {entry.precision}")
    total = sum(file.stat().st_size for file in out.glob("*.weights"))
    print(f"{out}: {total / 1e9:.2f} GB of weights, written and checked in {time.perf_counter() - begun:.1f} s")


def default_folder(model: Path) -> Path:
    return (model if model.is_dir() else model.parent) / FOLDER


if __name__ == "__main__":
    main()
