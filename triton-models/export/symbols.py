"""A stand-in for a tensor: our networks run on it as they are, and every operation becomes a node of a graph.

A symbol is a value of the graph seen through a change of axes and a change of shape that are written only when
somebody needs the numbers in that order. Our networks keep channels last, TensorRT knows convolutions with channels
first: here a feature map [n, h, w, c] is a view of planes [n, c, h, w], and going back and forth costs nothing.
"""

import math
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from export.graph import Graph, Value, as_numpy

FEATURES = (0, 2, 3, 1)
"""From planes to a feature map."""
PLANES = (0, 3, 1, 2)
Operand = Any
"""A symbol, a tensor or a number."""


class Symbol:
    """`value` with its axes in `order`, then in `shape`."""

    def __init__(
        self, graph: Graph, value: Value, order: tuple[int, ...] | None = None, shape: tuple[int, ...] | None = None
    ) -> None:
        self.graph = graph
        self.value = value
        self.order = order or tuple(range(len(value.dims)))
        self.ordered = tuple(value.dims[axis] for axis in self.order)
        self.shape = self.ordered if shape is None else shape
        self.device = torch.device("cpu")

    @classmethod
    def __torch_function__(
        cls, function: Callable[..., Any], types: Any, args: tuple[Any, ...] = (), kwargs: dict[str, Any] | None = None
    ) -> Any:
        del types
        if function not in FUNCTIONS:
            raise TypeError(f"Expected an operation that export knows, got {function!r}: add it to `FUNCTIONS`.")
        return FUNCTIONS[function](*args, **(kwargs or {}))

    @property
    def has_planes(self) -> bool:
        """Whether planes lie below, so that an operation on them needs no change of axes."""
        return self.order == FEATURES

    def rows(self) -> Value:
        """The numbers in the order of this shape."""
        value = self.value
        if self.order != tuple(range(len(value.dims))):
            value = self.graph.node("Transpose", [value], self.ordered, perm=self.order)
        return reshape(self.graph, value, self.shape)

    def planes(self) -> Value:
        """[n, h, w, c] or [n, h * w, c] as [n, c, h, w]; only the first without planes below."""
        if self.has_planes:
            return self.value
        n, h, w, c = self.shape
        if self.ordered == self.shape:
            order = tuple(self.order[axis] for axis in PLANES)
            return self.graph.node("Transpose", [self.value], (n, c, h, w), perm=order)
        return self.graph.node("Transpose", [self.rows()], (n, c, h, w), perm=PLANES)

    def over(self, value: Value) -> "Symbol":
        """The same view of another value."""
        return Symbol(self.graph, value, self.order, self.shape)

    # Views

    def reshape(self, *shape: int) -> "Symbol":
        rest = math.prod(self.shape) // math.prod(size for size in shape if size != -1)
        return Symbol(self.graph, self.value, self.order, tuple(rest if size == -1 else size for size in shape))

    view = reshape

    def flatten(self, start: int = 0) -> "Symbol":
        return self.reshape(*self.shape[:start], -1)

    def permute(self, *axes: int) -> "Symbol":
        if self.ordered != self.shape:
            return Symbol(self.graph, self.rows()).permute(*axes)
        return Symbol(self.graph, self.value, tuple(self.order[axis] for axis in axes))

    def transpose(self, one: int, other: int) -> "Symbol":
        axes = list(range(len(self.shape)))
        axes[one], axes[other] = axes[other], axes[one]
        return self.permute(*axes)

    def contiguous(self) -> "Symbol":
        return self

    def unbind(self, dim: int = 0) -> list["Symbol"]:
        """Parts of a packed projection: [n, t, 3, heads, width] over [n, t, 3 * heads * width] is split there."""
        count, after = self.shape[dim], self.shape[dim + 1 :]
        flat = self.reshape(*self.shape[:dim], count * math.prod(after))
        return [part.reshape(*self.shape[:dim], *after) for part in flat.split([math.prod(after)] * count, dim)]

    def chunk(self, count: int, dim: int) -> list["Symbol"]:
        return self.split([self.shape[dim] // count] * count, dim)

    def split(self, sizes: Sequence[int], dim: int = 0) -> list["Symbol"]:
        axis = dim % len(self.shape)
        source = self if self.ordered == self.shape else Symbol(self.graph, self.rows())
        stored = source.order[axis]
        dims = [[size if at == stored else length for at, length in enumerate(source.value.dims)] for size in sizes]
        lengths = self.graph.constant(np.array(sizes, np.int64))
        parts = self.graph.nodes("Split", [source.value, lengths], dims, axis=stored)
        return [Symbol(self.graph, part, source.order) for part in parts]

    def __getitem__(self, key: Any) -> "Symbol":
        if key == (slice(None), None):
            return self.reshape(self.shape[0], 1, *self.shape[1:])
        if key == 0 and self.shape[0] == 1:
            return self.reshape(*self.shape[1:])
        raise TypeError(f"Expected a new axis or the only entry, got [{key!r}].")

    def __iter__(self) -> Iterator["Symbol"]:
        raise TypeError("Expected `unbind` where a tensor is taken apart.")

    # Numbers

    def float(self) -> "Symbol":
        return self.to(torch.float32)

    def to(self, dtype: torch.dtype) -> "Symbol":
        return self.over(cast(self.graph, self.value, str(dtype).removeprefix("torch.")))

    def cos(self) -> "Symbol":
        return self._map("Cos")

    def sin(self) -> "Symbol":
        return self._map("Sin")

    def __add__(self, other: Operand) -> "Symbol":
        return combine("Add", self, other)

    def __mul__(self, other: Operand) -> "Symbol":
        return combine("Mul", self, other)

    __radd__ = __add__
    __rmul__ = __mul__

    def _map(self, kind: str) -> "Symbol":
        return self.over(self.graph.node(kind, [self.value], self.value.dims))


def cast(graph: Graph, value: Value, dtype: str) -> Value:
    from export.graph import TYPES

    return value if value.dtype == dtype else graph.node("Cast", [value], value.dims, dtype, to=TYPES[dtype])


def reshape(graph: Graph, value: Value, shape: Sequence[int]) -> Value:
    shape = tuple(shape)
    if value.dims == shape:
        return value
    return graph.node("Reshape", [value, graph.constant(np.array(shape, np.int64))], shape)


def combine(kind: str, one: Symbol, other: Operand) -> Symbol:
    """A sum or product; on planes where one of both has them below."""
    graph = one.graph
    if isinstance(other, (int, float)):
        number = graph.constant(np.array(other, one.value.dtype))
        return one.over(graph.node(kind, [one.value, number], one.value.dims))
    if isinstance(other, Tensor):
        value = graph.weight(other) if graph.is_parameter(other) else graph.constant(as_numpy(other))
        shape = np.broadcast_shapes(one.shape, value.dims)
        return Symbol(graph, graph.node(kind, [one.rows(), value], shape))
    if one.shape != other.shape:
        raise TypeError(f"Expected two of one shape, got {one.shape} and {other.shape}.")
    if one.order == other.order and one.value.dims == other.value.dims:
        return one.over(graph.node(kind, [one.value, other.value], one.value.dims))
    for with_planes, without in ((one, other), (other, one)):
        if with_planes.has_planes:
            added = to_planes(without, with_planes.value.dims)
            return with_planes.over(graph.node(kind, [added, with_planes.value], added.dims))
    return Symbol(graph, graph.node(kind, [one.rows(), other.rows()], one.shape))


def to_planes(symbol: Symbol, dims: tuple[int, ...]) -> Value:
    """Tokens [n, h * w, c] or a feature map as planes of these dims."""
    n, c, h, w = dims
    if len(symbol.shape) == 4:
        return symbol.planes()
    turned = symbol.graph.node("Transpose", [symbol.rows()], (n, c, h * w), perm=(0, 2, 1))
    return reshape(symbol.graph, turned, dims)


def linear(x: Symbol, weight: Tensor, bias: Tensor | None = None) -> Symbol:
    """A product: a convolution of 1x1 where `x` is a feature map, so that its planes stay where they are."""
    graph = x.graph
    outputs = weight.shape[0]
    if len(x.shape) == 4 and x.has_planes:
        n, _, h, w = x.value.dims
        inputs = [x.value, graph.weight(weight, "planes"), *([graph.weight(bias)] if bias is not None else [])]
        return Symbol(graph, graph.node("Conv", inputs, (n, outputs, h, w)), FEATURES)
    product = graph.node("MatMul", [x.rows(), graph.weight(weight, "transposed")], (*x.shape[:-1], outputs))
    if bias is not None:
        product = graph.node("Add", [product, graph.weight(bias)], product.dims)
    return Symbol(graph, product)


def convolve(x: Value, graph: Graph, weight: Value, bias: Value | None, *, stride: int, pads: Sequence[int]) -> Value:
    n, _, h, w = x.dims
    outputs, _, rows, columns = weight.dims
    height, width = (
        (side + pads[at] + pads[at + 2] - length) // stride + 1
        for at, (side, length) in enumerate(((h, rows), (w, columns)))
    )
    inputs = [x, weight] if bias is None else [x, weight, bias]
    shape: dict[str, Any] = {"kernel_shape": [rows, columns], "pads": list(pads), "strides": [stride, stride]}
    return graph.node("Conv", inputs, (n, outputs, height, width), **shape)


def _conv2d(x: Symbol, weight: Tensor, bias: Tensor | None = None, stride: int = 1, padding: int = 0) -> Symbol:
    graph = x.graph
    added = None if bias is None else graph.weight(bias)
    return Symbol(graph, convolve(x.rows(), graph, graph.weight(weight), added, stride=stride, pads=[padding] * 4))


def _pad(x: Symbol, pads: tuple[int, int, int, int], mode: str, value: float | None) -> Symbol:
    del mode, value  # Zeros, which are the default of both.
    left, right, top, bottom = pads
    n, c, h, w = x.shape
    ends = x.graph.constant(np.array([0, 0, top, left, 0, 0, bottom, right], np.int64))
    return Symbol(x.graph, x.graph.node("Pad", [x.rows(), ends], (n, c, h + top + bottom, w + left + right)))


def silu(graph: Graph, value: Value) -> Value:
    gate = graph.node("Sigmoid", [value], value.dims)
    return graph.node("Mul", [value, gate], value.dims)


def gelu(graph: Graph, value: Value) -> Value:
    """By the error function, in float32: in half precision 1 + erf(x) is 0 for most of x < 0."""
    dtype = value.dtype
    value = cast(graph, value, "float32")
    inner = graph.node("Mul", [value, graph.constant(np.array(0.5**0.5, np.float32))], value.dims)
    part = graph.node("Erf", [inner], value.dims)
    part = graph.node("Add", [part, graph.constant(np.array(1, np.float32))], value.dims)
    half = graph.node("Mul", [value, graph.constant(np.array(0.5, np.float32))], value.dims)
    return cast(graph, graph.node("Mul", [half, part], value.dims), dtype)


def attend(query: Symbol, key: Symbol, value: Symbol, *, is_causal: bool = False) -> Symbol:
    """Of heads [n, heads, t, width] -> the same. The scale goes into the queries, as TensorRT's fused attention
    wants it; the softmax is taken in float32."""
    graph = query.graph
    *rest, tokens, width = query.shape
    length = key.shape[-2]
    query = query * (1 / math.sqrt(width))
    axes = (*range(len(rest)), len(rest) + 1, len(rest))
    scores = graph.node("MatMul", [query.rows(), key.permute(*axes).rows()], (*rest, tokens, length))
    wide = cast(graph, scores, "float32")
    if is_causal:
        mask = np.triu(np.full((tokens, length), -1e9, np.float32), 1)
        wide = graph.node("Add", [wide, graph.constant(mask)], wide.dims)
    shares = cast(graph, graph.node("Softmax", [wide], wide.dims, axis=-1), scores.dtype)
    return Symbol(graph, graph.node("MatMul", [shares, value.rows()], query.shape))


def _embedding(ids: Symbol, weight: Tensor, **_: Any) -> Symbol:
    graph = ids.graph
    return Symbol(graph, graph.node("Gather", [graph.weight(weight), ids.rows()], (*ids.shape, weight.shape[1])))


def layer_norm(x: Symbol, scale: Tensor, shift: Tensor, eps: float) -> Symbol:
    """Mean and variance are taken in float32 by default (`stash_type`)."""
    graph = x.graph
    inputs = [x.rows(), graph.weight(scale), graph.weight(shift)]
    return Symbol(graph, graph.node("LayerNormalization", inputs, x.shape, axis=-1, epsilon=eps))


def _cat(parts: Sequence[Symbol], dim: int = 0) -> Symbol:
    first = parts[0]
    graph = first.graph
    axis = dim % len(first.shape)
    is_alike = all(part.order == first.order and part.ordered == part.shape for part in parts)
    stored = first.order[axis] if is_alike else axis
    values = [part.value if is_alike else part.rows() for part in parts]
    dims = list(values[0].dims)
    dims[stored] = sum(value.dims[stored] for value in values)
    return Symbol(graph, graph.node("Concat", values, dims, axis=stored), first.order if is_alike else None)


FUNCTIONS: dict[Callable[..., Any], Callable[..., Any]] = {
    F.linear: linear,
    F.conv2d: _conv2d,
    F.pad: _pad,
    F.silu: lambda x, **_: x.over(silu(x.graph, x.value)),
    F.gelu: lambda x: x.over(gelu(x.graph, x.value)),
    F.embedding: _embedding,
    F.layer_norm: lambda x, _, weight, bias, eps: layer_norm(x, weight, bias, eps),
    F.scaled_dot_product_attention: attend,
    torch.sigmoid: lambda x: x._map("Sigmoid"),
    torch.split: lambda x, sizes, dim=0: x.split(sizes, dim),
    torch.cat: _cat,
}
"""What our networks call outside `Operations`."""
