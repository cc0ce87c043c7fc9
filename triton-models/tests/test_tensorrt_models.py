"""Several models by one set of plans (graphs in ONNX Runtime): each drawing is that of an engine of its own."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from graph_runner import open_runners
from numpy.typing import NDArray
from test_shared_engine import REQUEST, models  # noqa: F401 - a fixture

from export.trace import OPERATIONS
from export.write import write_model
from quartet_pipeline.description import read_description
from quartet_pipeline.engines.shared import Shared, SharedModel
from quartet_pipeline.engines.tensorrt import PlanNetworks, TensorrtEngine, as_built
from quartet_pipeline.engines.tensorrt_models import PlanModels, open_model, share_plans
from quartet_pipeline.errors import ModelError
from quartet_pipeline.model_folder import read_model_folder
from quartet_pipeline.networks.weights import load_stable_diffusion, read_configs
from quartet_pipeline.pipeline import draw, open_pipeline
from quartet_pipeline.plans.folder import FOLDER
from quartet_pipeline.tokenizer import open_prompt_encoder


@pytest.fixture(scope="module")
def shared(models: Path) -> Shared:  # noqa: F811
    """The plans of `first`."""
    first = models / "first"
    networks = load_stable_diffusion(first, dtype=torch.float32, operations=OPERATIONS)
    exported = write_model(networks, first / FOLDER, size=(64, 64), counts=[1, 2])
    runners = open_runners(first / FOLDER, exported)

    def refit(part: str, weights: Any) -> None:
        for runner in runners[part]:
            runner.refit(weights)

    plans = PlanNetworks(exported, runners, torch.device("cpu"), first / FOLDER, refit)
    description = as_built(first, read_description(first))
    engine = TensorrtEngine(description, plans, open_prompt_encoder(first, description))
    return share_plans(engine, read_configs(first), first)


def open_on(shared: Shared, folder: Path) -> SharedModel:
    found, description = read_model_folder(folder), read_description(folder)
    encode_prompt = open_prompt_encoder(found.tokenizer.parent, description)
    return open_model(shared, found, as_built(folder.parent / "first", description), encode_prompt)


def images(model: SharedModel, **changes: Any) -> NDArray[np.int64]:
    return model.draw(replace(REQUEST, **changes), lambda _: None, lambda: False).images.astype(np.int64)


def test_each_model_draws_as_by_itself_and_the_first_is_the_same_again(
    shared: Shared,
    models: Path,  # noqa: F811
) -> None:
    by_name = {name: open_on(shared, models / name) for name in ("first", "second", "drawn")}
    first = images(by_name["first"])
    for name in ("second", "drawn", "first"):
        own = draw(open_pipeline(models / name, engine="torch"), replace(REQUEST, lora_scale=None))
        theirs = own.images.astype(np.int64)
        assert theirs.std() > 5, "a flat picture would prove nothing"
        assert np.abs(images(by_name[name]) - theirs).max() <= 1
        assert name == "first" or np.abs(theirs - first).max() > 5
    np.testing.assert_array_equal(images(by_name["first"]), first)
    np.testing.assert_array_equal(images(by_name["drawn"], lora_scale=0.0), first)


def test_weights_of_another_shape_are_refused_when_the_model_is_opened(
    shared: Shared,
    models: Path,  # noqa: F811
) -> None:
    with pytest.raises(ModelError, match=r"Expected"):
        open_on(shared, models / "third")


def test_without_plans_it_says_how_to_make_them(models: Path) -> None:  # noqa: F811
    found, description = read_model_folder(models / "second"), read_description(models / "second")
    with pytest.raises(ModelError, match=r"Write it with `python -m export\.write`"):
        PlanModels().open(found, description, open_prompt_encoder(found.tokenizer.parent, description))
