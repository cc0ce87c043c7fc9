"""Products of matrices in fp8: the plain reference on any machine, the kernels in Triton's interpreter."""

import os

import pytest
import torch
from torch import Tensor, nn

from quartet_pipeline.networks import fp8

# Read when triton is imported.
os.environ.setdefault("TRITON_INTERPRET", "1")


def error(ours: Tensor, theirs: Tensor) -> float:
    assert ours.shape == theirs.shape
    return float((ours.float() - theirs.float()).norm() / theirs.float().norm())


def test_rounding_keeps_the_largest_of_each_row_and_is_off_by_a_sixteenth_at_most() -> None:
    x = torch.randn(7, 320, generator=torch.Generator().manual_seed(1)) * torch.logspace(-6, 4, 7)[:, None]
    values, scale = fp8.quantise(x)
    assert values.dtype == torch.float8_e4m3fn
    near = fp8.rounded(x)
    torch.testing.assert_close(near.abs().amax(-1), x.abs().amax(-1))
    # Below the least normal number, 2^-6 of 448, steps are even.
    most = torch.maximum(x.abs() / 16, scale * 2**-10)
    assert bool(((near - x).abs() <= most * 1.001).all())
    assert 0.02 < error(near, x) < 0.03


def test_a_row_of_zeros_stays_zeros() -> None:
    assert torch.equal(fp8.rounded(torch.zeros(2, 16)), torch.zeros(2, 16))


@torch.no_grad()
def test_layers_round_within_the_context_and_not_after_it() -> None:
    torch.manual_seed(2)
    linear, convolution = nn.Linear(64, 32), nn.Conv2d(8, 16, 3, stride=2, padding=1)
    for layer, x in ((linear, torch.randn(5, 64)), (convolution, torch.randn(2, 8, 12, 10))):
        exact = layer(x)
        with fp8.rounding([layer]):
            assert 0.005 < error(layer(x), exact) < 0.05
        assert torch.equal(layer(x), exact)


def random(*shape: int) -> Tensor:
    return torch.randn(shape, generator=torch.Generator().manual_seed(sum(shape))).half()


@pytest.mark.parametrize("channels", [128, 320])
def test_the_kernels_give_the_reference(channels: int) -> None:
    pytest.importorskip("triton", reason="needs triton, which comes with PyTorch for NVIDIA's GPUs")
    from quartet_pipeline.networks.kernels import fp8 as kernels

    x, weight, bias, residual = random(111, channels), random(96, channels), random(96), random(111, 96)
    values, scales = kernels.quantise(x)
    expected, expected_scales = fp8.quantise(x)
    torch.testing.assert_close(scales, expected_scales.flatten())
    # The interpreter loses what rounding carries into the exponent; a card does not.
    is_off = (values.float() - expected.float()).abs() > expected.float().abs() / 8 + 2**-9
    assert float(is_off.float().mean()) < 0.03

    left, (near_weight, weight_scales) = (expected, expected_scales.flatten()), fp8.quantise(weight)
    right, tile = (near_weight, weight_scales.flatten()), (64, 64, 4, 3)
    ours = kernels.multiply(left, right, bias, residual, torch.float16, tile)
    product = fp8.linear(x.float(), weight.float(), bias.float())
    assert error(ours, product + residual) < 1e-3
    gated = kernels.multiply(left, right, bias, None, torch.float16, tile, is_gated=True)
    near, gates = product.chunk(2, dim=-1)
    assert error(gated, near * torch.nn.functional.gelu(gates)) < 1e-3


def test_operations_multiply_in_fp8_only_where_told_to_and_round_new_weights() -> None:
    pytest.importorskip("triton", reason="needs triton, which comes with PyTorch for NVIDIA's GPUs")
    from quartet_pipeline.networks.kernels.choices import Choices
    from quartet_pipeline.networks.kernels.fp8 import Fp8Operations

    operations = Fp8Operations(Choices(forced="fp8"))
    x, weight, bias, sums = random(37, 128), random(64, 128), random(64), random(37, 64)
    exact = operations.linear(x, weight, bias)
    assert error(exact, x.float() @ weight.float().T + bias) < 1e-3
    # The interpreter rounds worse than a card does.
    with operations.in_fp8():
        assert 0.01 < error(operations.linear(x, weight, bias), exact) < 0.08
        assert 0.01 < error(operations.add_linear(sums.clone(), x, weight), sums + x @ weight.T) < 0.08
        assert operations.gated_linear(x, weight, bias).shape == (37, 32)
        weight.copy_(random(64, 129)[:, 1:])
        operations.round_again()
        near = operations.linear(x, weight, bias)
    assert 0.01 < error(near, operations.linear(x, weight, bias)) < 0.08
