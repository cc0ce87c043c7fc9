"""Stable Diffusion for the torch engine."""

import torch
from torch import Tensor

from quartet_pipeline.engines.sampling import Sampler
from quartet_pipeline.networks.lora import Lora
from quartet_pipeline.networks.weight_set import WeightBuffer
from quartet_pipeline.networks.weights import StableDiffusion, WeightSets


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
    ) -> None:
        self.device = device
        self.sampler = sampler
        self.networks = networks
        self.buffers = {
            part: WeightBuffer(network, device, weights[part].layout if weights else None)
            for part, network in networks.parts().items()
        }
        self._held: dict[str, object] = {}
        if weights:
            self.use(weights)
        self._dtype = networks.unet.conv_in.weight.dtype

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
        return changed

    def forget(self) -> None:
        """For whoever changes the buffers: what is asked for next is copied."""
        self._held.clear()

    def encode_text(self, ids: Tensor) -> Tensor:
        return self.networks.unet.prepare_text(self.networks.text_encoder(ids))

    def prepare_times(self, timesteps: Tensor) -> Tensor:
        return self.networks.unet.prepare_times(timesteps)

    def make_sample(self, latents: Tensor) -> Tensor:
        return latents.to(self._dtype, memory_format=torch.channels_last)

    def denoise(self, sample: Tensor, time: Tensor, text: Tensor) -> Tensor:
        output = self.networks.unet(self._inwards(sample), time, text)
        return _outwards(output)

    def decode(self, latents: Tensor) -> Tensor:
        return _outwards(self.networks.decoder(self._inwards(latents)))

    def encode(self, pictures: Tensor) -> Tensor:
        return _outwards(self.networks.encoder(self._inwards(pictures)))

    def _inwards(self, x: Tensor) -> Tensor:
        return x.to(self._dtype).permute(0, 2, 3, 1).contiguous()


def _outwards(x: Tensor) -> Tensor:
    return x.permute(0, 3, 1, 2)
