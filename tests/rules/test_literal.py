from hypothesis import given
from hypothesis import strategies as st

from monitor.rules.literal import Literals
from monitor.rules.model import BannedRule
from monitor.text.reading import read


def rule(**more: object) -> BannedRule:
    return BannedRule.model_validate(
        {"id": "a", "kind": "banned", "title": "试", "status": "trial", "severity": "major", "sound": False, **more}
    )


def found(literals: Literals, said: str) -> list[tuple[str, str, str]]:
    reading = read(said)
    return [(item.phrase, item.match, reading.quote(item.start, item.end)) for item in literals.find(reading)]


def test_overlapping_and_adjacent_phrases_are_all_found() -> None:
    """A trie that eats what it has found would lose some."""
    literals = Literals([rule(phrases=("不归我", "归我管", "我管", "别问我"))])
    assert {phrase for phrase, _, _ in found(literals, "不归我管别问我")} == {"不归我", "归我管", "我管", "别问我"}


def test_words_need_their_boundaries() -> None:
    """保证 is said in 我保证, not in 质量保证书."""
    literals = Literals([rule(words=("保证",))])
    assert found(literals, "我保证明天到") == [("保证", "word", "保证")]
    assert found(literals, "质量保证书在盒子里") == []
    assert found(literals, "店铺交了保证金") == []


def test_spelling_and_fillers_do_not_hide_a_phrase() -> None:
    """Traditional characters, 您 for 你, hesitations inside."""
    literals = Literals([rule(phrases=("你爱找谁找谁",))])
    assert found(literals, "您愛找誰，呃，找誰啊") == [("你爱找谁找谁", "literal", "您愛找誰，呃，找誰")]


def test_without_rules_nothing_is_found() -> None:
    """An empty index is no error."""
    assert found(Literals([]), "这事不归我管") == []
    assert found(Literals([rule(phrases=("不归我",))]), "") == []


@given(st.text(alphabet="您好请问订单快递地址", max_size=12), st.text(alphabet="您好请问订单快递地址", max_size=12))
def test_a_phrase_is_found_wherever_it_stands(before: str, after: str) -> None:
    """Whatever surrounds it."""
    literals = Literals([rule(phrases=("没门儿都没有",))])
    assert ("没门儿都没有", "literal", "没门儿都没有") in found(literals, before + "没门儿都没有" + after)
