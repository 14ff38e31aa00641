"""Audio on its way to a live call's session: gathered, in order, nothing lost."""

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitor.frames import AudioFrame, AudioLoss, Hangup, Side
from monitor.intake import GATHER_MS, SLICE_MS, Intake
from monitor.timeline import Ms

RATE_HZ = 8_000
SIDES = (Side.AGENT, Side.CUSTOMER)


def frames(count: int, first: int = 0, size: int = 160) -> list[AudioFrame]:
    """``count`` frames of each side, the sides in turn; the samples say where they lie."""
    return [
        AudioFrame(side=side, start=at, pcm=at.to_bytes(4, "little") * (size // 2), rate_hz=RATE_HZ)
        for at in range(first, first + count * size, size)
        for side in SIDES
    ]


def drain(intake: Intake) -> list[AudioFrame | AudioLoss | Hangup]:
    taken = []
    while intake:
        taken.append(intake.take())
    return taken


def joined(taken: list[AudioFrame | AudioLoss | Hangup], side: Side) -> bytes:
    return b"".join(item.pcm for item in taken if isinstance(item, AudioFrame) and item.side is side)


def test_waits_until_there_is_enough_of_every_side() -> None:
    intake = Intake()
    for number in range(GATHER_MS // 20 - 1):
        intake.put(frames(1, number * 160))
        assert not intake
    intake.put(frames(1, (GATHER_MS // 20 - 1) * 160))
    first, second = drain(intake)
    assert {first.side, second.side} == set(SIDES)
    assert (first.from_ms, first.to_ms) == (0, GATHER_MS)


def test_what_has_been_gathered_is_not_lost() -> None:
    """A line that goes quiet, a hole, the end: all of them let it out, in order."""
    intake = Intake()
    intake.put(frames(1))
    intake.release()
    assert len(drain(intake)) == 2
    intake.put(frames(1, 160))
    intake.put_last(Hangup())
    assert [type(item) for item in drain(intake)] == [AudioFrame, AudioFrame, Hangup]
    loss = AudioLoss(side=Side.AGENT, from_ms=Ms(40), to_ms=Ms(80), reason="lost")
    intake.put([*frames(1, 320), loss, *frames(1, 640)])
    assert [type(item) for item in drain(intake)] == [AudioFrame, AudioFrame, AudioLoss, AudioFrame, AudioFrame]


def test_a_backlog_comes_in_slices_with_the_sides_in_step() -> None:
    intake = Intake()
    intake.put(frames(50))
    taken = drain(intake)
    assert max(item.to_ms - item.from_ms for item in taken) == SLICE_MS
    assert all(one.from_ms <= two.from_ms for one, two in itertools.pairwise(taken))


def test_nothing_to_take() -> None:
    with pytest.raises(IndexError):
        Intake().take()


@given(st.lists(st.integers(1, 9), max_size=20), st.sampled_from([2, 74, 160, 1000]))
def test_every_sample_comes_out_once_and_in_order(messages: list[int], size: int) -> None:
    intake, at = Intake(), 0
    taken: list[AudioFrame | AudioLoss | Hangup] = []
    for count in messages:
        intake.put(frames(count, at, size))
        at += count * size
        taken += drain(intake)
    intake.release()
    taken += drain(intake)
    sent = frames(sum(messages), 0, size)
    for side in SIDES:
        assert joined(taken, side) == joined(sent, side)
    assert intake.waiting_ms == 0
