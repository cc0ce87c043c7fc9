"""The networks as graphs: each runs once on symbols, and what it does is what is written.

| graph | takes | gives |
|---|---|---|
| text_encoder | input_ids int32 [n, 77] | last_hidden_state [n, 77, width] |
| unet | sample [n, 4, h/8, w/8], timestep float32 [1], encoder_hidden_states [n, 77, width] | out_sample, as sample |
| vae_decoder | latent_sample float32 [n, 4, h/8, w/8], unscaled | images uint8 [n, h, w, 3] |
| vae_encoder | sample float32 [n, 3, h, w] from -1 to 1 | latent_sample float32 [n, 4, h/8, w/8] |
"""

from typing import Any, Final

import numpy as np
import torch

from export.graph import Graph, Value
from export.operations import GraphOperations
from export.symbols import Symbol, cast
from quartet_pipeline.description import Size
from quartet_pipeline.networks.weights import StableDiffusion

DOWNSCALE: Final = 8
PICTURES: Final = "pictures"
"""The decoder's float pictures, before they become pixels: the quality gate looks for NaN there."""
PARTS: Final = ("text_encoder", "unet", "vae_decoder", "vae_encoder")


def trace(networks: StableDiffusion, part: str, batch: int, size: Size) -> Graph:
    """One of `PARTS` for exactly `batch` entries of pictures of `size`; `networks` have `GraphOperations`."""
    makers = {
        "text_encoder": _text_encoder,
        "unet": _unet,
        "vae_decoder": _decoder,
        "vae_encoder": _encoder,
    }
    with torch.no_grad():
        return makers[part](networks, batch, size)


OPERATIONS: Final = GraphOperations()
"""What the networks are made with that are traced."""


def _text_encoder(networks: StableDiffusion, batch: int, _: Size) -> Graph:
    network: Any = networks.text_encoder
    graph = Graph("text_encoder", network)
    tokens = network.position_embedding.weight.shape[0]
    states: Symbol = network(Symbol(graph, graph.input("input_ids", (batch, tokens), "int32")))
    graph.output(states.rows(), "last_hidden_state")
    return graph


def _unet(networks: StableDiffusion, batch: int, size: Size) -> Graph:
    network: Any = networks.unet
    graph = Graph("unet", network)
    dtype = _dtype(network.conv_in.weight)
    height, width = (side // DOWNSCALE for side in size)
    tokens = networks.text_encoder.position_embedding.weight.shape[0]
    sample = graph.input("sample", (batch, network.config.in_channels, height, width), dtype)
    # A float: an integer would bring casts and integer arithmetic into the graph.
    timestep = Symbol(graph, graph.input("timestep", (1,), "float32"))
    states = Symbol(graph, graph.input("encoder_hidden_states", (batch, tokens, network.config.text_width), dtype))
    time, text = network.prepare_times(timestep)[0], network.prepare_text(states)
    output: Symbol = network(_features(graph, sample), time, text)
    graph.output(output.planes(), "out_sample")
    return graph


def _decoder(networks: StableDiffusion, batch: int, size: Size) -> Graph:
    network: Any = networks.decoder
    graph = Graph("vae_decoder", network)
    height, width = (side // DOWNSCALE for side in size)
    latents = graph.input("latent_sample", (batch, network.config.latent_channels, height, width), "float32")
    output: Symbol = network(_features(graph, cast(graph, latents, _dtype(network.conv_in.weight))))
    pictures = cast(graph, output.planes(), "float32")
    pictures = graph.rename(pictures, PICTURES)
    graph.output(_pixels(graph, pictures), "images")
    return graph


def _encoder(networks: StableDiffusion, batch: int, size: Size) -> Graph:
    network: Any = networks.encoder
    graph = Graph("vae_encoder", network)
    pictures = graph.input("sample", (batch, 3, *size), "float32")
    output: Symbol = network(_features(graph, cast(graph, pictures, _dtype(network.conv_in.weight))))
    graph.output(cast(graph, output.planes(), "float32"), "latent_sample")
    return graph


def _features(graph: Graph, planes: Value) -> Symbol:
    return Symbol(graph, planes).permute(0, 2, 3, 1)


def _pixels(graph: Graph, pictures: Value) -> Value:
    """float32 [n, 3, h, w] from -1 to 1 -> uint8 [n, h, w, 3], rounded: a cast alone would cut off."""

    def number(value: float) -> Value:
        return graph.constant(np.array(value, np.float32))

    n, c, h, w = pictures.dims
    shifted = graph.node("Add", [pictures, number(1)], pictures.dims)
    levels = graph.node("Mul", [shifted, number(127.5)], pictures.dims)
    levels = graph.node("Clip", [graph.node("Round", [levels], levels.dims), number(0), number(255)], levels.dims)
    last = graph.node("Transpose", [levels], (n, h, w, c), perm=(0, 2, 3, 1))
    # TensorRT knows uint8 only at the ends of a network: nothing may come after this.
    return cast(graph, last, "uint8")


def _dtype(tensor: torch.Tensor) -> str:
    return str(tensor.dtype).removeprefix("torch.")
