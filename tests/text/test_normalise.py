import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitor.text.normalise import QUESTION, STRONG, WEAK, normalise, spoken


@pytest.mark.parametrize(
    ("raw", "plain"),
    [
        ("這個不歸我們負責", "这个不归我们负责"),
        ("等著，別掛", "等着别挂"),
        ("著名品牌", "著名品牌"),
        ("ＡＰＰ　１２", "app十二"),
        ("100%正品", "百分之百正品"),
        ("95%", "百分之九十五"),
        ("24小时内", "二十四小时内"),
        ("2天", "两天"),
        ("2月2号2点", "二月二号二点"),
        ("12315热线", "一二三一五热线"),
        ("2024年", "二零二四年"),
        ("3.5折", "三点五折"),
        ("8:30", "八点三十"),
        ("妳好", "你好"),
        ("", ""),
        ("？！…", ""),
        ("Hello World", "helloworld"),
    ],
)
def test_one_spelling(raw: str, plain: str) -> None:
    """Traditional, full-width letters and figures come out as they are said."""
    assert normalise(raw).text == plain


@pytest.mark.parametrize(
    ("digits", "read"),
    [("0", "零"), ("10", "十"), ("110", "一百一十"), ("105", "一百零五"), ("1001", "一千零一"), ("007", "零零七")],
)
def test_figures_are_read_out(digits: str, read: str) -> None:
    """Small numbers as numbers, codes digit by digit."""
    assert spoken(digits) == read


def test_marks_stand_before_what_follows() -> None:
    """Pauses, ends and questions are told apart; of several in a row the strongest stays."""
    assert normalise("您好，在吗？好。。，再见").marks == ((2, WEAK), (4, QUESTION), (5, STRONG))


def test_quotation_marks_are_no_pause() -> None:
    """What somebody quotes belongs to the sentence around it; a bracket does not."""
    assert normalise("您说的“不归我管”是谁说的").marks == ()
    assert normalise("不行（一口拒绝）").marks == ((2, WEAK), (6, WEAK))


def test_space_parts_han_and_joins_latin() -> None:
    """Whisper puts a space where the speaker paused."""
    assert normalise("您好 请问").marks == ((2, WEAK),)
    assert normalise("iPhone Pro").marks == ()


@given(st.text(max_size=60))
def test_every_character_knows_where_it_comes_from(raw: str) -> None:
    """Origins rise, stay inside the raw text, and every character has one."""
    plain = normalise(raw)
    assert len(plain.text) == len(plain.starts) == len(plain.stops)
    assert list(plain.starts) == sorted(plain.starts)
    assert all(0 <= start < stop <= len(raw) for start, stop in zip(plain.starts, plain.stops, strict=True))
    assert all(0 <= at <= len(plain.text) for at, _ in plain.marks)


@given(st.text(alphabet="这事不归我管負責，。？ 1 2 % a", max_size=30))
def test_normal_text_stays_as_it_is(raw: str) -> None:
    """Normalising twice changes nothing."""
    once = normalise(raw).text
    assert normalise(once).text == once
