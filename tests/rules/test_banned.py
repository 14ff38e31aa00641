"""The banned wordings of the handbook: every example its own test, and sentences that no rule has seen."""

import json
from functools import cache
from pathlib import Path

import pytest

from monitor.frames import Side
from monitor.rules.examples import prove_banned
from monitor.rules.match import Matcher
from monitor.rules.model import BannedRule, Sentence
from monitor.rules.parse import load
from monitor.text.reading import read

HERE = Path(__file__).parent
RULES = load([HERE.parents[1] / "rules"])
BANNED = RULES.of(BannedRule)
EXAMPLES = [
    (rule, sort, number, example)
    for rule in BANNED
    for sort in ("hit", "miss")
    for number, example in enumerate(getattr(rule.examples, sort), 1)
]
HELD_OUT = [
    json.loads(line)
    for name in (
        "heldout.jsonl",
        "heldout2.jsonl",
        "heldout3.jsonl",
        "heldout4.jsonl",
        "heldout5.jsonl",
        "heldout6.jsonl",
        "heldout7.jsonl",
    )
    for line in (HERE / name).read_text(encoding="utf-8").splitlines()
]
APPROVED = (HERE / "approved.txt").read_text(encoding="utf-8").splitlines()


@cache
def matcher() -> Matcher:
    return Matcher(RULES)


@cache
def faults(rule_id: str) -> dict[str, str]:
    rule = RULES.rules[rule_id]
    assert isinstance(rule, BannedRule)
    return {f"{found.name} {found.text}": found.fault for found in prove_banned(matcher(), rule)}


def fired(said: str, *, hints: bool = True) -> list[str]:
    hits = matcher().find(read(said), Side.AGENT)
    return [hit.rule.id for hit in hits if not hit.needs_audio and (hints or hit.rule.severity != "hint")]


@pytest.mark.parametrize(
    ("rule", "sort", "number", "example"),
    EXAMPLES,
    ids=[f"{rule.id}-{sort}-{number}" for rule, sort, number, _ in EXAMPLES],
)
def test_example_holds(rule: BannedRule, sort: str, number: int, example: Sentence) -> None:
    """It fires where it should, and only there."""
    assert faults(rule.id)[f"{sort}-{number} {example.text}"] == ""


@pytest.mark.parametrize("rule", BANNED, ids=lambda rule: rule.id)
def test_rewrites_break_no_rule(rule: BannedRule) -> None:
    """Neither the fixed wording nor any that an example's words were put into."""
    assert {name: fault for name, fault in faults(rule.id).items() if name.startswith("rewrite") and fault} == {}


@pytest.mark.parametrize("rule", BANNED, ids=lambda rule: rule.id)
def test_rule_is_complete(rule: BannedRule) -> None:
    """Stable, with its source, its reason and what to say instead."""
    assert rule.status == "stable"
    assert all((rule.basis.startswith("《"), rule.advice, rule.rewrite, rule.provision, rule.category))


@pytest.mark.parametrize("rule", BANNED, ids=lambda rule: rule.id)
def test_misses_break_no_other_rule(rule: BannedRule) -> None:
    """A good sentence is good for every rule."""
    assert {example.text: fired(example.text) for example in rule.examples.miss if fired(example.text)} == {}


def test_ordinary_sentences_break_no_rule() -> None:
    """What any agent says on any day."""
    assert {said: fired(said) for said in RULES.ordinary if fired(said)} == {}


@pytest.mark.parametrize("said", APPROVED)
def test_the_handbooks_own_sentences_break_no_rule(said: str) -> None:
    """Replies, requirements and protocols tell agents to say these."""
    assert fired(said) == []


def test_customers_are_never_charged() -> None:
    """Whatever they say."""
    found = {example.text for _, sort, _, example in EXAMPLES if sort == "hit"}
    assert [said for said in found if matcher().find(read(said), Side.CUSTOMER)] == []


def test_recall_on_sentences_that_no_rule_has_seen() -> None:
    """Held-out paraphrases, written before the rules or apart from them."""
    wanted = [entry["text"] for entry in HELD_OUT if entry["fires"] and not entry.get("hint")]
    missed = [said for said in wanted if not fired(said, hints=False)]
    assert len(wanted) > 500
    assert len(missed) <= 0.03 * len(wanted), missed


def test_false_alarms_on_sentences_that_no_rule_has_seen() -> None:
    """Held-out sentences that are close to something banned, and are not."""
    harmless = [entry["text"] for entry in HELD_OUT if not entry["fires"]]
    false = [said for said in harmless if fired(said, hints=False)]
    assert len(harmless) > 350
    assert len(false) <= 0.02 * len(harmless), false


def test_slots_fit_the_sentence() -> None:
    """The rewrite speaks of what the agent spoke of."""
    offered = {
        said: [hit.rewrite for hit in matcher().find(read(said), Side.AGENT)]
        for said in (
            "发票这块儿不是我管的",
            "明天肯定能到",
            "没有收据我没办法帮你处理",
            "您先把照片发过来我才能给您处理",
        )
    }
    assert offered == {
        "发票这块儿不是我管的": ["发票的事我来帮您联系负责的同事，稍后给您回复，好吗？"],
        "明天肯定能到": ["正常情况下明天就能到，有变化我会及时通知您。"],
        "没有收据我没办法帮你处理": ["没有收据没关系，您方便提供一下订单号或手机号吗？我先帮您查一下购买记录。"],
        "您先把照片发过来我才能给您处理": ["麻烦您先把照片发过来，我收到后马上为您核实处理，好吗？"],
    }
