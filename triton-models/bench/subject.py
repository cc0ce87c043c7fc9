"""Stable Diffusion 1.5 with random weights, and how much work it is."""

import math
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from quartet_pipeline.description import Description
from quartet_pipeline.networks.clip import TextConfig, TextEncoder
from quartet_pipeline.networks.operations import PLAIN, Norm, Operations
from quartet_pipeline.networks.unet import UNet, UNetConfig
from quartet_pipeline.networks.vae import AutoencoderConfig, Decoder, Encoder
from quartet_pipeline.networks.weights import StableDiffusion
from quartet_pipeline.schedulers import NoiseSchedule

DESCRIPTION = Description(
    name="bench",
    id="bench",
    max_tokens=77,
    bos_token_id=49406,
    eos_token_id=49407,
    pad_token_id=49407,
    latent_channels=4,
    downscale=8,
    scaling_factor=0.18215,
    schedule=NoiseSchedule(
        train_timesteps=1000,
        beta_start=0.00085,
        beta_end=0.012,
        beta_schedule="scaled_linear",
        steps_offset=1,
        prediction_type="epsilon",
    ),
    sizes=((512, 512),),
    enlarge_factor=None,
    latent_rgb_weights=((0.3, 0.2, 0.2), (0.2, 0.3, 0.2), (-0.2, 0.1, 0.2), (-0.2, -0.2, -0.4)),
    latent_rgb_bias=(0.5, 0.5, 0.5),
)


def random_networks(dtype: torch.dtype, operations: Operations = PLAIN, device: str = "cuda") -> StableDiffusion:
    """The four networks; the same weights every time."""
    torch.manual_seed(0)
    with torch.device(device):
        networks = StableDiffusion(
            TextEncoder(TextConfig()),
            UNet(UNetConfig(), operations),
            Encoder(AutoencoderConfig(), operations),
            Decoder(AutoencoderConfig(), operations),
        )
    generator = torch.Generator(device).manual_seed(1)
    for network in (networks.text_encoder, networks.unet, networks.encoder, networks.decoder):
        shake(network, generator)
        network.to(dtype).requires_grad_(False).eval()
        network.to(memory_format=torch.channels_last)  # type: ignore[call-overload]
    return networks


def shake(network: nn.Module, generator: torch.Generator) -> None:
    with torch.no_grad():
        for name, parameter in network.named_parameters():
            noise = torch.randn(parameter.shape, generator=generator, device=parameter.device)
            if parameter.ndim == 1:
                is_scale = "norm" in name and name.endswith("weight")
                parameter.copy_(1 + 0.1 * noise if is_scale else 0.05 * noise)
            else:
                parameter.copy_(noise / math.sqrt(parameter[0].numel()))


def encode_prompt(text: str) -> NDArray[np.int64]:
    """Some ids for a text."""
    ids = np.random.default_rng(len(text)).integers(0, 49406, 77)
    ids[0], ids[20:] = 49406, 49407
    return ids.astype(np.int64)


@dataclass
class Recorder(Operations):
    """Runs nothing: writes down each operation's shapes and how much work it is. For the meta device."""

    calls: Counter[tuple[Any, ...]] = field(default_factory=Counter)
    operations: Counter[str] = field(default_factory=Counter)
    """Additions and multiplications by kind."""
    size: Counter[str] = field(default_factory=Counter)
    """Bytes read and written by kind, in half precision, each tensor once."""

    def _note(self, kind: str, call: tuple[Any, ...], work: int, *tensors: Tensor | None) -> None:
        self.calls[(kind, *call)] += 1
        self.operations[kind] += work
        self.size[kind] += sum(2 * tensor.numel() for tensor in tensors if tensor is not None)

    def linear(self, x: Tensor, weight: Tensor, bias: Tensor | None = None, residual: Tensor | None = None) -> Tensor:
        y = x.new_empty(*x.shape[:-1], len(weight))
        rows = x.numel() // x.shape[-1]
        call = (rows, x.shape[-1], len(weight), bias is not None, residual is not None)
        self._note("linear", call, 2 * x.numel() * len(weight), x, weight, y, residual)
        return y

    def add_linear(self, sums: Tensor, x: Tensor, weight: Tensor) -> Tensor:
        call = (x.numel() // x.shape[-1], x.shape[-1], len(weight))
        self._note("add_linear", call, 2 * x.numel() * len(weight), x, weight, sums, sums)
        return sums

    def gated_linear(self, x: Tensor, weight: Tensor, bias: Tensor) -> Tensor:
        y = x.new_empty(*x.shape[:-1], len(weight) // 2)
        call = (x.numel() // x.shape[-1], x.shape[-1], len(weight) // 2)
        self._note("gated_linear", call, 2 * x.numel() * len(weight), x, weight, bias, y)
        return y

    def convolve(
        self, x: Tensor, weight: Tensor, bias: Tensor | None, *, stride: int = 1, residual: Tensor | None = None
    ) -> Tensor:
        n, h, w, c = x.shape
        y = x.new_empty(n, h // stride, w // stride, len(weight))
        call = (n, h, w, c, len(weight), stride, bias is not None, residual is not None)
        self._note("convolve", call, 18 * y.numel() * c, x, weight, bias, y, residual)
        return y

    def convolve_doubled(self, x: Tensor, folded: Tensor, bias: Tensor | None) -> Tensor:
        n, h, w, c = x.shape
        y = x.new_empty(n, 2 * h, 2 * w, len(folded) // 4)
        # As the networks are defined, with 3x3 weights over the doubled picture: folding them is our saving.
        self._note("convolve_doubled", (n, h, w, c, len(folded) // 4), 18 * y.numel() * c, x, folded, bias, y)
        return y

    def convolve_norm(
        self, x: Tensor, weight: Tensor, bias: Tensor | None, residual: Tensor, norm: Norm
    ) -> tuple[Tensor, Tensor]:
        n, h, w, c = x.shape
        y = x.new_empty(n, h, w, len(weight))
        tensors = (x, weight, bias, residual, y, y)
        self._note("convolve_norm", (n, h, w, c, len(weight), norm.silu), 18 * y.numel() * c, *tensors)
        return y, torch.empty_like(y)

    def group_norm(self, x: Tensor, norm: Norm, bias: Tensor | None = None) -> Tensor:
        self._note("group_norm", (*x.shape, norm.silu, bias is not None), 0, x, norm.scale, norm.shift, x)
        return torch.empty_like(x)

    def join_norm(self, x: Tensor, skip: Tensor, norm: Norm) -> tuple[Tensor, Tensor]:
        del norm
        joined = torch.cat([x, skip], dim=-1)
        self._note("join_norm", (*x.shape, skip.shape[-1]), 0, x, skip, joined, joined)
        return joined, torch.empty_like(joined)

    def layer_norm(self, x: Tensor, scale: Tensor, shift: Tensor, eps: float, bias: Tensor | None = None) -> Tensor:
        del eps
        call = (x.numel() // x.shape[-1], x.shape[-1], bias is not None)
        self._note("layer_norm", call, 0, x, scale, shift, x)
        return torch.empty_like(x)

    def attend(self, query: Tensor, key: Tensor, value: Tensor) -> Tensor:
        n, tokens, heads, width = query.shape
        call = (n, tokens, key.shape[1], heads, width)
        self._note("attend", call, 4 * n * tokens * key.shape[1] * heads * width, query, key, value, query)
        return query.new_empty(n, tokens, heads * width)


def record(part: str, count: int) -> Recorder:
    """What one step of the UNet on `count` latents, or one decoding of `count` pictures of 512x512, is made of."""
    recorder = Recorder()
    with torch.device("meta"), torch.no_grad():
        if part == "decoder":
            Decoder(AutoencoderConfig(), recorder)(torch.empty(count, 64, 64, 4))
        else:
            unet = UNet(UNetConfig(), recorder)
            text = unet.prepare_text(torch.empty(count, 77, 768))
            unet(torch.empty(count, 64, 64, 4), unet.prepare_times(torch.empty(1))[0], text)
    return recorder


def arithmetic(pictures: int, steps: int) -> int:
    """Additions and multiplications of a drawing with guidance; over a card's rate the least time that it can take."""
    per_step = record("unet", 2 * pictures).operations.values()
    return steps * sum(per_step) + sum(record("decoder", pictures).operations.values())


def call_again(operations: Operations, call: tuple[Any, ...]) -> Callable[[], Tensor]:
    """A recorded call with fresh random tensors on the GPU."""
    kind, *shape = call

    def random(*dims: int) -> Tensor:
        return torch.randn(dims, device="cuda", dtype=torch.float16)

    def weights(*dims: int) -> Tensor:
        made = random(*dims) / math.sqrt(math.prod(dims[1:]))
        return made.contiguous(memory_format=torch.channels_last) if len(dims) == 4 else made

    def norm(width: int, silu: bool) -> Norm:
        return Norm(random(width), random(width), 32, 1e-5, silu)

    if kind == "linear":
        rows, c, o, has_bias, has_residual = shape
        x, w, r = random(1, rows, c), weights(o, c), random(1, rows, o) if has_residual else None
        bias = random(o) if has_bias else None
        return lambda: operations.linear(x, w, bias, r)
    if kind == "add_linear":
        rows, c, o = shape
        x, w, sums = random(1, rows, c), weights(o, c), random(1, rows, o)
        return lambda: operations.add_linear(sums, x, w)
    if kind == "gated_linear":
        rows, c, o = shape
        x, w, b = random(1, rows, c), weights(2 * o, c), random(2 * o)
        return lambda: operations.gated_linear(x, w, b)
    if kind == "convolve":
        n, h, w_, c, o, stride, has_bias, has_residual = shape
        x, w, bias = random(n, h, w_, c), weights(o, c, 3, 3), random(o) if has_bias else None
        r = random(n, h // stride, w_ // stride, o) if has_residual else None
        return lambda: operations.convolve(x, w, bias, stride=stride, residual=r)
    if kind == "convolve_doubled":
        n, h, w_, c, o = shape
        x, w, b = random(n, h, w_, c), weights(4 * o, c, 2, 2), random(o)
        return lambda: operations.convolve_doubled(x, w, b)
    if kind == "convolve_norm":
        n, h, w_, c, o, silu = shape
        x, w, added = random(n, h, w_, c), weights(o, c, 3, 3), random(n, h, w_, o)
        return lambda: operations.convolve_norm(x, w, random(o), added, norm(o, silu))[1]
    if kind == "group_norm":
        n, h, w_, c, silu, has_bias = shape
        x, bias = random(n, h, w_, c) + 0.5, random(c) if has_bias else None
        return lambda: operations.group_norm(x, norm(c, silu), bias)
    if kind == "join_norm":
        n, h, w_, first, more = shape
        x, skip = random(n, h, w_, first), random(n, h, w_, more)
        return lambda: operations.join_norm(x, skip, norm(first + more, True))[1]
    if kind == "layer_norm":
        rows, c, has_bias = shape
        x, a, b, bias = random(rows, c) + 0.5, random(c), random(c), random(c) if has_bias else None
        return lambda: operations.layer_norm(x, a, b, 1e-5, bias)
    n, tokens, length, heads, width = shape
    if tokens == length:
        q, k, v = random(n, tokens, 3, heads, width).unbind(2)
    else:
        q = random(n, tokens, heads, width)
        text = random(n, length, 4 * heads * width)[:, :, heads * width : 3 * heads * width]
        k, v = text.view(n, length, 2, heads, width).unbind(2)
    return lambda: operations.attend(q, k, v)
