"""The sampler in Triton kernels."""

import triton
from torch import Tensor

from quartet_pipeline.networks.kernels import steps

BLOCK = 1024


class KernelSampler:
    """`engines.sampling.Sampler` in these kernels."""

    def begin(self, step: Tensor, current: Tensor, times: Tensor, time: Tensor) -> None:
        width = times[0].numel()
        steps.begin[(triton.cdiv(width, BLOCK),)](
            step,
            current,
            times,
            time,
            width,
            BLOCK=BLOCK,
        )

    def end(
        self,
        current: Tensor,
        step: Tensor,
        table: Tensor,
        scale: Tensor,
        output: Tensor,
        latents: Tensor,
        noise: Tensor,
        estimates: list[Tensor],
        sample: Tensor,
        difference: Tensor | None = None,
    ) -> None:
        count, channels, height, width = latents.shape
        for tensor in (output, sample):
            if tensor.stride(2) != width * tensor.stride(3):
                raise ValueError(f"Expected positions that lie evenly, got the strides {tensor.stride()}.")
        steps.end[(triton.cdiv(latents.numel(), BLOCK),)](
            current, step, table, scale, output, latents, noise, *estimates, sample,
            latents if difference is None else difference,
            latents.numel(), height * width, channels,
            output.stride(0), output.stride(1), output.stride(3),
            sample.stride(0), sample.stride(1), sample.stride(3),
            IS_GUIDED=len(output) == 2 * count, IS_DOUBLED=len(sample) == 2 * count,
            HAS_DIFFERENCE=difference is not None, BLOCK=BLOCK,
        )  # fmt: skip
