"""What is chosen for real cards: Stable Diffusion 1.5 in half precision, on shapes without numbers."""

from dataclasses import replace

import pytest
import torch

from bench.subject import DESCRIPTION
from quartet_pipeline.device_memory import BYTES_OF_GB, CONTEXT, LIBRARIES, SPARE
from quartet_pipeline.engines.needs import Needs
from quartet_pipeline.engines.planning import LEAST_PROGRAMS, Fit, fit_torch, least_bytes
from quartet_pipeline.engines.turns import MOST_PROGRAMS, Turn
from quartet_pipeline.networks.clip import TextConfig
from quartet_pipeline.networks.footprint import Footprint
from quartet_pipeline.networks.stable_diffusion import StableDiffusionNetworks
from quartet_pipeline.networks.unet import UNetConfig
from quartet_pipeline.networks.vae import AutoencoderConfig
from quartet_pipeline.networks.weights import Configs, make_networks

USUAL, LARGE = (512, 512), (1024, 1024)


@pytest.fixture(scope="module")
def needs() -> Needs:
    networks = make_networks(Configs(TextConfig(), UNetConfig(), AutoencoderConfig()), Footprint())
    for network in networks.parts().values():
        network.half()
    shapes = StableDiffusionNetworks(networks, torch.device("meta"))
    return Needs(shapes, shapes.weights_of_stages(), replace(DESCRIPTION, enlarge_factor=2), spare=SPARE)


def on_card(needs: Needs, gigabytes: float) -> Fit | None:
    budget = int(gigabytes * BYTES_OF_GB) - CONTEXT - LIBRARIES
    fit = fit_torch(needs, budget, is_gpu=True)
    assert fit is None or fit.takes <= budget
    return fit


def turns_on(needs: Needs, gigabytes: float) -> tuple[bool, dict[tuple[int, int], tuple[Turn, Turn]]]:
    fit = on_card(needs, gigabytes)
    assert fit is not None
    return fit.plan.takes_turns, {size: (one.loop, one.decoder) for size, one in (fit.plan.turns or {}).items()}


def test_weights_weigh_two_bytes_a_number(needs: Needs) -> None:
    megabytes = {stage: size / 1e6 for stage, size in needs.weights.items()}
    # 123, 860, 49.5 and 34 million numbers; three convolutions are kept folded, 16 numbers in place of 9.
    assert megabytes == pytest.approx({"text": 246, "loop": 1771, "decoder": 107, "encoder": 68}, abs=1)


def test_fewer_pictures_at_once_need_less_and_larger_ones_more(needs: Needs) -> None:
    for stage in ("loop", "decoder"):
        four, two, one = (needs.program(USUAL, count).scratch[stage] for count in (4, 2, 1))
        assert four > 1.8 * two > 3.2 * one
        assert needs.program(LARGE, 1).scratch[stage] > 3.5 * one


def test_a_decoder_needs_what_its_finest_feature_maps_take(needs: Needs) -> None:
    # 256 channels of 512x512 in half precision.
    map_of_one = 256 * 512 * 512 * 2
    assert 2.5 < needs.program(USUAL, 1).scratch["decoder"] / map_of_one < 4.5


def test_a_large_card_keeps_everything_there_and_draws_four_at_once(needs: Needs) -> None:
    for gigabytes in (80, 40, 24):
        fit = on_card(needs, gigabytes)
        assert fit is not None
        assert (fit.plan.takes_turns, fit.plan.has_fp8, fit.plan.programs) == (False, True, MOST_PROGRAMS)
        assert turns_on(needs, gigabytes) == (False, {USUAL: (Turn(), Turn()), LARGE: (Turn(), Turn())})


def test_a_t4_with_16_gb_draws_four_at_once(needs: Needs) -> None:
    assert turns_on(needs, 15.6) == (False, {USUAL: (Turn(), Turn()), LARGE: (Turn(), Turn())})


def test_a_card_of_8_gb_draws_four_at_once_and_keeps_few_programs(needs: Needs) -> None:
    fit = on_card(needs, 8)
    assert fit is not None
    assert fit.plan.programs < MOST_PROGRAMS
    assert not fit.plan.has_fp8
    assert turns_on(needs, 8) == (False, {USUAL: (Turn(), Turn()), LARGE: (Turn(), Turn())})


def test_a_card_of_6_gb_draws_large_pictures_one_by_one(needs: Needs) -> None:
    takes_turns, turns = turns_on(needs, 6)
    assert not takes_turns
    assert turns[USUAL][0] == Turn()
    assert turns[LARGE][0] == Turn(1)
    # It would be there twice, in its graph and beside it.
    assert not turns[LARGE][1].is_captured


def test_a_card_of_4_gb_keeps_the_model_and_leaves_large_pictures_out(needs: Needs) -> None:
    takes_turns, turns = turns_on(needs, 4)
    assert not takes_turns
    assert list(turns) == [USUAL]


def test_a_card_with_3_2_gb_holds_one_network_at_a_time(needs: Needs) -> None:
    takes_turns, turns = turns_on(needs, 3.2)
    assert takes_turns
    assert list(turns) == [USUAL]
    assert turns[USUAL][1] == Turn(1, is_captured=False)


def test_a_card_of_3_gb_is_too_small_and_the_least_that_would_do_is_known(needs: Needs) -> None:
    assert on_card(needs, 3) is None
    least = least_bytes(needs)
    assert fit_torch(needs, least, is_gpu=True) is not None
    assert fit_torch(needs, least - 10, is_gpu=True) is None


def test_more_memory_never_leaves_out_more(needs: Needs) -> None:
    before = 1
    for budget in range(least_bytes(needs), 24 * BYTES_OF_GB, BYTES_OF_GB // 3):
        fit = fit_torch(needs, budget, is_gpu=True)
        assert fit is not None
        assert fit.takes <= budget
        assert fit.plan.programs >= LEAST_PROGRAMS
        assert len(fit.plan.turns or {}) >= before
        before = len(fit.plan.turns or {})
    assert before == 2


def test_what_stays_beside_the_networks_counts(needs: Needs) -> None:
    more = Needs(needs._networks, needs.weights, DESCRIPTION, beside=700_000_000, spare=SPARE)
    less = Needs(needs._networks, needs.weights, DESCRIPTION, spare=SPARE)
    assert least_bytes(more) == least_bytes(less) + 700_000_000
