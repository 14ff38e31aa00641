import threading
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitor.audit.drive import answers, drive, slices
from monitor.errors import EngineError
from monitor.events import CallEnded, Transcript
from monitor.frames import AudioFrame, Hangup, Side
from monitor.rules import parse
from monitor.rules.match import Matcher
from monitor.session import CallInfo, CallSession


@pytest.fixture(scope="module")
def matcher(tmp_path_factory):
    rule = tmp_path_factory.mktemp("rules") / "not-mine.yaml"
    rule.write_text(
        "id: not-mine\nkind: banned\ntitle: 推诿\nstatus: trial\nseverity: major\nside: agent\ncategory: 推诿\n"
        "basis: 测试\nphrases: [这事不归我做]\nadvice: 不要推\nrewrite: 我来跟进\n"
        "examples:\n  hit: [{say: 这事不归我做}]\n  miss: [{say: 我来做}]\n",
        encoding="utf-8",
    )
    return Matcher(parse.load([rule]))


@pytest.fixture
def call(scene):
    return (
        scene(sides=(Side.AGENT,))
        .say(Side.AGENT, 400, 1_600, "这事不归我做")
        .say(Side.AGENT, 2_600, 3_600, "您稍等")
        .until(5_000)
    )


def session(matcher):
    return CallSession(CallInfo(call_id="c", sides=(Side.AGENT,)), matcher)


@given(samples=st.integers(0, 5_000), odd=st.booleans(), rate_hz=st.sampled_from([8_000, 44_100]))
def test_slices_are_short_and_lose_nothing(samples, odd, rate_hz):
    pcm = bytes(range(256)) * (samples // 128 + 1)
    frame = AudioFrame(side=Side.AGENT, start=37, pcm=pcm[: 2 * samples + odd], rate_hz=rate_hz)
    pieces = list(slices(frame))
    assert b"".join(piece.pcm for piece in pieces) == frame.pcm[: 2 * samples]
    assert all(piece.to_ms - piece.from_ms <= 21 for piece in pieces)
    assert [piece.start for piece in pieces] == [
        37 + sum(len(piece.pcm) // 2 for piece in pieces[:index]) for index in range(len(pieces))
    ]


def test_numbers_run_on_and_the_end_is_the_end(matcher, call):
    events = list(drive(session(matcher), call.inputs(), call.engine()))
    assert [event.seq for event in events] == list(range(1, len(events) + 1))
    assert isinstance(events[-1], CallEnded)
    assert all(event.seen_at.endswith("Z") for event in events)


@pytest.mark.parametrize("batch", [1, 3, 100])
def test_all_words_come_whatever_the_batch(matcher, call, batch):
    events = drive(session(matcher), call.inputs(), call.engine(), batch=batch)
    assert finals(events) == ["这事不归我做", "您稍等"]


def test_a_failing_engine_is_the_callers_to_know(matcher, call):
    class Broken:
        name = "broken"
        lanes = 1

        def decode(self, batch):
            raise EngineError("out of memory", retryable=True)

        verify = decode

    with pytest.raises(EngineError):
        list(drive(session(matcher), call.inputs(), Broken()))


def test_decodes_are_answered_before_verdicts(call):
    assert answers(call.engine(), []) == []


def test_a_hangup_by_the_customer_is_kept(matcher, call):
    end = list(drive(session(matcher), call.inputs(hangup=Hangup(by=Side.CUSTOMER, reason="bye")), call.engine()))[-1]
    assert replace(end, seen_at="").reason == "bye"


def test_the_call_is_listened_to_while_questions_are_computed(matcher, call):
    listening = session(matcher)
    engine = call.engine()
    heard_on = threading.Event()
    inputs = list(call.inputs())

    class Slow:
        """Answers the first question only when the call has been listened to further."""

        name, lanes, verify, shape = engine.name, engine.lanes, engine.verify, engine.shape

        def decode(self, batch):
            assert heard_on.wait(timeout=10)
            return engine.decode(batch)

    def watched():
        for item in inputs:
            yield item
            if listening.at_ms > 3_000:
                heard_on.set()

    ahead = list(drive(listening, watched(), Slow(), batch=2))
    at_once = list(drive(session(matcher), iter(inputs), engine))
    assert finals(ahead) == finals(at_once) == ["这事不归我做", "您稍等"]


def finals(events):
    return [event.text for event in events if isinstance(event, Transcript) and event.status == "final"]
