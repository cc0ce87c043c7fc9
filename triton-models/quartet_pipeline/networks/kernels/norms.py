"""Norms over feature maps whose channels lie last."""

import triton
import triton.language as tl


@triton.jit(do_not_specialize=["area"])
def sum_channels(
    x,  # [n, area, first]
    more,  # [n, area, channels - first], laid beside `x`
    bias,  # [channels]
    residual,  # [n, area, channels]
    out,  # [n, area, channels]
    sums,
    area,
    channels,
    first,
    HAS_MORE: tl.constexpr,
    HAS_BIAS: tl.constexpr,
    HAS_RESIDUAL: tl.constexpr,
    IS_WRITTEN: tl.constexpr,
    ROWS: tl.constexpr,
    BLOCK: tl.constexpr,
):
    """Each channel's sum and sum of squares over parts of ROWS rows: float32 [n, parts, 2, c].

    What is summed is `x` beside `more`, plus bias and residual; `out` gets it where it is needed again.
    """
    image = tl.program_id(0)
    part = tl.program_id(1)
    channel = tl.program_id(2) * BLOCK + tl.arange(0, BLOCK)
    row = part * ROWS + tl.arange(0, ROWS)
    rows = (image * area + row).to(tl.int64)[:, None]
    places = rows * channels + channel[None, :]
    mask = (row < area)[:, None] & (channel < channels)[None, :]
    if HAS_MORE:
        is_first = mask & (channel < first)[None, :]
        values = tl.load(x + rows * first + channel[None, :], mask=is_first, other=0.0)
        others = rows * (channels - first) + (channel - first)[None, :]
        values += tl.load(more + others, mask=mask & (channel >= first)[None, :], other=0.0)
        values = values.to(tl.float32)
    else:
        values = tl.load(x + places, mask=mask, other=0.0).to(tl.float32)
    if HAS_BIAS:
        values += tl.load(bias + channel, mask=channel < channels, other=0.0).to(tl.float32)[None, :]
    if HAS_RESIDUAL:
        values += tl.load(residual + places, mask=mask, other=0.0).to(tl.float32)
    if IS_WRITTEN:
        rounded = values.to(out.dtype.element_ty)
        tl.store(out + places, rounded, mask=mask)
        values = rounded.to(tl.float32)
    values = tl.where(mask, values, 0.0)
    place = sums + ((image * tl.num_programs(1) + part) * 2) * channels + channel
    tl.store(place, tl.sum(values, 0), mask=channel < channels)
    tl.store(place + channels, tl.sum(values * values, 0), mask=channel < channels)


@triton.jit(do_not_specialize=["area", "parts"])
def find_factors(
    sums, factors, scale, shift, bias, area, channels, groups, parts, eps,
    HAS_BIAS: tl.constexpr, WIDTH: tl.constexpr, PARTS: tl.constexpr,
):  # fmt: skip
    """One group of one picture: what normalises it, as one factor and one term a channel: float32 [n, 2, c]."""
    image = tl.program_id(0)
    width = channels // groups
    offset = tl.arange(0, WIDTH)
    channel = tl.program_id(1) * width + offset
    mask = offset < width
    part = tl.arange(0, PARTS)
    places = ((image * parts + part) * 2)[:, None] * channels + channel[None, :]
    inside = (part < parts)[:, None] & mask[None, :]
    count = (area * width).to(tl.float32)
    mean = tl.sum(tl.load(sums + places, mask=inside, other=0.0)) / count
    squares = tl.sum(tl.load(sums + places + channels, mask=inside, other=0.0)) / count
    factor = tl.load(scale + channel, mask=mask, other=0.0).to(tl.float32) / tl.sqrt(squares - mean * mean + eps)
    if HAS_BIAS:
        mean -= tl.load(bias + channel, mask=mask, other=0.0).to(tl.float32)
    term = tl.load(shift + channel, mask=mask, other=0.0).to(tl.float32) - mean * factor
    tl.store(factors + image * 2 * channels + channel, factor, mask=mask)
    tl.store(factors + (image * 2 + 1) * channels + channel, term, mask=mask)


@triton.jit(do_not_specialize=["area"])
def apply_factors(
    x, factors, out, area, channels,
    IS_SILU: tl.constexpr, ROWS: tl.constexpr, BLOCK: tl.constexpr,
):  # fmt: skip
    """What `find_factors` found, for each number, and SiLU."""
    image = tl.program_id(0)
    channel = tl.program_id(2) * BLOCK + tl.arange(0, BLOCK)
    row = tl.program_id(1) * ROWS + tl.arange(0, ROWS)
    factor = tl.load(factors + image * 2 * channels + channel, mask=channel < channels, other=0.0)
    term = tl.load(factors + (image * 2 + 1) * channels + channel, mask=channel < channels, other=0.0)
    places = (image * area + row).to(tl.int64)[:, None] * channels + channel[None, :]
    mask = (row < area)[:, None] & (channel < channels)[None, :]
    y = tl.load(x + places, mask=mask, other=0.0).to(tl.float32) * factor[None, :] + term[None, :]
    if IS_SILU:
        y = y / (1 + tl.exp(-y))
    tl.store(out + places, y.to(out.dtype.element_ty), mask=mask)


@triton.jit(do_not_specialize=["area"])
def normalise_group(
    x, more, bias, joined, out, scale, shift, area, channels, first, groups, eps,
    HAS_MORE: tl.constexpr, HAS_BIAS: tl.constexpr, IS_SILU: tl.constexpr,
    AREA: tl.constexpr, WIDTH: tl.constexpr,
):  # fmt: skip
    """One group of one picture, held in registers: for small pictures. Sources as in `sum_channels`."""
    image = tl.program_id(0)
    width = channels // groups
    offset = tl.arange(0, WIDTH)
    channel = tl.program_id(1) * width + offset
    row = tl.arange(0, AREA)
    rows = (image * area + row).to(tl.int64)[:, None]
    places = rows * channels + channel[None, :]
    mask = (row < area)[:, None] & (offset < width)[None, :]
    if HAS_MORE:
        is_first = mask & (channel < first)[None, :]
        values = tl.load(x + rows * first + channel[None, :], mask=is_first, other=0.0)
        others = rows * (channels - first) + (channel - first)[None, :]
        values += tl.load(more + others, mask=mask & (channel >= first)[None, :], other=0.0)
        tl.store(joined + places, values, mask=mask)
        values = values.to(tl.float32)
    else:
        values = tl.load(x + places, mask=mask, other=0.0).to(tl.float32)
    if HAS_BIAS:
        added = tl.load(bias + channel, mask=offset < width, other=0.0).to(tl.float32)
        values = tl.where(mask, values + added[None, :], 0.0)
    count = (area * width).to(tl.float32)
    mean = tl.sum(values) / count
    centred = tl.where(mask, values - mean, 0.0)
    factor = 1 / tl.sqrt(tl.sum(centred * centred) / count + eps)
    scales = tl.load(scale + channel, mask=offset < width, other=0.0).to(tl.float32)
    shifts = tl.load(shift + channel, mask=offset < width, other=0.0).to(tl.float32)
    y = centred * factor * scales[None, :] + shifts[None, :]
    if IS_SILU:
        y = y / (1 + tl.exp(-y))
    tl.store(out + places, y.to(out.dtype.element_ty), mask=mask)


@triton.jit(do_not_specialize=["rows"])
def normalise_rows(
    x, bias, out, scale, shift, rows, channels, eps,
    HAS_BIAS: tl.constexpr, ROWS: tl.constexpr, BLOCK: tl.constexpr,
):  # fmt: skip
    """Layer norm of [rows, c] plus a bias [c]."""
    row = tl.program_id(0) * ROWS + tl.arange(0, ROWS)
    channel = tl.arange(0, BLOCK)
    places = row.to(tl.int64)[:, None] * channels + channel[None, :]
    mask = (row < rows)[:, None] & (channel < channels)[None, :]
    values = tl.load(x + places, mask=mask, other=0.0).to(tl.float32)
    if HAS_BIAS:
        added = tl.load(bias + channel, mask=channel < channels, other=0.0).to(tl.float32)
        values = tl.where(mask, values + added[None, :], 0.0)
    mean = tl.sum(values, 1) / channels
    centred = tl.where(mask, values - mean[:, None], 0.0)
    factor = 1 / tl.sqrt(tl.sum(centred * centred, 1) / channels + eps)
    scales = tl.load(scale + channel, mask=channel < channels, other=0.0).to(tl.float32)
    shifts = tl.load(shift + channel, mask=channel < channels, other=0.0).to(tl.float32)
    y = centred * factor[:, None] * scales[None, :] + shifts[None, :]
    tl.store(out + places, y.to(out.dtype.element_ty), mask=mask)
