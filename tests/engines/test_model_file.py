"""Cutting the vocabulary out of a CTranslate2 model file."""

import struct

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitor.engines.model_file import variables, with_vocabulary
from monitor.errors import WeightsError

Variable = tuple[str, np.ndarray]


def text(value: str) -> bytes:
    return struct.pack("<H", len(value) + 1) + value.encode() + b"\0"


def model(variables: list[Variable], *, version: int = 6, spec: str = "WhisperSpec") -> bytes:
    out = struct.pack("<I", version) + text(spec) + struct.pack("<II", 3, len(variables))
    for name, values in variables:
        out += text(name) + struct.pack(f"<B{values.ndim}I", values.ndim, *values.shape)
        out += struct.pack("<BI", {np.dtype(np.int8): 1}.get(values.dtype, 4), values.nbytes) + values.tobytes()
    return out + struct.pack("<I", 1) + text("decoder/projection/weight") + text("decoder/embeddings/weight")


def toy(tokens: int = 10) -> list[Variable]:
    return [
        ("decoder/activation", np.array(1, np.int8)),
        ("decoder/embeddings/weight", np.arange(tokens * 3, dtype=np.float16).reshape(tokens, 3)),
        ("encoder/conv1/weight", np.ones((2, 2, 3), np.float16)),
    ]


@given(st.lists(st.integers(0, 9), min_size=1, unique=True).map(sorted))
def test_the_cut_model_is_the_model_written_with_those_rows(ids: list[int]) -> None:
    cut = [(name, values[ids] if "embeddings" in name else values) for name, values in toy()]
    assert with_vocabulary(model(toy()), ids) == model(cut)


def test_all_rows_is_the_model_itself() -> None:
    assert with_vocabulary(model(toy()), range(10)) == model(toy())


def test_variables_are_read_by_the_beginning_of_their_name() -> None:
    (name, values), *others = variables(model(toy()), "encoder/").items()
    assert (name, others) == ("encoder/conv1/weight", [])
    np.testing.assert_array_equal(values, np.ones((2, 2, 3), np.float16))
    assert list(variables(model(toy()), "")) == [name for name, _ in toy()]


@pytest.mark.parametrize(
    ("broken", "why"),
    [
        (model(toy(), version=5), "version 5"),
        (model(toy(), spec="TransformerSpec"), "TransformerSpec"),
        (model(toy())[:80], "too early"),
        (b"", "too early"),
        (model(toy()[:1]), "no decoder/embeddings/weight"),
        (model([*toy(), ("decoder/projection/weight", np.ones((10, 3), np.float16))]), "output matrix"),
        (model(toy(5)), "token 7 wanted"),
    ],
)
def test_another_file_is_refused(broken: bytes, why: str) -> None:
    with pytest.raises(WeightsError, match=f"WGT-006.*{why}"):
        with_vocabulary(broken, [0, 7])
