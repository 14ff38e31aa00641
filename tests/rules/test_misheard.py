import pytest

from monitor.frames import Side
from monitor.rules.match import Matcher
from monitor.rules.misheard import MOST_ASKED, nearly_said
from monitor.rules.model import BannedRule
from monitor.rules.parse import RuleSet, parse_rule
from monitor.text.reading import read

RULE = "id: {0}\nkind: banned\ntitle: 试\nstatus: trial\nseverity: major\nsound: false\nphrases: [{1}]\n"


def matcher(**phrases: str) -> Matcher:
    rules = {name: parse_rule(RULE.format(name, phrase), f"{name}.yaml") for name, phrase in phrases.items()}
    assert all(isinstance(rule, BannedRule) for rule in rules.values())
    return Matcher(RuleSet(rules))


@pytest.mark.parametrize(
    ("heard", "other", "quote", "candidate"),
    [
        ("开发票会不会开啊?", "开发票,我不会开啊", "会不会开", "我不会开"),
        ("您好，开发票维会开的", "您好，开发票我不会开的", "维会开", "我不会开"),
        ("我不贿开", "我不会开", "我不贿开", "我不会开"),
    ],
)
def test_the_words_that_would_give_way_are_asked_about(heard: str, other: str, quote: str, candidate: str) -> None:
    """As they were heard, against the words of the other text."""
    reading = read(heard)
    (hit,) = nearly_said(matcher(a="我不会开"), reading, (other,), Side.AGENT)
    assert (reading.quote(hit.start, hit.end), hit.candidate, hit.needs_audio) == (quote, candidate, True)
    assert hit.score < 1


def test_likelier_texts_come_first_and_a_rule_is_asked_about_once() -> None:
    """So many questions at most."""
    many = matcher(**{f"r{number}": f"没门{'甲乙丙丁戊'[number]}" for number in range(5)})
    others = [f"没门{letter}" for letter in "丙丙甲乙丁戊"]
    hits = nearly_said(many, read("没闷啊"), others, Side.AGENT)
    assert [hit.rule.id for hit in hits] == ["r2", "r0", "r1"]
    assert len(hits) == MOST_ASKED


@pytest.mark.parametrize("other", ["好的请稍等", "好的，请稍等。", "今天天气不错"])
def test_nothing_is_asked_where_nothing_is_found(other: str) -> None:
    """Nor where only the punctuation differs."""
    assert nearly_said(matcher(a="我不会开"), read("好的，请稍等"), (other,), Side.AGENT) == []


def test_what_has_no_place_in_the_likeliest_text_is_not_asked() -> None:
    """There are no words that it would replace."""
    assert nearly_said(matcher(a="我不会开"), read("好的"), ("好的我不会开",), Side.AGENT) == []


def test_the_other_side_is_not_charged() -> None:
    """A customer may not know how to."""
    assert nearly_said(matcher(a="我不会开"), read("我不贿开"), ("我不会开",), Side.CUSTOMER) == []
