"""Figures with limits: to the millisecond where time is measured, once per crossing."""

from collections.abc import Callable

import pytest

from monitor.errors import RuleErrors
from monitor.events import Warning
from monitor.frames import Side
from monitor.rules import tape
from monitor.rules.conduct import Conduct
from monitor.rules.cues import Levels
from monitor.rules.gauges import GAUGES
from monitor.rules.measure import MeasureRule
from monitor.rules.parse import RuleSet
from monitor.timeline import Ms

Said = Callable[..., list[str]]
Rules = Callable[..., RuleSet]

WORDS = "一二三四五六七八九十" * 5


def measure(name: str, limits: str, more: str = "") -> str:
    limit = f"{{name: l, title: 过了, severity: minor, {limits}}}"
    return f"id: m\nkind: measure\nmeasure: {name}\nlimits:\n  - {limit}\n{more}"


@pytest.mark.parametrize(
    ("rule", "call", "expected"),
    [
        (measure("call_ms", "above: 4000"), "Q9", ["m:warning.l@4"]),
        (measure("call_ms", "above: 4000"), "Q4", ["m:warning.l@4"]),
        (measure("call_ms", "above: 4000"), "Q3.9 H", []),
        (
            measure("dead_air_ms", "above: 3000, most: 9"),
            "Q9 A1:好 Q3 A1:好 Q2 A1:好 Q5",
            ["m:warning.l@13", "m:warning.l@20"],
        ),
        (measure("dead_air_ms", "above: 3000"), "A1:好 X5:customer Q2", ["m:warning.l@4"]),
        (measure("reaction_ms", "above: 3000, most: 9"), "C1:我要退货 Q5 A1:好 C1:嗯 Q5", ["m:warning.l@4"]),
        (
            measure("reaction_ms", "above: 3000", "words: [什么时候]"),
            "C1:我要退货 Q5 C2:什么时候退 Q5",
            ["m:warning.l@11"],
        ),
        (measure("reaction_ms", "above: 3000", "side: customer"), "A1:单号多少 Q5 C1:一二 Q5", ["m:warning.l@4"]),
        (measure("first_word_ms", "above: 5000"), "Q6 A1:您好", ["m:warning.l@5"]),
        (measure("first_word_ms", "above: 5000"), "Q4 C1:喂 Q9", []),
        (
            measure("monologue_ms", "above: 8000, most: 9"),
            "A5:好 Q1 A5:好 C1:嗯 A9:好",
            ["m:warning.l@8", "m:warning.l@20"],
        ),
        (measure("monologue_ms", "above: 8000"), "A5:好 Q3 A5:好", []),
        (measure("monologue_ms", "above: 8000"), "A5:好 Q1 +0.5C1:嗯 A5:好", []),
        (measure("speech_rate", "above: 280", "window_ms: 9000"), f"A5:{WORDS} A5:{WORDS}", ["m:warning.l@10"]),
        (measure("speech_rate", "above: 280", "window_ms: 9000"), f"A5:{WORDS}", []),
        (measure("speech_rate", "above: 280", "window_ms: 9000"), f"C5:{WORDS} C5:{WORDS}", []),
        (measure("talk_share", "above: 0.7", "least_ms: 5000"), "A4:好 C2:好 A4:好", ["m:warning.l@10"]),
        (measure("talk_share", "above: 0.7", "least_ms: 50000"), "A4:好 C2:好 A4:好", []),
        (
            measure("word_share", "below: 0.9", "words: [您]\nagainst: [你]\nleast_count: 3"),
            "A2:您你你 H",
            ["m:warning.l@2"],
        ),
        (measure("word_share", "below: 0.9", "words: [您]\nagainst: [你]\nleast_count: 4"), "A2:您你你 H", []),
        (
            measure("words_per_turn", "below: 0.5", "words: [请]\nleast_count: 3"),
            "A1:请讲 A1:然后 A1:单号 H",
            ["m:warning.l@3"],
        ),
        (
            measure("word_rate", "above: 20", "words: [然后]\nleast_count: 3\nwindow_ms: 9000"),
            "A3:然后然后然后点",
            ["m:warning.l@3"],
        ),
        (measure("word_rate", "above: 20", "words: [然后]\nleast_count: 4\nwindow_ms: 9000"), "A3:然后然后然后点", []),
        (measure("level_dbfs", "below: -35, for_ms: 3000"), "L:agent=-40 A6:好", ["m:warning.l@3"]),
        (measure("level_dbfs", "below: -35, for_ms: 3000"), "L:agent=-40 A2:好 Q9", []),
        (measure("snr_db", "below: 10, for_ms: 2000"), "L:agent=-20,5 A6:好", ["m:warning.l@2"]),
        (measure("level_gap_db", "above: 10, for_ms: 2000"), "L:customer=-40 L:agent=-20 A6:好", ["m:warning.l@2"]),
        (measure("level_spread_db", "below: 1", "window_ms: 4000"), "L:agent=-20 A6:好", ["m:warning.l@3"]),
        (measure("level_spread_db", "below: 1", "window_ms: 4000"), "L:agent=-20 A2:好 L:agent=-30 A2:好", []),
        (measure("clock_h", "outside: [[9.0, 12.0]]"), "A1:好", ["m:warning.l@0"]),
        (
            measure("asked_again", "above: 0", "terms: [{name: n, phrases: [单号]}]"),
            "A1:单号 C2:一二三 A1:单号",
            ["m:warning.l@4"],
        ),
        (
            measure("asked_again", "above: 0", "terms: [{name: n, phrases: [单号]}]\nagainst: [没听清]"),
            "A1:单号 C2:没听清楚 A1:单号",
            [],
        ),
        (measure("asked_again", "above: 0", "terms: [{name: n, phrases: [单号]}]"), "A1:单号 A1:单号", []),
    ],
)
def test_limits(said: Said, rule: str, call: str, expected: list[str]) -> None:
    """When each figure crosses its limit."""
    assert said(call, rule, minute=13 * 60) == expected


def test_every_measure_has_a_gauge() -> None:
    """What a rule file may name is what there is."""
    assert set(MeasureRule.model_fields["measure"].annotation.__args__) == set(GAUGES)  # type: ignore[union-attr]


def test_a_crossing_is_told_once_until_the_figure_has_been_back(said: Said) -> None:
    """``most`` bounds how often in a call."""
    low = measure("level_dbfs", "below: -35, most: 9")
    assert said("L:agent=-40 A3:好 L:agent=-20 A2:好 L:agent=-40 A3:好", low) == ["m:warning.l@0", "m:warning.l@5"]
    assert said("L:agent=-40 A3:好 L:agent=-20 A2:好 L:agent=-40 A3:好", measure("level_dbfs", "below: -35")) == [
        "m:warning.l@0"
    ]


def test_a_warning_names_its_figure(rules: Rules) -> None:
    """In the rule's unit, over the stretch that it is about."""
    rule = measure("dead_air_ms", "above: 3000, advice: 说话", "unit: 秒")
    warning = next(it for it in tape.play(rules(rule), "A1:好 Q5") if isinstance(it, Warning))
    assert (warning.phrase, warning.match, warning.advice) == ("3.0 秒", "measure", "说话")
    assert (warning.from_ms, warning.to_ms) == (1000, 4000)


def test_louder_after_than_before(said: Said) -> None:
    """Compared over so much speech on both sides of a signal."""
    rule = measure("level_change_db", "above: 6", "window_ms: 3000\nwhen: [quiet]")
    quiet = "id: quiet\nkind: intent\nphrases: [听不清]"
    assert said("L:agent=-30 A4:好 C2:听不清 L:agent=-20 A5:好", quiet, rule) == ["m:warning.l@8"]
    assert said("L:agent=-30 A4:好 C2:听不清 A5:好", quiet, rule) == []
    assert said("L:agent=-30 A4:好 C2:听得清 L:agent=-20 A5:好", quiet, rule) == []


def test_paused_and_reset_by_signals(said: Said) -> None:
    """Silence that has been announced is not dead air."""
    wait = "id: wait\nkind: intent\nside: agent\nphrases: [请稍等]"
    back = "id: back\nkind: intent\nside: agent\nphrases: [久等了]"
    rule = measure("dead_air_ms", "above: 3000, most: 9", "paused_by: [wait]\nresumed_by: [back]")
    assert said("A1:请稍等 Q9 A1:久等了 Q9", wait, back, rule) == ["m:warning.l@14"]
    reset = measure("reaction_ms", "above: 3000", "side: customer\nreset_by: [wait]")
    assert said("A1:请稍等 Q9", wait, reset) == []


def test_a_limit_may_prompt_and_signal(said: Said) -> None:
    """Without a warning where it has no severity."""
    limit = "{name: l, title: 五秒, above: 5000, say: 快点, shows_ms: 2000, signal: long}"
    rule = f"id: m\nkind: measure\nmeasure: call_ms\nlimits:\n  - {limit}"
    follow = "id: f\nkind: protocol\nwhen: [long]\nsteps:\n  - {step: s, title: x, accept: [没有]}"
    assert said("Q9", rule, follow) == ["m:prompt.l@5", "f:prompt.s@5", "m:prompt.l.cleared@7"]


def test_levels_that_are_not_known_are_no_figure(rules: Rules) -> None:
    """None until something was heard."""
    conduct = Conduct(rules(measure("level_dbfs", "below: -35")), "c", "inbound", (Side.AGENT, Side.CUSTOMER))
    assert conduct.feed(Levels(Side.AGENT, Ms(1000), None, None)) == []


@pytest.mark.parametrize(
    "text",
    [
        measure("call_ms", "below: 4"),
        measure("call_ms", ""),
        measure("nonsense", "above: 1"),
        "id: m\nkind: measure\nmeasure: call_ms\nlimits: []",
        "id: m\nkind: measure\nmeasure: call_ms\nlimits: [{name: l, title: t, above: 1}]",
        measure("call_ms", "above: 1") + "  - {name: l, title: 过了, severity: minor, above: 2}",
    ],
)
def test_measures_that_cannot_work_are_refused(rules: Rules, text: str) -> None:
    """A stop watch that runs backwards, a limit that limits nothing or means nothing …"""
    with pytest.raises(RuleErrors, match="RULE-003"):
        rules(text)
