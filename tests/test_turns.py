"""Lines as switches bring them, on a clock of our own: how often they are read, and how late."""

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
import pytest

from monitor.turns import Turns

WANTED_MS = 60
READING_S = 0.0003
"""What it takes to read one packet."""
LATEST_S = (WANTED_MS + 20) / 1000
"""A packet waits for a turn, and for the packet that the turn was still without."""


@dataclass(frozen=True)
class Read:
    """One packet."""

    came_s: float
    read_s: float
    told_s: float
    """When it came, as the reader thinks."""

    @property
    def waited_s(self) -> float:
        return self.read_s - self.came_s


def listen(packets: Iterable[tuple[float, int]], wanted_ms: int = WANTED_MS) -> tuple[list[Read], int]:
    """Read packets, (when it comes, media time at its end), as a live call does; and how often the reader woke."""
    now_s, heard_ms, before_ms, gathered_ms, woke = 0.0, 0, 0, 0, 0
    turns, reads = Turns(now_s), []
    for came_s, to_ms in packets:
        if came_s > now_s:
            now_s, woke = came_s, woke + 1
        reads.append(Read(came_s, now_s, turns.read(to_ms, now_s)))
        heard_ms = max(heard_ms, to_ms)
        gathered_ms, before_ms = gathered_ms + max(20, to_ms - before_ms), to_ms
        now_s += READING_S
        if gathered_ms >= wanted_ms:
            gathered_ms = 0
            rest_s = turns.rest_s(heard_ms, wanted_ms, now_s)
            now_s, woke = now_s + rest_s, woke + (rest_s > 0)
        turns.wait(now_s)
    return reads, woke


def spoken(seconds: float, *, packet_ms: int = 20, rate: float = 1.0, jitter_s: float = 0.0) -> list[tuple[float, int]]:
    """A line in real time, its clock ``rate`` times as fast as ours."""
    late = np.abs(np.random.default_rng(1).normal(0, jitter_s, int(seconds * 1000 / packet_ms)))
    ends = [(number + 1) * packet_ms for number in range(len(late))]
    came = np.maximum.accumulate([1.0 + end / 1000 / rate + extra for end, extra in zip(ends, late, strict=True)])
    return list(zip(came.tolist(), ends, strict=True))


@pytest.mark.parametrize("rate", [0.9995, 1.0, 1.0005])
@pytest.mark.parametrize("jitter_s", [0.0, 0.002])
def test_a_line_that_is_spoken_is_read_in_turns(rate: float, jitter_s: float) -> None:
    """Once a turn instead of three times, for as long as the call lasts, whatever its clock; and nothing is late."""
    packets = spoken(600, rate=rate, jitter_s=jitter_s)
    reads, woke = listen(packets)
    assert woke < 0.6 * len(packets)
    assert max(read.waited_s for read in reads) < LATEST_S
    assert max(abs(read.told_s - read.came_s) for read in reads) < 0.025


def test_more_is_left_to_lie_while_nobody_speaks() -> None:
    packets = spoken(60)
    reads, woke = listen(packets, wanted_ms=200)
    assert woke < 0.25 * len(packets)
    assert max(read.waited_s for read in reads) < 0.220


def test_long_packets_are_read_as_they_come() -> None:
    """A tenth of a second is a turn of its own: nothing of it is left to lie."""
    reads, _ = listen(spoken(60, packet_ms=100))
    assert max(read.waited_s for read in reads) < 0.005


def test_what_was_held_up_is_read_without_a_rest() -> None:
    """Five seconds that come at once: read as fast as they can be, and the line in turns again afterwards."""
    packets = [(6.0 if 1.0 < came_s <= 6.0 else came_s, to_ms) for came_s, to_ms in spoken(20)]
    reads, woke = listen(packets)
    assert max(read.read_s for read in reads if read.came_s <= 6.0) < 6.1 + 250 * READING_S
    assert max(read.waited_s for read in reads if read.came_s > 6.2) < LATEST_S
    assert woke < 0.6 * len(packets)


def test_a_line_that_pauses_is_read_in_turns_again() -> None:
    """Three seconds without a packet and without media time: what follows is late for good, and not held up."""
    packets = [(came_s + 3.0 * (came_s > 6.0), to_ms) for came_s, to_ms in spoken(60)]
    reads, woke = listen(packets)
    assert woke < 0.6 * len(packets)
    assert max(read.waited_s for read in reads) < LATEST_S


@pytest.mark.parametrize("every_s", [0.0, 0.001, 0.005])
def test_a_recording_is_read_as_fast_as_it_is_sent(every_s: float) -> None:
    reads, _ = listen((number * every_s, (number + 1) * 20) for number in range(3_000))
    assert reads[-1].read_s <= 3_000 * max(every_s, READING_S) + 0.001


def test_what_is_sent_again_is_not_waited_for() -> None:
    """The sender repeats ten seconds, all at once: the line is not late for them."""
    first = spoken(10)
    again = [(11.0, to_ms) for _, to_ms in first]
    reads, woke = listen([*first, *again, *((came_s + 10.0, to_ms + 10_000) for came_s, to_ms in first)])
    assert reads[999].read_s < 11.1 + 501 * READING_S
    assert max(read.waited_s for read in reads[1_020:]) < LATEST_S
    assert woke < 0.6 * 1_000
