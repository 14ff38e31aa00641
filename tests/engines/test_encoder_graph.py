"""The encoder as an ONNX graph, held against the same layers written down in NumPy."""

from collections.abc import Mapping
from typing import Any

import numpy as np
import onnx
import onnxruntime
import pytest
from layers import Layers, Weights, gelu, layered, normal
from onnx import numpy_helper

from monitor.engines.encoder_graph import EDGE_ROWS, Shape, encoder_graph

MELS, WIDTH, HEADS, LAYERS, POSITIONS = 8, 32, 4, 2, 40
ROWS = 20
LINEARS = {"self_attention/linear_0": (3 * WIDTH, WIDTH), "self_attention/linear_1": (WIDTH, WIDTH)}
LINEARS |= {"ffn/linear_0": (4 * WIDTH, WIDTH), "ffn/linear_1": (WIDTH, 4 * WIDTH)}


@pytest.fixture(scope="module")
def weights() -> Weights:
    rng = np.random.default_rng(7)
    return {
        "encoder/num_heads": np.array(HEADS, np.int16),
        "encoder/conv1/weight": normal(rng, WIDTH, MELS, 3),
        "encoder/conv1/bias": normal(rng, WIDTH),
        "encoder/conv2/weight": normal(rng, WIDTH, WIDTH, 3),
        "encoder/conv2/bias": normal(rng, WIDTH),
        "encoder/position_encodings/encodings": normal(rng, POSITIONS, WIDTH),
        **layered(rng, "encoder", LAYERS, WIDTH, LINEARS),
    }


@pytest.fixture(scope="module")
def mel() -> np.ndarray:
    return np.random.default_rng(8).standard_normal((1, MELS, 2 * (ROWS + EDGE_ROWS))).astype(np.float32)


def reference(weights: Mapping[str, np.ndarray], mel: np.ndarray) -> np.ndarray:
    """OpenAI's AudioEncoder in plain floats, for (mel bins, frames)."""
    layers = Layers(weights, "encoder", HEADS)

    def conv(x: np.ndarray, name: str, stride: int) -> np.ndarray:
        padded = np.pad(x, ((0, 0), (1, 1)))
        taps = np.stack([padded[:, tap : tap + x.shape[1] : stride] for tap in range(3)])
        return gelu(np.einsum("oik,kit->ot", layers.of(f"{name}/weight"), taps) + layers.of(f"{name}/bias")[:, None])

    x = conv(conv(mel, "conv1", 1), "conv2", 2).T[:ROWS] + layers.of("position_encodings/encodings")[:ROWS]
    for layer in range(LAYERS):
        x = layers.self_attention(x, f"layer_{layer}/self_attention")
        x = layers.perceptron(x, f"layer_{layer}/ffn")
    return layers.norm(x, "layer_norm")


class Run:
    """A graph with somebody to ask it."""

    def __init__(self, weights: Weights, *, bits: int = 7) -> None:
        self.session = onnxruntime.InferenceSession(
            encoder_graph(weights, bits=bits), providers=["CPUExecutionProvider"]
        )
        self.names = [output.name for output in self.session.get_outputs()]

    def __call__(self, mel: np.ndarray, known: dict[str, np.ndarray] | None = None, weight: float = 0) -> Any:
        known = known or {
            f"{kind}_{layer}": np.zeros((1, 0, WIDTH), np.float32)
            for kind in ("keys", "values")
            for layer in range(LAYERS)
        }
        added = np.zeros((1, 1, ROWS, ROWS + known["keys_0"].shape[1]), np.float32)
        added[..., ROWS:] = weight
        return dict(zip(self.names, self.session.run(None, {"mel": mel, "weight": added, **known}), strict=True))


def apart(one: np.ndarray, other: np.ndarray) -> float:
    """Relative distance."""
    return float(np.linalg.norm(one - other) / np.linalg.norm(other))


def test_the_shape_is_read_from_the_weights(weights: Weights) -> None:
    assert Shape.of(weights) == Shape(LAYERS, HEADS, WIDTH, MELS, POSITIONS)


@pytest.mark.parametrize("bits", [7, 8])
def test_it_computes_what_the_layers_say(weights: Weights, mel: np.ndarray, bits: int) -> None:
    states = Run(weights, bits=bits)(mel)["states"][0]
    assert states.shape == (ROWS, WIDTH)
    assert apart(states, reference(weights, mel[0])) < 0.03


@pytest.mark.parametrize("bits", [7, 8])
def test_seven_bits_never_saturate(weights: Weights, bits: int) -> None:
    """Two products of unsigned bytes and weights fit into 16 bits with their sign: 2 × 255 × 63."""
    model = onnx.load_from_string(encoder_graph(weights, bits=bits))
    largest = max(
        int(np.abs(numpy_helper.to_array(constant).astype(int)).max())
        for constant in model.graph.initializer
        if constant.data_type == onnx.TensorProto.INT8
    )
    assert largest == 2 ** (bits - 1) - 1
    assert (2 * 255 * largest < 2**15) is (bits == 7)


def test_without_memory_it_is_the_same_encoder(weights: Weights, mel: np.ndarray) -> None:
    graph = encoder_graph(weights, bits=7, remembers=False)
    session = onnxruntime.InferenceSession(graph, providers=["CPUExecutionProvider"])
    assert [it.name for it in session.get_inputs()] == ["mel"]
    (states,) = session.run(None, {"mel": mel})
    assert apart(states, Run(weights)(mel)["states"]) < 0.01


def test_weights_that_were_bytes_already_are_scaled_back(weights: Weights, mel: np.ndarray) -> None:
    """As ``ct2-transformers-converter --quantization int8`` writes them: value = byte / scale of its row."""
    converted = dict(weights)
    for name, values in weights.items():
        if "linear" in name and name.endswith("weight"):
            scale = 127 / np.abs(values.astype(np.float32)).max(axis=1)
            converted[name] = np.rint(values * scale[:, None]).astype(np.int8)
            converted[f"{name}_scale"] = scale.astype(np.float32)
    assert apart(Run(converted)(mel)["states"], Run(weights)(mel)["states"]) < 0.02


def test_one_remembered_position_stands_for_as_many_as_its_weight_says(weights: Weights, mel: np.ndarray) -> None:
    run = Run(weights)
    own = run(mel)
    once = {name.removeprefix("own_"): values[:, :3] for name, values in own.items() if name != "states"}
    thrice = {name: np.repeat(values, 3, axis=1) for name, values in once.items()}
    alone, together = run(mel, once, weight=np.log(3))["states"], run(mel, thrice)["states"]
    np.testing.assert_allclose(alone, together, atol=1e-4)
    assert apart(alone, own["states"]) > 0.001, "remembered positions are looked at"


def test_other_weights_are_named(weights: Weights) -> None:
    without = {name: values for name, values in weights.items() if "layer_1/ffn/linear_0" not in name}
    with pytest.raises(KeyError, match="layer_1/ffn/linear_0"):
        encoder_graph(without, bits=8)
