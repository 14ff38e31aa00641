from hypothesis import given
from hypothesis import strategies as st

from monitor.frames import Side
from monitor.rules.cues import Clock, Levels, Spoke, VoiceOff, VoiceOn
from monitor.rules.settled import Settled, when
from monitor.text.reading import read
from monitor.timeline import Ms

A, C = Side.AGENT, Side.CUSTOMER


def spoke(from_ms: int, to_ms: int) -> Spoke:
    return Spoke(A, Ms(from_ms), Ms(to_ms), f"agent-{from_ms}", read("好的"))


def test_cues_wait_for_the_watermark_and_come_in_order():
    settled = Settled()
    settled.hold(VoiceOff(A, Ms(900)))
    settled.hold(spoke(100, 900))
    settled.hold(VoiceOn(A, Ms(100)))
    assert list(settled.advance(Ms(50))) == [Clock(Ms(50))]
    assert list(settled.advance(Ms(500))) == [VoiceOn(A, Ms(100)), Clock(Ms(500))]
    assert list(settled.advance(Ms(900))) == [spoke(100, 900), VoiceOff(A, Ms(900)), Clock(Ms(900))]


def test_an_end_comes_before_a_start_of_the_same_instant():
    settled = Settled()
    settled.hold(VoiceOn(C, Ms(900)))
    settled.hold(VoiceOff(A, Ms(900)))
    assert list(settled.advance(Ms(900)))[:2] == [VoiceOff(A, Ms(900)), VoiceOn(C, Ms(900))]


def test_the_watermark_never_goes_back():
    settled = Settled()
    list(settled.advance(Ms(500)))
    settled.hold(VoiceOn(A, Ms(200)))
    assert list(settled.advance(Ms(400))) == []
    assert settled.at_ms == 500
    assert list(settled.advance(Ms(500))) == [VoiceOn(A, Ms(200))]


@given(
    st.lists(st.integers(0, 1_000), max_size=20),
    st.lists(st.integers(0, 1_000), max_size=6).map(sorted),
)
def test_whatever_the_steps_the_cues_are_the_same(times, marks):
    cues = [Levels(A, Ms(at), None, None) for at in times]
    at_once, in_steps = Settled(), Settled()
    for cue in cues:
        at_once.hold(cue)
        in_steps.hold(cue)
    stepped = [cue for mark in [*marks, 1_000] for cue in in_steps.advance(Ms(mark)) if not isinstance(cue, Clock)]
    whole = [cue for cue in at_once.advance(Ms(1_000)) if not isinstance(cue, Clock)]
    assert stepped == whole
    assert [when(cue) for cue in whole] == sorted(times)
