import threading

import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitor.audit.lanes import Lanes
from monitor.errors import EngineError
from monitor.events import DecodeWanted, VerifyWanted
from monitor.frames import Pass, Side, Verdict


class Counting:
    """Says of everything what it was asked, and notes with what it was asked together."""

    name = "counting"

    def __init__(self, lanes=2, meet=0):
        self.lanes = lanes
        self.batches = []
        self.threads = set()
        self._together = threading.Barrier(meet) if meet else None

    def shape(self, wanted):
        return len(wanted.pcm)

    def decode(self, batch):
        self._note(batch)
        return [
            wanted.answer(
                text=wanted.utterance_id,
            )
            for wanted in batch
        ]

    def verify(self, batch):
        self._note(batch)
        return [Verdict(request_id=wanted.request_id, llr=float(len(wanted.pcm))) for wanted in batch]

    def _note(self, batch):
        self.threads.add(threading.get_ident())
        self.batches.append(batch)
        if self._together is not None:
            self._together.wait(timeout=10)


def decode(number, length):
    return DecodeWanted(
        call_id="c",
        utterance_id=f"u{number}",
        revision=1,
        decode=Pass.FINAL,
        side=Side.AGENT,
        from_ms=0,
        to_ms=length,
        pcm=bytes(2 * length),
    )


def verify(number, length):
    return VerifyWanted(
        call_id="c",
        request_id=f"r{number}",
        utterance_id="u",
        revision=1,
        pcm=bytes(length),
        text="好",
        start=0,
        end=1,
        candidate="不",
    )


@given(lengths=st.lists(st.sampled_from([1, 2, 3]), max_size=40), most=st.integers(1, 9))
def test_answers_come_in_the_order_of_the_questions(lengths, most):
    engine = Counting()
    with Lanes(engine, most) as lanes:
        heard = lanes.decode([decode(number, length) for number, length in enumerate(lengths)])
    assert [it.text for it in heard] == [f"u{number}" for number in range(len(lengths))]
    assert all(len({engine.shape(wanted) for wanted in batch}) == 1 for batch in engine.batches)
    assert all(len(batch) <= most for batch in engine.batches)


def test_batches_of_one_shape_are_as_few_and_as_even_as_can_be():
    engine = Counting()
    with Lanes(engine, 8) as lanes:
        lanes.decode([decode(number, 1) for number in range(9)])
    assert sorted(len(batch) for batch in engine.batches) == [4, 5]


def test_the_costliest_batch_is_begun_first():
    engine = Counting(lanes=1)
    with Lanes(engine, 8) as lanes:
        lanes.decode([decode(0, 1), decode(1, 3), decode(2, 2)])
    assert [batch[0].to_ms for batch in engine.batches] == [3, 2, 1]


def test_all_lanes_work_at_once_and_no_more():
    engine = Counting(lanes=2, meet=2)  # every batch waits until another is in work
    with Lanes(engine, 1) as lanes:
        lanes.decode([decode(number, 1) for number in range(6)])
    assert len(engine.threads) == 2


def test_recordings_share_the_lanes():
    engine = Counting(lanes=1)
    heard = {}
    with Lanes(engine, 4) as lanes:
        callers = [
            threading.Thread(target=lambda number=number: heard.update({number: lanes.decode([decode(number, 1)])}))
            for number in range(5)
        ]
        for caller in callers:
            caller.start()
        for caller in callers:
            caller.join()
    assert {number: hypotheses[0].text for number, hypotheses in heard.items()} == {n: f"u{n}" for n in range(5)}
    assert len(engine.threads) == 1


def test_verdicts_are_spread_too():
    with Lanes(Counting(), 2) as lanes:
        verdicts = lanes.verify([verify(number, 10 + number) for number in range(5)])
    assert [it.request_id for it in verdicts] == [f"r{number}" for number in range(5)]
    assert [it.llr for it in verdicts] == [10.0, 11.0, 12.0, 13.0, 14.0]


def test_a_failing_lane_is_the_callers_to_know():
    class Broken(Counting):
        def decode(self, batch):
            raise EngineError("out of memory", retryable=True)

    with Lanes(Broken()) as lanes, pytest.raises(EngineError):
        lanes.decode([decode(0, 1), decode(1, 2)])
