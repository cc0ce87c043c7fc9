"""How much memory a graph needs while it runs, from its shapes: what is alive at each moment.

TensorRT fuses: what is computed number by number runs inside the kernel before it and is never stored. `fuse` does the
same on paper, then the steps run in their order, and a value takes memory from the step that makes it to the last one
that reads it. Whether attention is one kernel decides most of the rest: apart, the scores of all heads are stored, in
half precision and in float32.
"""

import math
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Final

import onnx
from onnx import TensorProto

WIDTHS: Final[dict[int, int]] = {
    TensorProto.FLOAT: 4,
    TensorProto.FLOAT16: 2,
    TensorProto.INT32: 4,
    TensorProto.INT64: 8,
    TensorProto.UINT8: 1,
}
POINTWISE: Final = {"Add", "Mul", "Sigmoid", "Erf", "Cast", "Round", "Clip", "Sin", "Cos"}
"""Join the step before them, if nothing else reads what that made."""
VIEWS: Final = {"Reshape"}
"""The same bytes under another shape."""
READERS: Final = {"LayerNormalization", "InstanceNormalization", "Transpose"}
"""Take a pointwise step along that stands before them."""


@dataclass(eq=False)
class Step:
    """Nodes that run as one."""

    kinds: list[str]
    reads: set[str]
    writes: set[str]


@dataclass(frozen=True)
class Need:
    """Bytes."""

    weights: int
    activations: int
    """The most that is alive at once, inputs and outputs of the graph left out: those have buffers of their own."""
    ends: int
    """The graph's inputs and outputs."""
    where: str
    """The step at which most is alive."""


def measure(model: onnx.ModelProto, *, is_attention_fused: bool) -> Need:
    """What a graph of `export.write` needs (its weights need not be there)."""
    graph = model.graph
    infos = [*graph.value_info, *graph.input, *graph.output]
    sizes = {info.name: _bytes(info.type.tensor_type.elem_type, _dims(info)) for info in infos}
    ends = {info.name for info in (*graph.input, *graph.output)}
    steps = fuse(graph, is_attention_fused=is_attention_fused)
    peak, where = 0, "-"
    last_read = {name: index for index, step in enumerate(steps) for name in step.reads}
    alive: set[str] = set()
    for index, step in enumerate(steps):
        alive |= step.writes - ends
        total = sum(sizes[name] for name in alive)
        if total > peak:
            peak, where = total, f"{' + '.join(dict.fromkeys(step.kinds))} (step {index + 1} of {len(steps)})"
        alive = {name for name in alive if last_read.get(name, -1) > index}
    weights = sum(_bytes(proto.data_type, proto.dims) for proto in graph.initializer)
    return Need(weights, peak, sum(sizes[name] for name in ends), where)


def fuse(graph: onnx.GraphProto, *, is_attention_fused: bool) -> list[Step]:
    """The steps in which a graph runs, views and casts to wider numbers left out."""
    sources = _views(graph)
    fixed = {proto.name for proto in graph.initializer}
    nodes = [node for node in graph.node if node.output[0] not in sources]
    steps = [
        Step(
            [node.op_type],
            {sources.get(name, name) for name in node.input} - fixed,
            set(node.output),
        )
        for node in nodes
    ]
    ends = {info.name for info in graph.output}

    def may_join(before: Step, after: Step) -> bool:
        if set(after.kinds) <= POINTWISE:
            return True
        first, last = after.kinds[0], before.kinds[-1]
        if set(before.kinds) <= POINTWISE:
            # Also a kernel that reads what it reads number by number.
            return first in READERS
        # Scores, softmax and the product with the values as one kernel.
        is_softmax = "Softmax" in before.kinds and last != "MatMul" and first == "MatMul"
        is_scores = before.kinds[0] == "MatMul" and "Softmax" not in before.kinds and first == "Softmax"
        return is_attention_fused and (is_softmax or is_scores)

    return _join(steps, ends, may_join)


def _join(steps: list[Step], ends: set[str], may_join: Callable[[Step, Step], bool]) -> list[Step]:
    """Joins each step to the only one that reads what it makes, as often as `may_join` allows.

    The joined step runs where the later of both stood; whatever else that reads is ready by then."""
    while True:
        readers: dict[str, list[Step]] = {}
        for step in steps:
            for name in step.reads:
                readers.setdefault(name, []).append(step)
        gone: set[int] = set()
        for before in steps:
            theirs = {id(step): step for name in before.writes for step in readers.get(name, [])}
            after = next(iter(theirs.values()), None)
            # One whose readers have changed in this round waits for the next.
            if after is None or len(theirs) != 1 or before.writes & ends or {id(before), id(after)} & gone:
                continue
            if may_join(before, after):
                after.kinds[:0] = before.kinds
                after.reads = (after.reads - before.writes) | before.reads
                for name in before.reads:
                    readers[name] = [step for step in readers[name] if step not in (before, after)] + [after]
                gone.add(id(before))
        if not gone:
            return steps
        steps = [step for step in steps if id(step) not in gone]


def _views(graph: onnx.GraphProto) -> dict[str, str]:
    """Every value that is another one's bytes, or is widened where it is read -> that other one."""
    types = {info.name: info.type.tensor_type.elem_type for info in (*graph.value_info, *graph.input, *graph.output)}
    outputs = {info.name for info in graph.output}
    sources: dict[str, str] = {}
    for node in graph.node:
        source, made = node.input[0], node.output[0]
        is_wider = node.op_type == "Cast" and WIDTHS[types[made]] > WIDTHS[types[source]]
        if (node.op_type in VIEWS or is_wider) and made not in outputs:
            sources[made] = sources.get(source, source)
    return sources


def _dims(info: onnx.ValueInfoProto) -> list[int]:
    return [dim.dim_value for dim in info.type.tensor_type.shape.dim]


def _bytes(kind: int, dims: Iterable[int]) -> int:
    return math.prod(dims) * WIDTHS[kind]
