"""Steps in order: prompted, done, missed, waited for; words that are forbidden meanwhile; hanging up."""

from collections.abc import Callable

import pytest

from monitor.errors import RuleErrors
from monitor.events import Prompt, Warning
from monitor.rules import tape
from monitor.rules.parse import RuleSet

Said = Callable[..., list[str]]
Rules = Callable[..., RuleSet]

START = "id: start\nkind: intent\nphrases: [开始吧]"
STOP = "id: stop\nkind: intent\nside: agent\nphrases: [停下吧]"


def protocol(steps: str, more: str = "") -> str:
    return f"id: proto\nkind: protocol\nwhen: [start]\nsteps:\n{steps}\n{more}"


ONE_TWO = protocol(
    "  - {step: one, title: 一, say: 第一步, accept: [第一步完成]}\n"
    "  - {step: two, title: 二, say: 第二步, accept: [第二步完成], turns: 1, charge: {title: 缺二, severity: minor}}"
)


def test_steps_follow_each_other(said: Said) -> None:
    """A step that is done brings up the next."""
    assert said("C2:开始吧 A2:第一步完成 Q1 A2:第二步完成", START, ONE_TWO) == [
        "proto:prompt.one@2", "proto:prompt.one.done@4", "proto:prompt.two@4", "proto:prompt.two.done@7",
    ]  # fmt: skip


def test_a_later_step_may_be_said_first(said: Said) -> None:
    """It need not be said again, nor is it prompted."""
    turned = said("C2:开始吧 A2:第二步完成 A2:第一步完成", START, ONE_TWO)
    assert turned == ["proto:prompt.one@2", "proto:prompt.one.done@6"]


def test_a_deadline_in_turns(said: Said) -> None:
    """Missed when the agent's turn is over without it, and charged where the rule says so."""
    assert said("C2:开始吧 A2:第一步完成 C2:什么 A3:说些别的东西吧 C2:什么", START, ONE_TWO)[3:] == [
        "proto:warning.two@11", "proto:prompt.two.missed@11",
    ]  # fmt: skip


def test_a_deadline_in_time_is_dated_by_its_limit(said: Said) -> None:
    """To the millisecond, unless the agent is just speaking."""
    timed = protocol("  - {step: one, title: 一, accept: [第一步完成], within_ms: 3000}")
    assert said("C2:开始吧 Q9", START, timed) == ["proto:prompt.one@2", "proto:prompt.one.missed@5"]
    assert said("C2:开始吧 Q2 A4:第一步完成", START, timed)[-1] == "proto:prompt.one.done@8"


def test_a_wait_runs_only_in_quiet(said: Said) -> None:
    """Any voice starts it anew; the prompt that was done names when the next one falls due."""
    waits = protocol(
        "  - {step: say, title: 说, accept: [请换电话]}\n  - {step: go, title: 走, wait_ms: 5000, may_end: true}"
    )
    assert said("C2:开始吧 A2:请换电话 Q5 H:agent", START, waits) == [
        "proto:prompt.say@2", "proto:prompt.say.done@4", "proto:prompt.go@9", "proto:prompt.go.done@9",
    ]  # fmt: skip
    assert said("C2:开始吧 A2:请换电话 Q3 C1:喂 Q6", START, waits)[-1] == "proto:prompt.go@13"


def test_when_the_next_prompt_falls_due_and_whether_one_may_hang_up(rules: Rules) -> None:
    """What the ring on the sidebar needs."""
    waits = protocol(
        "  - {step: say, title: 说, accept: [请换电话], within_ms: 9000}\n"
        "  - {step: go, title: 走, wait_ms: 5000, may_end: true}"
    )
    prompts = [it for it in tape.play(rules(START, waits), "C2:开始吧 A2:请换电话 Q6") if isinstance(it, Prompt)]
    assert [(it.status, it.due_ms, it.next_ms, it.may_end) for it in prompts] == [
        ("shown", 11000, None, False), ("done", None, 9000, False), ("shown", None, None, True),
    ]  # fmt: skip
    assert len({it.prompt_id for it in prompts}) == 2


def test_a_step_that_waits_for_a_signal(said: Said) -> None:
    """Not by the words that did the step before, unless the rule says so."""
    late = protocol(
        "  - {step: one, title: 一, accept: [第一步]}\n  - {step: two, title: 二, after: [stop], accept: [第二步]}"
    )
    call = "C2:开始吧 A2:第一步停下吧 A2:停下吧"
    assert said(call, START, STOP, late)[-1] == "proto:prompt.two@6"
    same = late.replace("after: [stop]", "after: [stop], same_words: true")
    assert said(call, START, STOP, same)[-1] == "proto:prompt.two@4"


def test_a_step_too_soon(said: Said) -> None:
    """Saying a step before the one it needs is charged."""
    needs = protocol(
        "  - {step: one, title: 一, accept: [第一步]}\n"
        "  - {step: two, title: 二, accept: [第二步], needs: [one], too_soon: {title: 早, severity: minor}}"
    )
    assert "proto:warning.two@4" in said("C2:开始吧 A2:第二步", START, needs)
    assert not [it for it in said("C2:开始吧 A2:第一步 A2:第二步", START, needs) if "warning" in it]
    assert not [it for it in said("C2:开始吧 A2:第一步然后第二步", START, needs) if "warning" in it]


def test_forbidden_words(said: Said, rules: Rules) -> None:
    """Only while the protocol runs, with the words as heard; not where another rule charges them."""
    forbids = protocol(
        "  - {step: one, title: 一, accept: [第一步]}",
        "forbidden:\n  - {phrases: [急什么], violation: {title: 急, severity: major}, charged_by: other}",
    )
    assert said("A2:你急什么 C2:开始吧 A2:你急什么", START, forbids) == ["proto:prompt.one@4", "proto:warning.words@6"]
    warning = next(it for it in tape.play(rules(START, forbids), "C2:开始吧 A2:你急什么") if isinstance(it, Warning))
    assert (warning.quote, warning.title, warning.severity) == ("急什么", "急", "major")
    other = "id: other\nkind: banned\nphrases: [急什么]"
    assert said("C2:开始吧 A2:你急什么", START, forbids, other) == ["proto:prompt.one@2"]


def test_forbidden_words_alone(said: Said) -> None:
    """A protocol without steps forbids until the end."""
    words = "  - {phrases: [急什么], violation: {title: 急, severity: minor}}"
    forbids = f"id: proto\nkind: protocol\nwhen: [start]\nforbidden:\n{words}"
    charged = said("C2:开始吧 Q60 A2:你急什么 A2:你急什么", START, forbids)
    assert charged == ["proto:warning.words@64", "proto:warning.words@66"]


def test_what_ends_it(said: Said) -> None:
    """A signal, a word of the customer, or nothing happening for long; what is shown is cleared."""
    step = "  - {step: one, title: 一, accept: [第一步]}"
    assert said("C2:开始吧 A2:停下吧", START, STOP, protocol(step, "until: [stop]"))[-1] == "proto:prompt.one.cleared@4"
    assert said("C2:开始吧 Q1 C1:喂", START, protocol(step, "voice_ends: true"))[-1] == "proto:prompt.one.cleared@3"
    assert said("C2:开始吧 Q9", START, protocol(step, "fades_ms: 4000"))[-1] == "proto:prompt.one.cleared@6"
    assert said("C2:开始吧 Q9 H", START, protocol(step))[-1] == "proto:prompt.one.cleared@11"


def test_once_or_each_time(said: Said) -> None:
    """A protocol runs once, unless the rule says otherwise."""
    step = "  - {step: one, title: 一, accept: [第一步]}"
    call = "C2:开始吧 A2:第一步 C2:开始吧"
    assert said(call, START, protocol(step))[-1] == "proto:prompt.one.done@4"
    assert said(call, START, protocol(step, "each: true"))[-1] == "proto:prompt.one@6"
    assert said(call, START, protocol(step, "each: true\nagain_after_ms: 9000"))[-1] == "proto:prompt.one.done@4"


def test_hanging_up(said: Said) -> None:
    """Not without the step, not before the wait; the customer may do as he likes."""
    rule = protocol(
        "  - {step: one, title: 一, accept: [请换电话]}\n  - {step: two, title: 二, accept: [没有]}",
        "hangup: {needs: one, wait_ms: 5000, tolerance_ms: 500, missing: {title: 没说, severity: major}, "
        "early: {title: 早挂, severity: major}}",
    )
    assert said("C2:开始吧 Q1 H:agent", START, rule)[1] == "proto:warning.hangup@3"
    assert said("C2:开始吧 A2:请换电话 Q4.4 H:agent", START, rule)[3] == "proto:warning.early-hangup@8.4"
    assert not [it for it in said("C2:开始吧 A2:请换电话 Q4.6 H:agent", START, rule) if "warning" in it]
    assert not [it for it in said("C2:开始吧 Q1 H:customer", START, rule) if "warning" in it]
    assert not [it for it in said("C2:开始吧 Q1 H", START, rule) if "warning" in it]


def test_the_words_that_begin_it_may_do_its_first_step(said: Said) -> None:
    """The agent's own words began it: «听不清，请您大声一点»."""
    own = protocol("  - {step: one, title: 一, accept: [第一步]}").replace("[start]", "[stop]")
    assert said("A2:停下吧，第一步", STOP, own) == ["proto:prompt.one@2", "proto:prompt.one.done@2"]


def test_signals_of_a_protocol(said: Said) -> None:
    """Other rules may wait for it, and for its steps."""
    follower = "id: follower\nkind: protocol\nwhen: [proto.one]\nsteps:\n  - {step: x, title: x, accept: [没有]}"
    assert said("C2:开始吧 A2:第一步完成", START, ONE_TWO, follower)[-1] == "follower:prompt.x@4"


@pytest.mark.parametrize(
    ("steps", "more"),
    [
        ("  - {step: a, title: t}\n  - {step: a, title: t}", ""),
        ("  - {step: a, title: t, needs: [b]}", ""),
        ("  - {step: a, title: t, too_soon: {title: t, severity: minor}}", ""),
        ("  - {step: a, title: t, charge: {title: t, severity: minor}}", ""),
        ("  - {step: A, title: t}", ""),
        ("  []", ""),
        ("  - {step: a, title: t, patterns: ['(']}", ""),
    ],
)
def test_protocols_that_cannot_work_are_refused(rules: Rules, steps: str, more: str) -> None:
    """Two steps of one name, a step that is needed and does not exist, a charge without deadline …"""
    with pytest.raises(RuleErrors, match=r"RULE-00[36]"):
        rules(protocol(steps, more))
