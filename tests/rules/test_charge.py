from hypothesis import given
from hypothesis import strategies as st

from monitor.events import SEVERITIES
from monitor.rules.charge import charge
from monitor.rules.hit import Found
from monitor.rules.model import BannedRule


def rule(name: str, severity: str = "major", status: str = "trial") -> BannedRule:
    return BannedRule.model_construct(id=name, severity=severity, status=status)


def found(name: str, start: int, end: int, *, severity: str = "major", status: str = "stable", **more: object) -> Found:
    fields: dict = {"phrase": name, "match": "literal", "start": start, "end": end, **more}
    return Found(rule=rule(name, severity, status), **fields)


def ids(items: list[Found]) -> list[tuple[str, tuple[str, ...]]]:
    return [(item.rule.id, also) for item, also in charge(items)]


def test_the_same_words_cost_once() -> None:
    """Under the most severe rule; the others are named."""
    items = [found("mild", 0, 6, severity="minor"), found("worst", 1, 6, severity="critical"), found("bad", 2, 6)]
    assert ids(items) == [("worst", ("bad", "mild"))]


def test_a_phrase_twice_in_one_breath_costs_once() -> None:
    """Wherever it is repeated."""
    assert ids([found("a", 0, 4), found("a", 10, 14)]) == [("a", ())]


def test_other_words_cost_again() -> None:
    """In the order they were said."""
    assert ids([found("b", 8, 12), found("a", 0, 4)]) == [("a", ()), ("b", ())]


def test_a_rule_on_trial_does_not_hide_one_in_force() -> None:
    """However severe it would be."""
    items = [found("new", 0, 4, severity="critical", status="trial"), found("old", 0, 4, severity="minor")]
    assert ids(items) == [("old", ("new",))]


def test_surer_evidence_speaks() -> None:
    """Spelling before sound before meaning."""
    items = [found("a", 0, 4, match="meaning"), found("a", 0, 4, match="pinyin", score=0.9), found("a", 0, 4)]
    assert charge(items)[0][0].match == "literal"
    assert ids([found("a", 0, 4), found("b", 0, 4, match="meaning", severity="critical")]) == [("a", ())]


def test_a_question_to_the_audio_yields_to_what_is_sure() -> None:
    """Nothing is asked about words that are charged already, nor about a rule that is."""
    sure, near = found("a", 0, 4), found("b", 0, 4, needs_audio=True, severity="critical")
    assert ids([sure, near]) == [("a", ())]
    assert ids([sure, found("a", 8, 12, needs_audio=True)]) == [("a", ())]
    assert ids([sure, found("b", 8, 12, needs_audio=True)]) == [("a", ()), ("b", ())]


@given(
    st.lists(
        st.tuples(
            st.sampled_from("abcd"), st.integers(0, 20), st.integers(1, 8), st.sampled_from(SEVERITIES), st.booleans()
        ),
        max_size=10,
    )
)
def test_nothing_is_charged_twice_and_nothing_is_lost(places: list[tuple[str, int, int, str, bool]]) -> None:
    """Charged and named rules are exactly those found; every rule once; the order of finding does not matter."""
    severity = {name: level for name, _, _, level, _ in places}
    items = [
        found(name, start, start + length, severity=severity[name], needs_audio=unsure)
        for name, start, length, _, unsure in places
    ]
    charged = ids(items)
    named = [name for name, _ in charged]
    assert len(named) == len(set(named))
    sure = {item.rule.id for item in items if not item.needs_audio}
    assert sure <= set(named) | {name for _, also in charged for name in also}
    assert charged == ids(items[::-1])
