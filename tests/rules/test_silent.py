"""The silent call: its table, its times to the frame, its independence of how time is cut."""

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from monitor.events import Prompt, Warning
from monitor.frames import Side
from monitor.rules import tape
from monitor.rules.conduct import Conduct
from monitor.rules.cues import Clock
from monitor.rules.parse import load
from monitor.rules.silence import TABLE, State, Step
from monitor.timeline import Ms

RULES = load([Path(__file__).parents[2] / "rules/protocols/silent-call-inbound.yaml"])
BOTH = (Side.AGENT, Side.CUSTOMER)
WELL = (
    "A2:您好，请问有什么可以帮您 Q5.5 A3:您好，请问有什么可以帮助您 Q5.5 "
    "A4:对不起，您的电话没有声音，请您换一部电话再次打来，好吗？再见！ Q5.5 H:agent"
)


def test_every_state_can_be_reached_and_left() -> None:
    """From the beginning the table leads everywhere, and from everywhere to the end."""
    reached = {State.IDLE}
    while more := {after for (before, _), after in TABLE.items() if before in reached} - reached:
        reached |= more
    assert reached == set(State)
    for state in State:
        assert TABLE[state, Step.HANGUP] is State.OVER
        assert state is State.OVER or TABLE[state, Step.CUSTOMER] is State.TALKING


def test_prompts_come_when_the_five_seconds_are_up_to_the_millisecond() -> None:
    """Whatever the clock's step, prompts are dated by their limits."""
    shown = [
        (it.step, it.at_ms, it.may_end)
        for it in tape.play(RULES, WELL)
        if isinstance(it, Prompt) and it.status == "shown"
    ]
    assert shown == [("ask-again", 7000, False), ("call-back", 15500, False), ("hang-up", 25000, True)]


def test_the_ring_runs_to_the_next_step() -> None:
    """A prompt that is done says when the next falls due; one that is shown, when it should be said."""
    prompts = [it for it in tape.play(RULES, WELL) if isinstance(it, Prompt)]
    assert [(it.step, it.next_ms) for it in prompts if it.status == "done"] == [
        ("ask-again", 15500), ("call-back", 25000), ("hang-up", None),
    ]  # fmt: skip
    assert [it.due_ms for it in prompts if it.status == "shown"] == [10000, 18500, None]


@given(st.lists(st.integers(1, 3000), min_size=1, max_size=40))
@settings(max_examples=40)
def test_how_the_clock_is_cut_changes_nothing(steps: list[int]) -> None:
    """Clock cues of any size between the others give the same events."""
    played = tape.cues(WELL)
    whole = Conduct(RULES, "c", "inbound", BOTH)
    cut = Conduct(RULES, "c", "inbound", BOTH)
    expected = [event for cue in played.cues for event in whole.feed(cue)]
    said, clock, turn = [], 0, 0
    for cue in played.cues:
        until = tape.when(cue)
        while clock + (step := steps[turn % len(steps)]) < until:
            clock += step
            turn += 1
            said += cut.feed(Clock(Ms(clock)))
        said += cut.feed(cue)
    assert said == expected


words = st.sampled_from(["您好", "嗯", "喂", "您的电话没有声音，请您换一部电话打来", "我要退货", "再见", "请您稍等"])
stretch = st.one_of(
    st.builds("{}{}{}:{}".format, st.sampled_from(["", "+"]), st.sampled_from("AC"), st.integers(1, 9), words),
    st.builds("Q{}".format, st.sampled_from([0.3, 1, 4.4, 4.9, 5, 9])),
    st.just("X2:customer"),
)
tapes = st.builds(
    lambda parts, by: " ".join([*parts, f"H:{by}"]),
    st.lists(stretch, max_size=20),
    st.sampled_from(["agent", "customer", "unknown"]),
)


@given(tapes)
@settings(max_examples=200)
def test_no_call_breaks_it(call: str) -> None:
    """Voices that overlap, sound that is lost: events come in order of time, and nothing is raised."""
    played = tape.cues(call)
    conduct = Conduct(RULES, "c", "inbound", BOTH)
    events = []
    for cue in played.cues:
        events += conduct.feed(cue)
        due = conduct.next_due_ms()
        assert due is None or due >= tape.when(cue)
    assert [event.at_ms for event in events] == sorted(event.at_ms for event in events)
    assert conduct.feed(Clock(Ms(played.to_ms + 60_000))) == []
    if call.endswith("H:customer"):
        charged = [it.warning_id for it in events if isinstance(it, Warning)]
        assert not [it for it in charged if "no-closing" in it or "early-hangup" in it]


def test_a_mono_recording_is_never_charged() -> None:
    """Where sides are not told apart the protocol does not run."""
    conduct = Conduct(RULES, "c", "inbound", (Side.UNKNOWN,))
    assert [event for cue in tape.cues(WELL).cues for event in conduct.feed(cue)] == []
    assert conduct.next_due_ms() is None


@pytest.mark.parametrize("lost", ["X3:customer", "X9:customer"])
def test_silence_that_was_lost_sound_is_not_charged(lost: str) -> None:
    """The agent cannot be blamed for hanging up on a customer whose sound never arrived here."""
    events = tape.play(RULES, f"A2:您好，请问有什么可以帮您 Q5.5 {lost} H:agent")
    assert not [it for it in events if isinstance(it, Warning) and it.severity != "hint"]


def test_charged_words_are_not_charged_twice() -> None:
    """Where the banned rule for 喂 is in force, the protocol leaves the word to it."""
    events = tape.play(RULES, "A2:您好 Q5 A1:喂 Q1 C1:我在")
    assert [it.warning_id for it in events if isinstance(it, Warning)] == ["silent-call-inbound/words@7000"]
