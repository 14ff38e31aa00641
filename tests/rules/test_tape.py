"""The notation in which calls and expectations are written."""

from pathlib import Path

import pytest

from monitor.errors import InputError
from monitor.frames import Side
from monitor.rules import tape
from monitor.rules.cues import Ended, Hole, Levels, Spoke, VoiceOff, VoiceOn
from monitor.rules.parse import load
from monitor.rules.timed import TapeExample, TimedRule

RULES = load([Path(__file__).parents[2] / "rules/protocols/silent-call-inbound.yaml"])


def test_stretches_follow_each_other() -> None:
    """A and C speak, Q is quiet, H ends the call at that moment."""
    played = tape.cues("A2:您好 Q1.5 C0.5:喂 H:agent")
    assert [type(cue) for cue in played.cues] == [VoiceOn, Spoke, VoiceOff, VoiceOn, Spoke, VoiceOff, Ended]
    assert [tape.when(cue) for cue in played.cues] == [0, 2000, 2000, 3500, 4000, 4000, 4000]
    assert played.cues[-1] == Ended(4000, Side.AGENT)  # type: ignore[arg-type]


def test_a_stretch_may_begin_inside_the_one_before() -> None:
    """``+`` with it, ``+2`` two seconds into it; what follows waits for the longer one."""
    played = tape.cues("C5:我想说 +2A1:嗯 Q1 A1:好的")
    on = [(cue.side, cue.at_ms) for cue in played.cues if isinstance(cue, VoiceOn)]
    assert on == [(Side.CUSTOMER, 0), (Side.AGENT, 2000), (Side.AGENT, 6000)]
    assert [cue.at_ms for cue in tape.cues("C5:我 +A9:好").cues if isinstance(cue, VoiceOn)] == [0, 0]


def test_a_level_holds_until_the_next_of_its_side() -> None:
    """Loudness is told once a second."""
    played = tape.cues("L:agent=-20,30 Q2 L:agent=-25 Q1 L:customer=-40,5 Q0.5")
    levels = [cue for cue in played.cues if isinstance(cue, Levels)]
    assert [(cue.side, cue.at_ms, cue.level_dbfs, cue.snr_db) for cue in levels] == [
        (Side.AGENT, 0, -20, 30), (Side.AGENT, 1000, -20, 30), (Side.AGENT, 2000, -25, None),
        (Side.AGENT, 3000, -25, None), (Side.CUSTOMER, 3000, -40, 5),
    ]  # fmt: skip


def test_lost_sound() -> None:
    """X loses a side's sound for so long."""
    assert tape.cues("Q1 X2:customer").cues == (Hole(Side.CUSTOMER, 1000, 3000),)  # type: ignore[arg-type]


@pytest.mark.parametrize("written", ["B2", "2A", "X2:nobody", "L:agent", "L:agent=loud", "H:everybody", "A2;您好"])
def test_what_is_no_tape_is_refused(written: str) -> None:
    """With its code and the number of the stretch."""
    with pytest.raises(InputError, match="TAPE-001 stretch 2"):
        tape.cues(f"Q1 {written}")


def test_an_example_that_does_not_hold_says_what_came_instead() -> None:
    """Both lists, in the notation of the file."""
    rule = RULES.rules["silent-call-inbound"]
    assert isinstance(rule, TimedRule)
    wrong = TapeExample(tape="A2:您好 Q6", events=("prompt.ask-again@6",))
    assert tape.check(RULES, rule, wrong) == "said prompt.ask-again@7; expected prompt.ask-again@6"
    assert tape.check(RULES, rule, TapeExample(tape="A2:您好 Q6")) == "said prompt.ask-again@7; expected nothing"
    assert "TAPE-002" in tape.check(RULES, rule, TapeExample(tape="A2:您好", events=("prompt",)))
    assert "TAPE-001" in tape.check(RULES, rule, TapeExample(tape="Z"))


def test_what_is_not_news_need_not_be_listed_but_must_come_where_it_is() -> None:
    """A prompt that is done is no news."""
    rule = RULES.rules["silent-call-inbound"]
    assert isinstance(rule, TimedRule)
    call = "A2:您好 Q6 A2:您好，请问听得到吗 C1:我在"
    brief = TapeExample(tape=call, events=("prompt.ask-again@7", "prompt.resume@10"))
    assert tape.check(RULES, rule, brief) == ""
    full = TapeExample(tape=call, events=("prompt.ask-again@7", "prompt.ask-again.done@10", "prompt.resume@10"))
    assert tape.check(RULES, rule, full) == ""
    late = TapeExample(tape=call, events=("prompt.ask-again@7", "prompt.ask-again.done@11", "prompt.resume@10"))
    assert tape.check(RULES, rule, late) != ""


def test_local_time_of_an_example() -> None:
    """``at`` in minutes after midnight."""
    assert TapeExample(tape="Q1", at="12:30").local_minute == 750
    assert TapeExample(tape="Q1").local_minute is None
    with pytest.raises(ValueError, match="at"):
        TapeExample(tape="Q1", at="25:00")
