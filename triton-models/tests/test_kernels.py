"""The GPU's kernels in Triton's interpreter, against plain PyTorch in float32. Half precision rounds by 3e-4."""

import os
from collections.abc import Sequence
from typing import Any

import pytest
import torch
from torch import Tensor

# Read when triton is imported.
os.environ.setdefault("TRITON_INTERPRET", "1")
pytest.importorskip("triton", reason="needs triton, which comes with PyTorch for NVIDIA's GPUs")

from quartet_pipeline.engines.sampling import PlainSampler
from quartet_pipeline.networks.controlnet import ControlNet, ControlNetConfig
from quartet_pipeline.networks.kernels import launches
from quartet_pipeline.networks.kernels.choices import Choices
from quartet_pipeline.networks.kernels.launches import Tile
from quartet_pipeline.networks.kernels.operations import MOST_PARTS, KernelOperations, _parts
from quartet_pipeline.networks.kernels.sampling import KernelSampler
from quartet_pipeline.networks.operations import PLAIN, Norm, fold_doubled
from quartet_pipeline.networks.unet import UNet, UNetConfig

TILE = Tile(64, 64, 32, 4, 3)


@pytest.fixture(autouse=True)
def seeded() -> None:
    torch.manual_seed(0)


def random(*shape: int) -> Tensor:
    return torch.randn(shape).half()


def weights(outputs: int, channels: int) -> Tensor:
    return (random(outputs, channels, 3, 3) / 20).contiguous(memory_format=torch.channels_last)


def wide(*tensors: Tensor) -> list[Any]:
    return [tensor.float() for tensor in tensors]


def assert_close(ours: Tensor | Sequence[Tensor], theirs: Tensor | Sequence[Tensor]) -> None:
    if isinstance(ours, Tensor) and isinstance(theirs, Tensor):
        assert ours.shape == theirs.shape
        assert float((ours.float() - theirs).norm() / theirs.norm()) < 1e-3
        return
    for one, other in zip(ours, theirs, strict=True):
        assert_close(one, other)


# The coarsest and next coarsest maps of pictures of 640x640, 512x768 and 448x576: no tile of 64 positions fits them.
SIDES = [(10, 10), (8, 12), (14, 18)]


@pytest.mark.parametrize(("height", "width"), SIDES)
def test_maps_that_no_tile_fits_are_whole(height: int, width: int) -> None:
    shape = (2, height, width)
    x, weight, bias, residual = random(*shape, 64), weights(96, 64), random(96), random(*shape, 96)
    theirs = PLAIN.convolve(*wide(x, weight, bias), residual=residual.float())
    for splits in (1, 2):
        assert_close(launches.multiply(x, weight, bias, residual, (*shape, 96), shape, 3, 1, TILE, splits), theirs)
    folded = fold_doubled(weight.float()).half().contiguous(memory_format=torch.channels_last)
    doubled = launches.multiply(x, folded, bias, None, (2, 2 * height, 2 * width, 96), shape, 2, 2, TILE, 1)
    assert_close(doubled, PLAIN.convolve_doubled(*wide(x, folded, bias)))
    projection = random(96, 64) / 8
    tokens = launches.multiply(x, projection, bias, residual, (*shape, 96), (1, 1, 2 * height * width), 1, 1, TILE, 1)
    assert_close(tokens, PLAIN.linear(*wide(x, projection, bias, residual)))
    norm = Norm(random(64), random(64), 8, 1e-5, True)
    wide_norm = Norm(norm.scale.float(), norm.shift.float(), 8, 1e-5, True)
    assert_close(launches.only_norm(norm, 32, 64, x, None), PLAIN.group_norm(x.float(), wide_norm))
    assert_close(launches.small_group_norm(norm, x)[1], PLAIN.group_norm(x.float(), wide_norm))
    query, key, value = random(2, height * width, 3, 2, 40).unbind(2)
    assert_close(launches.attend(query, key, value, 64, 64, 4), PLAIN.attend(*wide(query, key, value)))


@torch.no_grad()
def test_a_steered_unet_runs_on_the_kernels() -> None:
    config = UNetConfig(widths=(64, 128), heads=(1, 2), has_attention=(True, False), blocks=1, text_width=64)
    results = []
    for operations, dtype in ((KernelOperations(Choices("kernel")), torch.float16), (PLAIN, torch.float32)):
        torch.manual_seed(0)
        unet, control = UNet(config, operations), ControlNet(ControlNetConfig(config, (8, 8, 8, 8)), operations)
        for network in (unet, control):
            for name, parameter in network.named_parameters():
                around = 1.0 if "norm" in name and name.endswith("weight") else 0.0
                deviation = parameter[0].numel() ** -0.5 if parameter.ndim > 1 else 0.1
                parameter.copy_((around + deviation * torch.randn_like(parameter)).half())
            network.to(dtype).to(memory_format=torch.channels_last)  # type: ignore[call-overload]
        sample, states, picture = random(2, 6, 10, 4).to(dtype), random(2, 9, 64).to(dtype), torch.rand(2, 48, 80, 3)
        control.set_scale(torch.tensor([0.8]))
        times, hint = torch.tensor([500.0]), control.embed(picture.to(dtype))
        steer = control(sample, hint, control.prepare_times(times)[0], control.prepare_text(states))
        results.append(unet(sample, unet.prepare_times(times)[0], unet.prepare_text(states), steer))
    ours, theirs = results
    assert ours.dtype == torch.float16
    assert float((ours.float() - theirs).norm() / theirs.norm()) < 1e-2


def test_a_large_picture_leaves_a_norm_no_more_parts_than_one_program_adds_up() -> None:
    for side in (64, 512, 768, 1024, 2048):
        for rows, _ in _parts(side * side):
            assert -(-side * side // rows) <= MOST_PARTS


@pytest.mark.parametrize("splits", [1, 3])
def test_a_convolution_adds_bias_and_residual_however_its_sum_is_split(splits: int) -> None:
    x, weight, bias, residual = random(2, 8, 8, 64), weights(96, 64), random(96), random(2, 8, 8, 96)
    ours = launches.multiply(x, weight, bias, residual, (2, 8, 8, 96), (2, 8, 8), 3, 1, TILE, splits)
    theirs = PLAIN.convolve(*wide(x, weight, bias), residual=residual.float())
    assert_close(ours, theirs)


def test_a_doubled_convolution_needs_no_doubled_picture() -> None:
    x, bias = random(2, 8, 8, 64), random(96)
    folded = fold_doubled(weights(96, 64).float()).half().contiguous(memory_format=torch.channels_last)
    ours = launches.multiply(x, folded, bias, None, (2, 16, 16, 96), (2, 8, 8), 2, 2, TILE, 1)
    assert_close(ours, PLAIN.convolve_doubled(*wide(x, folded, bias)))


def test_a_gate_is_part_of_its_product() -> None:
    x, weight, bias = random(2, 50, 128), random(192, 128) / 10, random(192)
    tile = Tile(64, 32, 32, 4, 3)
    ours = launches.multiply(x, weight, bias, None, (2, 50, 96), (1, 1, 100), 1, 1, tile, 1, is_gated=True)
    theirs = PLAIN.gated_linear(*wide(x, weight, bias))
    assert_close(ours, theirs)
    assert_close(launches.gate(torch.nn.functional.linear(x, weight, bias)), theirs)


def test_gelu_is_right_and_finite_wherever_half_precision_reaches() -> None:
    gates = torch.cat([torch.linspace(-8, 8, 1000), torch.linspace(-65504, 65504, 24)]).half()[None]
    ours = launches.gate(torch.cat([torch.ones_like(gates), gates], dim=1)).float()
    theirs = torch.nn.functional.gelu(gates.float())
    assert float((ours - theirs).abs().div(theirs.abs() + 0.01).max()) < 1e-3


def test_sums_may_be_overwritten_by_what_is_added_to_them() -> None:
    sums, x, weight = random(2, 50, 96), random(2, 50, 128), random(96, 128) / 10
    theirs = PLAIN.add_linear(*wide(sums, x, weight))
    assert_close(launches.multiply(x, weight, None, sums, sums.shape, (1, 1, 100), 1, 1, TILE, 1), theirs)
    assert_close(KernelOperations(Choices("library")).add_linear(sums, x, weight), theirs)


@pytest.mark.parametrize("silu", [True, False])
def test_a_group_norm_takes_up_bias_residual_and_skip(silu: bool) -> None:
    x, skip, residual, bias = random(2, 8, 16, 96) * 2 + 1, random(2, 8, 16, 32) - 1, random(2, 8, 16, 96), random(96)
    norm, joined = (Norm(random(width), random(width), 8, 1e-5, silu) for width in (96, 128))
    wide_norm, wide_joined = (Norm(one.scale.float(), one.shift.float(), 8, 1e-5, silu) for one in (norm, joined))
    theirs = PLAIN.group_norm(x.float(), wide_norm, bias.float())
    assert_close(launches.only_norm(norm, 32, 64, x, bias), theirs)
    assert_close(launches.small_group_norm(norm, x, bias=bias)[1], theirs)
    both = PLAIN.join_norm(x.float(), skip.float(), wide_joined)
    assert_close(launches.group_norm(joined, 64, 128, x, more=skip, is_written=True), both)
    assert_close(launches.small_group_norm(joined, x, more=skip), both)
    whole = x.float() + bias.float() + residual.float()
    finished = launches.group_norm(norm, 32, 64, x, bias=bias, residual=residual, is_written=True)
    assert_close(finished, (whole, PLAIN.group_norm(whole, wide_norm)))


def test_a_layer_norm_adds_a_bias_first() -> None:
    x, scale, shift, bias = random(37, 96) + 1, random(96), random(96), random(96)
    ours = launches.layer_norm(x, scale, shift, 1e-5, bias, 4, 37)
    assert_close(ours, PLAIN.layer_norm(*wide(x, scale, shift), 1e-5, bias.float()))


@pytest.mark.parametrize("width", [40, 80, 160])
@pytest.mark.parametrize("length", [96, 77])
def test_attention_takes_heads_that_are_no_power_of_two(width: int, length: int) -> None:
    query = random(2, 96, 2, width)
    key, value = random(2, length, 8 * width)[:, :, 2 * width : 6 * width].view(2, length, 2, 2, width).unbind(2)
    ours = launches.attend(query, key, value, 64, 64, 4)
    assert_close(ours, PLAIN.attend(*wide(query, key, value)))


@pytest.mark.parametrize("has_difference", [False, True])
@pytest.mark.parametrize("prompts", [1, 2])
def test_a_step_moves_latents_as_plain_pytorch_does_and_counts_on(prompts: int, has_difference: bool) -> None:
    table, times, scale = torch.randn(5, 7), random(5, 1500), torch.tensor([7.5])
    latents, noise, last, last_but_one, difference = torch.randn(5, 3, 4, 6, 5)
    output = random(3 * prompts, 6, 5, 4).permute(0, 3, 1, 2)
    results = []
    for sampler in (KernelSampler(), PlainSampler()):
        step, current, time = torch.tensor([2]), torch.zeros(1, dtype=torch.int64), torch.zeros_like(times[0])
        moved, estimates = latents.clone(), [last.clone(), last_but_one.clone()]
        # Both halves are written, whether or not this step was guided.
        sample = torch.zeros(6, 4, 6, 5).half().contiguous(memory_format=torch.channels_last)
        kept = difference.clone()
        sampler.begin(step, current, times, time)
        sampler.end(
            current, step, table, scale, output, moved, noise, estimates, sample, kept if has_difference else None
        )
        assert int(step) == 3
        assert torch.equal(time, times[2])
        assert torch.equal(kept, difference) == (prompts == 1 or not has_difference)
        results.append([moved, *estimates, sample.float(), kept])
    for ours, theirs in zip(*results, strict=True):
        torch.testing.assert_close(ours, theirs, rtol=1e-5, atol=1e-5)
