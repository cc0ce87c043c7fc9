"""Triton kernels for products of matrices in fp8 (e4m3; see `networks.fp8`): rows are rounded, then multiplied."""

import triton
import triton.language as tl

from quartet_pipeline.networks.kernels.products import gelu


@triton.jit(do_not_specialize=["rows"])
def quantise_rows(x, values, scales, rows, channels, ROWS: tl.constexpr, BLOCK: tl.constexpr):
    """[rows, c] -> e4m3 [rows, c], and the float32 scale of each row."""
    row = tl.program_id(0) * ROWS + tl.arange(0, ROWS)
    column = tl.arange(0, BLOCK)
    places = row.to(tl.int64)[:, None] * channels + column[None, :]
    mask = (row < rows)[:, None] & (column < channels)[None, :]
    numbers = tl.load(x + places, mask=mask, other=0.0).to(tl.float32)
    scale = tl.maximum(tl.max(tl.abs(numbers), axis=1), 1e-12) / 448.0
    tl.store(values + places, (numbers / scale[:, None]).to(tl.float8e4nv), mask=mask)
    tl.store(scales + row, scale, mask=row < rows)


@triton.jit(do_not_specialize=["rows"])
def multiply(
    x,  # descriptor: e4m3 [rows, c], boxes [BM, BK]
    weights,  # descriptor: e4m3 [o, c], or [2 o, c] where IS_GATED; boxes [BN, BK]
    out,  # [rows, o]
    bias,  # [o] or [2 o]
    residual,  # shaped like `out`
    row_scales,  # float32 [rows]
    output_scales,  # float32 [o] or [2 o]
    rows,
    channels,
    outputs,
    BM: tl.constexpr,
    BK: tl.constexpr,
    BN: tl.constexpr,
    IS_GATED: tl.constexpr,
    HAS_BIAS: tl.constexpr,
    HAS_RESIDUAL: tl.constexpr,
):
    """A tile of rows times a tile of outputs; where IS_GATED, of values and of their gates."""
    column_tiles = tl.cdiv(outputs, BN)
    first_row = tl.program_id(0) // column_tiles * BM
    first_output = tl.program_id(0) % column_tiles * BN
    total = tl.zeros((BM, BN), tl.float32)
    gates = tl.zeros((BM, BN), tl.float32)
    for step in range(tl.cdiv(channels, BK)):
        taken = x.load([first_row, step * BK])
        total = tl.dot(taken, weights.load([first_output, step * BK]).T, total)
        if IS_GATED:
            gates = tl.dot(taken, weights.load([first_output + outputs, step * BK]).T, gates)

    row = first_row + tl.arange(0, BM)
    column = first_output + tl.arange(0, BN)
    is_column = column < outputs
    row_scale = tl.load(row_scales + row, mask=row < rows, other=0.0)[:, None]
    total *= row_scale * tl.load(output_scales + column, mask=is_column, other=0.0)[None, :]
    if HAS_BIAS:
        total += tl.load(bias + column, mask=is_column, other=0.0).to(tl.float32)[None, :]
    if IS_GATED:
        gates *= row_scale * tl.load(output_scales + outputs + column, mask=is_column, other=0.0)[None, :]
        gates += tl.load(bias + outputs + column, mask=is_column, other=0.0).to(tl.float32)[None, :]
        total *= gelu(gates)
    places = row.to(tl.int64)[:, None] * outputs + column[None, :]
    mask = (row < rows)[:, None] & is_column[None, :]
    if HAS_RESIDUAL:
        total += tl.load(residual + places, mask=mask, other=0.0).to(tl.float32)
    tl.store(out + places, total.to(out.dtype.element_ty), mask=mask)
