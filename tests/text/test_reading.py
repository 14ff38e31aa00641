import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitor.text.reading import Clause, lean, read


@pytest.mark.parametrize(
    ("said", "expected"),
    [
        ("嗯，我我我不知道呢", "我不知道"),
        ("您这个啊，不归咱们管呀", "你这个不归我们管"),
        ("这个这个事儿我没辙", "这个事我没辙"),
        ("你想干嘛嘛", "你想干嘛"),
        ("啥事儿", "什么事"),
        ("咋办", "怎么办"),
        ("女儿的", "女儿的"),
        ("哈哈您真逗哈", "哈哈你真逗"),
        ("是不是，不是不是", "是不是不是"),
    ],
)
def test_lean_leaves_out_what_carries_nothing(said: str, expected: str) -> None:
    """Hesitations, stutters, the polite and the dialect form."""
    assert lean(said) == expected


def test_clauses_lie_between_marks() -> None:
    """Each knows what ended it."""
    assert read("您好，在吗？好").clauses == (Clause(0, 2, "，"), Clause(2, 4, "？"), Clause(4, 5, ""))


def test_marked_keeps_pauses_that_part_words() -> None:
    """Marks around a hesitation become one, leading ones go."""
    assert read("嗯，啊。您好，呃，在吗？").marked == "你好，在吗？"


def test_quote_gives_the_words_as_heard() -> None:
    """Punctuation, spelling and fillers inside the span included."""
    reading = read("您好，這個，呃，不歸我管啊！")
    assert reading.plain == "您好这个呃不归我管啊"
    assert reading.quote(2, 9) == "這個，呃，不歸我管"
    assert read("退100%").quote(1, 3) == "100%"
    assert read("好").quote(1, 5) == ""


@given(st.text(alphabet="这事不归我管您嗯啊，。？ 1%a儿", max_size=40))
def test_lean_and_sound_map_back(said: str) -> None:
    """Every index leads to the character it came from."""
    reading = read(said)
    assert len(reading.lean) == len(reading.lean_at) == len(reading.sound)
    assert len(reading.marked) == len(reading.marked_at)
    assert len(reading.syllables) == len(reading.plain) == len(reading.origin)
    assert list(reading.lean_at) == sorted(reading.lean_at)
    assert reading.marked.translate({ord(mark): None for mark in "，。？"}) == reading.lean
