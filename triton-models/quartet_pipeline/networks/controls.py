"""A model's ControlNets: all in host memory, one at a time on the device, in memory that never moves."""

from collections.abc import Mapping
from pathlib import Path

import torch
from torch import Tensor

from quartet_pipeline.description import Description, control_path
from quartet_pipeline.errors import ModelError
from quartet_pipeline.networks.controlnet import ControlNet, ControlNetConfig
from quartet_pipeline.networks.layouts import name_control_as_diffusers
from quartet_pipeline.networks.stable_diffusion import StableDiffusionNetworks, inwards, outwards
from quartet_pipeline.networks.unet import UNetConfig
from quartet_pipeline.networks.weight_set import Layout, WeightBuffer, WeightSet
from quartet_pipeline.networks.weights import (
    fill,
    read_config,
    read_part,
    read_tensors,
    unet_sources,
    with_moved_biases,
)


def open_controls(folder: Path, description: Description, networks: StableDiffusionNetworks) -> "Controls | None":
    """Those that a model's description names, where it names any; a ModelError where one does not fit."""
    places = {kind: control_path(folder, name) for kind, name in description.controls.items()}
    unet = networks.networks.unet
    network: ControlNet | None = None
    expected = ControlNetConfig()
    sets = {}
    for kind, path in places.items():
        if path is None:
            continue
        config, tensors = read_control(path)
        if network is None:
            _check_fits(path, config, unet.config)
            expected = config
            with torch.device("meta"):
                network = ControlNet(config, unet.operations)
        if config != expected:
            raise ModelError(f"Expected {path} to have the shape of the model's other controls, got another.")
        is_pinned = networks.device.type == "cuda"
        sets[kind] = pack_control(network, tensors, networks.dtype, is_pinned=is_pinned)
    return None if network is None else Controls(network, sets, networks)


def read_control(path: Path) -> tuple[ControlNetConfig, dict[str, Tensor]]:
    """A diffusers folder, or a single `.safetensors` file, which is for Stable Diffusion 1.x or refused."""
    if path.is_dir():
        return ControlNetConfig.from_diffusers(read_config(path / "config.json")), read_part(path)
    return ControlNetConfig(), name_control_as_diffusers(read_tensors(path))


def pack_control(
    network: ControlNet, tensors: Mapping[str, Tensor], dtype: torch.dtype, *, is_pinned: bool
) -> WeightSet:
    """diffusers' tensors in our layout."""
    weights = WeightSet(Layout.of(network, dtype), is_pinned=is_pinned)
    fill(weights.views, with_moved_biases(tensors), unet_sources(network))
    return weights


class Controls:
    """`engines.steering.ControlNetworks` of a Stable Diffusion model."""

    def __init__(self, network: ControlNet, sets: Mapping[str, WeightSet], networks: StableDiffusionNetworks) -> None:
        """A network that has no weights yet, those of each kind, and the model that it steers."""
        self.kinds = tuple(sets)
        self.network = network
        self._networks = networks.networks
        self._dtype = networks.dtype
        self._sets = sets
        self._buffer = WeightBuffer(network, networks.device, sets[self.kinds[0]].layout)
        self._kind = ""
        self._scale = torch.ones(1, device=networks.device)
        self.choose(self.kinds[0], 1.0)

    def choose(self, kind: str, scale: float) -> None:
        if kind != self._kind:
            self._buffer.fill(self._sets[kind])
            self._kind = kind
        self._scale.fill_(scale)
        self.network.set_scale(self._scale)

    def embed(self, pictures: Tensor) -> Tensor:
        return self.network.embed(inwards(pictures, self._dtype))

    def encode_text(self, ids: Tensor) -> Tensor:
        return self.network.prepare_text(self._networks.text_encoder(ids))

    def prepare_times(self, timesteps: Tensor) -> Tensor:
        return self.network.prepare_times(timesteps)

    def denoise(
        self, sample: Tensor, time: Tensor, text: Tensor, hint: Tensor, own_time: Tensor, own_text: Tensor
    ) -> Tensor:
        x = inwards(sample, self._dtype)
        # Inpainting checkpoints take more than latents; their controls were trained on latents alone.
        steer = self.network(x[..., : self.network.config.in_channels].contiguous(), hint, own_time, own_text)
        return outwards(self._networks.unet(x, time, text, steer))


def _check_fits(path: Path, config: ControlNetConfig, unet: UNetConfig) -> None:
    for what in ("widths", "blocks", "text_width"):
        expected, got = getattr(unet, what), getattr(config.unet, what)
        if expected != got:
            raise ModelError(f"Expected {path} to have the model's {what.replace('_', ' ')}, {expected}, got {got}.")
