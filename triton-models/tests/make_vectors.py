"""Write the shared test vectors of noise and schedulers, from sources that are not ours.

Run it with diffusers, torch and numpy installed: ``python triton-models/tests/make_vectors.py``.

``noise.json``: Philox4x32-10 written here in plain integers, and Box-Muller in numpy.
``masks.json``: what a mask keeps, by PyTorch's pooling, and trajectories that are mended after each step.
``schedulers.json``: trajectories of diffusers' own schedulers. They run in float64 (see ``Doubled``), because its
float32 tables differ from the exact ones by more than the agreement that the tests ask for.
"""

from __future__ import annotations

import importlib
import itertools
import json
import math
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import torch

FOLDER = Path(__file__).parent / "vectors"
BETAS = {"beta_schedule": "scaled_linear", "beta_start": 0.00085, "beta_end": 0.012, "num_train_timesteps": 1000}
SCHEDULERS: dict[str, tuple[str, str, dict[str, Any]]] = {
    "ddim": ("scheduling_ddim", "DDIMScheduler", {"set_alpha_to_one": False, "clip_sample": False}),
    "dpmpp_2m": ("scheduling_dpmsolver_multistep", "DPMSolverMultistepScheduler", {"lower_order_final": True}),
    "unipc": ("scheduling_unipc_multistep", "UniPCMultistepScheduler", {"lower_order_final": True}),
    "euler": ("scheduling_euler_discrete", "EulerDiscreteScheduler", {}),
    "euler_ancestral": ("scheduling_euler_ancestral_discrete", "EulerAncestralDiscreteScheduler", {}),
}
STEPS = [1, 2, 3, 5, 20, 50, 150]
SPACINGS: dict[str, dict[str, Any]] = {
    "leading": {"timestep_spacing": "leading", "steps_offset": 1},
    "trailing": {"timestep_spacing": "trailing"},
    "trailing from noise": {"timestep_spacing": "trailing", "rescale_betas_zero_snr": True},
}
STRENGTHS = [None, 0.3, 0.75, 1.0]
NOISE = [-1.7, -0.4, 0.3, 1.1]
PICTURE = [0.9, -0.6, 0.2, -1.3]
MASK = [0.0, 0.3, 0.8, 1.0]


def philox4x32(counter: list[int], key: list[int]) -> list[int]:
    """Philox4x32-10 (Salmon et al. 2011), in Python's integers."""
    c, k = list(counter), list(key)
    for _ in range(10):
        p0, p1 = 0xD2511F53 * c[0], 0xCD9E8D57 * c[2]
        c = [(p1 >> 32) ^ c[1] ^ k[0], p1 & 0xFFFFFFFF, (p0 >> 32) ^ c[3] ^ k[1], p0 & 0xFFFFFFFF]
        k = [(k[0] + 0x9E3779B9) & 0xFFFFFFFF, (k[1] + 0xBB67AE85) & 0xFFFFFFFF]
    return c


def normals(seed: int, stream: int, length: int) -> np.ndarray:
    """float32 [length]: block b is counter (b, 0, stream, 0), key (low, high word of the seed)."""
    key = [seed & 0xFFFFFFFF, seed >> 32]
    words = np.array([philox4x32([b, 0, stream, 0], key) for b in range((length + 3) // 4)], dtype=np.float64)
    u = (words.reshape(-1, 2) + 0.5) / 2.0**32
    radius, angle = np.sqrt(-2.0 * np.log(u[:, 0])), 2.0 * np.pi * u[:, 1]
    return np.stack([radius * np.cos(angle), radius * np.sin(angle)], axis=1).reshape(-1)[:length].astype(np.float32)


def noise_vectors() -> dict[str, Any]:
    ones = 0xFFFFFFFF
    pi = [0x243F6A88, 0x85A308D3, 0x13198A2E, 0x03707344, 0xA4093822, 0x299F31D0]
    known = [
        ([0] * 4, [0] * 2, [0x6627E8D5, 0xE169C58D, 0xBC57AC4C, 0x9B00DBD8]),
        ([ones] * 4, [ones] * 2, [0x408F276D, 0x41C83B0E, 0xA20BC7C6, 0x6D5451FD]),
        (pi[:4], pi[4:], [0xD16CFE09, 0x94FDCCEB, 0x5001E420, 0x24126EA1]),
    ]
    for counter, key, output in known:
        if philox4x32(counter, key) != output:
            raise SystemExit(f"Expected Random123's known answer {output} for counter {counter} and key {key}.")
    cases = []
    draws = [(0, 0, 16), (7, 0, 16), (7, 1, 16), (7, 150, 10), (ones, 0, 13), (2**40 + 5, 3, 8)]
    for seed, stream, length in draws:
        cases.append({"seed": seed, "stream": stream, "values": [float(v) for v in normals(seed, stream, length)]})
    whole = normals(42, 0, 4 * 64 * 64).astype(np.float64)
    moments = {"length": whole.size, "sum": whole.sum(), "sum_of_squares": (whole**2).sum()}
    return {
        "about": "Philox4x32-10: known answers of Random123 (kat_vectors). Normal noise: normals() in make_vectors.py",
        "philox": [{"counter": c, "key": k, "output": o} for c, k, o in known],
        "normals": cases,
        "moments": {"seed": 42, "stream": 0, **moments},
    }


class Doubled:
    """A module whose ``float32`` is ``float64``: put in place of torch and numpy inside a scheduler's module."""

    def __init__(self, module: Any) -> None:
        self._module = module

    def __getattr__(self, name: str) -> Any:
        return getattr(self._module, "float64" if name == "float32" else name)


def model(x: torch.Tensor, t: float) -> torch.Tensor:
    """Stands for the UNet: smooth, not linear, and known in closed form."""
    return 0.8 * torch.tanh(x) + 0.1 * torch.sin(3.0 * x + t / 100.0)


def step_noise(step: int, dtype: torch.dtype) -> torch.Tensor:
    return torch.tensor([1.5 * math.sin(1.0 + 7.0 * step + 3.0 * i) for i in range(4)], dtype=dtype)


def run(
    name: str,
    prediction: str,
    spacing: str,
    steps: int,
    strength: float | None,
    dtype: torch.dtype,
    mask: list[float] | None = None,
) -> dict[str, Any]:
    """One trajectory of diffusers' scheduler, in the order of StableDiffusion(Img2Img, Inpaint)Pipeline.__call__."""
    module_name, class_name, options = SCHEDULERS[name]
    module = importlib.import_module(f"diffusers.schedulers.{module_name}")
    module.torch = Doubled(torch) if dtype == torch.float64 else torch  # type: ignore[attr-defined]
    module.np = Doubled(np) if dtype == torch.float64 else np  # type: ignore[attr-defined]
    torch.set_default_dtype(dtype)
    at = {"step": 0}
    module.randn_tensor = lambda *_, **__: step_noise(at["step"], dtype).reshape(1, 4, 1, 1)  # type: ignore[attr-defined]
    scheduler = getattr(module, class_name)(**BETAS, **SPACINGS[spacing], prediction_type=prediction, **options)
    scheduler.set_timesteps(steps)
    noise, picture, weight = (
        torch.tensor(values, dtype=dtype).reshape(1, 4, 1, 1) for values in (NOISE, PICTURE, mask or [1.0] * 4)
    )
    if strength is None:
        timesteps, latents = scheduler.timesteps, noise * scheduler.init_noise_sigma
    else:
        first = steps - min(int(steps * strength), steps)
        timesteps = scheduler.timesteps[first:]
        if hasattr(scheduler, "set_begin_index"):
            scheduler.set_begin_index(first)
        latents = scheduler.add_noise(picture, noise, timesteps[:1])
    if mask is not None and name == "unipc":
        _correct_mended(scheduler)
    inputs = []
    for index, t in enumerate(timesteps):
        at["step"] = index
        seen = scheduler.scale_model_input(latents, t)
        inputs.append([float(v) for v in seen.flatten()])
        latents = scheduler.step(model(seen, float(t)), t, latents, return_dict=False)[0]
        if mask is not None:
            following = timesteps[index + 1 : index + 2]
            kept = scheduler.add_noise(picture, noise, following) if len(following) else picture
            latents = weight * latents + (1 - weight) * kept
            if name in ("dpmpp_2m", "unipc"):
                scheduler.model_outputs[-1] = weight * scheduler.model_outputs[-1] + (1 - weight) * picture
    return {
        "timesteps": [int(t) for t in timesteps],
        "inputs": inputs,
        "final": [float(v) for v in latents.flatten()],
    }


def _correct_mended(scheduler: Any) -> None:
    """diffusers' UniPC corrects from the latents before, and so forgets what was done to those after them."""
    correct = scheduler.multistep_uni_c_bh_update

    def corrected(*, this_model_output: Any, last_sample: Any, this_sample: Any, order: int) -> Any:
        scheduler._step_index -= 1
        predicted = scheduler.multistep_uni_p_bh_update(model_output=None, sample=last_sample, order=order)
        scheduler._step_index += 1
        final = correct(
            this_model_output=this_model_output, last_sample=last_sample, this_sample=this_sample, order=order
        )
        return final + this_sample - predicted

    scheduler.multistep_uni_c_bh_update = corrected


def asked_for() -> Iterator[tuple[str, str, str, int, float | None]]:
    """Scheduler, prediction, spacing, steps and strength of every case."""
    for name, spacing, steps in itertools.product(SCHEDULERS, SPACINGS, STEPS):
        # From pure noise, predicted noise says nothing of the picture.
        predictions = ("v_prediction",) if spacing == "trailing from noise" else ("epsilon", "v_prediction")
        # There diffusers' DDIM goes down by a rounded ratio, past the timesteps that it visits.
        if spacing != "leading" and (BETAS["num_train_timesteps"] % steps or steps == 2):
            continue
        for prediction, strength in itertools.product(predictions, STRENGTHS if spacing == "leading" else (None, 0.3)):
            if strength is None or int(steps * strength) >= 1:
                yield name, prediction, spacing, steps, strength


def scheduler_vectors() -> dict[str, Any]:
    timesteps: dict[str, dict[str, dict[str, list[int]]]] = {
        name: {spacing: {} for spacing in SPACINGS} for name in SCHEDULERS
    }
    cases = []
    worst = 0.0
    for name, prediction, spacing, steps, strength in asked_for():
        exact = run(name, prediction, spacing, steps, strength, torch.float64)
        single = run(name, prediction, spacing, steps, strength, torch.float32)
        reference = np.array(exact["final"])
        off = np.abs(np.array(single["final"]) - reference).max() / np.abs(reference).max()
        worst = max(worst, float(off))
        if strength is None:
            timesteps[name][spacing][str(steps)] = exact["timesteps"]
        ran = len(exact["inputs"])
        watched = sorted({0, 1, 2, ran // 2, ran - 1} & set(range(ran)))
        cases.append(
            {
                "scheduler": name,
                "prediction": prediction,
                "spacing": spacing,
                "steps": steps,
                "strength": strength,
                "ran": ran,
                "inputs": {str(i): [float(f"{v:.13g}") for v in exact["inputs"][i]] for i in watched},
                "final": [float(f"{v:.13g}") for v in exact["final"]],
            }
        )
    print(f"diffusers in float32 is at most {worst:.1e} (relative to the largest value) from diffusers in float64")
    return {
        "about": "diffusers' schedulers in float64; see run() in make_vectors.py for the model and the noise of a step",
        "diffusers": __import__("diffusers").__version__,
        "noise": NOISE,
        "picture": PICTURE,
        "spacings": SPACINGS,
        "timesteps": timesteps,
        "cases": cases,
    }


def mask_vectors() -> dict[str, Any]:
    chance = np.random.default_rng(6)
    mask = np.zeros((24, 32), np.uint8)
    mask[5:20, 9:27] = 255
    mask[:, 28:] = chance.integers(0, 256, (24, 4))
    mask[22] = 90
    given, drawn = chance.integers(0, 256, (2, 24, 32, 3), np.uint8)
    shares = torch.tensor(mask / 255)[None, None]
    around = torch.nn.functional.pad(shares, (3, 3, 3, 3), mode="replicate")
    edges = shares * (2 * torch.nn.functional.avg_pool2d(around, 7, 1) - 1).clamp(min=0)
    weights = edges[0, 0].numpy()
    pixels = np.floor(given + weights[:, :, None] * (drawn.astype(np.float64) - given) + 0.5).astype(np.uint8)
    cases = []
    shape = ("v_prediction", "trailing from noise"), ("epsilon", "leading")
    for name, (prediction, spacing), (steps, strength) in itertools.product(SCHEDULERS, shape, ((5, 1.0), (20, 0.6))):
        exact = run(name, prediction, spacing, steps, strength, torch.float64, MASK)
        cases.append(
            {
                "scheduler": name,
                "prediction": prediction,
                "spacing": spacing,
                "steps": steps,
                "strength": strength,
                "final": [float(f"{value:.13g}") for value in exact["final"]],
            }
        )
    return {
        "about": "Painting within a mask; see mask_vectors() and run() in make_vectors.py",
        "mask": mask.tolist(),
        "latents": torch.nn.functional.avg_pool2d(shares, 8)[0, 0].tolist(),
        "edges": [[float(f"{value:.13g}") for value in row] for row in weights],
        "given": given.reshape(-1).tolist(),
        "drawn": drawn.reshape(-1).tolist(),
        "pixels": pixels.reshape(-1).tolist(),
        "weights": MASK,
        "noise": NOISE,
        "picture": PICTURE,
        "cases": cases,
    }


def write(name: str, value: dict[str, Any]) -> None:
    """Compact, but one case a line, so that a change can be read."""
    parts = []
    for key, part in value.items():
        if isinstance(part, list) and part and isinstance(part[0], dict):
            lines = ",\n".join(json.dumps(item, separators=(",", ":")) for item in part)
            parts.append(f"{json.dumps(key)}:[\n{lines}\n]")
        else:
            parts.append(f"{json.dumps(key)}:{json.dumps(part, separators=(',', ':'))}")
    path = FOLDER / name
    path.write_text("{" + ",\n".join(parts) + "}\n")
    print(f"{path.name}: {path.stat().st_size} bytes", file=sys.stderr)


if __name__ == "__main__":
    FOLDER.mkdir(exist_ok=True)
    write("noise.json", noise_vectors())
    write("schedulers.json", scheduler_vectors())
    write("masks.json", mask_vectors())
