import pypinyin
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pypinyin.contrib.tone_convert import to_normal

from monitor.text import pinyin, words


@pytest.mark.parametrize(
    ("left", "right"),
    [("zhang", "zan"), ("chi", "ci"), ("shi", "si"), ("na", "la"), ("ning", "lin"), ("heng", "hen"), ("nv", "lv")],
)
def test_usual_confusions_are_folded(left: str, right: str) -> None:
    """What southern speakers merge is one."""
    assert pinyin.fold(left) == pinyin.fold(right)


@pytest.mark.parametrize(("left", "right"), [("gui", "wei"), ("ba", "pa"), ("fa", "ha"), ("ri", "li")])
def test_other_sounds_stay_apart(left: str, right: str) -> None:
    """Rarer mergers are near, not equal."""
    assert 0 < pinyin.distance(pinyin.fold(left), pinyin.fold(right)) < 1.01


def test_words_decide_between_readings() -> None:
    """银行 is read háng, 行动 xíng."""
    text = "银行行动"
    assert pinyin.syllables(text, words.cut(text)) == ("yin", "han", "xin", "dong")


def test_letters_stand_for_themselves() -> None:
    """A brand name has no pinyin."""
    assert pinyin.syllables("app", ((0, 3),)) == ("a", "p", "p")


def test_every_syllable_has_a_symbol() -> None:
    """All readings of all characters, a handful of grunts apart, are one private-use character each."""
    missing = set()
    for row in pypinyin.pinyin_dict.pinyin_dict.values():
        for reading in row.split(","):
            folded = pinyin.fold(str(to_normal(reading, v_to_u=False)).replace("ü", "v"))
            if not "\ue000" <= pinyin.symbols([folded]) <= "\uf8ff":
                missing.add(folded)
    assert missing <= {"n", "lg", "hng", "ê", "hm"}


@given(st.sampled_from("不归我管这事没办法说过明白"), st.sampled_from("不归我管这事没办法说过明白"))
def test_distance_is_symmetric(left: str, right: str) -> None:
    """And nothing but itself is at no distance."""
    one, other = pinyin.of_character(left), pinyin.of_character(right)
    assert pinyin.distance(one, other) == pinyin.distance(other, one)
    assert (pinyin.distance(one, other) == 0) == (one == other)


def test_blurred_sounds_are_those_that_are_easily_taken_for_each_other() -> None:
    """One symbol for 退, 对 and 推; another for 大; letters stay."""
    symbols = {said: pinyin.blurred(pinyin.symbols([pinyin.of_character(said)])) for said in "退对推大x"}
    assert symbols["退"] == symbols["对"] == symbols["推"] != symbols["大"]
    assert symbols["x"] == "x"


def test_every_syllable_can_be_blurred() -> None:
    """And no blurred symbol is a syllable's."""
    every = "".join(pinyin._symbols().values())
    assert not set(pinyin.blurred(every)) & set(every)
