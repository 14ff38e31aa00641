import pytest

from monitor.rules.context import talked_about
from monitor.text.reading import read


def span(said: str, words: str) -> tuple[str, int, int]:
    plain, wanted = read(said).plain, read(words).plain
    start = plain.index(wanted)
    return said, start, start + len(wanted)


@pytest.mark.parametrize(
    ("said", "words"),
    [
        ("您说的“不归我管”是谁说的", "不归我管"),
        ("您说的不归我管是谁说的", "不归我管"),
        ("您刚才说不能退，是哪个商品", "不能退"),
        ("您提到的没办法是指什么", "没办法"),
        ("您听到我们说不知道，是哪一天", "不知道"),
        ("同事跟您说不归他管，非常抱歉，不归我管这话不对", "不归我管"),
        ("快递员说没办法送，我再联系", "没办法"),
        ("我不是说不管您", "不管您"),
        ("我没说过不给您退", "不给您退"),
        ("这不代表不能退", "不能退"),
        ("“我不知道”这句话我们不能说", "我不知道"),
        ("我们不会跟您说没办法的", "没办法"),
        ("您是想问为什么不能退对吗", "不能退"),
        ("您说骑手骂您神经病，我向您道歉", "神经病"),
        ("抱歉，我刚才说不归我管，说得不妥", "不归我管"),
        ("之前答复您不给退，我们重新审核", "不给退"),
    ],
)
def test_words_that_are_talked_about(said: str, words: str) -> None:
    """Quoted, reported, denied."""
    text, start, end = span(said, words)
    assert talked_about(read(text), start, end)


@pytest.mark.parametrize(
    ("said", "words"),
    [
        ("您说的这个我也不懂", "我也不懂"),
        ("我跟您说了不归我管", "不归我管"),
        ("您好，不归我管", "不归我管"),
        ("我都说了没办法", "没办法"),
        ("您的事我不知道", "我不知道"),
        ("同事不在。这个我没办法", "没办法"),
        ("您问我，我不知道", "我不知道"),
        ("《说明书》里有，不归我管", "不归我管"),
    ],
)
def test_words_that_are_said(said: str, words: str) -> None:
    """Another sentence, or the speaker's own telling, does not excuse them."""
    text, start, end = span(said, words)
    assert not talked_about(read(text), start, end)
