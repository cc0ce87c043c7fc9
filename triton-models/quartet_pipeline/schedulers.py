"""Schedulers as tables of coefficients: the loop that applies the rows does not know which scheduler it runs.

Equal to diffusers' `DDIMScheduler(set_alpha_to_one=False, clip_sample=False)`, `DPMSolverMultistepScheduler()`,
`UniPCMultistepScheduler()`, `EulerDiscreteScheduler()`, `EulerAncestralDiscreteScheduler()` with the schedule's
`timestep_spacing` and `rescale_betas_zero_snr`; the last two run there on latents times sqrt(1 + s^2) with s = sigma /
alpha, and divided by that they are the rows here. With "trailing" spacing, DDIM goes from each timestep to the next
one; diffusers' goes down by a rounded ratio, which is elsewhere where the steps do not divide the training timesteps.
Python's numbers are the same as those of `src/engines/onnx/scheduler-table.ts`.
"""

import math
from dataclasses import dataclass

SCHEDULERS = ("ddim", "dpmpp_2m", "unipc", "euler", "euler_ancestral")


@dataclass(frozen=True)
class NoiseSchedule:
    """How a model was trained to be noised; the fields of pipeline.json."""

    train_timesteps: int
    beta_start: float
    beta_end: float
    beta_schedule: str
    """`scaled_linear` is linear in the square root, as Stable Diffusion was trained; or `linear`."""
    prediction_type: str
    """`epsilon` or `v_prediction`."""
    timestep_spacing: str = "leading"
    """`leading` counts up from the first timestep, `trailing` down from the last (Lin et al. 2023, table 2)."""
    steps_offset: int = 0
    """Added to every timestep of `leading`."""
    rescale_betas_zero_snr: bool = False
    """Whether the last timestep is nothing but noise (Lin et al. 2023, algorithm 1)."""


@dataclass(frozen=True)
class Level:
    """Noised latents are alpha * clean + sigma * noise, with alpha^2 + sigma^2 = 1."""

    alpha: float
    sigma: float

    @property
    def log_signal_to_noise(self) -> float:
        return math.log(self.alpha) - math.log(self.sigma) if self.sigma > 0 else math.inf


CLEAN = Level(1.0, 0.0)
ALMOST_NOISE = Level(2.0**-12, math.sqrt(1 - 2.0**-24))
"""In place of pure noise, where a scheduler divides by its signal or takes the logarithm; diffusers' value."""
Weights = tuple[float, float, float]


@dataclass(frozen=True)
class Row:
    """One step: the clean estimate is latents * `estimate[0]` + model output * `estimate[1]`, and the next latents are
    latents * `latents` + the last three estimates, newest first, * `estimates` + normal noise * `noise`."""

    timestep: int
    estimate: tuple[float, float]
    latents: float
    estimates: Weights
    noise: float = 0.0
    after: Level = CLEAN
    """How noisy the next latents are; after the last step clean, as the decoder takes them. For `masks`."""


@dataclass(frozen=True)
class Table:
    """The first latents are clean picture * `picture` + normal noise * `noise`."""

    picture: float
    noise: float
    rows: tuple[Row, ...]


def steps_that_run(steps: int, strength: float | None) -> int:
    """How many of `steps` are left with a `strength`: at least one."""
    return steps if strength is None else min(steps, max(1, math.floor(steps * strength)))


def scheduler_table(
    name: str, steps: int, schedule: NoiseSchedule, strength: float | None = None, restart: int | None = None
) -> Table:
    """The rows of `steps` steps; with a `strength` (above 0 to 1) the first of them are left out, at least one runs.

    From the row `restart` on, nothing is concluded from estimates before it: there the model's answer jumps.
    """
    points, end = _trajectory(name, steps, schedule)
    run = points[steps - steps_that_run(steps, strength) :]
    levels = [level for _, level in run]
    rows = []
    for index, (timestep, level) in enumerate(run):
        known = index if restart is None or index < restart else index - restart
        before = levels[index - 1] if known >= 1 else None
        before_that = levels[index - 2] if known >= 2 else None
        is_last = index == len(run) - 1
        following = end if is_last else levels[index + 1]
        latents, estimates, noise = _next_weights(name, level, following, before, before_that, is_last)
        guess = _estimate_weights(level, schedule.prediction_type)
        rows.append(Row(timestep, guess, latents, estimates, noise, CLEAN if is_last else following))
    if strength is not None:
        return Table(levels[0].alpha, levels[0].sigma, tuple(rows))
    is_scaled = name.startswith("euler") and schedule.timestep_spacing == "trailing"
    # diffusers' Euler schedulers start "trailing" with noise of the first level, not of unit variance.
    return Table(0.0, levels[0].sigma if is_scaled else 1.0, tuple(rows))


def noise_levels(schedule: NoiseSchedule) -> list[Level]:
    """The level at each training timestep."""
    bend = 2 if schedule.beta_schedule == "scaled_linear" else 1
    start, end = schedule.beta_start ** (1 / bend), schedule.beta_end ** (1 / bend)
    kept = 1.0
    signals = []
    for timestep in range(schedule.train_timesteps):
        kept *= 1 - (start + (end - start) * timestep / max(1, schedule.train_timesteps - 1)) ** bend
        signals.append(math.sqrt(kept))
    if schedule.rescale_betas_zero_snr:
        first, last = signals[0], signals[-1]
        signals = [(signal - last) * first / (first - last) for signal in signals]
    return [Level(signal, math.sqrt(1 - signal**2)) for signal in signals]


def _trajectory(name: str, steps: int, schedule: NoiseSchedule) -> tuple[list[tuple[int, Level]], Level]:
    """The timestep and level before each step, and the level after the last."""
    levels = noise_levels(schedule)
    if name != "ddim" and levels[-1].alpha == 0:
        levels[-1] = ALMOST_NOISE
    timesteps = _timesteps(name, steps, schedule)
    points = [(timestep, levels[min(timestep, len(levels) - 1)]) for timestep in timesteps]
    if name != "ddim":
        return points, CLEAN
    # DDIM steps by the ratio from wherever it is, but not beyond the first training timestep.
    return points, levels[max(0, timesteps[-1] - schedule.train_timesteps // steps)]


def _timesteps(name: str, steps: int, schedule: NoiseSchedule) -> list[int]:
    if schedule.timestep_spacing == "trailing":
        # Half to even, as numpy rounds.
        return [round(schedule.train_timesteps * (steps - k) / steps) - 1 for k in range(steps)]
    # The multistep schedulers leave out timestep 0.
    skipped = 1 if name in ("dpmpp_2m", "unipc") else 0
    ratio = schedule.train_timesteps // (steps + skipped)
    return [(k + skipped) * ratio + schedule.steps_offset for k in reversed(range(steps))]


def _estimate_weights(level: Level, prediction_type: str) -> tuple[float, float]:
    if prediction_type == "epsilon":
        return 1 / level.alpha, -level.sigma / level.alpha
    return level.alpha, -level.sigma


def _next_weights(
    name: str, level: Level, following: Level, before: Level | None, before_that: Level | None, is_last: bool
) -> tuple[float, Weights, float]:
    if name == "euler_ancestral":
        return _euler_ancestral(level, following)
    if name == "unipc":
        return (*_unipc(level, following, before, before_that, is_last), 0.0)
    if name == "dpmpp_2m" and not is_last:
        return (*_second_order(level, following, before), 0.0)
    return (*_first_order(level, following), 0.0)


def _first_order(level: Level, following: Level) -> tuple[float, Weights]:
    """DDIM, eq. 12 with eta 0; Euler on the probability flow in s = sigma / alpha is the same step."""
    latents = following.sigma / level.sigma
    return latents, (following.alpha - level.alpha * latents, 0.0, 0.0)


def _euler_ancestral(level: Level, following: Level) -> tuple[float, Weights, float]:
    """Down to a lower level than asked for, then up again with fresh noise (k-diffusion, `get_ancestral_step`)."""
    s, s_next = level.sigma / level.alpha, following.sigma / following.alpha
    up = math.sqrt(s_next**2 * (s**2 - s_next**2) / s**2)
    down = math.sqrt(s_next**2 - up**2)
    latents = down / s * following.alpha / level.alpha
    return latents, ((1 - down / s) * following.alpha, 0.0, 0.0), up * following.alpha


def _second_order(level: Level, following: Level, before: Level | None) -> tuple[float, Weights]:
    """DPM-Solver++(2M), algorithm 2; first order while there is no earlier estimate."""
    latents, (whole, _, _) = _first_order(level, following)
    if before is None:
        return latents, (whole, 0.0, 0.0)
    slope = whole * 0.5 / _step_ratio(before, level, following)
    return latents, (whole + slope, -slope, 0.0)


def _step_ratio(before: Level, level: Level, following: Level) -> float:
    """The length of the step before, in logarithms of the signal-to-noise ratio, over that of this step."""
    at = level.log_signal_to_noise
    return (at - before.log_signal_to_noise) / (following.log_signal_to_noise - at)


def _unipc(
    level: Level, following: Level, before: Level | None, before_that: Level | None, is_last: bool
) -> tuple[float, Weights]:
    """UniPC-2 with B2(h): DPM-Solver++(2M)'s step predicts, and the next step mends what it predicted.

    Both keep the same share of the latents before, so that the mended latents are the current ones plus a sum of
    estimates, and no second latent has to be kept.
    """
    latents, predictor = _first_order(level, following) if is_last else _second_order(level, following, before)
    if before is None:
        return latents, predictor
    _, predicted = _second_order(before, level, before_that)
    corrected = _corrected_estimates(before, level, before_that)
    return latents, (
        predictor[0] + latents * corrected[0],
        predictor[1] + latents * (corrected[1] - predicted[0]),
        predictor[2] + latents * (corrected[2] - predicted[1]),
    )


def _corrected_estimates(level: Level, following: Level, before: Level | None) -> Weights:
    """Weights of the newest, the last and the last but one estimate in the corrected step (UniPC, algorithm 1)."""
    _, (whole, _, _) = _first_order(level, following)
    if before is None:
        return whole * 0.5, whole * 0.5, 0.0
    h = level.log_signal_to_noise - following.log_signal_to_noise
    growth = math.expm1(h)
    b1 = (growth / h - 1) / growth
    b2 = 2 * ((growth / h - 1) / h - 0.5) / growth
    r = -_step_ratio(before, level, following)
    # The 2x2 system [[1, 1], [r, 1]] rho = [b1, b2].
    rho_before = (b1 - b2) / (1 - r)
    rho_new = b1 - rho_before
    return whole * rho_new, whole * (1 - rho_before / r - rho_new), whole * rho_before / r
