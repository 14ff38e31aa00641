"""Writing down a graph, node by node, and running it."""

import numpy as np
import pytest

from monitor.engines.libraries import session
from monitor.engines.nodes import MIDDLE, Nodes

RNG = np.random.default_rng(3)
X = RNG.normal(size=(2, 5, 16)).astype(np.float32)
X[0, 0] *= 50  # a row that is much louder than the others


def computed(nodes: Nodes, out: str) -> np.ndarray:
    nodes.call("out", out)
    graph = nodes.serialised("test", {"x": (float, 3)}, {"out": float})
    (values,) = session(graph).run(None, {"x": X})
    return np.asarray(values)


def close(one: np.ndarray, other: np.ndarray) -> bool:
    return bool(np.linalg.norm(one - other) < 0.03 * np.linalg.norm(other))


@pytest.mark.parametrize("by_row", [False, True])
def test_a_product_is_nearly_that_of_floats(by_row: bool) -> None:
    matrix, bias = RNG.normal(size=(16, 24)).astype(np.float32), RNG.normal(size=24).astype(np.float32)
    nodes = Nodes({}, "", bits=7, by_row=by_row)
    assert close(computed(nodes, nodes.product("x", matrix, bias)), X @ matrix + bias)


def test_row_by_row_a_loud_row_does_not_drown_the_others() -> None:
    matrix = RNG.normal(size=(16, 24)).astype(np.float32)
    quiet = []
    for by_row in (False, True):
        nodes = Nodes({}, "", bits=7, by_row=by_row)
        made = computed(nodes, nodes.product("x", matrix, np.zeros(24, np.float32)))
        quiet.append(close(made[0, 1:], (X @ matrix)[0, 1:]))
    assert quiet == [False, True]


@pytest.mark.parametrize("axis", [-1, 1])
def test_steps_times_their_size_are_the_values(axis: int) -> None:
    nodes = Nodes({}, "", bits=7)
    steps, step = nodes.steps("x", 127, MIDDLE, axis=axis)
    whole = nodes.node("DequantizeLinear", [steps, nodes.constant(np.float32(1)), nodes.constant(MIDDLE)])
    made = computed(nodes, nodes.node("Mul", [whole, step]))
    assert np.abs(made - X).max() <= np.abs(X).max() / 127


@pytest.mark.parametrize("scaled", [False, True])
def test_weights_are_floats_however_the_file_keeps_them(scaled: bool) -> None:
    """A model converted as int8 has a scale for each output, by which the values were multiplied."""
    kept = {"part/weight": np.array([[2, 4], [6, 8]], np.int8 if scaled else np.float16)}
    if scaled:
        kept["part/weight_scale"] = np.array([2, 4], np.float32)
    expected = [[1, 2], [1.5, 2]] if scaled else [[2, 4], [6, 8]]
    assert Nodes(kept, "part/", bits=8).floats("weight").tolist() == expected


def test_a_weight_that_is_not_there_is_named() -> None:
    with pytest.raises(KeyError, match="part/bias"):
        Nodes({}, "part/", bits=8).floats("bias")
