"""The noise schedule of Stable Diffusion, and the DPM-Solver++ (2M) steps that take noise away again."""

from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

TRAIN_TIMESTEPS = 1000


def alphas_cumprod() -> Tensor:
    """The share of signal in the variance at timesteps 0..999: float64 [1000], falling ("scaled linear" betas)."""
    betas = torch.linspace(0.00085**0.5, 0.012**0.5, TRAIN_TIMESTEPS, dtype=torch.float64) ** 2
    return torch.cumprod(1 - betas, dim=0)


def leading_timesteps(steps: int) -> list[int]:
    """The timesteps of a drawing, falling, as diffusers' DPMSolverMultistepScheduler has them ("leading", offset 1)."""
    ratio = TRAIN_TIMESTEPS // (steps + 1)
    return [int(k * ratio) + 1 for k in range(steps, 0, -1)]


@dataclass(frozen=True)
class SolverStep:
    """The next latents are `keep` * latents + `newest` * this clean estimate + `older` * the one before."""

    timestep: int
    signal: float
    """alpha at `timestep`: how much of the clean latents is in the noisy ones."""
    noise: float
    """sigma at `timestep`; signal² + noise² = 1."""
    keep: float
    newest: float
    older: float


def dpm_solver_steps(timesteps: list[int]) -> list[SolverStep]:
    """Coefficients of DPM-Solver++ (2M) (Lu et al. 2022, arXiv 2211.01095, algorithm 2; midpoint form of diffusers).

    The first and the last step are of first order; the last one ends at the clean estimate.
    """
    cumulative = alphas_cumprod().numpy()
    signals = np.append(np.sqrt(cumulative[timesteps]), 1.0)
    noises = np.append(np.sqrt(1 - cumulative[timesteps]), 0.0)
    with np.errstate(divide="ignore"):
        lambdas = np.log(signals) - np.log(noises)
    steps = []
    for i, timestep in enumerate(timesteps):
        gain = lambdas[i + 1] - lambdas[i]
        clean = -signals[i + 1] * np.expm1(-gain)
        older = 0.0
        if 0 < i < len(timesteps) - 1:
            ratio = (lambdas[i] - lambdas[i - 1]) / gain
            older = -clean / (2 * ratio)
        steps.append(
            SolverStep(
                timestep,
                signal=float(signals[i]),
                noise=float(noises[i]),
                keep=float(noises[i + 1] / noises[i]),
                newest=float(clean - older),
                older=float(older),
            )
        )
    return steps
