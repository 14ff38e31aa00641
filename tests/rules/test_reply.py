"""Wordings offered for what the customer has just said."""

from collections.abc import Callable

import pytest

from monitor.errors import RuleErrors
from monitor.events import Reply
from monitor.frames import Side
from monitor.rules import tape
from monitor.rules.conduct import Conduct
from monitor.rules.parse import RuleSet

Said = Callable[..., list[str]]
Rules = Callable[..., RuleSet]

REPLY = "id: r\nkind: reply\nsay: 我帮您查X订单\nphrases: [我的快递]"


def test_offered_once_while_it_says_the_same(said: Said) -> None:
    """By the customer's words only, and not again in the call."""
    assert said("A2:我的快递 C2:我的快递 C2:我的快递", REPLY) == ["r:reply@4"]


def test_what_is_offered(rules: Rules) -> None:
    """The wording with its placeholders, and the words that called for it."""
    reply = next(it for it in tape.play(rules(REPLY), "C2:你好，我的快递呢") if isinstance(it, Reply))
    assert (reply.say, reply.trigger, reply.rule_id) == ("我帮您查X订单", "我的快递", "r")


def test_by_a_signal_and_only_where_it_belongs(said: Said) -> None:
    """``when`` and ``if_before``."""
    intent = "id: hello\nkind: intent\nside: agent\nphrases: [您好]"
    assert said("A2:您好", intent, "id: r\nkind: reply\nsay: 请讲\nwhen: [hello]") == ["r:reply@2"]
    only = REPLY + "\nif_before: [hello]"
    assert said("C2:我的快递", intent, only) == []
    assert said("A2:您好 C2:我的快递", intent, only) == ["r:reply@4"]


def test_replies_need_only_the_customers_side(rules: Rules) -> None:
    """A recording of the customer alone still brings them up; one of nobody known does not."""
    for sides, count in (((Side.CUSTOMER,), 1), ((Side.UNKNOWN,), 0), ((Side.AGENT,), 0)):
        conduct = Conduct(rules(REPLY), "c", "inbound", sides)
        assert len([event for cue in tape.cues("C2:我的快递").cues for event in conduct.feed(cue)]) == count


@pytest.mark.parametrize(
    "text",
    [
        "id: r\nkind: reply\nsay: x",
        "id: r\nkind: reply\nsay: x\nphrases: [a]\noffered_by: b",
        "id: r\nkind: reply\nphrases: [a]",
    ],
)
def test_replies_that_cannot_come_up_are_refused(rules: Rules, text: str) -> None:
    """Nothing calls for it, or two things at once."""
    with pytest.raises(RuleErrors, match="RULE-003"):
        rules(text)


def test_bare_words_in_examples_are_what_the_customer_says(rules: Rules) -> None:
    """Short for a tape of two seconds."""
    rule = rules(REPLY + "\nexamples: {hit: [我的快递], miss: [你好]}").rules["r"]
    assert [(it.tape, it.events) for it in (*rule.examples.hit, *rule.examples.miss)] == [  # type: ignore[attr-defined]
        ("C2:我的快递", ("reply@2",)), ("C2:你好", ()),
    ]  # fmt: skip
