"""The queue: urgency first, one partial an utterance, no eager decode that was overtaken, nothing else given up."""

import random

from hypothesis import given
from hypothesis import strategies as st

from monitor.engines.queue import Waiting, WorkQueue
from monitor.events import DecodeWanted, VerifyWanted
from monitor.frames import Pass, Side
from monitor.timeline import Ms


def decode(kind: Pass, utterance: str = "u", revision: int = 1, length: int = 1) -> Waiting[int]:
    wanted = DecodeWanted(
        call_id="c",
        utterance_id=utterance,
        revision=revision,
        decode=kind,
        side=Side.AGENT,
        from_ms=Ms(0),
        to_ms=Ms(1),
        pcm=b"\0" * length,
    )
    return Waiting(wanted, revision)


def verify(utterance: str = "u") -> Waiting[int]:
    return Waiting(
        VerifyWanted(
            call_id="c",
            request_id="r",
            utterance_id=utterance,
            revision=1,
            pcm=b"",
            text="",
            start=0,
            end=0,
            candidate="",
        ),
        0,
    )


def length(wanted: DecodeWanted) -> int:
    return len(wanted.pcm)


def test_verifications_then_finals_then_eager_then_partials() -> None:
    queue: WorkQueue[int] = WorkQueue()
    partial, eager, final, check = decode(Pass.PARTIAL, "a"), decode(Pass.EAGER, "b"), decode(Pass.FINAL, "c"), verify()
    for item in (partial, eager, final, check):
        assert queue.put(item) == []
    assert queue.depth() == {"verify": 1, "final": 1, "eager": 1, "partial": 1}
    assert [queue.take(length, 1, partials=True) for _ in range(5)] == [[check], [final], [eager], [partial], []]


def test_the_oldest_of_a_rank_comes_first() -> None:
    queue: WorkQueue[int] = WorkQueue()
    items = [decode(Pass.FINAL, name) for name in "abc"]
    for item in items:
        queue.put(item)
    assert queue.take(length, 8, partials=True) == items


def test_a_batch_has_one_shape_and_no_more_than_asked() -> None:
    queue: WorkQueue[int] = WorkQueue()
    short = [decode(Pass.FINAL, f"s{i}", length=1) for i in range(3)]
    long = [decode(Pass.FINAL, f"l{i}", length=2) for i in range(2)]
    for item in (short[0], long[0], short[1], long[1], short[2]):
        queue.put(item)
    assert queue.take(length, 2, partials=True) == short[:2]
    assert queue.take(length, 2, partials=True) == long
    assert queue.take(length, 2, partials=True) == short[2:]


def test_an_urgent_batch_is_filled_with_less_urgent_requests_of_its_shape() -> None:
    queue: WorkQueue[int] = WorkQueue()
    eager, final = decode(Pass.EAGER, "a"), decode(Pass.FINAL, "b")
    queue.put(eager)
    queue.put(final)
    assert queue.take(length, 8, partials=False) == [final, eager]


def test_partials_can_be_left_waiting() -> None:
    queue: WorkQueue[int] = WorkQueue()
    queue.put(decode(Pass.PARTIAL))
    assert queue.take(length, 8, partials=False) == []
    assert len(queue) == 1


def test_a_newer_partial_replaces_the_older_of_its_utterance_alone() -> None:
    queue: WorkQueue[int] = WorkQueue()
    old, other, new = decode(Pass.PARTIAL), decode(Pass.PARTIAL, "v"), decode(Pass.PARTIAL, revision=2)
    queue.put(old)
    queue.put(other)
    assert queue.put(new) == [old]
    assert queue.take(length, 8, partials=True) == [other, new]


def test_eager_and_final_make_a_partial_stale_but_a_verification_does_not() -> None:
    for kind in (Pass.EAGER, Pass.FINAL):
        queue: WorkQueue[int] = WorkQueue()
        partial = decode(Pass.PARTIAL)
        queue.put(partial)
        assert queue.put(verify()) == []
        assert queue.put(decode(kind, revision=2)) == [partial]


def test_an_eager_decode_is_stale_once_its_speaker_goes_on() -> None:
    """Whatever is asked next; of its own utterance alone."""
    for kind in Pass:
        queue: WorkQueue[int] = WorkQueue()
        eager, other = decode(Pass.EAGER), decode(Pass.EAGER, "another")
        queue.put(eager)
        queue.put(other)
        assert queue.put(verify()) == []
        assert queue.put(decode(kind, revision=2)) == [eager]
        assert queue.depth()["eager"] == 1 + (kind is Pass.EAGER)


def test_an_eager_decode_may_be_overtaken_by_what_is_not_queued() -> None:
    queue: WorkQueue[int] = WorkQueue()
    eager, partial = decode(Pass.EAGER), decode(Pass.PARTIAL, "another")
    queue.put(eager)
    queue.put(partial)
    assert queue.overtaken(decode(Pass.PARTIAL, revision=2).wanted) == [eager]
    assert queue.overtaken(decode(Pass.PARTIAL, "another", revision=2).wanted) == []


@given(st.lists(st.tuples(st.sampled_from(Pass), st.sampled_from("uvw")), max_size=30), st.integers(0, 99))
def test_no_final_and_no_newest_eager_is_ever_lost(asks: list[tuple[Pass, str]], seed: int) -> None:
    queue: WorkQueue[int] = WorkQueue()
    served, stale = [], []
    chance = random.Random(seed)
    for revision, (kind, utterance) in enumerate(asks):
        stale += queue.put(decode(kind, utterance, revision, length=1 + revision % 2))
        if chance.random() < 0.3:
            served += queue.take(length, 2, partials=chance.random() < 0.5)
    while batch := queue.take(length, 3, partials=True):
        served += batch
    assert sorted(item.owner for item in served + stale) == list(range(len(asks)))
    newest = {utterance: revision for revision, (_, utterance) in enumerate(asks)}
    for item in stale:
        assert isinstance(item.wanted, DecodeWanted)
        assert item.wanted.decode is not Pass.FINAL
        assert item.owner < newest[item.wanted.utterance_id]


def test_clear_empties() -> None:
    queue: WorkQueue[int] = WorkQueue()
    items = [verify(), decode(Pass.FINAL), decode(Pass.PARTIAL, "v")]
    for item in items:
        queue.put(item)
    assert queue.clear() == items
    assert len(queue) == 0


def test_oldest_looks_at_every_rank() -> None:
    queue: WorkQueue[int] = WorkQueue()
    assert queue.oldest(lambda owner: owner) is None
    queue.put(decode(Pass.FINAL, revision=7))
    queue.put(decode(Pass.PARTIAL, "v", revision=3))
    assert queue.oldest(lambda owner: owner) == 3
