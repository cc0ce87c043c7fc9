"""What a step does outside the networks, in two kernels: before them its time is taken up, after them its latents move.

The step is counted on the GPU, and none of a kernel's programs may read the counter after another has counted on:
`begin` copies it, `end` reads the copy and counts.
"""

import triton
import triton.language as tl


@triton.jit
def begin(step, current, times, time, width, BLOCK: tl.constexpr):
    """`time` becomes this step's row of `times` [steps, width]."""
    place = tl.program_id(0) * BLOCK + tl.arange(0, BLOCK)
    index = tl.load(step)
    tl.store(time + place, tl.load(times + index * width + place, mask=place < width), mask=place < width)
    if tl.program_id(0) == 0:
        tl.store(current, index)


@triton.jit(do_not_specialize=["size"])
def end(
    current,
    step,
    table,  # [steps, 7], see `engines.program.coefficients`
    scale,
    output,  # the model's, half for no prompt first where IS_GUIDED
    latents,  # float32, and all below
    noise,
    last,  # estimate of the clean latents
    last_but_one,
    sample,  # the latents again, as the model takes them, once or twice
    difference,  # what the prompt makes of the answer: kept where IS_GUIDED, taken where not
    size,
    area,
    channels,
    output_picture,  # strides: of a picture, a channel, a position
    output_channel,
    output_place,
    sample_picture,
    sample_channel,
    sample_place,
    IS_GUIDED: tl.constexpr,
    IS_DOUBLED: tl.constexpr,
    HAS_DIFFERENCE: tl.constexpr,
    BLOCK: tl.constexpr,
):
    """Guidance, then one step of any scheduler (see `schedulers.Row`)."""
    index = tl.load(current)
    row = table + index * 7
    place = tl.program_id(0) * BLOCK + tl.arange(0, BLOCK)
    mask = place < size
    picture = place // (channels * area)
    channel = place // area % channels
    position = place % area
    there = output + picture * output_picture + channel * output_channel + position * output_place
    answer = tl.load(there, mask=mask).to(tl.float32)
    pictures = size // (channels * area)
    if IS_GUIDED:
        prompted = tl.load(there + pictures * output_picture, mask=mask).to(tl.float32)
        change = prompted - answer
        answer += tl.load(scale) * change
        if HAS_DIFFERENCE:
            tl.store(difference + place, change, mask=mask)
    elif HAS_DIFFERENCE:
        answer += (tl.load(scale) - 1) * tl.load(difference + place, mask=mask)
    now = tl.load(latents + place, mask=mask)
    before = tl.load(last + place, mask=mask)
    guess = tl.load(row) * now + tl.load(row + 1) * answer
    following = tl.load(row + 2) * now + tl.load(row + 3) * guess + tl.load(row + 4) * before
    following += tl.load(row + 5) * tl.load(last_but_one + place, mask=mask)
    following += tl.load(row + 6) * tl.load(noise + place, mask=mask)
    tl.store(latents + place, following, mask=mask)
    tl.store(last_but_one + place, before, mask=mask)
    tl.store(last + place, guess, mask=mask)
    taken = sample + picture * sample_picture + channel * sample_channel + position * sample_place
    rounded = following.to(sample.dtype.element_ty)
    tl.store(taken, rounded, mask=mask)
    if IS_DOUBLED:
        tl.store(taken + pictures * sample_picture, rounded, mask=mask)
    if tl.program_id(0) == 0:
        tl.store(step, index + 1)
