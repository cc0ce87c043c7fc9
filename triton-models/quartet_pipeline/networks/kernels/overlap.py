"""Launches that overlap: a kernel's programs are on their multiprocessors before the kernel before them has ended.

Between two kernels that depend on each other the GPU stands idle for a microsecond or two, 500 times a step. On
NVIDIA's Hopper and later the second may be launched early (programmatic dependent launch) and waits by itself.
"""

import triton
import triton.language as tl
from triton.language.extra.cuda import gdc_launch_dependents, gdc_wait


@triton.jit
def follow(OVERLAPS: tl.constexpr):
    """First of all in every kernel: nothing may be read, nor written, that the kernel before still writes or reads."""
    if OVERLAPS:
        gdc_launch_dependents()
        gdc_wait()
