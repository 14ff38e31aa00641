"""The encoder's answers of the last utterances, so that nothing is encoded twice."""

import hashlib
from collections import OrderedDict
from dataclasses import dataclass, field
from threading import Lock

import numpy as np
from numpy.typing import NDArray

Key = bytes
"""What :func:`key_of` gives."""


def key_of(pcm: bytes) -> Key:
    """The audio itself names its states: names of calls and utterances may come again."""
    return hashlib.blake2b(pcm, digest_size=16).digest()


@dataclass(slots=True)
class Encoded:
    """One utterance as the encoder saw it, and what was made of it."""

    states: NDArray[np.float32]
    """Shape ``(window_ms / state_ms, d_model)``, on the CPU."""
    heard: int
    """States that hold audio; the rest is padding."""
    rows: list[int] = field(default_factory=list)
    """The tokens that were decoded from it."""
    probabilities: list[float] = field(default_factory=list)
    """Of each of ``rows``; empty where word times were not asked for."""


class EncodedCache:
    """Least recently used, bounded in bytes; safe to use from several threads."""

    def __init__(self, limit_bytes: int) -> None:
        self._limit, self._size = limit_bytes, 0
        self._held: OrderedDict[Key, Encoded] = OrderedDict()
        self._lock = Lock()

    def get(self, key: Key) -> Encoded | None:
        """The states held for ``key``, which become the most recent."""
        with self._lock:
            if key in self._held:
                self._held.move_to_end(key)
            return self._held.get(key)

    def put(self, key: Key, encoded: Encoded) -> None:
        """Hold ``encoded``; the oldest make room."""
        with self._lock:
            self._drop(key)
            self._held[key] = encoded
            self._size += encoded.states.nbytes
            while self._size > self._limit and len(self._held) > 1:
                self._drop(next(iter(self._held)))

    def _drop(self, key: Key) -> None:
        if (old := self._held.pop(key, None)) is not None:
            self._size -= old.states.nbytes
