"""Whisper's encoder as an ONNX graph, made from the weights of a CTranslate2 model.

The same layers in the same order as OpenAI's ``AudioEncoder``: two convolutions, position encodings, and
blocks of self-attention and a two-layer perceptron, each behind a layer norm. Two things differ:

- Attention may also look at keys and values that come in from outside (``keys_i``, ``values_i``): positions
  whose states are known beforehand. ``weight`` is added to the attention scores, so that one remembered
  position can stand for several.
- Matrix products are of integers: weights scaled for each output, inputs of 8 bits for each product.
"""

from dataclasses import dataclass
from typing import Final

from monitor.engines.nodes import ONNX_RUNTIME, Nodes, Weights, layers

EDGE_ROWS: Final = 2
"""The last rows are not used: the convolutions see zeros behind them, where silence ought to be."""


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
        width, mel_bins, _ = weights["encoder/conv1/weight"].shape
        positions = len(weights["encoder/position_encodings/encodings"])
        return cls(layers(weights, "encoder/"), int(weights["encoder/num_heads"]), width, mel_bins, positions)


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
    return _Encoder(weights, bits, remembers).serialise()


class _Encoder(Nodes):
    def __init__(self, weights: Weights, bits: int, remembers: bool) -> None:
        super().__init__(weights, "encoder/", bits)
        self._shape, self._remembers = Shape.of(weights), remembers

    def serialise(self) -> bytes:
        shape = self._shape
        frames = self._convolved(self._convolved("mel", "conv1", stride=1), "conv2", stride=2)
        frames = self.node("Transpose", [frames], perm=[0, 2, 1])
        count = self.node("Slice", [self.node("Shape", [frames]), self.ints(1), self.ints(2)])
        rows = self.node("Sub", [count, self.ints(EDGE_ROWS)])
        x = self.node("Slice", [frames, self.ints(0), rows, self.ints(1)])
        positions = self.constant(self.floats("position_encodings/encodings"))
        x = self.add(x, self.node("Slice", [positions, self.ints(0), rows, self.ints(0)]))
        for layer in range(shape.layers):
            x = self.add(x, self._attention(x, layer))
            x = self.perceptron(x, f"layer_{layer}/ffn")
        self.call("states", self.norm(x, "layer_norm"))
        inputs, outputs = {"mel": (float, 3)}, ["states"]
        if self._remembers:
            layered = [f"{kind}_{layer}" for kind in ("keys", "values") for layer in range(shape.layers)]
            inputs |= {"weight": (float, 4), **dict.fromkeys(layered, (float, 3))}
            outputs += [f"own_{name}" for name in layered]
        return self.serialised("encoder", inputs, dict.fromkeys(outputs, float))

    def _convolved(self, x: str, name: str, *, stride: int) -> str:
        kernel, bias = self.constant(self.floats(f"{name}/weight")), self.constant(self.floats(f"{name}/bias"))
        return self.gelu(self.node("Conv", [x, kernel, bias], kernel_shape=[3], pads=[1, 1], strides=[stride]))

    def _attention(self, x: str, layer: int) -> str:
        name, width = f"layer_{layer}/self_attention", self._shape.width
        projected = self.linear(self.norm(x, f"{name}/layer_norm"), f"{name}/linear_0")
        query, keys, values = self.outputs("Split", [projected, self.ints(width, width, width)], 3, axis=-1)
        looked_at = [query, keys, values]
        if self._remembers:
            for kind, own in (("keys", keys), ("values", values)):
                self.call(f"own_{kind}_{layer}", own)
            keys = self.node("Concat", [keys, f"keys_{layer}"], axis=1)
            values = self.node("Concat", [values, f"values_{layer}"], axis=1)
            looked_at = [query, keys, values, "", "", "weight"]
        attended = self.node("MultiHeadAttention", looked_at, domain=ONNX_RUNTIME, num_heads=self._shape.heads)
        return self.linear(attended, f"{name}/linear_1")
