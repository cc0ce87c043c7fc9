"""The shipped model folder, read back as PyTorch weights.

The weights stand in the repository once, as ONNX graphs. Training can go on from them, and PyTorch can run them, after
this module has given each initializer its parameter's shape again (see `demo.export.name_weights`).
"""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Final

import numpy as np
import onnx
import torch
from onnx import numpy_helper
from torch import Tensor, nn

from demo.checkpoint import Checkpoint
from demo.networks import ModelConfig, PictureDecoder, PictureEncoder, TextEncoder, UNet

NETWORKS: Final[Mapping[str, type[nn.Module]]] = {
    "text_encoder": TextEncoder,
    "unet": UNet,
    "vae_encoder": PictureEncoder,
    "vae_decoder": PictureDecoder,
}


def read_model(folder: Path) -> Checkpoint:
    """The weights, statistics and configuration of an exported folder, as `Checkpoint.load` would give them.

    Raises ValueError when a parameter of the networks is not in the graphs, or has another shape there.
    """
    description = json.loads((folder / "pipeline.json").read_text())
    config = ModelConfig.from_json(description["architecture"])
    statistics = {name: description[name] for name in ("scaling_factor", "latent_rgb")}
    weights = {name: read_weights(folder / f"{name}.onnx", kind(config)) for name, kind in NETWORKS.items()}
    return Checkpoint(folder, config, weights, statistics)


def read_weights(file: Path, network: nn.Module) -> dict[str, Tensor]:
    """The state dictionary of `network` from the graph that `demo.export` made of it."""
    graph = onnx.load(file).graph
    arrays = {one.name.removesuffix(".half"): numpy_helper.to_array(one) for one in graph.initializer}
    state: dict[str, Tensor] = {}
    for name, parameter in network.state_dict().items():
        turned = arrays.get(f"{name}.T")
        array = arrays.get(name) if turned is None else turned.T
        if array is None:
            # The encoder's fixed normalisation is folded into its last convolution, so its own does nothing.
            if name.startswith("standardise."):
                state[name] = parameter
                continue
            raise ValueError(f"Expected {file.name} to hold `{name}`, got a graph without it")
        if array.size != parameter.numel():
            expected, got = tuple(parameter.shape), array.shape
            raise ValueError(f"Expected `{name}` in {file.name} to have the shape {expected}, got {got}")
        state[name] = torch.from_numpy(array.astype(np.float32)).reshape(parameter.shape)
    return state
