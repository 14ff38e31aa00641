import pytest

from monitor.events import VerifyWanted, Warning
from monitor.frames import Side, Verdict
from monitor.rules import parse
from monitor.rules.hit import Hit
from monitor.rules.ledger import Finding, Heard, Ledger, raw_span
from monitor.rules.match import Matcher
from monitor.rules.model import BannedRule
from monitor.rules.parse import RuleSet
from monitor.text.reading import read
from monitor.timeline import Ms

RULE = parse.parse_rule(
    "id: not-mine\nkind: banned\ntitle: 推诿\nstatus: trial\nseverity: major\nbasis: 测试\nphrases: [这事不归我做]\n"
    "rewrite: 我来跟进\n",
    "not-mine.yaml",
)
TEXT = "您好，这事不归我做。"
PCM = b"\1\0" * 160


def hit(**more: object) -> Hit:
    assert isinstance(RULE, BannedRule)
    fields: dict = {"rule": RULE, "phrase": "这事不归我做", "match": "pinyin", "score": 0.8, "start": 2, "end": 8}
    return Hit(**{**fields, **more})


def finding(**more: object) -> Finding:
    return Finding(hit(**more), "这事不归我做", Ms(100), Ms(900))


def heard(revision: int = 1, *, final: bool = False, pcm: bytes = b"") -> Heard:
    return Heard(revision, final, read(TEXT), pcm)


@pytest.fixture
def ledger() -> Ledger:
    matcher = Matcher(RuleSet(rules={RULE.id: RULE}, version="v1"))
    return Ledger("c", "agent-0", Side.AGENT, matcher)


def statuses(events) -> list[str]:
    return [event.status if isinstance(event, Warning) else "asked" for event in events]


def test_provisional_then_confirmed_under_one_id(ledger):
    first = list(ledger.enter([finding()], heard()))
    second = list(ledger.enter([finding()], heard(2, final=True)))
    assert statuses(first + second) == ["provisional", "confirmed"]
    assert first[0].warning_id == second[0].warning_id
    assert (second[0].rewrite, second[0].rules_version, second[0].trial) == ("我来跟进", "v1", True)


def test_what_is_gone_is_retracted(ledger):
    list(ledger.enter([finding()], heard()))
    assert statuses(ledger.enter([], heard(2, final=True))) == ["retracted"]
    assert list(ledger.enter([], heard(3, final=True))) == []


def test_what_has_not_changed_is_not_said_again(ledger):
    list(ledger.enter([finding()], heard()))
    assert list(ledger.enter([finding()], heard(2))) == []


def test_the_eager_answer_stands_when_it_becomes_the_final(ledger):
    list(ledger.enter([finding()], heard()))
    assert statuses(ledger.confirm()) == ["confirmed"]


def test_two_places_of_one_rule_have_two_ids(ledger):
    events = list(ledger.enter([finding(), finding(start=0, end=2)], heard(final=True)))
    assert [event.warning_id for event in events] == ["agent-0:not-mine", "agent-0:not-mine.2"]


def test_an_unsure_hit_asks_the_audio_first(ledger):
    asked = list(ledger.enter([finding(needs_audio=True, candidate="这事不归我管")], heard(final=True, pcm=PCM)))
    assert isinstance(asked[0], VerifyWanted)
    assert TEXT[asked[0].start : asked[0].end] == "这事不归我做"
    assert (asked[0].candidate, asked[0].text, ledger.waiting) == ("这事不归我管", TEXT, True)
    said = list(ledger.judge(Verdict(request_id=asked[0].request_id, llr=5.0)))
    assert [(event.status, event.match) for event in said] == [("confirmed", "acoustic")]
    assert not ledger.waiting


def test_the_audio_may_say_no(ledger):
    list(ledger.enter([finding()], heard()))
    asked = list(ledger.enter([finding(needs_audio=True)], heard(2, final=True, pcm=PCM)))
    assert statuses(asked) == ["asked"]
    assert statuses(ledger.judge(Verdict(request_id=asked[0].request_id, llr=-50.0))) == ["retracted"]


def test_without_audio_nothing_is_asked_and_nothing_said(ledger):
    assert list(ledger.enter([finding(needs_audio=True)], heard())) == []


def test_a_verdict_on_what_no_longer_matters_is_ignored(ledger):
    asked = list(ledger.enter([finding(needs_audio=True)], heard(1, pcm=PCM)))
    again = list(ledger.enter([finding(needs_audio=True)], heard(2, final=True, pcm=PCM)))
    assert statuses(again) == ["asked"]
    assert list(ledger.judge(Verdict(request_id=asked[0].request_id, llr=5.0))) == []
    assert list(ledger.judge(Verdict(request_id="no such", llr=5.0))) == []


def test_a_question_asked_of_this_audio_is_not_asked_again(ledger):
    list(ledger.enter([finding(needs_audio=True)], heard(1, pcm=PCM)))
    assert list(ledger.enter([finding(needs_audio=True)], heard(1, final=True, pcm=PCM))) == []
    assert ledger.waiting


def test_raw_span_counts_the_raw_text():
    assert raw_span(read(TEXT), hit()) == (3, 9)
