"""The safety checker against diffusers' and transformers', with the same random weights."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image

from quartet_pipeline.networks.safety import BOUNDARY, Judge, unsafe
from tests.test_networks import shake

transformers = pytest.importorskip("transformers", reason="needs transformers (the extra `test`)")
checkers = pytest.importorskip("diffusers.pipelines.stable_diffusion.safety_checker", reason="needs diffusers")

CPU = torch.device("cpu")


def make_theirs() -> Any:
    vision = {
        "hidden_size": 32, "intermediate_size": 64, "num_hidden_layers": 3, "num_attention_heads": 4,
        "image_size": 224, "patch_size": 32, "projection_dim": 24,
    }  # fmt: skip
    config = transformers.CLIPConfig(vision_config=vision, projection_dim=24)
    checker = shake(checkers.StableDiffusionSafetyChecker(config))
    with torch.no_grad():
        # Thresholds that some of the pictures are above.
        inputs = ours(checker).prepare(torch.from_numpy(pictures(24, 224, 224)))
        embeds = checker.visual_projection(checker.vision_model(inputs)[1])
        for name, share in (("special_care_embeds", 0.8), ("concept_embeds", 0.95)):
            cosines = checkers.cosine_distance(embeds, getattr(checker, name))
            getattr(checker, f"{name}_weights").copy_(cosines.quantile(share, dim=0))
    return checker


@pytest.fixture(scope="module")
def theirs() -> Any:
    return make_theirs()


def ours(theirs: Any) -> Judge:
    judge = Judge(CPU, torch.float32)
    judge.put(Path("theirs"), theirs.config.to_dict(), theirs.state_dict())
    return judge


def pictures(count: int, height: int, width: int) -> Any:
    """Noise of different coarseness and color, so that the pictures are not alike."""
    random = np.random.default_rng(4)
    made = []
    for index in range(count):
        coarse = random.integers(0, 256, (2 + index, 3 + index, 3)).astype(np.uint8)
        made.append(np.asarray(Image.fromarray(coarse).resize((width, height), Image.Resampling.NEAREST)))
    return np.stack(made)


@torch.no_grad()
def test_scores_and_decisions_are_those_of_diffusers(theirs: Any) -> None:
    judge = ours(theirs)
    inputs = judge.prepare(torch.from_numpy(pictures(24, 224, 224)))
    special, concepts = judge.network.scores(inputs)
    embeds = theirs.visual_projection(theirs.vision_model(inputs)[1])
    for mine, name in ((special, "special_care_embeds"), (concepts, "concept_embeds")):
        cosines = checkers.cosine_distance(embeds, getattr(theirs, name))
        torch.testing.assert_close(mine, cosines - getattr(theirs, f"{name}_weights"), rtol=0, atol=1e-4)
    _, decisions = theirs(inputs, [np.zeros((1, 1, 3)) for _ in inputs])
    sure = unsafe(judge.network(inputs))
    assert 3 <= sum(decisions) <= 21, "decisions that are all the same would prove little"
    assert (special > BOUNDARY).any(dim=1).float().mean() not in (0.0, 1.0)
    assert (sure > 0.5).tolist() == decisions


def test_unsafe_rises_with_the_score_and_is_a_half_where_it_decides() -> None:
    scores = torch.tensor([-0.3, -0.01, 0.0, BOUNDARY, 0.001, 0.02, 0.3])
    sure = unsafe(scores)
    assert (sure.diff() > 0).all()
    assert sure[3] == 0.5
    assert 0 <= sure[0] < 0.01 < 0.99 < sure[-1] <= 1


@pytest.mark.parametrize(("height", "width"), [(512, 512), (512, 768), (768, 512), (96, 160), (1024, 1024)])
def test_pictures_are_prepared_as_by_the_processor_of_clip(theirs: Any, height: int, width: int) -> None:
    drawn = pictures(2, height, width)
    mine = ours(theirs).prepare(torch.from_numpy(drawn))
    processor = transformers.CLIPImageProcessorPil()
    reference = processor([Image.fromarray(one) for one in drawn], return_tensors="pt").pixel_values
    # One level that rounding tips is 0.0039 / 0.26.
    assert (mine - reference).abs().max() < 0.016
    assert (mine - reference).abs().mean() < 1e-4


@torch.no_grad()
def test_checkers_of_several_models_take_turns_and_equal_ones_are_kept_once(theirs: Any, tmp_path: Path) -> None:
    other = make_theirs()
    other.concept_embeds_weights.add_(0.01)
    for name, checker in (("first", theirs), ("same", theirs), ("other", other)):
        checker.save_pretrained(tmp_path / name)
    judge = Judge(CPU, torch.float32)
    for name in ("first", "same", "other"):
        judge.add(tmp_path / name)
    drawn = torch.from_numpy(pictures(3, 96, 96))
    for name, checker in (("first", theirs), ("other", other), ("same", theirs)):
        judge.choose(tmp_path / name)
        torch.testing.assert_close(judge.judge(drawn), ours(checker).judge(drawn))
    assert len({id(one) for one in judge._sets.values()}) == 2
