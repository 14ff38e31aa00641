"""Audio on its way to a live call's session: gathered, in order, nothing lost."""

import itertools

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitor.audio.g711 import decode_mulaw, encode_mulaw
from monitor.frames import AudioFrame, AudioLoss, Hangup, Side
from monitor.intake import GATHER_MS, QUIET_GATHER_MS, SLICE_MS, Intake, Packet
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


def plain(count: int, first: int = 0, size: int = 160) -> list[Packet]:
    """The same frames, each a packet."""
    return [Packet.of(frame) for frame in frames(count, first, size)]


def packets(count: int, first: int = 0, size: int = 160) -> list[Packet]:
    """The same as mu-law packets of both sides."""
    pcm = [frame.pcm for frame in frames(count, first, size)]
    made = []
    for number in range(count):
        agent, customer = (np.frombuffer(pcm[2 * number + side], "<i2") for side in range(2))
        data = encode_mulaw(np.stack([agent, customer], axis=1).tobytes())
        made.append(Packet(SIDES, first + number * size, RATE_HZ, data, len(SIDES), decode_mulaw))
    return made


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
        intake.put(plain(1, number * 160))
        assert not intake
    intake.put(plain(1, (GATHER_MS // 20 - 1) * 160))
    first, second = drain(intake)
    assert {first.side, second.side} == set(SIDES)
    assert (first.from_ms, first.to_ms) == (0, GATHER_MS)


def test_more_is_gathered_while_nobody_speaks() -> None:
    intake = Intake()
    for number in range(QUIET_GATHER_MS // 20 - 1):
        intake.put(plain(1, number * 160), QUIET_GATHER_MS)
        assert not intake
    intake.put(plain(1, (QUIET_GATHER_MS // 20 - 1) * 160))
    assert [item.to_ms for item in drain(intake)] == [QUIET_GATHER_MS] * 2


def test_packets_are_decoded_together_and_apart_where_they_do_not_follow() -> None:
    """Media time, sides and sound are those that were sent; another line's samples are nobody else's."""
    intake = Intake()
    other = Packet((Side.CUSTOMER,), 800, RATE_HZ, bytes(2 * 80), 2, bytes)
    loss = AudioLoss(side=Side.AGENT, from_ms=Ms(80), to_ms=Ms(100), reason="lost")
    intake.put([*packets(2), *packets(1, 480), loss, other])
    taken = drain(intake)
    at = [(it.side, it.from_ms, it.to_ms) for it in taken if isinstance(it, AudioFrame)]
    assert at == [
        *((side, begin, end) for begin, end in ((0, 40), (60, 80)) for side in SIDES),
        (Side.CUSTOMER, 100, 110),
    ]
    assert taken[4] == loss
    for side in SIDES:
        heard = joined(taken[:4], side)
        assert heard == decode_mulaw(encode_mulaw(joined([*frames(2), *frames(1, 480)], side)))


def test_what_has_been_gathered_is_not_lost() -> None:
    """A line that goes quiet, a hole, the end: all of them let it out, in order."""
    intake = Intake()
    intake.put(plain(1))
    intake.release()
    assert len(drain(intake)) == 2
    intake.put(plain(1, 160))
    intake.put_last(Hangup())
    assert [type(item) for item in drain(intake)] == [AudioFrame, AudioFrame, Hangup]
    loss = AudioLoss(side=Side.AGENT, from_ms=Ms(40), to_ms=Ms(80), reason="lost")
    intake.put([*plain(1, 320), loss, *plain(1, 640)])
    assert [type(item) for item in drain(intake)] == [AudioFrame, AudioFrame, AudioLoss, AudioFrame, AudioFrame]


def test_a_backlog_comes_in_slices_with_the_sides_in_step() -> None:
    intake = Intake()
    intake.put(plain(50))
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
        intake.put(plain(count, at, size))
        at += count * size
        taken += drain(intake)
    intake.release()
    taken += drain(intake)
    sent = frames(sum(messages), 0, size)
    for side in SIDES:
        assert joined(taken, side) == joined(sent, side)
    assert intake.waiting_ms == 0
