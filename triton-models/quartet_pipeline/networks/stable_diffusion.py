"""Stable Diffusion for the torch engine."""

import math
from contextlib import AbstractContextManager
from typing import Protocol

import torch
from torch import Tensor

from quartet_pipeline.engines.sampling import Sampler
from quartet_pipeline.engines.steering import ControlNetworks
from quartet_pipeline.networks.interface import Checker
from quartet_pipeline.networks.lora import Lora
from quartet_pipeline.networks.unet import SHALLOW_BLOCKS
from quartet_pipeline.networks.weight_set import WeightBuffer
from quartet_pipeline.networks.weights import StableDiffusion, WeightSets


class Fp8(Protocol):
    """Products of matrices in fp8, for cards that have it."""

    def in_fp8(self) -> AbstractContextManager[None]:
        """Within it, products are in fp8."""

    def round_again(self) -> None:
        """After other weights were copied into the same memory."""


MOST_DECODED = 4 * 64 * 64
"""Positions of latents: four pictures of 512x512."""


class StableDiffusionNetworks:
    """Pictures and latents come and go as [n, c, h, w]; inside, channels lie last.

    The networks run from memory that never moves. Where `weights` are given they are copied into it; else it holds
    what the networks hold.
    """

    def __init__(
        self,
        networks: StableDiffusion,
        device: torch.device,
        sampler: Sampler | None = None,
        weights: WeightSets | None = None,
        fp8: Fp8 | None = None,
    ) -> None:
        self.device = device
        self.sampler = sampler
        self.extra_channels = networks.unet.config.in_channels - networks.unet.config.out_channels
        self.controls: ControlNetworks | None = None
        self.checker: Checker | None = None
        self.in_fp8 = fp8.in_fp8 if fp8 else None
        self._fp8 = fp8
        self.shallow_blocks = SHALLOW_BLOCKS
        self.networks = networks
        self.buffers = {
            part: WeightBuffer(network, device, weights[part].layout if weights else None)
            for part, network in networks.parts().items()
        }
        self._held: dict[str, object] = {}
        if weights:
            self.use(weights)
        self.dtype = networks.unet.conv_in.weight.dtype

    @torch.no_grad()
    def use(self, weights: WeightSets, lora: Lora | None = None, scale: float = 1.0) -> list[str]:
        """Makes the networks those of `weights`, with a LoRA merged into them; returns the parts that changed.

        A network that holds what is asked for already is left as it is.
        """
        changed = []
        for part, buffer in self.buffers.items():
            merged = None if lora is None or scale == 0 else lora.get(part)
            wanted = (weights[part], merged, scale if merged else 0)
            if self._held.get(part) == wanted:
                continue
            # What goes wrong on the way leaves weights that nobody asked for.
            self._held.pop(part, None)
            buffer.fill(weights[part])
            if merged is not None:
                merged.merge_into(buffer.views, scale)
            self._held[part] = wanted
            changed.append(part)
        if changed:
            self.weights_changed()
        return changed

    def forget(self) -> None:
        """For whoever changes the buffers: what is asked for next is copied."""
        self._held.clear()

    def weights_changed(self) -> None:
        """To be called after `buffers` were filled anew: what is kept of them in fp8 has to follow."""
        if self._fp8:
            self._fp8.round_again()

    def encode_text(self, ids: Tensor) -> Tensor:
        return self.networks.unet.prepare_text(self.networks.text_encoder(ids))

    def prepare_times(self, timesteps: Tensor) -> Tensor:
        return self.networks.unet.prepare_times(timesteps)

    def make_sample(self, latents: Tensor) -> Tensor:
        return latents.to(self.dtype, memory_format=torch.channels_last)

    def denoise(self, sample: Tensor, time: Tensor, text: Tensor) -> Tensor:
        output = self.networks.unet(inwards(sample, self.dtype), time, text)
        return outwards(output)

    def denoise_keeping(self, sample: Tensor, time: Tensor, text: Tensor) -> tuple[Tensor, Tensor]:
        output, deep = self.networks.unet.keep(inwards(sample, self.dtype), time, text, self.shallow_blocks)
        return outwards(output), deep

    def denoise_shallow(self, sample: Tensor, time: Tensor, text: Tensor, deep: Tensor) -> Tensor:
        return outwards(self.networks.unet.shallow(inwards(sample, self.dtype), time, text, deep, self.shallow_blocks))

    def decode(self, latents: Tensor) -> Tensor:
        # Decoding takes more memory than all else: what is larger than usual is decoded in parts.
        parts = -(-len(latents) * math.prod(latents.shape[2:]) // MOST_DECODED)
        decoded = [self.networks.decoder(inwards(part, self.dtype)) for part in latents.chunk(parts)]
        return outwards(decoded[0] if parts == 1 else torch.cat(decoded))

    def encode(self, pictures: Tensor) -> Tensor:
        return outwards(self.networks.encoder(inwards(pictures, self.dtype)))


def inwards(x: Tensor, dtype: torch.dtype) -> Tensor:
    """[n, c, h, w] -> [n, h, w, c] as the networks take it."""
    return x.to(dtype).permute(0, 2, 3, 1).contiguous()


def outwards(x: Tensor) -> Tensor:
    """The reverse of `inwards`, but for the type of its numbers."""
    return x.permute(0, 3, 1, 2)
