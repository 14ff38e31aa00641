"""Local agreement: what two hypotheses in a row share is settled."""

from hypothesis import given
from hypothesis import strategies as st

from monitor.speech.agreement import Agreement


def test_first_hypothesis_settles_nothing() -> None:
    assert Agreement().push("您好") == 0


def test_common_beginning_is_settled() -> None:
    agreement = Agreement()
    agreement.push("您好这里")
    assert agreement.push("您好这是") == 3


def test_punctuation_and_spaces_do_not_matter_but_are_counted() -> None:
    agreement = Agreement()
    agreement.push("您好这里是")
    assert agreement.push("您好，这里 是客服") == len("您好，这里 是")


def test_case_does_not_matter() -> None:
    agreement = Agreement()
    agreement.push("APP下载")
    assert agreement.push("app下单") == len("app下")


def test_what_is_settled_stays_settled() -> None:
    agreement = Agreement()
    agreement.push("这事不归我")
    assert agreement.push("这事不归我管") == 5
    assert agreement.push("这是不归我管的") == 5
    assert agreement.push("这") == 1
    assert agreement.push("这事不归我管的") == 5


def test_only_neighbours_are_compared() -> None:
    agreement = Agreement()
    agreement.push("甲乙丙")
    agreement.push("丁")
    assert agreement.push("甲乙丙") == 0


@given(st.lists(st.text(alphabet="您好，这是A a.", max_size=12), max_size=8))
def test_settled_words_never_shrink_and_lie_within_the_text(texts: list[str]) -> None:
    agreement, before = Agreement(), 0
    for text in texts:
        settled = agreement.push(text)
        assert 0 <= settled <= len(text)
        letters = sum(char.isalnum() for char in text[:settled])
        assert letters >= min(before, sum(char.isalnum() for char in text))
        before = max(before, letters)
