"""The layers that both halves of Whisper have, written down in NumPy, and weights for a small model of them."""

from collections.abc import Mapping, Sequence

import numpy as np
from scipy.special import erf, softmax

Weights = dict[str, np.ndarray]


def normal(rng: np.random.Generator, *shape: int) -> np.ndarray:
    return (rng.standard_normal(shape) * shape[-1] ** -0.5).astype(np.float16)


def layered(
    rng: np.random.Generator, prefix: str, layers: int, width: int, linears: Mapping[str, tuple[int, int]]
) -> Weights:
    """Weights of every layer: its ``linears`` (outputs, inputs), each part behind a norm, and the last norm."""
    made: Weights = {}
    for layer in range(layers):
        for name, shape in linears.items():
            made[f"{prefix}/layer_{layer}/{name}/weight"] = normal(rng, *shape)
            made[f"{prefix}/layer_{layer}/{name}/bias"] = normal(rng, shape[0])
    parts = list(dict.fromkeys(name.split("/")[0] for name in linears))
    for name in [*(f"layer_{layer}/{part}/layer_norm" for layer in range(layers) for part in parts), "layer_norm"]:
        made[f"{prefix}/{name}/gamma"] = (1 + normal(rng, width)).astype(np.float16)
        made[f"{prefix}/{name}/beta"] = normal(rng, width)
    return made


def gelu(x: np.ndarray) -> np.ndarray:
    return np.asarray(x * 0.5 * (1 + erf(x / np.sqrt(2))))


class Layers:
    """OpenAI's layers in plain floats, on the weights of one half."""

    def __init__(self, weights: Mapping[str, np.ndarray], prefix: str, heads: int) -> None:
        self._weights, self._prefix, self._heads = weights, prefix, heads

    def of(self, name: str) -> np.ndarray:
        return self._weights[f"{self._prefix}/{name}"].astype(np.float64)

    def norm(self, x: np.ndarray, name: str) -> np.ndarray:
        centred = x - x.mean(-1, keepdims=True)
        return np.asarray(
            centred / np.sqrt(x.var(-1, keepdims=True) + 1e-5) * self.of(f"{name}/gamma") + self.of(f"{name}/beta")
        )

    def linear(self, x: np.ndarray, name: str) -> np.ndarray:
        return np.asarray(x @ self.of(f"{name}/weight").T + self.of(f"{name}/bias"))

    def self_attention(self, x: np.ndarray, name: str, mask: np.ndarray | float = 0.0) -> np.ndarray:
        parts = np.split(self.linear(self.norm(x, f"{name}/layer_norm"), f"{name}/linear_0"), 3, axis=-1)
        return x + self.linear(self.attended(parts, mask), f"{name}/linear_1")

    def attended(self, parts: Sequence[np.ndarray], mask: np.ndarray | float = 0.0) -> np.ndarray:
        """``parts``: query, keys and values, each (rows, width)."""
        query, keys, values = (part.reshape(len(part), self._heads, -1).transpose(1, 0, 2) for part in parts)
        share = softmax(query @ keys.transpose(0, 2, 1) / np.sqrt(query.shape[-1]) + mask, axis=-1)
        return np.asarray((share @ values).transpose(1, 0, 2).reshape(len(parts[0]), -1))

    def perceptron(self, x: np.ndarray, name: str) -> np.ndarray:
        inner = self.linear(self.norm(x, f"{name}/layer_norm"), f"{name}/linear_0")
        return x + self.linear(gelu(inner), f"{name}/linear_1")
