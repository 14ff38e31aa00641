"""The cache of encoder states: bounded in bytes, least recently used goes first."""

import numpy as np

from monitor.engines.encoded import Encoded, EncodedCache, key_of


def states(kilobytes: int) -> Encoded:
    return Encoded(np.zeros((kilobytes, 250), np.float32), 10)


def test_what_was_put_is_found() -> None:
    cache, held = EncodedCache(10_000), states(1)
    cache.put(str(1).encode(), held)
    assert cache.get(str(1).encode()) is held
    assert cache.get(str(2).encode()) is None


def test_the_least_recently_used_makes_room() -> None:
    cache = EncodedCache(3_000)
    for revision in (1, 2, 3):
        cache.put(str(revision).encode(), states(1))
    cache.get(str(1).encode())
    cache.put(str(4).encode(), states(1))
    assert [cache.get(str(revision).encode()) is not None for revision in (1, 2, 3, 4)] == [True, False, True, True]


def test_putting_again_replaces() -> None:
    cache = EncodedCache(3_000)
    for _ in range(5):
        cache.put(str(1).encode(), states(1))
    cache.put(str(2).encode(), states(2))
    assert cache.get(str(1).encode()) is not None


def test_the_newest_stays_even_if_it_is_too_large() -> None:
    cache = EncodedCache(1_000)
    cache.put(str(1).encode(), states(5))
    assert cache.get(str(1).encode()) is not None


def test_the_key_is_the_audio() -> None:
    assert key_of(b"ab") == key_of(bytes([97, 98]))
    assert key_of(b"ab") != key_of(b"abc")
