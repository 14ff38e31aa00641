"""The decoder's graphs, held against the same layers written down in NumPy."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import pytest
from layers import Layers, Weights, layered, normal
from scipy.special import log_softmax, softmax

from monitor.engines.cpu import exact_bytes
from monitor.engines.decoder_graph import LIKELIEST, NEVER, Shape, hearing_graph, reading_graph
from monitor.engines.libraries import session

WIDTH, HEADS, LAYERS, POSITIONS, TOKENS, STATES = 32, 4, 2, 30, 40, 25
FAR = -1e5
LINEARS = {
    "self_attention/linear_0": (3 * WIDTH, WIDTH),
    "self_attention/linear_1": (WIDTH, WIDTH),
    "attention/linear_0": (WIDTH, WIDTH),
    "attention/linear_1": (2 * WIDTH, WIDTH),
    "attention/linear_2": (WIDTH, WIDTH),
    "ffn/linear_0": (4 * WIDTH, WIDTH),
    "ffn/linear_1": (WIDTH, 4 * WIDTH),
}


@pytest.fixture(scope="module")
def weights() -> Weights:
    rng = np.random.default_rng(7)
    return {
        "decoder/num_heads": np.array(HEADS, np.int16),
        "decoder/embeddings/weight": normal(rng, TOKENS, WIDTH) * 4,
        "decoder/position_encodings/encodings": normal(rng, POSITIONS, WIDTH),
        **layered(rng, "decoder", LAYERS, WIDTH, LINEARS),
    }


@pytest.fixture(scope="module")
def states() -> np.ndarray:
    return np.random.default_rng(8).standard_normal((3, STATES, WIDTH)).astype(np.float32)


FOLLOWERS = [(0, 1), (1, 0), (1, 3)]
NEVER_WRITTEN = np.arange(TOKENS) % 10 == 9


def reference(weights: Weights, states: np.ndarray, tokens: Sequence[int]) -> np.ndarray:
    """OpenAI's TextDecoder in plain floats: logits after each token, (tokens, vocabulary)."""
    layers = Layers(weights, "decoder", HEADS)
    x = layers.of("embeddings/weight")[list(tokens)] + layers.of("position_encodings/encodings")[: len(tokens)]
    causal = np.triu(np.full((len(tokens), len(tokens)), -np.inf), 1)
    for layer in range(LAYERS):
        x = layers.self_attention(x, f"layer_{layer}/self_attention", causal)
        name = f"layer_{layer}/attention"
        query = layers.linear(layers.norm(x, f"{name}/layer_norm"), f"{name}/linear_0")
        keys, values = np.split(layers.linear(states, f"{name}/linear_1"), 2, axis=-1)
        x = x + layers.linear(layers.attended([query, keys, values]), f"{name}/linear_2")
        x = layers.perceptron(x, f"layer_{layer}/ffn")
    return np.asarray(layers.norm(x, "layer_norm") @ layers.of("embeddings/weight").T)


class Run:
    """Both graphs with somebody to ask them."""

    def __init__(self, weights: Weights, *, bits: int = 7) -> None:
        self.shape = Shape.of(weights)
        self._heard = list(self.shape.heard)
        self._hearing = session(hearing_graph(weights, bits=bits))
        self._reading = session(reading_graph(weights, NEVER_WRITTEN, bits=bits, followers=FOLLOWERS))
        self._names = [output.name for output in self._reading.get_outputs()]

    def hear(self, states: np.ndarray) -> dict[str, np.ndarray]:
        return dict(zip(self._heard, self._hearing.run(self._heard, {"states": states}), strict=True))

    def read(
        self,
        heard: dict[str, np.ndarray],
        tokens: np.ndarray,
        *,
        positions: np.ndarray | None = None,
        read: dict[str, np.ndarray] | None = None,
        sees: np.ndarray | None = None,
        told: int = 0,
    ) -> dict[str, Any]:
        """``sees``: (n, room + n), whether a token sees another; left out, all before and itself."""
        count, n = tokens.shape
        nothing = np.zeros((count, HEADS, 0, WIDTH // HEADS), np.float32)
        read = read or dict.fromkeys(self.shape.read, nothing)
        room = next(iter(read.values())).shape[2]
        sees = np.tri(n, room + n, room, dtype=bool) if sees is None else sees
        feed = {
            "tokens": tokens,
            "next": np.roll(tokens, -1, axis=1),
            "positions": np.tile(np.arange(room, room + n), (count, 1)) if positions is None else positions,
            "mask": np.tile(np.where(sees, 0, FAR).astype(np.float32), (count, 1, 1, 1)),
            "parts": np.array([room, n]),
            "told": np.array(told),
        }
        return dict(zip(self._names, self._reading.run(None, {**feed, **heard, **read}), strict=True))


TEXT = np.array([[3, 7, 1, 0, 12, 33, 5]])


def log_probabilities(answer: dict[str, Any]) -> np.ndarray:
    """Of all tokens that were told, with NaN for the others: (utterances, n, vocabulary)."""
    spread = np.full((*answer["which"].shape[:2], TOKENS), np.nan)
    np.put_along_axis(spread, answer["which"], answer["scores"], axis=2)
    return spread


def expected(weights: Weights, states: np.ndarray, tokens: Sequence[int]) -> np.ndarray:
    logits = reference(weights, states, tokens)
    return np.asarray(log_softmax(np.where(NEVER_WRITTEN, NEVER, logits), axis=-1))


def apart(one: np.ndarray, other: np.ndarray) -> float:
    """Root mean square of the differences where both are known, in nats."""
    return float(np.sqrt(np.nanmean((one - other) ** 2)))


def test_the_shape_is_read_from_the_weights(weights: Weights) -> None:
    assert Shape.of(weights) == Shape(LAYERS, HEADS, WIDTH, POSITIONS)


@pytest.mark.parametrize(
    "bits",
    [7, pytest.param(8, marks=pytest.mark.skipif(not exact_bytes(), reason="sums of two products saturate here"))],
)
def test_it_computes_what_the_layers_say(weights: Weights, states: np.ndarray, bits: int) -> None:
    run = Run(weights, bits=bits)
    answer = run.read(run.hear(states[:1]), TEXT, told=2)
    assert answer["which"].shape == (1, TEXT.size, LIKELIEST)
    logits = reference(weights, states[0], TEXT[0])
    spread = float(np.std(logits))
    assert apart(log_probabilities(answer)[0], expected(weights, states[0], TEXT[0])) < 0.05 * spread
    assert answer["all"][0] == pytest.approx(softmax(logits[2]), abs=0.03)


def test_the_next_token_has_its_likelihood_though_it_is_not_among_the_likeliest(
    weights: Weights, states: np.ndarray
) -> None:
    run = Run(weights)
    answer = run.read(run.hear(states[:1]), TEXT)
    following = np.roll(TEXT[0], -1)
    logits = expected(weights, states[0], TEXT[0])[range(TEXT.size), following]
    assert answer["scores_of_next"].shape == TEXT.shape
    assert answer["scores_of_next"][0] == pytest.approx(logits, abs=0.6)
    assert any(token not in which for token, which in zip(following, answer["which"][0], strict=True))


def test_the_followers_share_their_attention_among_the_states(weights: Weights, states: np.ndarray) -> None:
    run = Run(weights)
    looked = run.read(run.hear(states[:2]), TEXT.repeat(2, axis=0))["looked"]
    assert looked.shape == (2, len(FOLLOWERS), TEXT.size, STATES)
    assert looked.sum(axis=-1) == pytest.approx(1)


def test_the_likeliest_come_in_order_and_none_that_is_never_written(weights: Weights, states: np.ndarray) -> None:
    run = Run(weights)
    answer = run.read(run.hear(states[:1]), TEXT)
    assert (np.diff(answer["scores"], axis=-1) <= 0).all()
    assert not NEVER_WRITTEN[answer["which"]].any()


def test_token_by_token_is_the_same_as_in_one_go(weights: Weights, states: np.ndarray) -> None:
    run = Run(weights)
    heard = run.hear(states[:1])
    whole = run.read(heard, TEXT)
    read: dict[str, np.ndarray] | None = None
    for at in range(TEXT.size):
        step = run.read(heard, TEXT[:, at : at + 1], read=read)
        assert step["scores"][:, 0] == pytest.approx(whole["scores"][:, at], abs=1e-4)
        assert (step["which"][:, 0, 0] == whole["which"][:, at, 0]).all()
        own = {name: step[made] for name, made in zip(run.shape.read, run.shape.own, strict=True)}
        read = own if read is None else {name: np.concatenate([read[name], own[name]], axis=2) for name in own}


def test_two_texts_with_one_beginning_do_not_see_each_other(weights: Weights, states: np.ndarray) -> None:
    """3 7 1 and 3 7 5, read as one tree, and behind it room that was never filled."""
    run = Run(weights)
    heard = run.hear(states[:1])
    begun = run.read(heard, np.array([[3, 7]]))
    rubbish = np.full((1, HEADS, 3, WIDTH // HEADS), 9, np.float32)
    read = {
        name: np.concatenate([begun[own], rubbish], axis=2)
        for name, own in zip(run.shape.read, run.shape.own, strict=True)
    }
    sees = np.array([[1, 1, 0, 0, 0, 1, 0], [1, 1, 0, 0, 0, 0, 1]], bool)
    both = run.read(heard, np.array([[1, 5]]), positions=np.array([[2, 2]]), read=read, sees=sees)
    for at, last in enumerate((1, 5)):
        alone = run.read(heard, np.array([[3, 7, last]]))
        assert both["scores"][0, at] == pytest.approx(alone["scores"][0, 2], abs=1e-4)


def test_utterances_side_by_side_do_not_change_each_other(weights: Weights, states: np.ndarray) -> None:
    run = Run(weights)
    heard = [run.hear(one[None]) for one in states]
    tokens = np.array([[3, 7, 1], [8, 2, 2], [0, 11, 30]])
    together = run.read({name: np.concatenate([it[name] for it in heard]) for name in heard[0]}, tokens)
    for row, (own, text) in enumerate(zip(heard, tokens, strict=True)):
        alone = run.read(own, text[None])
        assert together["scores"][row] == pytest.approx(alone["scores"][0], abs=1e-4)
