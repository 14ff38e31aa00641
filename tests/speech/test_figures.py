from monitor.audio.level import Level
from monitor.frames import Side
from monitor.speech.figures import Figures
from monitor.timeline import Ms

A, C = Side.AGENT, Side.CUSTOMER


def run(tape: str) -> Figures:
    """One character is 100 ms: A, C, B(oth), . (nobody)."""
    figures = Figures((A, C))
    for mark in tape:
        for _ in range(5):
            figures.block({A: mark in "AB", C: mark in "CB"})
    return figures


def test_talk_silence_and_dead_air():
    figures = run("AAAA..CC...")
    assert (figures.sides[A].talk_ms, figures.sides[C].talk_ms) == (400, 200)
    assert (figures.sides[A].silence_ms, figures.sides[C].silence_ms) == (700, 300)
    assert figures.dead_air_ms == 300


def test_overlap_is_counted_for_both():
    figures = run("AABBCC")
    assert (figures.sides[A].overlap_ms, figures.sides[C].overlap_ms) == (200, 200)


def test_who_starts_into_speech_interrupts():
    figures = run("AAAAAAABBBB")
    assert (figures.sides[A].interruptions, figures.sides[C].interruptions) == (0, 1)


def test_a_backchannel_is_no_interruption():
    assert run("AAAAAAABAAAAAAA").sides[C].interruptions == 0


def test_starting_together_is_no_interruption():
    assert run("ABBBBBBBB").sides[C].interruptions == 0


def test_rate_is_of_the_last_minute_of_speech():
    figures = run("A")
    assert figures.sides[A].chars_per_min is None
    figures.sides[A].words(300, 60_000)
    assert figures.sides[A].chars_per_min == 300
    figures.sides[A].words(100, 20_000)
    assert figures.sides[A].chars_per_min == 300
    figures.sides[A].words(0, 500)
    assert figures.sides[A].chars_per_min == 300


def test_event_carries_what_is_known():
    event = run("AA").event("c", Ms(200), {A: Level(), C: Level()})
    assert event.talk_ms == {A: 200, C: 0}
    assert event.level_dbfs == {A: None, C: None}
