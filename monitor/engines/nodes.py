"""Writing down an ONNX graph: nodes, constants, and the layers that Whisper's halves have in common.

Operators of the domain ``com.microsoft`` are ONNX Runtime's own (docs/ContribOperators.md there).
"""

from collections.abc import Mapping, Sequence
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

Weights = Mapping[str, NDArray[Any]]
"""Name → values, as :func:`monitor.engines.model_file.variables` gives them."""

ONNX_RUNTIME: Final = "com.microsoft"
_OPSET, _IR = 17, 8
MIDDLE: Final = np.uint8(128)
"""Zero, among unsigned bytes that stand for signed numbers."""


def layers(weights: Weights, prefix: str) -> int:
    """How many layers there are, of those whose names begin with ``prefix``."""
    return len({name.split("/")[1] for name in weights if name.startswith(f"{prefix}layer_") and "norm" not in name})


class Nodes:
    """A graph that grows node by node.

    Matrix products are of integers: weights scaled for each output, inputs of 8 bits for each product.
    """

    def __init__(self, weights: Weights, prefix: str, bits: int, *, by_row: bool = False) -> None:
        """An empty graph.

        Args:
            weights: of the model.
            prefix: of the names of those that are meant.
            bits: of a weight, with its sign.
            by_row: the inputs of a product are scaled row by row, so that none depends on what stands beside it; else
                all together, which is faster.
        """
        from onnx import TensorProto, helper, numpy_helper

        self._helper, self._numpy, self._types = helper, numpy_helper, TensorProto
        self._weights, self._prefix, self.largest = weights, prefix, 2 ** (bits - 1) - 1
        self._by_row = by_row
        self._nodes: list[Any] = []
        self._constants: list[Any] = []

    def serialised(self, name: str, inputs: Mapping[str, tuple[type, int]], outputs: Mapping[str, type]) -> bytes:
        """The graph with these inputs (type and rank of each) and outputs (type of each)."""
        helper, tensor = self._helper, self._types
        types = {float: tensor.FLOAT, int: tensor.INT64, np.uint8: tensor.UINT8, np.int8: tensor.INT8}
        graph = helper.make_graph(
            self._nodes,
            name,
            [helper.make_tensor_value_info(key, types[kind], [None] * rank) for key, (kind, rank) in inputs.items()],
            [helper.make_tensor_value_info(key, types[kind], None) for key, kind in outputs.items()],
            self._constants,
        )
        opsets = [helper.make_opsetid("", _OPSET), helper.make_opsetid(ONNX_RUNTIME, 1)]
        made: bytes = helper.make_model(graph, opset_imports=opsets, ir_version=_IR).SerializeToString()
        return made

    # ── layers ───────────────────────────────────────────────────────────────────────────────────

    def perceptron(self, x: str, name: str) -> str:
        """Norm, two products and what is between them, added to ``x``."""
        inner = self.gelu(self.linear(self.norm(x, f"{name}/layer_norm"), f"{name}/linear_0"))
        return self.add(x, self.linear(inner, f"{name}/linear_1"))

    def norm(self, x: str, name: str) -> str:
        """Layer normalisation."""
        gamma, beta = (self.constant(self.floats(f"{name}/{part}")) for part in ("gamma", "beta"))
        return self.node("LayerNormalization", [x, gamma, beta], axis=-1, epsilon=1e-5)

    def gelu(self, x: str) -> str:
        """Gaussian error linear unit."""
        return self.node("Gelu", [x], domain=ONNX_RUNTIME)

    def linear(self, x: str, name: str) -> str:
        """The product with a weight and its bias."""
        return self.product(x, self.floats(f"{name}/weight").T, self.floats(f"{name}/bias"))

    def product(self, x: str, matrix: NDArray[np.float32], bias: NDArray[np.float32]) -> str:
        """``x @ matrix + bias``, in integers. Shape of ``matrix``: (inputs, outputs)."""
        scale = np.abs(matrix).max(axis=0) / self.largest
        whole = np.rint(matrix / scale).astype(np.int8)
        weight, scales, zeros = map(self.constant, (whole, scale.astype(np.float32), np.zeros(len(scale), np.int8)))
        if not self._by_row:
            bias_name = self.constant(bias.astype(np.float32))
            return self.node("DynamicQuantizeMatMul", [x, weight, scales, zeros, bias_name], domain=ONNX_RUNTIME)
        steps, step = self.steps(x, 127, MIDDLE)
        made = [steps, weight, self.constant(np.float32(1)), scales, self.constant(MIDDLE), zeros]
        out = self.node("Mul", [self.node("MatMulIntegerToFloat", made, domain=ONNX_RUNTIME), step])
        return self.node("Add", [out, self.constant(bias.astype(np.float32))]) if bias.any() else out

    def steps(self, x: str, count: int, zero: np.uint8 | np.int8, *, axis: int = -1) -> tuple[str, str]:
        """``x`` as bytes, in ``count`` steps from zero to the largest value along ``axis``; and the size of a step."""
        largest = self.node("ReduceMax", [self.node("Abs", [x])], axes=[axis], keepdims=1)
        step = self.node("Mul", [largest, self.constant(np.float32(1 / count))])
        one = self.constant(np.float32(1))
        return self.node("QuantizeLinear", [self.node("Div", [x, step]), one, self.constant(zero)]), step

    def add(self, left: str, right: str) -> str:
        """The sum."""
        return self.node("Add", [left, right])

    # ── nodes ────────────────────────────────────────────────────────────────────────────────────

    def floats(self, name: str) -> NDArray[np.float32]:
        """A weight as float32, however the model file keeps it.

        Raises:
            KeyError: the model has no such weight.
        """
        values = self._weights[f"{self._prefix}{name}"]
        scale = self._weights.get(f"{self._prefix}{name}_scale")
        if scale is not None:  # a model that was converted with --quantization int8
            return values.astype(np.float32) / scale.astype(np.float32)[:, None]
        return values.astype(np.float32)

    def constant(self, values: NDArray[Any] | np.generic) -> str:
        """The name of a constant."""
        name = f"constant_{len(self._constants)}"
        self._constants.append(self._numpy.from_array(np.ascontiguousarray(values), name))
        return name

    def ints(self, *values: int) -> str:
        """The name of a constant vector."""
        return self.constant(np.array(values, np.int64))

    def call(self, name: str, value: str) -> None:
        """Let ``value`` be known as ``name``, as an output has to."""
        self._nodes.append(self._helper.make_node("Identity", [value], [name]))

    def node(self, kind: str, inputs: Sequence[str], *, domain: str = "", **attributes: Any) -> str:
        """The name of the output of a new node."""
        return self.outputs(kind, inputs, 1, domain=domain, **attributes)[0]

    def outputs(
        self, kind: str, inputs: Sequence[str], count: int, *, domain: str = "", **attributes: Any
    ) -> list[str]:
        """The names of the outputs of a new node."""
        names = [f"{kind}_{len(self._nodes)}_{number}" for number in range(count)]
        self._nodes.append(self._helper.make_node(kind, list(inputs), names, domain=domain, **attributes))
        return names
