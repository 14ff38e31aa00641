import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitor.frames import AudioFrame, Side
from monitor.sources.alignment import Alignment

RATE = 16_000
BLOCK = bytes(range(64)) * 10
QUIET = bytes(640)


def spans(frames: list[AudioFrame]) -> list[tuple[int, int]]:
    """Begin and end of joined frames."""
    out: list[tuple[int, int]] = []
    for frame in frames:
        if out and out[-1][1] == frame.from_ms:
            out[-1] = out[-1][0], frame.to_ms
        else:
            out.append((frame.from_ms, frame.to_ms))
    return out


def play(line: Alignment, from_s: float, blocks: int, late_s: float = 0.0) -> list[AudioFrame]:
    """Blocks of 20 ms, each delivered when it is over."""
    out = []
    for index in range(blocks):
        out += line.take(BLOCK, from_s + 0.02 * (index + 1) + late_s)
    return out


def microphone() -> Alignment:
    return Alignment(Side.AGENT, RATE, made_up=False)


def loopback() -> Alignment:
    return Alignment(Side.CUSTOMER, RATE, made_up=True)


def test_steady_delivery_is_taken_as_it_comes():
    """One frame for each block, without a gap."""
    frames = play(microphone(), 0.0, 100)
    assert spans(frames) == [(0, 2000)]
    assert {(frame.side, frame.pcm) for frame in frames} == {(Side.AGENT, BLOCK)}


def test_larger_deliveries_become_frames_of_20_ms():
    """Whatever the device's own block is."""
    frames = microphone().take(BLOCK * 5 + bytes(100), 0.1)
    assert [len(frame.pcm) for frame in frames] == [640] * 5 + [100]


@given(st.lists(st.floats(-0.4, 0.4), max_size=60))
def test_jitter_changes_nothing(jitter):
    """Deliveries up to 0.4 s early or late."""
    line, frames = microphone(), []
    for index, late_s in enumerate(jitter):
        frames += line.take(BLOCK, 0.02 * (index + 1) + late_s)
    assert spans(frames) == ([(0, 20 * len(jitter))] if jitter else [])


def test_a_burst_after_a_pause_of_the_computer_loses_nothing():
    """Half a second of nothing, then everything at once."""
    line = microphone()
    frames = play(line, 0.0, 50)
    for _ in range(20):
        frames += line.take(BLOCK, 1.45)
    assert spans(frames) == [(0, 1400)]


def test_lost_sound_is_a_hole():
    """A second is missing: what follows is where it belongs."""
    line = microphone()
    frames = play(line, 0.0, 50) + play(line, 2.0, 50)
    assert spans(frames) == [(0, 1000), (2000, 3000)]


def test_a_small_loss_counts_when_the_device_reports_it():
    """0.2 s, which would else pass for jitter."""
    line = microphone()
    frames = play(line, 0.0, 50) + line.take(BLOCK, 1.22, lost=True)
    assert spans(frames) == [(0, 1000), (1200, 1220)]
    assert spans(microphone().take(BLOCK, 0.05, lost=True)) == [(0, 20)]


def test_a_fast_clock_is_held_back():
    """A device that sends 5 % too much stays within half a second."""
    line, frames = microphone(), []
    for index in range(1000):
        frames += line.take(BLOCK, 0.02 * (index + 1) / 1.05)
    assert len(spans(frames)) == 1
    assert frames[-1].to_ms <= 20_000 / 1.05 + 520


def test_a_whole_delivery_may_be_too_much():
    """It is dropped; nothing goes back."""
    line = microphone()
    line.take(BLOCK * 100, 2.0)
    assert line.take(BLOCK, 1.0) == []


def test_a_microphone_is_never_made_up():
    """Where nothing came there is nothing."""
    assert microphone().idle(10.0) == []


def test_a_silent_loopback_is_quiet():
    """It sends nothing while nothing plays; its quiet follows the clock at 0.1 s."""
    line = loopback()
    assert line.idle(0.25) == []
    frames = line.idle(0.5)
    assert spans(frames) == [(0, 400)]
    assert {frame.pcm for frame in frames} == {QUIET}
    assert line.idle(0.6) == []
    assert spans(line.idle(0.8)) == [(400, 700)]


def test_sound_after_the_quiet_is_in_its_place():
    """And the hole before it is quiet, however long nobody looked."""
    line = loopback()
    line.idle(1.1)
    frames = play(line, 1.2, 5)
    assert abs(frames[0].from_ms - 1200) <= 200
    later = line.take(BLOCK, 5.0)
    assert spans(frames + later) == [(1000, later[-1].to_ms)]
    assert later[0].pcm == QUIET
    assert later[-1].to_ms == 5000


@pytest.mark.parametrize("rate_hz", [8000, 44_100])
def test_other_rates(rate_hz):
    """Frames are at most 20 ms of any of them."""
    line = Alignment(Side.AGENT, rate_hz, made_up=False)
    frames = line.take(bytes(2 * rate_hz), 1.0)
    assert spans(frames) == [(0, 1000)]
    assert max(frame.to_ms - frame.from_ms for frame in frames) <= 20
