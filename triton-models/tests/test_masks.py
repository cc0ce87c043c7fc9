"""Painting within a mask, against vectors that TypeScript is held to as well."""

import json
import math
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from quartet_pipeline.masks import edge_weights, keep, keep_pixels, latent_mask, noised
from quartet_pipeline.schedulers import CLEAN, SCHEDULERS, NoiseSchedule, scheduler_table

FOLDER = Path(__file__).parent / "vectors"
VECTORS = json.loads((FOLDER / "masks.json").read_text())
SPACINGS = json.loads((FOLDER / "schedulers.json").read_text())["spacings"]
MASK = np.array(VECTORS["mask"], np.uint8)


def schedule(prediction: str, spacing: str) -> NoiseSchedule:
    return NoiseSchedule(1000, 0.00085, 0.012, "scaled_linear", prediction, **SPACINGS[spacing])


def test_a_mask_is_averaged_down_to_latents() -> None:
    np.testing.assert_allclose(latent_mask(MASK, 8), VECTORS["latents"], rtol=0, atol=1e-7)


def test_pixels_of_the_given_picture_stay_where_the_mask_is_0_and_its_edge_is_soft() -> None:
    weights = edge_weights(MASK)
    np.testing.assert_allclose(weights, VECTORS["edges"], rtol=0, atol=1e-7)
    given, drawn, expected = (
        np.array(VECTORS[name], np.uint8).reshape(24, 32, 3) for name in ("given", "drawn", "pixels")
    )
    blended = keep_pixels(drawn[None], given, weights)[0]
    # A float32 weight may tip what lies just between two levels.
    assert np.abs(blended.astype(int) - expected).max() <= 1
    np.testing.assert_array_equal(blended[MASK == 0], given[MASK == 0])
    np.testing.assert_array_equal(blended[9:16, 13:23], drawn[9:16, 13:23])


@pytest.mark.parametrize("case", VECTORS["cases"], ids=lambda case: f"{case['scheduler']}-{case['steps']}")
def test_a_mended_trajectory_is_that_of_diffusers(case: dict[str, Any]) -> None:
    table = scheduler_table(
        case["scheduler"], case["steps"], schedule(case["prediction"], case["spacing"]), case["strength"]
    )
    weights, clean, start = (np.array(VECTORS[name]) for name in ("weights", "picture", "noise"))
    latents = table.picture * clean + table.noise * start
    estimates = [np.zeros(4)] * 3
    for index, row in enumerate(table.rows):
        # The model and the step's noise of make_vectors.py.
        output = 0.8 * np.tanh(latents) + 0.1 * np.sin(3.0 * latents + row.timestep / 100.0)
        noise = np.array([1.5 * math.sin(1.0 + 7.0 * index + 3.0 * i) for i in range(4)])
        estimates = [row.estimate[0] * latents + row.estimate[1] * output, *estimates[:2]]
        weighed = sum(weight * estimate for weight, estimate in zip(row.estimates, estimates, strict=True))
        latents = row.latents * latents + weighed + row.noise * noise
        latents = weights * latents + (1 - weights) * noised(clean, start, row.after)
        estimates[0] = weights * estimates[0] + (1 - weights) * clean
    np.testing.assert_allclose(latents, case["final"], rtol=0, atol=1e-5)
    assert latents[0] == clean[0]


@pytest.mark.parametrize("name", SCHEDULERS)
def test_a_step_leads_to_the_level_from_which_the_next_sets_out(name: str) -> None:
    rows = scheduler_table(name, 20, schedule("epsilon", "leading"), 0.7).rows
    for row, following in pairwise(rows):
        # Of predicted noise, the estimate's weights are 1 / alpha and -sigma / alpha.
        assert row.after.alpha == pytest.approx(1 / following.estimate[0])
        assert row.after.sigma == pytest.approx(-following.estimate[1] / following.estimate[0])
    assert rows[-1].after == CLEAN


def test_half_a_mask_takes_half_of_each() -> None:
    mask = np.array([[0.0, 0.5, 1.0]], np.float32)
    kept = keep(mask, np.full((1, 4, 1, 3), 3, np.float32), np.full((1, 4, 1, 3), -1.0))
    np.testing.assert_array_equal(kept[0, 0, 0], [-1, 1, 3])
