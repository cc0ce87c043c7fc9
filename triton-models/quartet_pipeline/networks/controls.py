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
    """Those that a model's description names, where it names any."""
    places = {kind: control_path(folder, name) for kind, name in description.controls.items()}
    found = {kind: path for kind, path in places.items() if path is not None}
    return Controls(found, networks) if found else None


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

    def __init__(self, paths: Mapping[str, Path], networks: StableDiffusionNetworks) -> None:
        """Reads what lies at `paths` by kind; raises a ModelError where one does not fit the model or the others."""
        self.kinds = tuple(paths)
        self._networks = networks.networks
        self._device, self._dtype = networks.device, networks.dtype
        self._sets: dict[str, WeightSet] = {}
        expected: ControlNetConfig | None = None
        for kind, path in paths.items():
            config, tensors = read_control(path)
            if expected is None:
                _check_fits(path, config, networks)
                expected = config
                with torch.device("meta"):
                    self.network = ControlNet(config, self._networks.unet.operations)
            if config != expected:
                raise ModelError(f"Expected {path} to have the shape of the model's other controls, got another.")
            is_pinned = self._device.type == "cuda"
            self._sets[kind] = pack_control(self.network, tensors, self._dtype, is_pinned=is_pinned)
        self._buffer = WeightBuffer(self.network, self._device, next(iter(self._sets.values())).layout)
        self._kind = ""
        self._scale = torch.ones(1, device=self._device)
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


def _check_fits(path: Path, config: ControlNetConfig, networks: StableDiffusionNetworks) -> None:
    unet, own = networks.networks.unet.config, config.unet
    for what in ("widths", "blocks", "text_width"):
        expected, got = getattr(unet, what), getattr(own, what)
        if expected != got:
            raise ModelError(f"Expected {path} to have the model's {what.replace('_', ' ')}, {expected}, got {got}.")
