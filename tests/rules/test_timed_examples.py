"""Every example of every timed rule, each as its own test."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from pydantic import BaseModel

from monitor.frames import Side
from monitor.rules import tape
from monitor.rules.intent import IntentRule
from monitor.rules.match import Matcher
from monitor.rules.parse import load
from monitor.rules.protocol import ProtocolRule
from monitor.rules.reply import ReplyRule
from monitor.rules.timed import TimedRule
from monitor.text.reading import read

RULES = load([Path(__file__).parents[2] / "rules"])
TIMED = [rule for rule in RULES.rules.values() if isinstance(rule, TimedRule)]
BUILT_IN = {"call-started", "conversation"}


@pytest.mark.parametrize("rule", TIMED, ids=lambda rule: rule.id)
def test_examples_hold(rule: TimedRule) -> None:
    """A rule says what its examples say it says, when they say it."""
    assert [f"{it.name} {it.text}: {it.fault}" for it in tape.prove(RULES, rule) if it.fault] == []


def wordings(part: object, name: str = "") -> Iterator[str]:
    """Every sentence that a rule tells agents to say, or accepts from them."""
    if isinstance(part, BaseModel):
        for field in type(part).model_fields:
            if field != "examples":
                yield from wordings(getattr(part, field), field)
    elif isinstance(part, tuple):
        for item in part:
            yield from wordings(item, name)
    elif isinstance(part, str) and part and name in ("say", "rewrite", "accept"):
        yield part


def test_what_we_tell_agents_to_say_breaks_no_rule() -> None:
    """No prompt, reply, rewrite or accepted wording fires a banned rule."""
    matcher = Matcher(RULES)
    broken = {
        (rule.id, text): [hit.rule.id for hit in hits]
        for rule in TIMED
        for text in wordings(rule)
        if (hits := [hit for hit in matcher.find(read(text), Side.AGENT) if not hit.needs_audio])
    }
    assert broken == {}


def test_every_signal_that_is_waited_for_can_come() -> None:
    """A misspelt signal would silently switch a rule off."""
    raised = {name for rule in TIMED for name in rule.raises} | BUILT_IN
    assert {(rule.id, name) for rule in TIMED for name in rule.listens if name not in raised} == set()


def test_every_intent_is_of_use() -> None:
    """An intent that nothing waits for is dead weight on every sentence."""
    awaited = {name for rule in TIMED for name in rule.listens}
    assert {rule.id for rule in TIMED if isinstance(rule, IntentRule)} - awaited == set()


def test_every_step_can_be_left() -> None:
    """No prompt can stay for ever for want of a way to do it or to miss it."""
    for rule in TIMED:
        for step in rule.steps if isinstance(rule, ProtocolRule) else ():
            assert (
                step.accept or step.patterns or step.any_voice or step.turns or step.within_ms or step.shows_ms
                or step.may_end
            ), f"{rule.id}/{step.step}"  # fmt: skip


def test_every_charge_says_what_to_do() -> None:
    """Whoever is warned is told why, on whose word, and what to do instead."""
    for rule in RULES.rules.values():
        if isinstance(rule, TimedRule) and not isinstance(rule, IntentRule) and rule.kind != "call-state":
            assert rule.basis, rule.id
            assert rule.provision, rule.id
            assert rule.category, rule.id
            assert rule.advice or isinstance(rule, ReplyRule) or rule.status == "trial", rule.id


def test_wordings_that_protocols_prompt_are_their_own() -> None:
    """A reply that leaves its offering to another rule names one that exists and carries it out."""
    for rule in TIMED:
        if isinstance(rule, ReplyRule) and rule.offered_by:
            assert rule.offered_by in RULES.rules, rule.id


def test_handbook_wordings_bring_up_no_more_than_three_replies() -> None:
    """One sentence of a customer must not bury the agent in suggestions."""
    sentences = {
        example.tape.split(":", 1)[1]
        for rule in TIMED
        if isinstance(rule, ReplyRule)
        for example in rule.examples.hit
        if example.tape.startswith("C2:") and " " not in example.tape
    }
    replies = [rule for rule in TIMED if isinstance(rule, ReplyRule)]
    crowded = {}
    only = {rule.id: rule for rule in TIMED if isinstance(rule, ReplyRule | IntentRule)}
    ruleset = type(RULES)(only, RULES.classes, RULES.version)
    for sentence in sorted(sentences):
        offered = [event for event in tape.play(ruleset, f"C2:{sentence}") if tape.notation(event) == "reply"]
        if len(offered) > 3:
            crowded[sentence] = [getattr(event, "rule_id", "") for event in offered]
    assert replies
    assert crowded == {}
