"""Stable Diffusion for the torch engine."""

import math
from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager
from typing import Protocol

import torch
from torch import Tensor

from quartet_pipeline.engines.sampling import Sampler
from quartet_pipeline.engines.steering import ControlNetworks
from quartet_pipeline.networks.interface import Checker, Stage
from quartet_pipeline.networks.lora import Lora, PartOfLora
from quartet_pipeline.networks.unet import SHALLOW_BLOCKS
from quartet_pipeline.networks.weight_set import Layout, WeightBuffer, WeightSet
from quartet_pipeline.networks.weights import StableDiffusion, WeightSets

PARTS: Mapping[Stage, Sequence[str]] = {
    "text": ("text_encoder",),
    "loop": ("unet",),
    "decoder": ("decoder",),
    "encoder": ("encoder",),
}
"""What runs in each stage, by the names of `StableDiffusion.parts`."""


Content = tuple[WeightSet, PartOfLora | None, float]
"""What a network is to hold: weights, and what is merged into them at which scale."""


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
    what the networks hold. With `takes_turns` that memory is only as large as the largest stage: the weights of each
    are copied into it when it is its turn.
    """

    def __init__(
        self,
        networks: StableDiffusion,
        device: torch.device,
        sampler: Sampler | None = None,
        weights: WeightSets | None = None,
        fp8: Fp8 | None = None,
        *,
        takes_turns: bool = False,
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
        parts = networks.parts()
        layouts = {part: weights[part].layout if weights else Layout.of(network) for part, network in parts.items()}
        shared = shared_memory(layouts, device) if takes_turns else {}
        self.buffers = {
            part: WeightBuffer(network, device, layouts[part], shared.get(part)) for part, network in parts.items()
        }
        self._takes_turns = takes_turns
        self._wanted: dict[str, Content] = {}
        self._held: dict[str, Content] = {}
        """What lies in the buffers."""
        if weights:
            self.use(weights)
        self.dtype = networks.unet.conv_in.weight.dtype

    def use(self, weights: WeightSets, lora: Lora | None = None, scale: float = 1.0) -> list[str]:
        """Makes the networks those of `weights`, with a LoRA merged into them; returns the parts that changed.

        A network that holds what is asked for already is left as it is.
        """
        before = self._wanted
        merged = {} if lora is None or scale == 0 else lora
        self._wanted = {
            part: (weights[part], merged.get(part), scale if part in merged else 0.0) for part in self.buffers
        }
        if self._takes_turns:
            return [part for part in self._wanted if self._wanted[part] != before.get(part)]
        return self._fill(list(self.buffers))

    def bring(self, stage: Stage) -> None:
        if self._takes_turns:
            # What lies in the same place is overwritten.
            self._held = {part: held for part, held in self._held.items() if part in PARTS[stage]}
            self._fill(PARTS[stage])

    @torch.no_grad()
    def _fill(self, parts: Sequence[str]) -> list[str]:
        changed = [part for part in parts if self._held.get(part) != self._wanted[part]]
        for part in changed:
            weights, lora, scale = self._wanted[part]
            # What goes wrong on the way leaves weights that nobody asked for.
            self._held.pop(part, None)
            self.buffers[part].fill(weights)
            if lora is not None:
                lora.merge_into(self.buffers[part].views, scale)
            self._held[part] = self._wanted[part]
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

    def weights_of_stages(self) -> dict[Stage, int]:
        """Bytes."""
        return weights_of_stages({part: buffer.layout.size for part, buffer in self.buffers.items()})

    def encode_text(self, ids: Tensor) -> Tensor:
        states: Tensor = self.networks.text_encoder(ids)
        return states

    def prepare_text(self, states: Tensor) -> Tensor:
        return self.networks.unet.prepare_text(states)

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


def weights_of_stages(sizes: Mapping[str, int]) -> dict[Stage, int]:
    """Bytes by stage, of bytes by part."""
    return {stage: sum(sizes[part] for part in parts) for stage, parts in PARTS.items()}


def shared_memory(layouts: Mapping[str, Layout], device: torch.device) -> dict[str, Tensor]:
    """For each part its place in one piece of memory, where the stages lie over each other and a stage's parts beside
    each other."""
    sizes = {part: layout.size for part, layout in layouts.items()}
    memory = torch.zeros(max(weights_of_stages(sizes).values()), dtype=torch.uint8, device=device)
    places = {}
    for parts in PARTS.values():
        start = 0
        for part in parts:
            places[part] = memory[start : start + sizes[part]]
            start += sizes[part]
    return places
