import json
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from monitor.audit.drive import drive
from monitor.errors import SessionOver
from monitor.events import (
    AudioGap,
    CallEnded,
    CallStarted,
    DecodeWanted,
    Prompt,
    Transcript,
    VerifyWanted,
    Warning,
    from_json,
    to_json,
)
from monitor.frames import AudioFrame, AudioLoss, Hangup, Hypothesis, Pass, Side, Verdict
from monitor.rules import parse
from monitor.rules.match import Matcher
from monitor.session import CallInfo, CallSession, SessionPolicy
from monitor.timeline import Ms

RULES = Path(__file__).parents[1] / "rules"
A, C = Side.AGENT, Side.CUSTOMER
GREETING = "您好欢迎致电云朵商城客服请问有什么可以帮您"


@pytest.fixture(scope="module")
def matcher() -> Matcher:
    return Matcher(parse.load([RULES]))


def session(matcher: Matcher, sides: tuple[Side, ...] = (A, C), **policy: object) -> CallSession:
    return CallSession(CallInfo(call_id="c1", sides=sides), matcher, SessionPolicy(**policy))  # type: ignore[arg-type]


def run(matcher: Matcher, scene, cuts=(), batch: int = 1, hangup: Hangup | None = None, **policy: object) -> list:
    events = drive(session(matcher, scene.sides, **policy), scene.inputs(cuts, hangup), scene.engine(), batch=batch)
    return [replace(event, seen_at="") for event in events]


def of(kind: type, events: list) -> list:
    return [event for event in events if isinstance(event, kind)]


def judged(events: list) -> list:
    """What must not depend on the engine's pace: finals, standing warnings, prompts, the end."""
    kept = [
        replace(event, seq=0)
        for event in events
        if event.kind not in ("measure", "transcript", "warning", "state")
        or (event.kind == "transcript" and event.status == "final" and event.text)
        or (event.kind == "warning" and event.status == "confirmed")
    ]
    return sorted(kept, key=lambda event: (event.at_ms, event.kind, json.dumps(to_json(event), sort_keys=True)))


@pytest.fixture
def quarrel(scene):
    return (
        scene()
        .say(A, 600, 3_000, GREETING)
        .say(C, 3_600, 5_000, "我的快递还没有到")
        .say(A, 5_600, 7_400, "这事不归我做")
        .say(C, 8_200, 9_400, "这事不归我做什么意思")
        .until(11_000)
    )


def test_a_call_from_first_to_last_event(matcher, quarrel):
    events = run(matcher, quarrel)
    assert isinstance(events[0], CallStarted)
    assert isinstance(events[-1], CallEnded)
    assert [event.seq for event in events] == list(range(1, len(events) + 1))
    finals = [(event.side, event.text) for event in of(Transcript, events) if event.status == "final"]
    assert finals == [(line.side, line.text) for line in quarrel.lines]


def test_the_agent_is_warned_and_the_customer_is_not(matcher, quarrel):
    warnings = [event for event in of(Warning, run(matcher, quarrel)) if event.match == "literal"]
    assert {warning.side for warning in warnings} == {A}
    last = warnings[-1]
    assert (last.rule_id, last.status, last.quote) == ("not-my-job", "confirmed", "这事不归我做")
    assert 5_500 <= last.from_ms <= 5_800
    assert 7_200 <= last.to_ms <= 7_500
    assert last.rewrite


def test_a_hit_on_a_partial_is_provisional_until_the_final(matcher, quarrel):
    said = [event for event in of(Warning, run(matcher, quarrel)) if event.rule_id == "not-my-job"]
    assert next(event.status for event in said) == "provisional"
    assert said[-1].status == "confirmed"
    assert len({event.warning_id for event in said}) == 1


def test_what_a_final_no_longer_holds_is_retracted(matcher, scene):
    call = scene().say(A, 600, 3_000, "").until(4_000)
    listening = session(matcher)
    published = []
    for frame in call.inputs():
        for event in listening.feed(frame):
            published.append(event)
            if isinstance(event, DecodeWanted):
                text = "这件事我来跟进" if event.decode is not Pass.PARTIAL else "这事不归我做"
                published += listening.feed(heard(event, text))
    said = [event for event in of(Warning, published) if event.rule_id == "not-my-job"]
    assert [event.status for event in said][-1] == "retracted"
    assert "not-my-job" not in {reason["rule_id"] for reason in of(CallEnded, published)[0].summary["reasons"]}


def heard(wanted: DecodeWanted, text: str, **more: object) -> Hypothesis:
    return wanted.answer(
        text=text,
        **more,  # type: ignore[arg-type]
    )


def test_a_phrase_may_go_on_across_a_pause(matcher, scene):
    call = scene().say(A, 600, 1_400, "这件事真的是不归").say(A, 2_200, 3_000, "我管的").until(4_500)
    said = [event for event in of(Warning, run(matcher, call)) if event.rule_id == "not-my-job"]
    assert said[-1].status == "confirmed"
    assert "不归我" in said[-1].quote
    assert said[-1].from_ms < 1_500
    assert said[-1].to_ms > 2_200


@pytest.mark.parametrize(("llr", "status"), [(-0.1, "confirmed"), (-0.9, None)])
def test_what_was_nearly_written_is_for_the_audio_to_decide(matcher, scene, llr, status):
    """The search thought of «开发票我不会开» too: a warning if the audio agrees, quoting what was heard."""
    call = scene().say(A, 600, 1_800, "开发票会不会开啊").until(4_000)
    listening = session(matcher, finals_only=True)
    out: list = []
    for item in call.inputs():
        for event in listening.feed(item):
            out.append(event)
            if isinstance(event, DecodeWanted):
                said = heard(event, "开发票会不会开啊", others=("开发票会不会开呀", "开发票，我不会开啊"))
                out += listening.feed(said)
    asked = of(VerifyWanted, out)
    assert [(it.text[it.start : it.end], it.candidate) for it in asked] == [("会不会开", "我不会开")]
    out = listening.feed(Verdict(request_id=asked[0].request_id, llr=llr))
    told = [(it.status, it.rule_id, it.match, it.quote) for it in of(Warning, out) if it.match != "absence"]
    assert told == ([(status, "wo-buhui", "acoustic", "会不会开")] if status else [])


def test_answers_that_overtake_each_other_are_judged_in_the_order_of_speech(matcher, scene):
    """The end of one sentence goes on in the next, never in one that came before it."""
    call = scene().say(A, 600, 1_400, "这件事真的是不归").say(A, 2_200, 3_000, "我管的").until(4_500)
    texts = {0: "这件事真的是不归", 1: "我管的"}
    told = []
    for backwards in (False, True):
        listening = session(matcher, finals_only=True)
        wanted: list[DecodeWanted] = []
        out: list = []
        *frames, hangup = call.inputs()
        for frame in frames:
            wanted += of(DecodeWanted, listening.feed(frame))
        assert len(wanted) == 2
        answers = [heard(event, texts[number]) for number, event in enumerate(wanted)]
        for answer in reversed(answers) if backwards else answers:
            out += listening.feed(answer)
        told.append(judged([*out, *listening.feed(hangup)]))
    assert told[0] == told[1]
    assert [event.quote for event in of(Warning, out) if event.rule_id == "not-my-job"] == ["不归我"]


@settings(max_examples=12, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(cuts=st.lists(st.integers(1, 24_000), min_size=1, max_size=12))
def test_any_cutting_of_the_audio_gives_the_same_events(matcher, scene, cuts):
    call = scene().say(A, 400, 2_000, "这事不归我做您找别人").say(C, 2_600, 3_400, "什么").until(4_600)
    assert run(matcher, call, cuts) == run(matcher, call)


@settings(max_examples=6, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(cuts=st.lists(st.integers(1, 9_000), min_size=1, max_size=8), rate_hz=st.sampled_from([8_000, 44_100]))
def test_so_it_does_at_other_rates(matcher, scene, cuts, rate_hz):
    call = scene(rate_hz=rate_hz).say(A, 400, 2_000, "这事不归我做您找别人").until(3_000)
    assert run(matcher, call, cuts) == run(matcher, call)


@pytest.mark.parametrize("batch", [2, 5, 50])
def test_a_slow_engine_changes_nothing_that_is_judged(matcher, quarrel, batch):
    assert judged(run(matcher, quarrel, batch=batch)) == judged(run(matcher, quarrel))


def test_finals_only_judges_the_same_with_fewer_decodes(matcher, quarrel):
    sparing = run(matcher, quarrel, finals_only=True)
    assert judged(sparing) == judged(run(matcher, quarrel))
    assert not [event for event in of(Transcript, sparing) if event.status == "partial"]


def test_inputs_replayed_give_the_events(matcher, quarrel):
    assert run(matcher, quarrel) == run(matcher, quarrel)


def test_every_event_survives_json(matcher, quarrel):
    for event in run(matcher, quarrel):
        assert from_json(json.loads(json.dumps(to_json(event)))) == event


def test_the_silent_call_prompts_to_the_frame(matcher, scene):
    call = scene().say(A, 600, 3_000, GREETING).until(9_000)
    shown = [event for event in of(Prompt, run(matcher, call)) if event.status == "shown"]
    spoken = [event for event in of(Transcript, run(matcher, call)) if event.status == "final"]
    assert shown[0].protocol == "silent-call-inbound"
    assert shown[0].at_ms == spoken[0].to_ms + 5_000


def test_a_cough_is_not_a_customer_speaking(matcher, scene):
    call = scene().say(A, 600, 3_000, GREETING).say(C, 5_000, 5_600, "").until(9_000)
    plain = scene().say(A, 600, 3_000, GREETING).until(9_000)
    times = [[event.at_ms for event in of(Prompt, run(matcher, it))] for it in (call, plain)]
    assert times[0] == times[1] != []


def test_a_word_is(matcher, scene):
    call = scene().say(A, 600, 3_000, GREETING).say(C, 5_000, 5_600, "喂你好").until(9_000)
    assert "ask-again" not in {event.step for event in of(Prompt, run(matcher, call))}


def test_a_hole_is_reported_and_time_goes_on(matcher, scene, voice):
    listening = session(matcher, (A,))
    second = voice(1_000)
    listening.feed(AudioFrame(side=A, start=0, pcm=second))
    out = listening.feed(AudioFrame(side=A, start=3 * 16_000, pcm=second))
    gap = of(AudioGap, out)[0]
    assert (gap.from_ms, gap.to_ms, gap.reason) == (1_000, 3_000, "jump")
    assert listening.at_ms == 4_000


def test_loss_said_by_the_driver_is_a_gap(matcher, voice):
    listening = session(matcher, (A,))
    listening.feed(AudioFrame(side=A, start=0, pcm=voice(500)))
    out = listening.feed(AudioLoss(side=A, from_ms=Ms(500), to_ms=Ms(2_000), reason="reconnected"))
    assert of(AudioGap, out)[0].reason == "reconnected"


def test_a_side_that_stalls_does_not_hold_the_other_back_for_ever(matcher, scene):
    listening = session(matcher)
    out = []
    for second in range(15):
        out += listening.feed(AudioFrame(side=A, start=second * 16_000, pcm=bytes(32_000)))
    assert of(AudioGap, out)[0].reason == "stalled"
    assert listening.at_ms == 5_000


def test_an_unknown_side_is_a_gap_not_a_crash(matcher):
    listening = session(matcher, (A,))
    out = listening.feed(AudioFrame(side=C, start=0, pcm=bytes(640)))
    assert of(AudioGap, out)[0].side is C


def test_sound_that_comes_twice_is_taken_once(matcher, voice):
    listening = session(matcher, (A,))
    listening.feed(AudioFrame(side=A, start=0, pcm=voice(1_000)))
    listening.feed(AudioFrame(side=A, start=8_000, pcm=voice(1_000)))
    assert listening.at_ms == 1_500


def test_an_engine_that_failed_is_a_gap(matcher, scene):
    call = scene().say(A, 600, 3_000, "x").until(4_500)
    listening = session(matcher)
    out = []
    for frame in call.inputs():
        for event in listening.feed(frame):
            out.append(event)
            if isinstance(event, DecodeWanted) and event.decode is not Pass.PARTIAL:
                out += listening.feed(heard(event, "", dropped="engine ENG-001"))
    assert [event.reason for event in of(AudioGap, out)] == ["engine ENG-001"]
    assert listening.over


def test_nothing_is_taken_after_the_end(matcher):
    listening = session(matcher, (A,))
    listening.feed(Hangup())
    assert listening.over
    with pytest.raises(SessionOver):
        listening.feed(Hangup())
    with pytest.raises(SessionOver):
        listening.feed(AudioFrame(side=A, start=0, pcm=bytes(640)))
    assert listening.feed(Verdict(request_id="late", llr=0.0)) == []


def test_the_end_waits_for_the_last_words(matcher, scene):
    call = scene().say(A, 600, 2_600, "这事不归我做")
    listening = session(matcher)
    wanted: list[DecodeWanted] = []
    out: list = []
    for frame in call.inputs():
        out += (new := listening.feed(frame))
        wanted += of(DecodeWanted, new)
    assert not of(CallEnded, out)
    out += listening.feed(heard(wanted[-1], "这事不归我做"))
    assert isinstance(out[-1], CallEnded)


def test_the_last_words_count_in_the_score(matcher, scene):
    end = run(matcher, scene(sides=(A,)).say(A, 600, 2_600, "这事不归我做"))[-1]
    assert end.summary["warnings"]["major"] == 1
    assert end.summary["score"] == 90


def test_other_rules_apply_from_the_next_utterance(matcher, quarrel):
    listening = session(matcher)
    empty = Matcher(parse.load([RULES / "protocols"]))
    engine = quarrel.engine()
    out: list = []
    for frame in quarrel.inputs():
        for event in listening.feed(frame):
            out.append(event)
            if isinstance(event, DecodeWanted):
                out += listening.feed(engine.decode([event])[0])
        if listening.at_ms == 5_000:
            listening.use_rules(empty)
    assert not [event for event in of(Warning, out) if event.rule_id == "not-my-job"]


def test_what_is_masked_is_masked_everywhere(matcher, scene):
    call = scene().say(A, 600, 2_600, "这事不归我做").until(4_000)
    events = run(matcher, call, mask=lambda text: "*" * len(text))
    for event in of(Transcript, events):
        assert set(event.text) <= {"*"}
        assert all(set(word.text) <= {"*"} for word in event.words)
    said = [event for event in of(Warning, events) if event.rule_id == "not-my-job"]
    assert said
    assert {char for event in said for char in event.quote} == {"*"}
