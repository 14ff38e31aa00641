import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitor.rules.model import BannedRule
from monitor.rules.pattern import Expressions, anchors, sounded
from monitor.text.reading import read
from monitor.text.wording import expand

CLASSES = {"我": "我们?", "句首": "(?<![^，。？])", "句尾": "(?![^，。？])"}


def rule(*patterns: str, sound: bool = True) -> BannedRule:
    return BannedRule.model_validate(
        {"id": "a", "kind": "banned", "title": "试", "status": "trial", "severity": "major", "patterns": patterns,
         "sound": sound}
    )  # fmt: skip


def quotes(patterns: tuple[str, ...], said: str, *, by_sound: bool = False) -> list[str]:
    reading = read(said)
    expressions = Expressions([rule(*patterns)], CLASSES, by_sound=by_sound)
    return [reading.quote(item.start, item.end) for item in expressions.find(reading)]


def test_synonyms_and_gaps() -> None:
    """The words as heard are quoted, fillers and all."""
    assert quotes(("{不归|不是}{@我}.{0,2}{管|负责}",), "这块儿，不归咱们这儿管啊") == ["不归咱们这儿管"]
    assert quotes(("{不归|不是}{@我}{管|负责}",), "这事归我管") == []


def test_a_pattern_that_names_punctuation_sees_it() -> None:
    """A clause of its own is something else than a part of one."""
    assert quotes(("{@句首}不行{的|}{@句尾}",), "您好，不行的。") == ["不行的"]
    assert quotes(("{@句首}不行{的|}{@句尾}",), "您看行不行") == []


def test_slots_hold_what_was_heard() -> None:
    """In the speaker's spelling."""
    reading = read("發票的事不归我")
    found = list(Expressions([rule("{事=发票|退款}的事不归{@我}")], CLASSES).find(reading))
    assert found[0].slots == {"事": "發票"}


def test_the_same_pattern_hears_homophones() -> None:
    """«不规我管» is what a recogniser writes."""
    assert quotes(("不归{@我}{管|负责}",), "这个不规我们管", by_sound=True) == ["不规我们管"]
    assert quotes(("不归{@我}{管|负责}",), "这个不规我们管") == []


def test_short_sounds_prove_nothing() -> None:
    """Four syllables sound like too much else."""
    assert quotes(("先停一下",), "先听一下", by_sound=True) == []


def test_a_sound_inside_a_word_is_not_it() -> None:
    """订 is not said in 决定."""
    assert quotes(("必须今天.{0,2}订",), "必须今天就决定", by_sound=True) == []


def test_rules_may_ask_for_spelling_alone() -> None:
    """``sound: false``."""
    reading = read("这个不规我管")
    assert list(Expressions([rule("不归我管", sound=False)], CLASSES, by_sound=True).find(reading)) == []


def test_gaps_become_groups_and_names_stay() -> None:
    """So that gaps can be told from what was named."""
    source = sounded(expand("{事=发票}.{0,3}我", {}))
    names = set(re.compile(source).groupindex)
    assert "事" in names
    assert [name for name in names if name.startswith("_")] != []
    assert "发" not in source


@pytest.mark.parametrize(
    ("written", "expected"),
    [
        ("{不归|不是}我", {"不归我", "不是我"}),
        ("不?归我", {"归我"}),
        ("你.{0,3}不归我管", {"不归我管"}),
        ("{a|b{c|d}}x", {"ax", "bcx", "bdx"}),
        ("(?:不行)+", {"不行"}),
        ("[管弄]不了", {"管不了", "弄不了"}),
        ("，不行？", {"不行"}),
        (".{0,3}", None),
        ("a?b?", None),
        ("{不|}{行|}", None),
    ],
)
def test_anchors_are_what_a_match_cannot_do_without(written: str, expected: set[str] | None) -> None:
    """Sentences without any of them are not tried."""
    found = anchors(expand(written, {}))
    assert (set(found) if found is not None else None) == expected


@given(st.text(alphabet="不归我们管负责是你", max_size=14))
def test_anchors_lose_nothing(said: str) -> None:
    """What the bare expression matches holds an anchor."""
    source = expand("{不归|不是}你?{我|我们}.{0,2}{管|负责}", {})
    if re.search(source, said):
        assert any(literal in said for literal in anchors(source) or {""})
