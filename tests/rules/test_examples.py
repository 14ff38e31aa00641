from monitor.rules.examples import prove
from monitor.rules.match import Matcher
from monitor.rules.parse import RuleSet, parse_rule

RULE = """id: {id}
kind: banned
title: 试
status: {status}
severity: major
phrases: [不归我管]
rewrite: {rewrite}
examples:
  hit: {hit}
  miss: {miss}
"""


def outcomes(
    hit: str, miss: str = "[]", rewrite: str = "我来跟进", status: str = "trial", ordinary: tuple[str, ...] = ()
) -> dict[str, str]:
    rule = parse_rule(RULE.format(id="a", hit=hit, miss=miss, rewrite=rewrite, status=status), "a.yaml")
    matcher = Matcher(RuleSet({"a": rule}, ordinary=ordinary))
    return {f"{found.rule_id} {found.name}": found.fault for found in prove(matcher)}


def test_what_holds_has_no_fault() -> None:
    """Hits, misses, the rewrite; each by its name in the file."""
    held = outcomes("[这事不归我管, {heard: 这事不龟我管}, {say: 您不归我管, quote: 不归我管}]", "[我来管]")
    assert held == {"a hit-1": "", "a hit-2": "", "a hit-3": "", "a miss-1": "", "a rewrite-1": ""}


def test_what_fails_says_how() -> None:
    """A hit that does not fire, a wrong quote, a wrong rewrite, a miss that fires."""
    failed = outcomes(
        "[没关系, {say: 这事不归我管, quote: 这事}, {say: 不归我管, rewrite: 别的}, {say: 不归我管, side: customer}]",
        "[不归我管]",
    )
    assert failed["a hit-1"] == "does not fire; instead: nothing"
    assert failed["a hit-2"] == "quotes '不归我管', not '这事'"
    assert failed["a hit-3"] == "offers '我来跟进', not '别的'"
    assert failed["a hit-4"] == "does not fire; instead: nothing"
    assert failed["a miss-1"] == "fires: a by literal '不归我管'"


def test_recommended_and_ordinary_sentences_are_proved_too() -> None:
    """A rule that bans what another tells agents to say is wrong."""
    failed = outcomes("[不归我管]", rewrite="这个不归我管呢", ordinary=("您好", "不归我管"))
    assert failed["a rewrite-1"] == "fires: a by literal '不归我管'"
    assert (failed["ordinary sentence-1"], failed["ordinary sentence-2"]) == ("", "fires: a by literal '不归我管'")


def test_a_draft_proves_nothing() -> None:
    """It never fires."""
    assert outcomes("[不归我管]", status="draft") == {}
