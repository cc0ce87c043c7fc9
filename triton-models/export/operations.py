"""The networks' operations as nodes of a graph, channels first wherever there is a convolution or a group norm."""

from typing import Any

import numpy as np
from torch import Tensor

from export.graph import Graph, Value
from export.symbols import FEATURES, Symbol, attend, cast, convolve, gelu, layer_norm, linear, reshape, silu
from quartet_pipeline.networks.operations import Norm, Operations


class GraphOperations(Operations):
    """Takes and gives symbols where `Operations` has tensors."""

    def linear(self, x: Any, weight: Tensor, bias: Tensor | None = None, residual: Any = None) -> Any:
        product = linear(x, weight, bias)
        return product if residual is None else product + residual

    def add_linear(self, sums: Any, x: Any, weight: Tensor) -> Any:
        return sums + linear(x, weight)

    def gated_linear(self, x: Any, weight: Tensor, bias: Tensor) -> Any:
        values, gates = linear(x, weight, bias).chunk(2, -1)
        return values * gates.over(gelu(gates.graph, gates.value))

    def convolve(self, x: Any, weight: Tensor, bias: Tensor | None, *, stride: int = 1, residual: Any = None) -> Any:
        graph = x.graph
        added = None if bias is None else graph.weight(bias)
        made = convolve(x.planes(), graph, graph.weight(weight), added, stride=stride, pads=(1, 1, 1, 1))
        y = Symbol(graph, made, FEATURES)
        return y if residual is None else y + residual

    def convolve_doubled(self, x: Any, folded: Tensor, bias: Tensor | None) -> Any:
        """Four convolutions of 2x2, one for each kind of pixel, woven into each other by DepthToSpace."""
        graph: Graph = x.graph
        added = None if bias is None else graph.weight(bias)
        phases = []
        for phase in range(4):
            bottom, right = divmod(phase, 2)
            weight = graph.weight(folded, part=(phase, 4))
            pads = (1 - bottom, 1 - right, bottom, right)
            phases.append(convolve(x.planes(), graph, weight, added, stride=1, pads=pads))
        n, c, h, w = phases[0].dims
        together = graph.node("Concat", phases, (n, 4 * c, h, w), axis=1)
        woven = graph.node("DepthToSpace", [together], (n, c, 2 * h, 2 * w), blocksize=2, mode="DCR")
        return Symbol(graph, woven, FEATURES)

    def group_norm(self, x: Any, norm: Norm, bias: Any = None) -> Any:
        graph: Graph = x.graph
        value = x.planes()
        if bias is not None:
            value = _add_bias(graph, value, bias)
        return Symbol(graph, _group_norm(graph, value, norm), FEATURES)

    def join_norm(self, x: Any, skip: Any, norm: Norm) -> tuple[Any, Any]:
        graph: Graph = x.graph
        one, other = x.planes(), skip.planes()
        n, c, h, w = one.dims
        joined = Symbol(graph, graph.node("Concat", [one, other], (n, c + other.dims[1], h, w), axis=1), FEATURES)
        return joined, self.group_norm(joined, norm)

    def layer_norm(self, x: Any, scale: Tensor, shift: Tensor, eps: float, bias: Tensor | None = None) -> Any:
        return layer_norm(x if bias is None else x + bias, scale, shift, eps)

    def attend(self, query: Any, key: Any, value: Any) -> Any:
        n, tokens, heads, width = query.shape
        if heads == 1:
            parts = (part.reshape(n, part.shape[1], width) for part in (query, key, value))
            return attend(*parts)
        return attend(*(part.transpose(1, 2) for part in (query, key, value))).transpose(1, 2).reshape(n, tokens, -1)


def _add_bias(graph: Graph, value: Value, bias: Any) -> Value:
    """A bias [c] for planes: the convolution's own, where it is a parameter."""
    if isinstance(bias, Symbol):
        added = reshape(graph, bias.rows(), (*bias.shape, 1, 1))
    elif graph.add_bias(value, bias):
        return value
    else:
        added = graph.weight(bias, "planes")
    return graph.node("Add", [value, added], value.dims)


def _group_norm(graph: Graph, value: Value, norm: Norm) -> Value:
    """As the instance norm of each group, the form in which TensorRT meets it in PyTorch's own exports. In float32:
    a group of a large picture sums up more than half precision can hold."""
    n, c, h, w = value.dims
    dtype = value.dtype
    wide = cast(graph, value, "float32")
    grouped = reshape(graph, wide, (n, norm.groups, c // norm.groups * h * w))
    ones, zeros = (graph.constant(np.full(norm.groups, number, np.float32)) for number in (1, 0))
    normed = graph.node("InstanceNormalization", [grouped, ones, zeros], grouped.dims, epsilon=norm.eps)
    wide = reshape(graph, normed, value.dims)
    wide = graph.node("Mul", [wide, graph.weight(norm.scale, "planes", wide=True)], wide.dims)
    wide = graph.node("Add", [wide, graph.weight(norm.shift, "planes", wide=True)], wide.dims)
    return cast(graph, silu(graph, wide) if norm.silu else wide, dtype)
