import pytest

from monitor.frames import Side
from monitor.rules.match import Matcher
from monitor.rules.model import BannedRule
from monitor.rules.parse import RuleSet, parse_rule
from monitor.text.reading import read

RULE = parse_rule(
    """id: a
kind: banned
title: 推诿
status: trial
severity: major
patterns: ['(?:不归|不是)我[管的]', '没门儿']
rewrite: 我来跟进
rewrites:
  - pattern: '{事=(?!这)\\w{2,4}?}{这块|的事}?(?:不归|不是)我'
    say: '{事}的事我来联系'
""",
    "a.yaml",
)
assert isinstance(RULE, BannedRule)


def offered(said: str, *rules: BannedRule) -> list[str]:
    matcher = Matcher(RuleSet(rules={rule.id: rule for rule in (RULE, *rules)}))
    return [hit.rewrite for hit in matcher.find(read(said), Side.AGENT)]


def test_slots_are_filled_with_what_was_heard() -> None:
    """Hesitations inside are left out."""
    assert offered("发票这块儿啊，不是我管的") == ["发票的事我来联系"]
    assert offered("退嗯款的事不归我管") == ["退款的事我来联系"]


def test_where_none_fits_the_fixed_wording_is_used() -> None:
    """No slot, or another way of breaking the rule."""
    assert offered("这个不归我管") == ["我来跟进"]
    assert offered("没门儿") == ["我来跟进"]


def test_a_rewrite_may_not_break_a_rule_itself() -> None:
    """The speaker's own words could carry something banned into it."""
    other = parse_rule(
        "id: b\nkind: banned\ntitle: 词\nstatus: trial\nseverity: hint\nphrases: [破烂]\nsound: false\n", "b.yaml"
    )
    assert isinstance(other, BannedRule)
    assert "我来跟进" in offered("破烂不归我管", other)


@pytest.mark.parametrize("said", ["这台洗衣机的上门安装与调试不归我管"])
def test_a_slot_that_is_too_long_is_no_slot(said: str) -> None:
    """It caught more than a name."""
    assert offered(said)[0] in ("我来跟进", "调试的事我来联系", "安装与调试的事我来联系")
