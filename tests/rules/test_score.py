from dataclasses import replace

from monitor.events import Requirement, Warning
from monitor.frames import Side
from monitor.rules.score import Scorecard
from monitor.timeline import Ms

WARNING = Warning(
    call_id="c",
    at_ms=Ms(5),
    warning_id="w1",
    status="confirmed",
    rule_id="not-my-job",
    title="推诿",
    severity="major",
    side=Side.AGENT,
    match="literal",
    from_ms=Ms(1),
    to_ms=Ms(5),
)
MISSED = Requirement(call_id="c", at_ms=Ms(9), rule_id="closing", status="missed", title="祝福", severity="major")


def score_of(*events: Warning | Requirement) -> int:
    card = Scorecard()
    for event in events:
        card.count(event)
    return card.summary()["score"]


def test_nothing_said_wrong_is_a_hundred():
    assert score_of() == 100


def test_a_warning_costs_by_severity_and_says_why():
    card = Scorecard()
    card.count(WARNING)
    summary = card.summary()
    assert summary["score"] == 90
    assert summary["reasons"] == [{"rule_id": "not-my-job", "title": "推诿", "at_ms": 5, "points": -10}]
    assert summary["warnings"] == {"critical": 0, "major": 1, "minor": 0, "hint": 0}


def test_the_newest_of_an_id_counts():
    assert score_of(WARNING, WARNING) == 90
    assert score_of(WARNING, replace(WARNING, status="retracted")) == 100
    assert score_of(replace(WARNING, status="provisional")) == 100


def test_trial_and_the_customer_cost_nothing():
    assert score_of(replace(WARNING, trial=True)) == 100
    assert score_of(replace(WARNING, side=Side.CUSTOMER)) == 100


def test_a_missed_requirement_costs_once():
    assert score_of(MISSED) == 95
    assert score_of(MISSED, replace(WARNING, rule_id="closing", match="absence")) == 90
    assert score_of(replace(MISSED, status="met")) == 100


def test_no_score_below_zero():
    assert score_of(*(replace(WARNING, warning_id=str(n), severity="critical") for n in range(9))) == 0
