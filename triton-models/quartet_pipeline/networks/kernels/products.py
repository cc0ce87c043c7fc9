"""One Triton kernel for every product of the networks: linear layers, 3x3 convolutions, doubled convolutions, GEGLU.

A 3x3 convolution over [n, h, w, c] is nine products of shifted pictures with nine slices of the weights, summed: the
tile of pixels is fetched from a shifted place, and what lies outside the picture is zeros, so that nothing is unfolded
or padded in memory. What follows the product (bias, residual, gate) happens before the tile leaves the multiprocessor.
"""

import triton
import triton.language as tl


@triton.jit(do_not_specialize=["images", "height", "width", "splits"])
def multiply(
    pictures,  # [n, h, w, c]; for a linear layer a descriptor [rows, c], boxes [BM, BK]
    weights,  # descriptor: [o, taps * c], boxes [BN, BK]
    more_weights,  # descriptor: the same, boxes [BN_MORE, BK]
    out,  # [n, UP * h, UP * w, o]
    bias,  # [o]
    residual,  # shaped like `out`
    partial,  # float32 [splits, n * h * w, o] where the sum is split
    images,
    height,
    width,
    channels,
    outputs,
    splits,
    KH: tl.constexpr,
    KW: tl.constexpr,
    UP: tl.constexpr,
    BM: tl.constexpr,
    BK: tl.constexpr,
    BN: tl.constexpr,
    BN_MORE: tl.constexpr,
    IS_GATED: tl.constexpr,
    HAS_BIAS: tl.constexpr,
    HAS_RESIDUAL: tl.constexpr,
    IS_SPLIT: tl.constexpr,
):
    """A tile of pixels times a tile of outputs; `BN_MORE` widens it beyond a power of two, or holds the gates."""
    WIDTH: tl.constexpr = BN if IS_GATED else BN + BN_MORE
    IS_LINEAR: tl.constexpr = KH == 1
    column_tiles = tl.cdiv(outputs, WIDTH)
    tile = tl.program_id(0)
    first_row = (tile // column_tiles) * BM
    first_output = (tile % column_tiles) * WIDTH
    row = first_row + tl.arange(0, BM)
    x = row % width
    y = row // width % height
    is_row = row < images * height * width

    # A doubled picture has four kinds of pixels, each with its own 2x2 weights (see `fold_doubled`).
    phase = tl.program_id(1)
    phase_y = phase // UP
    phase_x = phase % UP
    shift_y = (phase_y - 1) if UP == 2 else -(KH // 2)
    shift_x = (phase_x - 1) if UP == 2 else -(KW // 2)
    weight_row = phase * outputs + first_output
    more_row = first_output + outputs if IS_GATED else weight_row + BN

    chunks = channels // BK
    steps = KH * KW * chunks
    split = tl.program_id(2)
    begin = split * steps // splits
    end = (split + 1) * steps // splits

    total = tl.zeros((BM, BN), tl.float32)
    if BN_MORE > 0:
        more = tl.zeros((BM, BN_MORE), tl.float32)
    channel = tl.arange(0, BK)
    for step in range(begin, end):
        if IS_LINEAR:
            pixels = pictures.load([first_row, step * BK])
        else:
            tap = step // chunks
            dy = tap // KW + shift_y
            dx = tap % KW + shift_x
            is_inside = is_row & (y + dy >= 0) & (y + dy < height) & (x + dx >= 0) & (x + dx < width)
            place = (row + dy * width + dx) * channels + (step % chunks) * BK
            pixels = tl.load(pictures + place[:, None] + channel[None, :], mask=is_inside[:, None], other=0.0)
        total = tl.dot(pixels, weights.load([weight_row, step * BK]).T, total)
        if BN_MORE > 0:
            more = tl.dot(pixels, more_weights.load([more_row, step * BK]).T, more)

    columns = first_output + tl.arange(0, BN)
    rows = row if UP == 1 else (row // width * UP + phase_y) * (width * UP) + x * UP + phase_x
    if IS_SPLIT:
        rows += split * images * height * width * UP * UP
        _store_partial(partial, rows, is_row, columns, outputs, total)
        if BN_MORE > 0:
            _store_partial(partial, rows, is_row, first_output + BN + tl.arange(0, BN_MORE), outputs, more)
        return
    if IS_GATED:
        if HAS_BIAS:
            total += tl.load(bias + columns, mask=columns < outputs, other=0.0).to(tl.float32)[None, :]
            gate_columns = columns + outputs
            more += tl.load(bias + gate_columns, mask=columns < outputs, other=0.0).to(tl.float32)[None, :]
        total = total * gelu(more)
        _store(out, bias, residual, rows, is_row, columns, outputs, total, False, False)
    else:
        _store(out, bias, residual, rows, is_row, columns, outputs, total, HAS_BIAS, HAS_RESIDUAL)
        if BN_MORE > 0:
            columns = first_output + BN + tl.arange(0, BN_MORE)
            _store(out, bias, residual, rows, is_row, columns, outputs, more, HAS_BIAS, HAS_RESIDUAL)


@triton.jit
def _store(
    out, bias, residual, rows, is_row, columns, outputs, total, HAS_BIAS: tl.constexpr, HAS_RESIDUAL: tl.constexpr
):
    places = rows.to(tl.int64)[:, None] * outputs + columns[None, :]
    mask = is_row[:, None] & (columns < outputs)[None, :]
    if HAS_BIAS:
        total += tl.load(bias + columns, mask=columns < outputs, other=0.0).to(tl.float32)[None, :]
    if HAS_RESIDUAL:
        total += tl.load(residual + places, mask=mask, other=0.0).to(tl.float32)
    tl.store(out + places, total.to(out.dtype.element_ty), mask=mask)


@triton.jit
def _store_partial(partial, rows, is_row, columns, outputs, total):
    places = rows.to(tl.int64)[:, None] * outputs + columns[None, :]
    tl.store(partial + places, total, mask=is_row[:, None] & (columns < outputs)[None, :])


@triton.jit
def add_partials(
    partial, out, bias, residual, size, outputs,
    SPLITS: tl.constexpr, HAS_BIAS: tl.constexpr, HAS_RESIDUAL: tl.constexpr, BLOCK: tl.constexpr,
):  # fmt: skip
    """Sums float32 [SPLITS, size] in a fixed order, and finishes as `multiply` would have."""
    place = tl.program_id(0) * BLOCK + tl.arange(0, BLOCK)
    mask = place < size
    total = tl.load(partial + place, mask=mask, other=0.0)
    for split in tl.static_range(1, SPLITS):
        total += tl.load(partial + split * size + place, mask=mask, other=0.0)
    if HAS_BIAS:
        total += tl.load(bias + place % outputs, mask=mask, other=0.0).to(tl.float32)
    if HAS_RESIDUAL:
        total += tl.load(residual + place, mask=mask, other=0.0).to(tl.float32)
    tl.store(out + place, total.to(out.dtype.element_ty), mask=mask)


@triton.jit
def gelu(x):
    """x Φ(x), within 4e-6: ln(Φ / (1 - Φ)) as an odd polynomial, for a third of what `erf` costs."""
    square = x * x
    slope = 2.2252736079229358e-6
    slope = slope * square - 6.093456511130264e-5
    slope = slope * square - 2.509516105478293e-4
    slope = slope * square + 7.293986046244237e-2
    slope = slope * square + 1.5956551533950212
    return x / (1 + tl.exp(-x * slope))


@triton.jit
def gate(pairs, out, rows, outputs, BLOCK: tl.constexpr):
    """[rows, 2 o], values before gates -> values * gelu(gates), [rows, o]."""
    place = tl.program_id(0).to(tl.int64) * BLOCK + tl.arange(0, BLOCK)
    mask = place < rows * outputs
    start = pairs + place // outputs * 2 * outputs + place % outputs
    value = tl.load(start, mask=mask, other=0.0).to(tl.float32)
    gates = tl.load(start + outputs, mask=mask, other=0.0).to(tl.float32)
    tl.store(out + place, (value * gelu(gates)).to(out.dtype.element_ty), mask=mask)
