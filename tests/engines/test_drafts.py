"""What was last heard of each utterance."""

import pytest
from spoken import wanted

from monitor.engines import drafts
from monitor.engines.drafts import Drafts


def test_what_was_last_heard_of_an_utterance_is_its_draft() -> None:
    held = Drafts()
    first, other = wanted(b"", utterance="1"), wanted(b"", utterance="2")
    assert list(held.of(first)) == []
    held.keep(first, [1, 2])
    held.keep(other, [5])
    held.keep(first, [1, 3, 4])
    assert held.of(first) == [1, 3, 4]
    assert held.of(other) == [5]


def test_the_oldest_make_room(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(drafts, "_MOST", 2)
    held = Drafts()
    for name in ("1", "2", "1", "3"):
        held.keep(wanted(b"", utterance=name), [int(name)])
    assert [list(held.of(wanted(b"", utterance=name))) for name in ("1", "2", "3")] == [[1], [], [3]]
