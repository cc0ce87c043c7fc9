"""What the torch engine asks of a model's networks: each part of a drawing that can be captured on its own."""

from collections.abc import Callable
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Literal, Protocol

import torch
from torch import Tensor

from quartet_pipeline.engines.sampling import Sampler
from quartet_pipeline.engines.steering import ControlNetworks


class Checker(Protocol):
    """The safety checkers of the models, of which one at a time is in place."""

    def choose(self, place: Path) -> None:
        """Makes it the one that was read from there; captured graphs stay right."""

    def judge(self, images: Tensor) -> Tensor:
        """Pictures uint8 [n, h, w, 3] -> how sure it is that each is unsafe, float32 [n] from 0 to 1; above 0.5 is its
        own decision."""


Stage = Literal["text", "loop", "decoder", "encoder"]
"""Networks that run at the same time. On a card that holds only one network, each stage's weights take turns."""


class LoopNetworks(Protocol):
    """Four networks on one device. Tensors that steps read are made before the loop, so that a step is one program."""

    device: torch.device
    sampler: Sampler | None
    """What moves the latents on, where it is not plain PyTorch."""
    extra_channels: int
    """What it sees beside the latents: 0, or 5 where it was trained to paint within masks (see `masks.beside`)."""
    controls: ControlNetworks | None
    """What steers the steps by a control picture, where the model has it."""
    checker: Checker | None
    """What judges the pictures, where the model has it."""
    in_fp8: Callable[[], AbstractContextManager[None]] | None
    """Where the card has it: within this context, products of matrices are in fp8."""

    def bring(self, stage: Stage) -> None:
        """Sees to it that the weights of a stage are on the device; to be called before each, outside captures."""

    def encode_text(self, ids: Tensor) -> Tensor:
        """Stage `text`: int64 [n, max_tokens] -> states of the prompts, [n, max_tokens, width]."""

    def prepare_text(self, states: Tensor) -> Tensor:
        """Stage `loop`, as all down to `denoise`: states -> what each step reads of the prompts, [n, ...]."""

    def prepare_times(self, timesteps: Tensor) -> Tensor:
        """float32 [steps] -> what each step reads of its time, [steps, ...]."""

    def make_sample(self, latents: Tensor) -> Tensor:
        """Latents float32 [n, 4, h/8, w/8] -> the same as `denoise` takes them: another type or memory layout."""

    def denoise(self, sample: Tensor, time: Tensor, text: Tensor) -> Tensor:
        """A sample [n, 4 + extra, h/8, w/8], one row of times, n texts -> the model's output, [n, 4, h/8, w/8]."""

    def denoise_keeping(self, sample: Tensor, time: Tensor, text: Tensor) -> tuple[Tensor, Tensor]:
        """The same, and what shallow steps after it take instead of computing it: [n, ...]."""

    def denoise_shallow(self, sample: Tensor, time: Tensor, text: Tensor, deep: Tensor) -> Tensor:
        """`denoise` by the outermost part of the UNet alone."""

    def decode(self, latents: Tensor) -> Tensor:
        """Stage `decoder`: unscaled latents float32 [n, 4, h/8, w/8] -> pictures float [n, 3, h, w] from -1 to 1, or
        already pixels, uint8 [n, h, w, 3]."""

    def encode(self, pictures: Tensor) -> Tensor:
        """Stage `encoder`: the reverse of `decode`."""
