"""What was last heard of each utterance: the next time more of it is heard, most of the text is the same."""

from collections import OrderedDict
from collections.abc import Sequence
from threading import Lock
from typing import Final

from monitor.events import DecodeWanted

_MOST: Final = 256
"""Utterances that are remembered: more than speak at once."""


class Drafts:
    """Safe to use from several threads."""

    def __init__(self) -> None:
        self._held: OrderedDict[tuple[str, str], list[int]] = OrderedDict()
        self._lock = Lock()

    def of(self, wanted: DecodeWanted) -> Sequence[int]:
        """Tokens that are likely to be right for it."""
        with self._lock:
            return self._held.get((wanted.call_id, wanted.utterance_id), ())

    def keep(self, wanted: DecodeWanted, rows: list[int]) -> None:
        """Remember what was heard; the oldest make room."""
        key = (wanted.call_id, wanted.utterance_id)
        with self._lock:
            self._held[key] = rows
            self._held.move_to_end(key)
            if len(self._held) > _MOST:
                self._held.popitem(last=False)
