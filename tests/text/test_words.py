from hypothesis import given
from hypothesis import strategies as st

from monitor.text.words import cut


def words(text: str) -> list[str]:
    return [text[start:end] for start, end in cut(text)]


def test_words_of_the_trade_are_one() -> None:
    """质量保证书 must not fall apart into a promise."""
    assert words("质量保证书在盒子里")[0] == "质量保证书"
    assert "退货流程" in words("您走一下退货流程")


@given(st.text(alphabet="这事不归我管您好退货流程保证书a1", max_size=30))
def test_words_cover_the_text(text: str) -> None:
    """No gaps, no overlaps."""
    assert "".join(words(text)) == text
