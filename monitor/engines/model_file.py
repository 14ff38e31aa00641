"""CTranslate2's ``model.bin``: its variables, and the same file with a smaller vocabulary.

The format is the library's own (``ctranslate2/specs/model_spec.py``, binary version 6), all little
endian: version u32; spec name; spec revision u32; number of variables u32; each variable: name,
rank u8, dimensions u32 each, type u8, size in bytes u32, data; number of aliases u32; each alias:
name, target. A string is its length u16, counting a closing zero byte, and its bytes.
"""

import struct
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from monitor.errors import WeightsError

_VERSION: Final = 6
_EMBEDDING: Final = "decoder/embeddings/weight"
_TYPES: Final = {0: np.float32, 1: np.int8, 2: np.int16, 3: np.int32, 4: np.float16}
"""CTranslate2's ``DataType``; 5 is bfloat16."""


class _Reader:
    """A cursor over the file's bytes."""

    def __init__(self, data: memoryview) -> None:
        self._data, self.at = data, 0

    def take(self, size: int) -> memoryview:
        if self.at + size > len(self._data):
            raise WeightsError("model.bin ends too early", code="WGT-006")
        self.at += size
        return self._data[self.at - size : self.at]

    def number(self, form: str) -> int:
        value: int = struct.unpack(form, self.take(struct.calcsize(form)))[0]
        return value

    def text(self) -> str:
        return bytes(self.take(self.number("<H"))).rstrip(b"\0").decode(errors="replace")


@dataclass(frozen=True, slots=True)
class _Variable:
    name: str
    shape: tuple[int, ...]
    kind: int
    data: memoryview
    end: int
    """Where its bytes end in the file."""


def _read(view: memoryview) -> Iterator[_Variable]:
    """Every variable in the file's order.

    Raises:
        WeightsError: ``WGT-006``, not a CTranslate2 Whisper model of binary version 6, or it is cut off.
    """
    reader = _Reader(view)
    version, spec = reader.number("<I"), reader.text()
    if version != _VERSION or spec != "WhisperSpec":
        raise WeightsError(f"model.bin is {spec} of version {version}, not WhisperSpec 6", code="WGT-006")
    reader.number("<I")
    for _ in range(reader.number("<I")):
        name = reader.text()
        shape = tuple(reader.number("<I") for _ in range(reader.number("<B")))
        kind = reader.number("<B")
        yield _Variable(name, shape, kind, reader.take(reader.number("<I")), reader.at)


def variables(model: bytes, prefix: str) -> dict[str, NDArray[Any]]:
    """The variables whose names begin with ``prefix``; those of a type that NumPy has not are left out.

    Raises:
        WeightsError: ``WGT-006``, not a CTranslate2 Whisper model of binary version 6.
    """
    return {
        it.name: np.frombuffer(it.data, _TYPES[it.kind]).reshape(it.shape)
        for it in _read(memoryview(model))
        if it.name.startswith(prefix) and it.kind in _TYPES
    }


def with_vocabulary(model: bytes, ids: Sequence[int]) -> bytes:
    """The model whose token ``i`` is the old token ``ids[i]``; all other tokens are gone.

    Whisper uses one matrix for both embedding and output, so one cut makes every step cheaper.

    Raises:
        WeightsError: ``WGT-006``, not a CTranslate2 Whisper model of binary version 6, or one whose
            output matrix is not the embedding.

    """
    view = memoryview(model)
    out: list[bytes | memoryview] = []
    kept_to = 0
    for variable in _read(view):
        if variable.name.startswith("decoder/projection/weight"):
            raise WeightsError("model.bin has an output matrix of its own", code="WGT-006")
        if variable.name != _EMBEDDING:
            continue
        shape, data = variable.shape, variable.data
        if not ids or max(ids) >= shape[0]:
            raise WeightsError(f"model.bin has {shape[0]} tokens, token {max(ids, default=-1)} wanted", code="WGT-006")
        row = len(data) // shape[0]
        rows = b"".join(data[token * row : (token + 1) * row] for token in ids)
        size_at = variable.end - len(data) - 4
        dims_at = size_at - 1 - 4 * len(shape)
        out += [
            view[kept_to:dims_at],
            struct.pack(f"<{len(shape)}I", len(ids), *shape[1:]),
            view[size_at - 1 : size_at],
            struct.pack("<I", len(rows)),
            rows,
        ]
        kept_to = variable.end
    if not out:
        raise WeightsError(f"model.bin has no {_EMBEDDING}", code="WGT-006")
    out.append(view[kept_to:])
    return b"".join(out)
