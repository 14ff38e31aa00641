"""Whisper's decoder as two ONNX graphs, made from the weights of a CTranslate2 model.

The same layers in the same order as OpenAI's ``TextDecoder``: blocks of self-attention, attention to the encoder's
states and a two-layer perceptron, each behind a layer norm; the embedding is the output matrix too. The first graph
turns states into the keys and values that every layer attends to, once for each utterance. The second reads tokens.

A token that is read attends to what was read before it, by a mask: the tokens read at one time need not follow each
other. They can be the ends of several texts that have their beginnings in common (a beam search), or a text that is
guessed to be right and read in one go (speculative decoding; Leviathan and others 2023; masks for a whole tree of
guesses: Miao and others 2023, SpecInfer). Nothing is ever moved or copied for a text that branches.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from monitor.engines.nodes import MIDDLE, ONNX_RUNTIME, Nodes, Weights, layers

NEVER: Final = -1e9
"""Added to the logit of a token that is never written."""
LIKELIEST: Final = 24
"""So many continuations of each token are told: twice as many as there are beams, and what may not be repeated."""


@dataclass(frozen=True, slots=True)
class Shape:
    """The size of a decoder."""

    layers: int
    heads: int
    width: int
    positions: int

    @classmethod
    def of(cls, weights: Weights) -> "Shape":
        """Raises ``KeyError`` where these are not a decoder's weights."""
        positions, width = weights["decoder/position_encodings/encodings"].shape
        return cls(layers(weights, "decoder/"), int(weights["decoder/num_heads"]), width, positions)

    @property
    def heard(self) -> dict[str, type]:
        """Keys and values of the encoder's states, of every layer, and their types.

        They are bytes of shape (utterances, heads, states, width / heads), and what a step of each is: for every
        token all of them are read, of a long window tens of megabytes were they floats. Keys are scaled for their
        product with a query.
        """
        kinds: dict[str, type] = {"keys": np.uint8, "values": np.int8, "key_step": float, "value_step": float}
        return {f"heard_{kind}_{layer}": made for layer in range(self.layers) for kind, made in kinds.items()}

    @property
    def read(self) -> list[str]:
        """Keys and values of the tokens read before, of every layer: (utterances, heads, room, width / heads)."""
        return [f"read_{kind}_{layer}" for layer in range(self.layers) for kind in ("keys", "values")]

    @property
    def own(self) -> list[str]:
        """The same of those now read: (utterances, heads, n, width / heads)."""
        return [f"own_{kind}_{layer}" for layer in range(self.layers) for kind in ("keys", "values")]


def hearing_graph(weights: Weights, *, bits: int) -> bytes:
    """From ``states`` (utterances, states, width) to :attr:`Shape.heard`.

    Args:
        weights: of the model.
        bits: of a weight, with its sign (see :func:`monitor.engines.encoder_graph.encoder_graph`).

    Raises:
        KeyError: these are not a decoder's weights.
    """
    return _Hearing(weights, bits, by_row=False).serialise()


Heads = Sequence[tuple[int, int]]
"""Layer and head of each."""


def reading_graph(weights: Weights, never: NDArray[np.bool_], *, bits: int, followers: Heads) -> bytes:
    """From ``tokens`` (utterances, n) to the likeliest tokens after each.

    Outputs: ``which`` (utterances, n, :data:`LIKELIEST`) and ``scores``, their log probabilities; ``scores_of_next``
    (utterances, n), those of the tokens ``next``; ``all`` (utterances, vocabulary), the probabilities of all tokens
    after the one of each utterance whose index is ``told`` (), those that are never written too; ``looked``
    (utterances, followers, n, states), attention of the ``followers``; :attr:`Shape.own`.

    Inputs besides: ``next``, a token after each; ``positions`` of the tokens in their texts; ``mask`` (utterances, 1,
    n, room + n), 0 where a token attends and less than −1e4 where not; ``parts`` (2), room and n; :attr:`Shape.heard`;
    :attr:`Shape.read`. No utterance sees another, and how many are read together changes nothing.

    Args:
        weights: of the model, its vocabulary cut to that of ``never``.
        never: of each token of the vocabulary, whether it is never written.
        bits: of a weight, with its sign.
        followers: heads whose attention follows the speech; at least one.

    Raises:
        KeyError: these are not a decoder's weights.
    """
    return _Reading(weights, bits, followers).serialise(never)


class _Half(Nodes):
    def __init__(self, weights: Weights, bits: int, *, by_row: bool) -> None:
        super().__init__(weights, "decoder/", bits, by_row=by_row)
        self._shape = Shape.of(weights)

    def heads(self, x: str) -> str:
        """From (utterances, n, width) to (utterances, heads, n, width / heads)."""
        shape = self._shape
        parted = self.node("Reshape", [x, self.ints(0, 0, shape.heads, shape.width // shape.heads)])
        return self.node("Transpose", [parted], perm=[0, 2, 1, 3])

    def whole(self, x: str) -> str:
        """The way back."""
        turned = self.node("Transpose", [x], perm=[0, 2, 1, 3])
        return self.node("Reshape", [turned, self.ints(0, 0, self._shape.width)])


class _Hearing(_Half):
    def serialise(self) -> bytes:
        shape = self._shape
        for layer in range(shape.layers):
            both = self.linear("states", f"layer_{layer}/attention/linear_1")
            keys, values = self.outputs("Split", [both, self.ints(shape.width, shape.width)], 2, axis=-1)
            keys = self.node("Mul", [keys, self.constant(np.float32((shape.width // shape.heads) ** -0.5))])
            keys, values = self.heads(keys), self.heads(values)
            keys, step = self.steps(keys, 127, MIDDLE)
            self.call(f"heard_key_step_{layer}", self.node("Transpose", [step], perm=[0, 1, 3, 2]))
            values, step = self.steps(values, self.largest, np.int8(0), axis=2)
            self.call(f"heard_value_step_{layer}", step)
            self.call(f"heard_keys_{layer}", keys)
            self.call(f"heard_values_{layer}", values)
        return self.serialised("hearing", {"states": (float, 3)}, shape.heard)


class _Reading(_Half):
    def __init__(self, weights: Weights, bits: int, followers: Heads) -> None:
        super().__init__(weights, bits, by_row=True)
        self._followers = followers
        self._looked: list[str] = []

    def serialise(self, never: NDArray[np.bool_]) -> bytes:
        shape = self._shape
        embedding = self.floats("embeddings/weight")
        x = self.node("Gather", [self.constant(embedding), "tokens"])
        places = self.constant(self.floats("position_encodings/encodings"))
        x = self.add(x, self.node("Gather", [places, "positions"]))
        for layer in range(shape.layers):
            x = self.add(x, self._attention_to_read(x, layer))
            x = self.add(x, self._attention_to_heard(x, layer))
            x = self.perceptron(x, f"layer_{layer}/ffn")
        logits = self.product(self.norm(x, "layer_norm"), embedding.T, np.zeros(len(embedding), np.float32))
        self.call("all", self.node("Softmax", [self.node("Gather", [logits, "told"], axis=1)], axis=-1))
        logits = self.add(logits, self.constant(np.where(never, NEVER, 0.0).astype(np.float32)))
        largest, which = self.outputs("TopK", [logits, self.ints(LIKELIEST)], 2, axis=-1)
        total = self.node("ReduceLogSumExp", [logits], axes=[-1], keepdims=1)
        self.call("scores", self.node("Sub", [largest, total]))
        asked = self.node("GatherElements", [logits, self.node("Unsqueeze", ["next", self.ints(2)])], axis=2)
        self.call("scores_of_next", self.node("Squeeze", [self.node("Sub", [asked, total]), self.ints(2)]))
        self.call("which", which)
        inputs = {
            "tokens": (int, 2),
            "next": (int, 2),
            "positions": (int, 2),
            "mask": (float, 4),
            "parts": (int, 1),
            "told": (int, 0),
        }
        inputs |= {name: (kind, 4) for name, kind in shape.heard.items()}
        inputs |= dict.fromkeys(shape.read, (float, 4))
        self.call("looked", self.node("Concat", self._looked, axis=1))
        outputs = {"scores": float, "which": int, "scores_of_next": float, "all": float}
        outputs |= {**dict.fromkeys(shape.own, float), "looked": float}
        return self.serialised("reading", inputs, outputs)

    def _attention_to_read(self, x: str, layer: int) -> str:
        """What was read and what is read now are multiplied apart: together they would have to be copied."""
        name, width = f"layer_{layer}/self_attention", self._shape.width
        projected = self.linear(self.norm(x, f"{name}/layer_norm"), f"{name}/linear_0")
        parts = self.outputs("Split", [projected, self.ints(width, width, width)], 3, axis=-1)
        query, keys, values = map(self.heads, parts)
        self.call(f"own_keys_{layer}", keys)
        self.call(f"own_values_{layer}", values)
        each = self._shape.width // self._shape.heads
        scores = [self._transposed(query, it, alpha=each**-0.5) for it in (f"read_keys_{layer}", keys)]
        share = self.node("Softmax", [self.add(self.node("Concat", scores, axis=-1), "mask")], axis=-1)
        before, now = self.outputs("Split", [share, "parts"], 2, axis=-1)
        attended = self.node("MatMul", [before, f"read_values_{layer}"])
        return self.linear(self.whole(self.add(attended, self.node("MatMul", [now, values]))), f"{name}/linear_1")

    def _attention_to_heard(self, x: str, layer: int) -> str:
        name = f"layer_{layer}/attention"
        query = self.heads(self.linear(self.norm(x, f"{name}/layer_norm"), f"{name}/linear_0"))
        share = self.node("Softmax", [self._scores(query, layer)], axis=-1)
        if heads := [head for at, head in self._followers if at == layer]:
            self._looked.append(self.node("Gather", [share, self.ints(*heads)], axis=1))
        return self.linear(self.whole(self._sum(share, layer)), f"{name}/linear_2")

    def _scores(self, query: str, layer: int) -> str:
        """Keys times query and not the other way round: what is on the right is copied before it is multiplied."""
        steps, step = self.steps(query, self.largest, np.int8(0))
        turned = self.node("Transpose", [steps], perm=[0, 1, 3, 2])
        product = self._bytes_product(f"heard_keys_{layer}", turned, MIDDLE)
        scores = self.node("Transpose", [product], perm=[0, 1, 3, 2])
        return self.node("Mul", [self.node("Mul", [scores, f"heard_key_step_{layer}"]), step])

    def _sum(self, share: str, layer: int) -> str:
        steps, step = self.steps(share, 255, np.uint8(0))
        product = self._bytes_product(steps, f"heard_values_{layer}", np.uint8(0))
        return self.node("Mul", [self.node("Mul", [product, f"heard_value_step_{layer}"]), step])

    def _bytes_product(self, left: str, right: str, zero: np.uint8) -> str:
        whole = self.node("MatMulInteger", [left, right, self.constant(zero), self.constant(np.int8(0))])
        return self.node("Cast", [whole], to=self._types.FLOAT)

    def _transposed(self, left: str, right: str, *, alpha: float = 1.0) -> str:
        return self.node("FusedMatMul", [left, right], domain=ONNX_RUNTIME, transB=1, alpha=alpha)
