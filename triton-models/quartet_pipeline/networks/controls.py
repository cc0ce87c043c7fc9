"""A model's ControlNets: all in host memory, one at a time on the device, in memory that never moves."""

from collections.abc import Mapping
from pathlib import Path

import torch
from torch import Tensor

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


def read_control(path: Path) -> tuple[ControlNetConfig, dict[str, Tensor]]:
    """A diffusers folder, or a single `.safetensors` file, which is for Stable Diffusion 1.x or refused."""
    tensors = read_part(path) if path.is_dir() else name_control_as_diffusers(read_tensors(path))
    return read_control_config(path), tensors


def read_control_config(path: Path) -> ControlNetConfig:
    """A single file says nothing about its shapes: they are those of Stable Diffusion 1.x."""
    return ControlNetConfig.from_diffusers(read_config(path / "config.json")) if path.is_dir() else ControlNetConfig()


def pack_control(network: ControlNet, tensors: Mapping[str, Tensor], dtype: torch.dtype) -> WeightSet:
    """diffusers' tensors in our layout."""
    weights = WeightSet(Layout.of(network, dtype))
    fill(weights.views, with_moved_biases(tensors), unet_sources(network))
    return weights


class Controls:
    """`engines.steering.ControlNetworks` for the models that share some networks."""

    def __init__(self, networks: StableDiffusionNetworks) -> None:
        self._device, self._dtype = networks.device, networks.dtype
        self._networks = networks.networks
        self._sets: dict[Path, WeightSet] = {}
        self._place: Path | None = None
        self._scale = torch.ones(1, device=self._device)

    def add(self, place: Path) -> None:
        """Reads a folder or file; raises a ModelError where it does not fit the model, or the controls before it."""
        if place in self._sets:
            return
        config, tensors = read_control(place)
        self.expect(config, place)
        weights = pack_control(self.network, tensors, self._dtype)
        if self._device.type == "cuda":
            weights.lock_pages()
        self.put(place, weights)

    def expect(self, config: ControlNetConfig, place: Path) -> None:
        """Makes the network that all controls take turns in."""
        _check_fits(place, config, self._networks.unet.config)
        if not self._sets:
            self.config = config
            with torch.device("meta"):
                self.network = ControlNet(config, self._networks.unet.operations)
        elif config != self.config:
            raise ModelError(f"Expected {place} to have the shape of the model's other controls, got another.")

    def put(self, place: Path, weights: WeightSet) -> None:
        if not self._sets:
            self._buffer = WeightBuffer(self.network, self._device, weights.layout)
        self._sets[place] = weights
        if self._place is None:
            self.choose(place, 1.0)

    @torch.no_grad()
    def choose(self, place: Path, scale: float) -> None:
        if place != self._place:
            self._buffer.fill(self._sets[place])
            self._place = place
        self._scale.fill_(scale)
        self.network.set_scale(self._scale)

    def embed(self, pictures: Tensor) -> Tensor:
        return self.network.embed(inwards(pictures, self._dtype))

    def prepare_text(self, states: Tensor) -> Tensor:
        return self.network.prepare_text(states)

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
