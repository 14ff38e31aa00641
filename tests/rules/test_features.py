from collections import Counter
from itertools import pairwise

import numpy as np
import pytest

from monitor.rules.features import KINDS, Grams, Rows, Vector, Vectors, Window, code_of, grams, windows
from monitor.text.pinyin import blurred
from monitor.text.reading import read


def texts(said: str) -> list[str]:
    reading = read(said)
    return [reading.lean[window.start : window.end] for window in windows(reading)]


def test_whole_sentences_and_clauses() -> None:
    """Each may carry a meaning of its own; crumbs do not."""
    assert texts("我看了一下，这事不归我管。好的，请稍等")[0] == "我看了一下这事不归我管好的请稍等"
    assert set(texts("我看了一下，这事不归我管。好的，请稍等")[1:]) == {
        "我看了一下这事不归我管",
        "我看了一下",
        "这事不归我管",
    }


def test_a_short_answer_is_looked_at() -> None:
    """Though it is shorter than a clause that counts."""
    assert texts("不行") == ["不行"]
    assert texts("嗯") == []


def test_long_speech_without_a_pause_is_looked_at_in_stretches() -> None:
    """Recognisers leave punctuation out."""
    found = texts("您好我这边帮您查了一下您的订单昨天下午已经从仓库发出去了这个事情不归我们管您找快递公司吧")
    assert max(map(len, found)) > 28
    assert any("不归我们管" in text and len(text) <= 18 for text in found)


def naive(said: str, window: Window) -> list[Counter[str]]:
    """The n-grams of a window, kind by kind, cut out one by one."""
    reading = read(said)
    sound = reading.sound[window.start : window.end]
    first, last = reading.lean_at[window.start], reading.lean_at[window.end - 1] + 1
    words = [reading.plain[start:end] for start, end in reading.words if first <= start and end <= last]
    return [
        runs("c", reading.lean[window.start : window.end], 1, 3),
        Counter([f"w{word}" for word in words] + [f"p{one}{two}{chr(len(one))}" for one, two in pairwise(words)]),
        runs("s", sound, 1, 3),
        runs("b", blurred(sound), 2, 4),
    ]


def runs(letter: str, text: str, least: int, most: int) -> Counter[str]:
    framed = f"^{text}$"
    return Counter(
        letter + framed[at : at + size] for size in range(least, most + 1) for at in range(len(framed) - size + 1)
    )


@pytest.mark.parametrize(
    "said",
    [
        "不",
        "不行",
        "这事不归我做，你爱找谁找谁去。",
        "好的好的，好的好的好的，您的订单24小时内发出",
        "您好我这边帮您查了一下您的订单昨天下午已经从仓库发出去了这个事情不归我们管您找快递公司吧",
        "ABC\U0001f600一个\ud83d是",
    ],
)
def test_what_is_counted(said: str) -> None:
    """Every n-gram of every window, as often as it stands there, whatever windows lie in each other."""
    reading = read(said)
    found = grams(reading, windows(reading))
    told: dict[int, dict[int, int]] = {}
    for place, code, count in zip(found.place.tolist(), found.code.tolist(), found.times.tolist(), strict=True):
        told.setdefault(place, {})[code] = count
    expected = {
        KINDS * index + kind: {code_of(name): count for name, count in names.items()}
        for index, window in enumerate(windows(reading))
        for kind, names in enumerate(naive(said, window))
        if names
    }
    assert told == expected


def test_the_edges_count() -> None:
    """不行 alone is not 行不行."""
    alone, inside = (set(counted(said).code.tolist()) for said in ("不行", "行不行"))
    assert {code_of(name) for name in ("c^不", "c行$", "c^不行")} <= alone
    assert code_of("c^不行") not in inside


def test_words_in_pairs_are_told_apart_by_where_they_meet() -> None:
    """And no kind of n-gram is another's: every name has a number of its own."""
    names = ["pab" + chr(1), "pab" + chr(2), "wab", "cab", "sab", "bab", "cba"]
    assert len({code_of(name) for name in names}) == len(names)


def counted(said: str) -> Grams:
    reading = read(said)
    return grams(reading, windows(reading)[:1])


def vectors_in(rows: Rows) -> list[Vector]:
    return [(rows.columns[start:end], rows.values[start:end]) for start, end in pairwise(rows.starts)]


def vector_of(vectors: Vectors, said: str) -> tuple[Vector, Vector]:
    """By all, and by its sound alone."""
    whole, heard = vectors.rows(counted(said))
    return vectors_in(whole)[0], vectors_in(heard)[0]


def test_unknown_words_make_the_rest_weigh_less() -> None:
    """A sentence about something else is close to nothing."""
    vectors = Vectors.of(Grams.of([counted("不归我管"), counted("请您稍等")]))
    near = vector_of(vectors, "不归我管")[0][1].sum()
    strange = vector_of(vectors, "不归我管的大象与月亮")[0][1].sum()
    assert near > strange > 0


def test_by_its_sound_alone_a_misspelling_is_the_thing_itself() -> None:
    """Not by its spelling; and what only resembles the sound shares the blurred n-grams."""
    vectors = Vectors.of(counted("不归我管"))
    (whole, heard), (other_whole, other_heard) = vector_of(vectors, "不归我管"), vector_of(vectors, "不贵我馆")
    assert np.array_equal(heard, other_heard)
    assert len(other_whole[0]) < len(whole[0])
    shared = set(vectors.codes[vector_of(vectors, "不亏我敢")[1][0]].tolist())
    assert code_of("b" + blurred(read("不归").sound)) in shared


def test_several_utterances_are_weighed_as_each_alone() -> None:
    """Rows in the order of the windows, by all and by sound."""
    several = [grams(read(said), windows(read(said))) for said in ("这事不归我管", "好的，请稍等")]
    every = Grams.of(several)
    vectors = Vectors.of(every)
    alone = [vectors.rows(one) for one in several]
    for number, together in enumerate(vectors.rows(every)):
        expected = [vector for one in alone for vector in vectors_in(one[number])]
        for (columns, values), (alone_columns, alone_values) in zip(vectors_in(together), expected, strict=True):
            assert np.array_equal(columns, alone_columns)
            assert np.allclose(values, alone_values)


def test_rows_multiply() -> None:
    """Like the matrix they stand for, empty rows included."""
    rows = Rows(np.array([0, 2, 1]), np.array([1.0, 2.0, 3.0]), np.array([0, 2, 2, 3]), 3)
    assert rows.likeness((np.array([0, 1, 2]), np.array([1.0, 1.0, 0.5]))).tolist() == [2.0, 0.0, 3.0]
