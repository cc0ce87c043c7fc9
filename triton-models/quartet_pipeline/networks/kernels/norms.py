"""Norms over feature maps whose channels lie last."""

import triton
import triton.language as tl


@triton.jit(do_not_specialize=["area"])
def sum_channels(x, sums, area, channels, ROWS: tl.constexpr, BLOCK: tl.constexpr):
    """Of [n, area, c]: each channel's sum and sum of squares over parts of ROWS rows: float32 [n, parts, 2, c]."""
    image = tl.program_id(0)
    part = tl.program_id(1)
    channel = tl.program_id(2) * BLOCK + tl.arange(0, BLOCK)
    row = part * ROWS + tl.arange(0, ROWS)
    places = (image * area + row).to(tl.int64)[:, None] * channels + channel[None, :]
    mask = (row < area)[:, None] & (channel < channels)[None, :]
    values = tl.load(x + places, mask=mask, other=0.0).to(tl.float32)
    out = sums + ((image * tl.num_programs(1) + part) * 2) * channels + channel
    tl.store(out, tl.sum(values, 0), mask=channel < channels)
    tl.store(out + channels, tl.sum(values * values, 0), mask=channel < channels)


@triton.jit(do_not_specialize=["area", "parts"])
def find_factors(
    sums, factors, scale, shift, area, channels, groups, parts, eps, WIDTH: tl.constexpr, PARTS: tl.constexpr
):
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
    term = tl.load(shift + channel, mask=mask, other=0.0).to(tl.float32) - mean * factor
    tl.store(factors + image * 2 * channels + channel, factor, mask=mask)
    tl.store(factors + (image * 2 + 1) * channels + channel, term, mask=mask)


@triton.jit(do_not_specialize=["area"])
def apply_factors(x, factors, out, area, channels, IS_SILU: tl.constexpr, ROWS: tl.constexpr, BLOCK: tl.constexpr):
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
    x, out, scale, shift, area, channels, groups, eps, IS_SILU: tl.constexpr, AREA: tl.constexpr, WIDTH: tl.constexpr
):
    """One group of one picture, held in registers: for small pictures."""
    image = tl.program_id(0)
    width = channels // groups
    offset = tl.arange(0, WIDTH)
    channel = tl.program_id(1) * width + offset
    row = tl.arange(0, AREA)
    places = (image * area + row).to(tl.int64)[:, None] * channels + channel[None, :]
    mask = (row < area)[:, None] & (offset < width)[None, :]
    values = tl.load(x + places, mask=mask, other=0.0).to(tl.float32)
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
def normalise_rows(x, out, scale, shift, rows, channels, eps, ROWS: tl.constexpr, BLOCK: tl.constexpr):
    """Layer norm of [rows, c]."""
    row = tl.program_id(0) * ROWS + tl.arange(0, ROWS)
    channel = tl.arange(0, BLOCK)
    places = row.to(tl.int64)[:, None] * channels + channel[None, :]
    mask = (row < rows)[:, None] & (channel < channels)[None, :]
    values = tl.load(x + places, mask=mask, other=0.0).to(tl.float32)
    mean = tl.sum(values, 1) / channels
    centred = tl.where(mask, values - mean[:, None], 0.0)
    factor = 1 / tl.sqrt(tl.sum(centred * centred, 1) / channels + eps)
    scales = tl.load(scale + channel, mask=channel < channels, other=0.0).to(tl.float32)
    shifts = tl.load(shift + channel, mask=channel < channels, other=0.0).to(tl.float32)
    y = centred * factor[:, None] * scales[None, :] + shifts[None, :]
    tl.store(out + places, y.to(out.dtype.element_ty), mask=mask)
