"""An ONNX graph while it is written: every value has a known shape, and every weight the name of its parameter."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import onnx
import torch
from numpy.typing import NDArray
from onnx import TensorProto, helper, numpy_helper
from torch import Tensor, nn

from quartet_pipeline.plans.weights import Form, Weight, shape_as

OPSET: Final = 17
"""The lowest that has LayerNormalization: whatever reads ONNX today reads it, TensorRT 10 and 11 among them."""
IR_VERSION: Final = 8
TYPES: Final = {
    "float16": TensorProto.FLOAT16,
    "float32": TensorProto.FLOAT,
    "int32": TensorProto.INT32,
    "int64": TensorProto.INT64,
    "uint8": TensorProto.UINT8,
}


@dataclass(frozen=True)
class Value:
    """What a node reads or writes."""

    name: str
    dims: tuple[int, ...]
    dtype: str
    """As numpy calls it."""


class Graph:
    """Nodes in the order in which they run."""

    def __init__(self, name: str, network: nn.Module) -> None:
        self.name = name
        self.weights: dict[str, Weight] = {}
        """By the name of the initializer."""
        self._parameters = list(network.named_parameters())
        self._nodes: list[onnx.NodeProto] = []
        self._values: dict[str, Value] = {}
        self._inputs: list[Value] = []
        self._outputs: list[Value] = []
        self._constants: dict[bytes, tuple[Value, onnx.TensorProto]] = {}

    def input(self, name: str, dims: Sequence[int], dtype: str) -> Value:
        value = Value(name, tuple(dims), dtype)
        self._inputs.append(value)
        return value

    def output(self, value: Value, name: str) -> None:
        """Calls a value by the name that whoever runs the graph asks for."""
        self.rename(value, name)
        self._outputs.append(Value(name, value.dims, value.dtype))

    def rename(self, value: Value, name: str) -> Value:
        """The same value under a name of its own."""
        for node in self._nodes:
            for names in (node.input, node.output):
                for index, one in enumerate(names):
                    if one == value.name:
                        names[index] = name
        del self._values[value.name]
        self._values[name] = renamed = Value(name, value.dims, value.dtype)
        return renamed

    def node(
        self, kind: str, inputs: Sequence[Value], dims: Sequence[int], dtype: str | None = None, **attributes: Any
    ) -> Value:
        """One node with one output, which has the type of its first input unless told otherwise."""
        return self.nodes(kind, inputs, [dims], dtype, **attributes)[0]

    def nodes(
        self,
        kind: str,
        inputs: Sequence[Value],
        dims: Sequence[Sequence[int]],
        dtype: str | None = None,
        **attributes: Any,
    ) -> list[Value]:
        """One node with an output for each of `dims`."""
        name = f"{kind}.{len(self._nodes)}"
        names = [name] if len(dims) == 1 else [f"{name}.{index}" for index in range(len(dims))]
        values = [Value(one, tuple(shape), dtype or inputs[0].dtype) for one, shape in zip(names, dims, strict=True)]
        inputs_names = [value.name for value in inputs]
        self._nodes.append(helper.make_node(kind, inputs_names, names, name=name, **attributes))
        self._values |= {value.name: value for value in values}
        return values

    def constant(self, array: NDArray[Any]) -> Value:
        """Numbers that no checkpoint holds; equal ones are written once."""
        key = array.tobytes() + str((array.dtype, array.shape)).encode()
        if key not in self._constants:
            name = f"constant.{len(self._constants)}"
            value = Value(name, array.shape, str(array.dtype))
            self._constants[key] = value, numpy_helper.from_array(array, name)
        return self._constants[key][0]

    def weight(
        self, tensor: Tensor, form: Form = "same", *, part: tuple[int, int] = (0, 1), wide: bool = False
    ) -> Value:
        """A parameter as an initializer: in another form, one of several equal parts, or in float32."""
        parameter = self._name_of(tensor)
        dtype = "float32" if wide else str(tensor.dtype).removeprefix("torch.")
        weight = Weight(parameter, form, part, shape_as(tuple(tensor.shape), form, part), dtype)
        known = self.weights.setdefault(weight.initializer, weight)
        if known != weight:
            raise ValueError(f"Expected `{weight.initializer}` in one form, got {known} and {weight}.")
        return Value(weight.initializer, weight.dims, weight.dtype)

    def is_parameter(self, tensor: object) -> bool:
        return isinstance(tensor, Tensor) and any(_is_same(tensor, one) for _, one in self._parameters)

    def add_bias(self, value: Value, bias: Tensor) -> bool:
        """Gives the convolution that made `value` a bias, where it has none and nothing else has read it."""
        maker = next((node for node in self._nodes if value.name in node.output), None)
        is_read = any(value.name in node.input for node in self._nodes)
        if maker is None or maker.op_type != "Conv" or len(maker.input) != 2 or is_read:
            return False
        maker.input.append(self.weight(bias).name)
        return True

    def to_model(self, weights_file: str, offsets: dict[str, tuple[int, int]]) -> onnx.ModelProto:
        """The graph as ONNX; where its weights lie in `weights_file` is said by `offsets` (begin, length)."""
        initializers = [proto for _, proto in self._constants.values()]
        for name, weight in self.weights.items():
            proto = TensorProto(name=name, data_type=TYPES[weight.dtype], dims=weight.dims)
            proto.data_location = TensorProto.EXTERNAL
            begin, length = offsets.get(name, (0, weight.bytes))
            for key, said in (("location", weights_file), ("offset", str(begin)), ("length", str(length))):
                proto.external_data.add(key=key, value=said)
            initializers.append(proto)
        ends = {value.name for value in self._outputs}
        infos = [_info(value) for value in self._values.values() if value.name not in ends]
        graph = helper.make_graph(
            self._nodes,
            self.name,
            [_info(value) for value in self._inputs],
            [_info(value) for value in self._outputs],
            initializers,
            value_info=infos,
        )
        return helper.make_model(
            graph, opset_imports=[helper.make_opsetid("", OPSET)], ir_version=IR_VERSION, producer_name="quartet"
        )

    def _name_of(self, tensor: Tensor) -> str:
        found = next((name for name, one in self._parameters if _is_same(tensor, one)), None)
        if found is None:
            raise ValueError(f"Expected a parameter of {self.name}, got another tensor {list(tensor.shape)}.")
        return found


def _info(value: Value) -> onnx.ValueInfoProto:
    return helper.make_tensor_value_info(value.name, TYPES[value.dtype], value.dims)


def _is_same(one: Tensor, other: Tensor) -> bool:
    """Whether both are the same numbers in memory: a slice of a whole parameter is that parameter."""
    if one is other:
        return True
    is_alike = one.shape == other.shape and one.stride() == other.stride() and one.dtype == other.dtype
    if not is_alike or one.device != other.device or one.storage_offset() != other.storage_offset():
        return False
    return bool(one.untyped_storage()._cdata == other.untyped_storage()._cdata)


def as_numpy(tensor: Tensor) -> NDArray[Any]:
    """A small constant of the networks, as the graph holds it."""
    numbers: NDArray[Any] = tensor.detach().cpu().numpy()
    return np.ascontiguousarray(numbers, np.float32 if tensor.dtype == torch.float64 else None)
