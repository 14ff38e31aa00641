"""Whisper's encoder as an ONNX graph, made from the weights of a CTranslate2 model.

The same layers in the same order as OpenAI's ``AudioEncoder``: two convolutions, position encodings, and
blocks of self-attention and a two-layer perceptron, each behind a layer norm. Two things differ:

- Attention may also look at keys and values that come in from outside (``keys_i``, ``values_i``): positions
  whose states are known beforehand. ``weight`` is added to the attention scores, so that one remembered
  position can stand for several.
- Matrix products are of integers: weights scaled for each output, inputs of 8 bits for each product.

Operators of the domain ``com.microsoft`` are ONNX Runtime's own (docs/ContribOperators.md there).
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

Weights = Mapping[str, NDArray[Any]]
"""Name → values, as :func:`monitor.engines.model_file.variables` gives them."""

EDGE_ROWS: Final = 2
"""The last rows are not used: the convolutions see zeros behind them, where silence ought to be."""
_OPSET, _IR = 17, 8
_ONNX_RUNTIME: Final = "com.microsoft"


@dataclass(frozen=True, slots=True)
class Shape:
    """The size of an encoder."""

    layers: int
    heads: int
    width: int
    mel_bins: int
    positions: int

    @classmethod
    def of(cls, weights: Weights) -> "Shape":
        """Raises ``KeyError`` where these are not an encoder's weights."""
        layers = {name.split("/")[1] for name in weights if name.startswith("encoder/layer_") and "norm" not in name}
        width, mel_bins, _ = weights["encoder/conv1/weight"].shape
        positions = len(weights["encoder/position_encodings/encodings"])
        return cls(len(layers), int(weights["encoder/num_heads"]), width, mel_bins, positions)


def encoder_graph(weights: Weights, *, bits: int, remembers: bool = True) -> bytes:
    """The graph, serialised.

    Inputs: ``mel`` (1, mel bins, 2 × (rows + EDGE_ROWS)), ``weight`` (1, 1, rows, rows + remembered), and for each
    layer ``keys_i`` and ``values_i`` (1, remembered, width). Outputs: ``states`` (1, rows, width), and for each layer
    ``own_keys_i`` and ``own_values_i`` of the same shape.

    Args:
        weights: of the model.
        bits: of a weight, with its sign: 8, or 7 where the CPU's sums of two products of unsigned and signed bytes
            saturate (:func:`monitor.engines.cpu.exact_bytes`): then they never get so large.
        remembers: without it there are only ``mel`` and ``states``; long speech is encoded faster (attention without
            weights to add need not be stored).

    Raises:
        KeyError: these are not an encoder's weights.
    """
    return _Builder(weights, bits, remembers).build()


class _Builder:
    def __init__(self, weights: Weights, bits: int, remembers: bool) -> None:
        from onnx import helper, numpy_helper

        self._helper, self._numpy = helper, numpy_helper
        self._weights, self._largest, self._remembers = weights, 2 ** (bits - 1) - 1, remembers
        self._shape = Shape.of(weights)
        self._nodes: list[Any] = []
        self._constants: list[Any] = []

    def build(self) -> bytes:
        helper, shape = self._helper, self._shape
        frames = self._convolved(self._convolved("mel", "conv1", stride=1), "conv2", stride=2)
        frames = self._node("Transpose", [frames], perm=[0, 2, 1])
        count = self._node("Slice", [self._node("Shape", [frames]), self._ints(1), self._ints(2)])
        rows = self._node("Sub", [count, self._ints(EDGE_ROWS)])
        x = self._node("Slice", [frames, self._ints(0), rows, self._ints(1)])
        positions = self._constant(self._float("position_encodings/encodings"))
        x = self._node("Add", [x, self._node("Slice", [positions, self._ints(0), rows, self._ints(0)])])
        for layer in range(shape.layers):
            x = self._node("Add", [x, self._attention(x, layer)])
            x = self._node("Add", [x, self._perceptron(x, f"layer_{layer}/ffn")])
        self._nodes.append(helper.make_node("Identity", [self._norm(x, "layer_norm")], ["states"]))
        inputs, outputs = ["mel"], ["states"]
        if self._remembers:
            layered = [f"{kind}_{layer}" for kind in ("keys", "values") for layer in range(shape.layers)]
            inputs += ["weight", *layered]
            outputs += [f"own_{name}" for name in layered]
        graph = helper.make_graph(
            self._nodes,
            "encoder",
            [self._typed(name, 4 if name == "weight" else 3) for name in inputs],
            [self._typed(name, 3) for name in outputs],
            self._constants,
        )
        opsets = [helper.make_opsetid("", _OPSET), helper.make_opsetid(_ONNX_RUNTIME, 1)]
        serialised: bytes = helper.make_model(graph, opset_imports=opsets, ir_version=_IR).SerializeToString()
        return serialised

    # ── layers ───────────────────────────────────────────────────────────────────────────────────

    def _convolved(self, x: str, name: str, *, stride: int) -> str:
        kernel = self._constant(self._float(f"{name}/weight"))
        bias = self._constant(self._float(f"{name}/bias"))
        out = self._node("Conv", [x, kernel, bias], kernel_shape=[3], pads=[1, 1], strides=[stride])
        return self._gelu(out)

    def _attention(self, x: str, layer: int) -> str:
        name, width = f"layer_{layer}/self_attention", self._shape.width
        projected = self._linear(self._norm(x, f"{name}/layer_norm"), f"{name}/linear_0")
        query, keys, values = self._nodes_of("Split", [projected, self._ints(width, width, width)], 3, axis=-1)
        looked_at = [query, keys, values]
        if self._remembers:
            for kind, own in (("keys", keys), ("values", values)):
                self._nodes.append(self._helper.make_node("Identity", [own], [f"own_{kind}_{layer}"]))
            keys = self._node("Concat", [keys, f"keys_{layer}"], axis=1)
            values = self._node("Concat", [values, f"values_{layer}"], axis=1)
            looked_at = [query, keys, values, "", "", "weight"]
        attended = self._node("MultiHeadAttention", looked_at, domain=_ONNX_RUNTIME, num_heads=self._shape.heads)
        return self._linear(attended, f"{name}/linear_1")

    def _perceptron(self, x: str, name: str) -> str:
        return self._linear(
            self._gelu(self._linear(self._norm(x, f"{name}/layer_norm"), f"{name}/linear_0")), f"{name}/linear_1"
        )

    def _norm(self, x: str, name: str) -> str:
        gamma, beta = (self._constant(self._float(f"{name}/{part}")) for part in ("gamma", "beta"))
        return self._node("LayerNormalization", [x, gamma, beta], axis=-1, epsilon=1e-5)

    def _gelu(self, x: str) -> str:
        return self._node("Gelu", [x], domain=_ONNX_RUNTIME)

    def _linear(self, x: str, name: str) -> str:
        matrix = self._float(f"{name}/weight").T
        scale = np.abs(matrix).max(axis=0) / self._largest
        whole = np.rint(matrix / scale).astype(np.int8)
        zero = np.zeros(len(scale), np.int8)
        parts = [whole, scale.astype(np.float32), zero, self._float(f"{name}/bias")]
        return self._node("DynamicQuantizeMatMul", [x, *map(self._constant, parts)], domain=_ONNX_RUNTIME)

    # ── nodes ────────────────────────────────────────────────────────────────────────────────────

    def _float(self, name: str) -> NDArray[np.float32]:
        values = self._weights[f"encoder/{name}"]
        scale = self._weights.get(f"encoder/{name}_scale")
        if scale is not None:  # a model that was converted with --quantization int8
            return values.astype(np.float32) / scale.astype(np.float32)[:, None]
        return values.astype(np.float32)

    def _constant(self, values: NDArray[Any]) -> str:
        name = f"constant_{len(self._constants)}"
        self._constants.append(self._numpy.from_array(np.ascontiguousarray(values), name))
        return name

    def _ints(self, *values: int) -> str:
        return self._constant(np.array(values, np.int64))

    def _node(self, kind: str, inputs: list[str], *, domain: str = "", **attributes: Any) -> str:
        return self._nodes_of(kind, inputs, 1, domain=domain, **attributes)[0]

    def _nodes_of(self, kind: str, inputs: list[str], count: int, *, domain: str = "", **attributes: Any) -> list[str]:
        outputs = [f"{kind}_{len(self._nodes)}_{number}" for number in range(count)]
        self._nodes.append(self._helper.make_node(kind, inputs, outputs, domain=domain, **attributes))
        return outputs

    def _typed(self, name: str, rank: int) -> Any:
        from onnx import TensorProto

        return self._helper.make_tensor_value_info(name, TensorProto.FLOAT, [None] * rank)
