"""The small model of this repository for the torch engine: its weights stand in the ONNX files that it ships."""

from collections.abc import Callable
from contextlib import AbstractContextManager
from pathlib import Path

import torch
from torch import Tensor, nn

from demo.networks import PictureDecoder, PictureEncoder, TextEncoder, UNet
from demo.shipped import read_model
from quartet_pipeline.engines.sampling import Sampler
from quartet_pipeline.engines.steering import ControlNetworks
from quartet_pipeline.errors import ModelError
from quartet_pipeline.networks.interface import Checker, Stage


class SmallNetworks:
    """In float32: at this size nothing is won by less."""

    def __init__(self, folder: Path, device: torch.device) -> None:
        self.device = device
        self.sampler: Sampler | None = None
        self.extra_channels = 0
        self.controls: ControlNetworks | None = None
        self.checker: Checker | None = None
        self.in_fp8: Callable[[], AbstractContextManager[None]] | None = None
        try:
            checkpoint = read_model(folder)
        except (OSError, KeyError, ValueError) as error:
            raise ModelError(f"Expected {folder} to hold the small model's weights: {str(error)[:160]}") from error
        config = checkpoint.config

        def load(name: str, network: nn.Module) -> nn.Module:
            network.load_state_dict(checkpoint.weights[name])
            return network.requires_grad_(False).eval().to(device)

        self._text_encoder = load("text_encoder", TextEncoder(config))
        self.unet = UNet(config)
        load("unet", self.unet)
        self._encoder = load("vae_encoder", PictureEncoder(config))
        self._decoder = load("vae_decoder", PictureDecoder(config))

    def weights_of_stages(self) -> dict[Stage, int]:
        """Bytes; they all stay."""
        networks = (self._text_encoder, self.unet, self._encoder, self._decoder)
        return {"loop": sum(one.nbytes for network in networks for one in network.state_dict().values())}

    def bring(self, stage: Stage) -> None:
        """They all fit, always."""

    def encode_text(self, ids: Tensor) -> Tensor:
        states: Tensor = self._text_encoder(ids)
        return states

    def prepare_text(self, states: Tensor) -> Tensor:
        return states

    def prepare_times(self, timesteps: Tensor) -> Tensor:
        return timesteps[:, None]

    def make_sample(self, latents: Tensor) -> Tensor:
        return latents

    def denoise(self, sample: Tensor, time: Tensor, text: Tensor) -> Tensor:
        output: Tensor = self.unet(sample, time.expand(len(sample)), text)
        return output

    def denoise_keeping(self, sample: Tensor, time: Tensor, text: Tensor) -> tuple[Tensor, Tensor]:
        return self.unet.keep(sample, time.expand(len(sample)), text)

    def denoise_shallow(self, sample: Tensor, time: Tensor, text: Tensor, deep: Tensor) -> Tensor:
        return self.unet.shallow(sample, time.expand(len(sample)), text, deep)

    def decode(self, latents: Tensor) -> Tensor:
        pictures: Tensor = self._decoder(latents)
        return pictures

    def encode(self, pictures: Tensor) -> Tensor:
        latents: Tensor = self._encoder(pictures)
        return latents
