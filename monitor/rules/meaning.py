"""Stub under work."""

from collections.abc import Iterator
from monitor.rules.hit import Found
from monitor.text.reading import Reading


class Meaning:
    def find(self, reading: Reading) -> Iterator[Found]:
        return iter(())
