from itertools import pairwise

import numpy as np

from monitor.rules.features import Grams, Rows, Vector, Vectors, grams, windows
from monitor.rules.ngrams import code_of
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


def test_the_edges_count() -> None:
    """不行 alone is not 行不行."""
    alone, inside = (set(counted(said).code.tolist()) for said in ("不行", "行不行"))
    assert {code_of(name) for name in ("c^不", "c行$", "c^不行")} <= alone
    assert code_of("c^不行") not in inside


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
