"""What must be said: called for, pending, met, missed, and when nobody may be blamed."""

from collections.abc import Callable

import pytest

from monitor.errors import RuleErrors
from monitor.events import Requirement, Warning
from monitor.rules import tape
from monitor.rules.parse import RuleSet

Said = Callable[..., list[str]]
Rules = Callable[..., RuleSet]

COMPLAINT = "id: complaint\nkind: intent\nphrases: [投诉]"
MISSED = "sorry:requirement.missed"
WARNED = "sorry:warning"
GOODBYE = "id: goodbye\nkind: intent\nside: agent\nphrases: [再见]"
WAIVER = "id: waiver\nkind: intent\nside: agent\nphrases: [免了吧]"
SORRY = "id: sorry\nkind: required\nwhen: [complaint]\nsay: 非常抱歉\naccept: [抱歉]\ndue: {turns: 1}\nbasis: 书"


def test_pending_then_met(said: Said, rules: Rules) -> None:
    """Called for by the customer, met by the agent's next turn, with the words that met it."""
    assert said("C2:我要投诉 A2:非常抱歉", COMPLAINT, SORRY) == [
        "sorry:requirement.pending@2", "sorry:requirement.met@4",
    ]  # fmt: skip
    events = tape.play(rules(COMPLAINT, SORRY), "C2:我要投诉 A2:非常抱歉")
    assert [(it.quote, it.say) for it in events if isinstance(it, Requirement)] == [
        ("", "非常抱歉"), ("抱歉", "非常抱歉"),
    ]  # fmt: skip


def test_missed_once_it_is_certain(said: Said) -> None:
    """The agent's turn is over when the customer says something of substance; a backchannel ends nothing."""
    assert said("C2:我要投诉 A3:您的订单号是多少呢 C1:嗯 A2:说一下 C2:一二三四", COMPLAINT, SORRY) == [
        "sorry:requirement.pending@2", "sorry:requirement.missed@10", "sorry:warning@10",
    ]  # fmt: skip


def test_a_missed_requirement_is_a_warning_of_absence(rules: Rules) -> None:
    """With the wording to use, the basis, and the time from which it was due."""
    warning = next(
        it
        for it in tape.play(rules(COMPLAINT, SORRY), "C2:我要投诉 A3:您的订单号是多少呢 C2:一二三四")
        if isinstance(it, Warning)
    )
    assert (warning.match, warning.status, warning.rewrite, warning.basis) == ("absence", "confirmed", "非常抱歉", "书")
    assert (warning.from_ms, warning.to_ms, warning.warning_id) == (0, 7000, "sorry@0")


def test_short_turns_use_up_no_deadline(said: Said) -> None:
    """«您请讲» is no answer."""
    assert said("C2:我要投诉 A1:您请讲 C2:鞋子坏了 A2:非常抱歉", COMPLAINT, SORRY)[-1] == "sorry:requirement.met@7"


def test_who_was_already_speaking_was_not_answering(said: Said) -> None:
    """A turn that began long before the trigger ended is not the next turn."""
    assert said("C4:我要投诉 +1A5:您的快递今天下午派送 C2:听到没有 A2:非常抱歉", COMPLAINT, SORRY)[-1] == (
        "sorry:requirement.met@10"
    )


def test_the_customer_who_hangs_up_leaves_it_pending(said: Said) -> None:
    """Nobody is blamed for what could not be said any more."""
    assert said("C2:我要投诉 H:customer", COMPLAINT, SORRY) == ["sorry:requirement.pending@2"]
    assert said("C2:我要投诉 Q3 H", COMPLAINT, SORRY) == ["sorry:requirement.pending@2"]
    assert said("C2:我要投诉 A3:您的订单号是多少呢 H:customer", COMPLAINT, SORRY)[-1] == "sorry:warning@5"


def test_a_time_limit_lets_a_sentence_be_finished(said: Said) -> None:
    """Whoever is speaking when the limit comes may still say it."""
    rule = SORRY.replace("{turns: 1}", "{within_ms: 5000}")
    assert said("C2:我要投诉 Q6", COMPLAINT, rule)[1:] == [f"{MISSED}@7", f"{WARNED}@7"]
    assert said("C2:我要投诉 Q4 A3:真是非常抱歉", COMPLAINT, rule)[1:] == ["sorry:requirement.met@9"]
    assert said("C2:我要投诉 Q4 A3:您的订单号", COMPLAINT, rule)[1:] == [
        "sorry:requirement.missed@9",
        "sorry:warning@9",
    ]


def test_by_a_signal_and_at_the_end(said: Said) -> None:
    """Before goodbye; without a goodbye, at the end of the call, if the agent had the chance."""
    rule = SORRY.replace("{turns: 1}", "{before: [goodbye]}")
    assert said("C2:我要投诉 A2:抱歉再见", COMPLAINT, GOODBYE, rule)[1:] == ["sorry:requirement.met@4"]
    assert said("C2:我要投诉 A2:再见", COMPLAINT, GOODBYE, rule)[1:] == [
        "sorry:requirement.missed@4",
        "sorry:warning@4",
    ]
    assert said("C2:我要投诉 A2:好的 H", COMPLAINT, GOODBYE, rule)[1:] == [
        "sorry:requirement.missed@4",
        "sorry:warning@4",
    ]
    assert said("C2:我要投诉 A2:好的 C2:什么 H", COMPLAINT, GOODBYE, rule)[1:] == []
    assert said("C2:我要投诉 A2:好的 C2:什么 Q1 H", COMPLAINT, GOODBYE, rule)[1:] != []


def test_what_is_waived_can_be_met_but_not_missed(said: Said) -> None:
    """Even by the same words that would have missed it."""
    rule = SORRY.replace("{turns: 1}", "{before: [goodbye]}") + "\nwaived_by: [waiver]"
    assert said("C2:我要投诉 A2:免了吧再见", COMPLAINT, GOODBYE, WAIVER, rule)[1:] == []
    assert said("C2:我要投诉 A2:免了吧 A2:抱歉", COMPLAINT, GOODBYE, WAIVER, rule)[1:] == ["sorry:requirement.met@6"]
    assert said("A2:免了吧 C2:我要投诉 A2:再见", COMPLAINT, GOODBYE, WAIVER, rule) == []


def test_no_double_charge(said: Said, rules: Rules) -> None:
    """Where a requirement that covers it was missed too, it costs nothing."""
    other = "id: aaa\nkind: required\nwhen: [complaint]\naccept: [理解]\ndue: {turns: 1}"
    covered = SORRY + "\ncovered_by: [aaa]"
    call = "C2:我要投诉 A3:您的订单号是多少呢 C2:一二三四"
    assert [it for it in said(call, COMPLAINT, other, covered) if "warning" in it] == ["aaa:warning@7"]
    events = tape.play(rules(COMPLAINT, other, covered), call)
    missed = {it.rule_id: it.severity for it in events if isinstance(it, Requirement) and it.status == "missed"}
    assert missed == {"aaa": "minor", "sorry": "hint"}


def test_nothing_is_held_against_an_agent_who_is_hard_to_hear(rules: Rules) -> None:
    """On a noisy line the right words may have been said: missed costs nothing and warns nobody."""
    call = "L:agent=-20,{} C2:我要投诉 A3:您的订单号是多少呢 C2:一二三四"
    for snr_db, charged in ((30, True), (8, False)):
        events = tape.play(rules(COMPLAINT, SORRY), call.format(snr_db))
        assert any(isinstance(it, Warning) for it in events) is charged
        severity = [it.severity for it in events if isinstance(it, Requirement) and it.status == "missed"]
        assert severity == ["minor" if charged else "hint"]


def test_looking_back(said: Said) -> None:
    """It must have been said already when it is called for; judged at once."""
    rule = SORRY.replace("{turns: 1}", "{look_back_turns: 1}")
    assert said("A2:抱歉 C2:我要投诉", COMPLAINT, rule) == ["sorry:requirement.met@4"]
    assert said("A2:您好 C2:我要投诉", COMPLAINT, rule) == [f"{MISSED}@4", f"{WARNED}@4"]


def test_anywhere(said: Said) -> None:
    """What was said before counts where the rule says so."""
    assert said("A2:抱歉 C2:我要投诉", COMPLAINT, SORRY + "\nanywhere: true")[-1] == "sorry:requirement.met@4"
    assert said("A2:抱歉 C2:我要投诉", COMPLAINT, SORRY)[-1] == "sorry:requirement.pending@4"


def test_each_time_and_not_too_often(said: Said, rules: Rules) -> None:
    """Occasions count from 1; ``again_after_ms`` keeps a rule from nagging."""
    rule = SORRY + "\neach: true\nagain_after_ms: 10000"
    call = "C2:我要投诉 A2:抱歉 C2:我要投诉 Q8 C2:我要投诉 A2:抱歉"
    assert said(call, COMPLAINT, rule) == [
        "sorry:requirement.pending@2", "sorry:requirement.met@4",
        "sorry:requirement.pending@16", "sorry:requirement.met@18",
    ]  # fmt: skip
    occasions = [it.occasion for it in tape.play(rules(COMPLAINT, rule), call) if isinstance(it, Requirement)]
    assert occasions == [1, 1, 2, 2]
    assert len(said(call, COMPLAINT, SORRY)) == 2


def test_slots_may_come_in_any_order_and_in_pieces(said: Said, rules: Rules) -> None:
    """Met when every required part was said; the missing ones are named."""
    rule = """
id: greet
kind: required
when: [call-started]
due: {turns: 1, any_turn: true}
slots:
  - {name: hello, title: 您好, severity: major, accept: [您好]}
  - {name: company, title: 公司名称, severity: minor, accept: [花语旗舰店]}
  - {name: agent, title: 工号, accept: [工号]}
"""
    assert said("A1:花语旗舰店 Q0.5 A1:您好 C2:我要退货", rule)[-1] == "greet:requirement.met@2.5"
    events = tape.play(rules(rule), "A1:您好 C2:我要退货")
    assert [(it.title, it.severity) for it in events if isinstance(it, Warning)] == [("试（缺：公司名称）", "minor")]
    events = tape.play(rules(rule), "A1:请讲 C2:我要退货")
    assert [(it.title, it.severity) for it in events if isinstance(it, Warning)] == [
        ("试（缺：您好、公司名称）", "major")
    ]


def test_echo(said: Said) -> None:
    """Repeating the customer's number, or a part of it, meets the requirement."""
    digits = "id: digits\nkind: intent\npatterns: ['{digits=[零一二三四五六七八九]{6,}}']"
    rule = "id: repeat\nkind: required\nwhen: [digits]\nechoes: digits\ndue: {turns: 1}"
    assert said("C4:13812345678 A3:尾号五六七八对吧", digits, rule)[-1] == "repeat:requirement.met@7"
    assert said("C4:13812345678 A3:好的我记下来了 C2:快点吧", digits, rule)[-1] == "repeat:warning@9"


def test_surname_is_filled_in_by_sound(said: Said, rules: Rules) -> None:
    """What a signal has named goes into wordings and into what is offered."""
    name = "id: surname\nkind: intent\npatterns: ['我姓{surname=[王李]}']"
    rule = (
        "id: address\nkind: required\nwhen: [surname]\nsay: '{surname}女士'\naccept: ['{surname}女士', '{surname}先生']"
    )
    assert said("C2:我姓王 A2:汪女士您好", name, rule)[-1] == "address:requirement.met@4"
    assert said("C2:我姓王 A2:李女士您好", name, rule)[-1] == "address:requirement.pending@2"
    events = tape.play(rules(name, rule), "C2:我姓王")
    assert [it.say for it in events if isinstance(it, Requirement)] == ["王女士"]


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("id: x\nkind: required\nwhen: [a]", "RULE-003"),
        ("id: x\nkind: required\nwhen: []\naccept: [好]", "RULE-003"),
        ("id: x\nkind: required\nwhen: [a]\naccept: [好]\ndue: {look_back_turns: 1, turns: 2}", "RULE-003"),
        ("id: x\nkind: required\nwhen: [a]\npatterns: ['(']", "RULE-006"),
        ("id: x\nkind: required\nwhen: [a]\nslots: [{name: n, title: t, patterns: ['(']}]", "RULE-006"),
        ("id: x\nkind: required\nwhen: [a]\naccept: [好]\nstatus: stable", "RULE-007"),
    ],
)
def test_rules_that_cannot_work_are_refused(text: str, code: str, rules: Rules) -> None:
    """With the code that says why."""
    with pytest.raises(RuleErrors, match=code):
        rules(text)
