"""The cache of encoder states: bounded in bytes, least recently used goes first."""

import numpy as np

from monitor.engines.encoded import Encoded, EncodedCache


def states(kilobytes: int) -> Encoded:
    return Encoded(np.zeros((kilobytes, 250), np.float32), 10)


def test_what_was_put_is_found() -> None:
    cache, held = EncodedCache(10_000), states(1)
    cache.put(("c", "u", 1), held)
    assert cache.get(("c", "u", 1)) is held
    assert cache.get(("c", "u", 2)) is None


def test_the_least_recently_used_makes_room() -> None:
    cache = EncodedCache(3_000)
    for revision in (1, 2, 3):
        cache.put(("c", "u", revision), states(1))
    cache.get(("c", "u", 1))
    cache.put(("c", "u", 4), states(1))
    assert [cache.get(("c", "u", revision)) is not None for revision in (1, 2, 3, 4)] == [True, False, True, True]


def test_putting_again_replaces() -> None:
    cache = EncodedCache(3_000)
    for _ in range(5):
        cache.put(("c", "u", 1), states(1))
    cache.put(("c", "u", 2), states(2))
    assert cache.get(("c", "u", 1)) is not None


def test_the_newest_stays_even_if_it_is_too_large() -> None:
    cache = EncodedCache(1_000)
    cache.put(("c", "u", 1), states(5))
    assert cache.get(("c", "u", 1)) is not None
