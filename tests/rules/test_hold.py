"""Letting the customer wait: begun, long, in touch, over."""

from collections.abc import Callable

import pytest

Said = Callable[..., list[str]]

WAIT = "id: wait\nkind: intent\nside: agent\nphrases: [请您稍等]"
LOOK = "id: look\nkind: intent\nside: agent\nphrases: [我看一下]"
MINE = "id: mine\nkind: intent\nphrases: [我找一下]"
HOLD = """
id: hold
kind: hold
announced_by: [wait]
implied_by: [look]
waits_for_customer: [mine]
announced_ms: 3000
unannounced_ms: 8000
long_ms: 8000
touch_ms: 30000
silent_limit_ms: 60000
total_limit_ms: 180000
touch: {title: 保持联系, say: 还在查, accept: [还在查]}
back: {title: 回来, say: 久等了}
no_touch: {title: 一分钟没有回话, severity: minor}
too_long: {title: 等了三分钟, severity: hint}
"""
BEGUN = "id: begun\nkind: protocol\nwhen: [hold.begun]\neach: true\nsteps:\n  - {step: seen, title: x, shows_ms: 1}"
OVER = "id: over\nkind: protocol\nwhen: [hold.over]\neach: true\nsteps:\n  - {step: seen, title: x, shows_ms: 1}"
BACK = "id: back\nkind: protocol\nwhen: [hold.back]\neach: true\nsteps:\n  - {step: seen, title: x, shows_ms: 1}"
RULES = (WAIT, LOOK, MINE, HOLD, BEGUN, OVER, BACK)


def signals(said: list[str]) -> list[str]:
    return [it.replace(":prompt.seen", "") for it in said if it.split(":")[1].startswith("prompt.seen@")]


@pytest.mark.parametrize(
    ("call", "expected"),
    [
        ("C2:帮我查查订单 A2:请您稍等 Q9 A2:查到了", ["begun@7", "over@15", "back@15"]),
        ("C2:帮我查查订单 A2:请您稍等 Q5 A2:查到了", ["begun@7", "over@11"]),
        ("C2:帮我查查订单 A2:请您稍等 Q2 A2:查到了", []),
        ("C2:帮我查查订单 A2:请您稍等 C1:好的 Q9 A2:查到了", ["begun@7", "over@16", "back@16"]),
        ("C2:帮我查查订单 Q9 A2:查到了", ["begun@10", "over@13", "back@13"]),
        ("C2:帮我查查订单 Q7 A2:查到了", []),
        ("C2:帮我查查订单 A2:我看一下 Q9 A2:查到了", ["begun@12", "over@15", "back@15"]),
        ("C2:帮我查查订单 A2:您的订单号是 Q20 C2:一二三", []),
        ("A2:您的订单号是 C2:我找一下 Q20 C2:一二三", []),
        ("C2:帮我查查订单 A2:请您稍等 Q40 A1:还在查 Q20 A2:查到了", ["begun@7", "over@67", "back@67"]),
        ("A2:请您稍等 Q2 A2:今天到 Q9 C2:好", []),
        ("A2:请您稍等 Q0.5 A2:马上就好 Q9 A2:好了", ["begun@7.5", "over@15.5", "back@15.5"]),
        ("Q20 A2:您好 Q20", []),
        ("C2:帮我查查订单 X2:agent Q9", []),
    ],
)
def test_when_it_is_a_hold(said: Said, call: str, expected: list[str]) -> None:
    """Announced and then quiet; or the agent owes an answer; never while the customer is looking for something."""
    assert signals(said(call, *RULES)) == expected


def test_prompts_and_limits_are_dated_by_their_limits(said: Said) -> None:
    """To come back after eight seconds, to keep in touch each half minute, charged after one and three minutes."""
    call = "C2:帮我查查订单 A2:请您稍等 Q200"
    assert [it for it in said(call, WAIT, HOLD) if it.startswith("hold") and "cleared" not in it] == [
        "hold:prompt.back@12", "hold:prompt.touch@34", "hold:prompt.touch@64", "hold:warning.no-touch@64",
        "hold:prompt.touch@94", "hold:prompt.touch@124", "hold:prompt.touch@154", "hold:prompt.touch@184",
        "hold:warning.too-long@184",
    ]  # fmt: skip


def test_keeping_in_touch_starts_the_silence_anew_but_not_the_hold(said: Said) -> None:
    """The minute without a word counts from the last word, the three minutes from the beginning."""
    call = "C2:帮我查查订单 A2:请您稍等 " + "Q50 A2:还在查 " * 4 + "A2:好了"
    assert [it for it in said(call, WAIT, HOLD) if "warning" in it] == ["hold:warning.too-long@184"]


def test_coming_back_does_the_prompt(said: Said) -> None:
    """And the end of the call clears it."""
    assert said("A2:请您稍等 Q9 A2:久等了", WAIT, HOLD)[-1] == "hold:prompt.back.done@13"
    assert said("A2:请您稍等 Q9 H", WAIT, HOLD)[-1] == "hold:prompt.back.cleared@11"
