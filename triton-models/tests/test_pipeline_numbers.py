"""Noise and schedulers against the vectors that TypeScript is held to as well."""

import json
import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from quartet_pipeline.schedulers import SCHEDULERS, NoiseSchedule, scheduler_table
from quartet_pipeline.seeds import normal_noise, philox4x32

VECTORS = Path(__file__).parent / "vectors"
NOISE = json.loads((VECTORS / "noise.json").read_text())
TRAJECTORIES = json.loads((VECTORS / "schedulers.json").read_text())


def sd15(prediction: str, spacing: str) -> NoiseSchedule:
    return NoiseSchedule(1000, 0.00085, 0.012, "scaled_linear", prediction, **TRAJECTORIES["spacings"][spacing])


@pytest.mark.parametrize("case", NOISE["philox"])
def test_philox_gives_the_known_answers_of_random123(case: dict[str, Any]) -> None:
    words = philox4x32(np.array([case["counter"]], np.uint64), tuple(case["key"]))
    assert words.tolist() == [case["output"]]


@pytest.mark.parametrize("case", NOISE["normals"])
def test_noise_is_that_of_the_shared_vectors(case: dict[str, Any]) -> None:
    noise = normal_noise(case["seed"], case["stream"], len(case["values"]))
    np.testing.assert_array_equal(noise, np.array(case["values"], np.float32))


def test_noise_of_a_whole_picture_has_the_shared_moments() -> None:
    moments = NOISE["moments"]
    noise = normal_noise(moments["seed"], moments["stream"], moments["length"]).astype(np.float64)
    assert noise.sum() == pytest.approx(moments["sum"], abs=1e-6)
    assert (noise**2).sum() == pytest.approx(moments["sum_of_squares"], abs=1e-6)


@pytest.mark.parametrize("spacing", TRAJECTORIES["spacings"])
@pytest.mark.parametrize("name", SCHEDULERS)
def test_timesteps_are_those_of_diffusers(name: str, spacing: str) -> None:
    for steps, timesteps in TRAJECTORIES["timesteps"][name][spacing].items():
        rows = scheduler_table(name, int(steps), sd15("v_prediction", spacing)).rows
        assert [row.timestep for row in rows] == timesteps


def case_name(case: dict[str, Any]) -> str:
    return "-".join(str(case[part]) for part in ("scheduler", "prediction", "spacing", "steps", "strength"))


@pytest.mark.parametrize("case", TRAJECTORIES["cases"], ids=case_name)
def test_a_trajectory_is_that_of_diffusers(case: dict[str, Any]) -> None:
    table = scheduler_table(
        case["scheduler"], case["steps"], sd15(case["prediction"], case["spacing"]), case["strength"]
    )
    latents = table.picture * np.array(TRAJECTORIES["picture"]) + table.noise * np.array(TRAJECTORIES["noise"])
    estimates = [np.zeros(4)] * 3
    assert len(table.rows) == case["ran"]
    for index, row in enumerate(table.rows):
        if str(index) in case["inputs"]:
            np.testing.assert_allclose(latents, case["inputs"][str(index)], rtol=0, atol=1e-5)
        # The model and the step's noise of make_vectors.py.
        output = 0.8 * np.tanh(latents) + 0.1 * np.sin(3.0 * latents + row.timestep / 100.0)
        noise = np.array([1.5 * math.sin(1.0 + 7.0 * index + 3.0 * i) for i in range(4)])
        guess = row.estimate[0] * latents + row.estimate[1] * output
        estimates = [guess, *estimates[:2]]
        weighed = sum(weight * estimate for weight, estimate in zip(row.estimates, estimates, strict=True))
        latents = row.latents * latents + weighed + row.noise * noise
    np.testing.assert_allclose(latents, case["final"], rtol=0, atol=1e-5)
