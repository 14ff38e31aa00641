"""Arrays and sessions for the two libraries that compute."""

import numpy as np

from monitor.engines.libraries import session, view
from monitor.engines.nodes import Nodes


def test_a_view_has_the_values_of_the_array_whatever_its_order() -> None:
    values = np.arange(6, dtype=np.float64).reshape(2, 3).T
    seen = np.array(view(values))
    assert seen.dtype == np.float32
    assert (seen == values).all()


def test_a_session_runs_a_graph() -> None:
    nodes = Nodes({}, "", bits=8)
    nodes.call("twice", nodes.add("x", "x"))
    graph = nodes.serialised("doubling", {"x": (float, 1)}, {"twice": float})
    (twice,) = session(graph).run(None, {"x": np.array([1, 2], np.float32)})
    assert twice.tolist() == [2, 4]
