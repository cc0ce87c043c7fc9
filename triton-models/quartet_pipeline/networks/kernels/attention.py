"""Attention in one pass over keys (Dao 2023, FlashAttention-2) for heads whose width is no power of two.

Stable Diffusion's heads are 40, 80 and 160 wide: a kernel that only knows powers of two computes 64, 128 and 256.
Here a head is two tiles side by side, 32 + 16, 64 + 16, 128 + 32.
"""

import triton
import triton.language as tl


@triton.jit(do_not_specialize=["tokens", "length", "key_column", "value_column"])
def attend(
    query,  # rows of `query_stride` numbers: a head's queries lie at head * WIDTH
    keys,  # descriptor: rows of keys and values, boxes [BN, FIRST]
    more_keys,  # descriptor: the same rows, boxes [BN, MORE]
    out,  # [n, tokens, heads * WIDTH]
    tokens,
    length,
    heads,
    query_stride,
    key_column,
    value_column,
    scale,  # of scores, times log2(e)
    WIDTH: tl.constexpr,
    FIRST: tl.constexpr,
    MORE: tl.constexpr,
    BM: tl.constexpr,
    BN: tl.constexpr,
    IS_EVEN: tl.constexpr,
):
    """One tile of queries of one head."""
    image = tl.program_id(1) // heads
    head = tl.program_id(1) % heads
    row = tl.program_id(0) * BM + tl.arange(0, BM)
    rows = (image * tokens + row).to(tl.int64)
    is_row = row < tokens
    first = tl.arange(0, FIRST)
    more = FIRST + tl.arange(0, MORE)
    start = query + rows[:, None] * query_stride + head * WIDTH
    q = tl.load(start + first[None, :], mask=is_row[:, None], other=0.0)
    # The last tile of keys reaches into the next head where a head ends within it: zeros here cancel that.
    q_more = tl.load(start + more[None, :], mask=is_row[:, None] & (more < WIDTH)[None, :], other=0.0)

    highest = tl.full((BM,), -1e30, tl.float32)
    weight = tl.zeros((BM,), tl.float32)
    total = tl.zeros((BM, FIRST), tl.float32)
    total_more = tl.zeros((BM, MORE), tl.float32)
    first_key = image * length
    key_column += head * WIDTH
    value_column += head * WIDTH
    for begin in range(0, length, BN):
        scores = tl.dot(q, keys.load([first_key + begin, key_column]).T)
        scores = tl.dot(q_more, more_keys.load([first_key + begin, key_column + FIRST]).T, scores)
        if not IS_EVEN:
            scores = tl.where((begin + tl.arange(0, BN) < length)[None, :], scores, -1e30)
        higher = tl.maximum(highest, tl.max(scores, 1) * scale)
        shrink = tl.exp2(highest - higher)
        exponents = scores * scale - higher[:, None]
        powers = tl.exp2(exponents)
        weight = weight * shrink + tl.sum(powers, 1)
        powers = powers.to(out.dtype.element_ty)
        total = tl.dot(powers, keys.load([first_key + begin, value_column]), total * shrink[:, None])
        total_more = tl.dot(
            powers, more_keys.load([first_key + begin, value_column + FIRST]), total_more * shrink[:, None]
        )
        highest = higher
    places = out + rows[:, None] * (heads * WIDTH) + head * WIDTH
    kind = out.dtype.element_ty
    tl.store(places + first[None, :], (total / weight[:, None]).to(kind), mask=is_row[:, None])
    inside = is_row[:, None] & (more < WIDTH)[None, :]
    tl.store(places + more[None, :], (total_more / weight[:, None]).to(kind), mask=inside)
