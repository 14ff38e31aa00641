"""Intents: what people mean, told to the rules that wait for it."""

from collections.abc import Callable

import pytest

from monitor.errors import RuleErrors
from monitor.rules.parse import RuleSet

Said = Callable[..., list[str]]
Rules = Callable[..., RuleSet]

FOLLOW = "id: f\nkind: protocol\nwhen: [i]\neach: true\nsteps:\n  - {step: s, title: x, shows_ms: 1}"


def heard(said: list[str]) -> list[str]:
    return [it.removeprefix("f:prompt.s@") for it in said if it.startswith("f:prompt.s@")]


def test_by_its_side(said: Said) -> None:
    """An agent who quotes the customer's words means something else."""
    intent = "id: i\nkind: intent\nphrases: [我要投诉]"
    assert heard(said("A2:我要投诉 C2:我要投诉", intent, FOLLOW)) == ["4"]
    assert heard(said("A2:我要投诉 C2:我要投诉", intent + "\nside: any", FOLLOW)) == ["2", "4"]


def test_across_a_pause(said: Said) -> None:
    """«我要……投诉你们» in two utterances is heard once, with the second."""
    intent = "id: i\nkind: intent\nphrases: [我要投诉你们]"
    assert heard(said("C2:我要 Q1 C2:投诉你们", intent, FOLLOW)) == ["5"]
    assert heard(said("C2:我要 Q2 C2:投诉你们", intent, FOLLOW)) == []
    assert heard(said("C2:我要投诉你们 Q1 C2:快点", intent, FOLLOW)) == ["2"]


def test_whole_utterances(said: Said) -> None:
    """«什么？» alone is blunt, within a sentence it is a word."""
    intent = "id: i\nkind: intent\nside: agent\nwhole: [什么]"
    assert heard(said("A1:什么？ A2:您要什么颜色", intent, FOLLOW)) == ["1"]


def test_after_another(said: Said) -> None:
    """Only as an answer to what the other side has just said."""
    question = "id: q\nkind: intent\nside: agent\nphrases: [可以吗]"
    answer = "id: i\nkind: intent\nphrases: [不行]\nafter: [q]"
    assert heard(said("C1:不行 A2:这样可以吗 C1:不行 A2:那您看看 C1:不行", question, answer, FOLLOW)) == ["4"]


def test_an_intent_without_words_is_refused(rules: Rules) -> None:
    """Nothing to find."""
    with pytest.raises(RuleErrors, match="RULE-003"):
        rules("id: i\nkind: intent")
    with pytest.raises(RuleErrors, match="RULE-006"):
        rules("id: i\nkind: intent\npatterns: ['(']")
    with pytest.raises(RuleErrors, match="RULE-007"):
        rules("id: i\nkind: intent\nphrases: [好]\nstatus: stable")
