import numpy as np

from monitor.rules.features import Rows, Vectors, Window, grams, windows
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
    reading = read("不行")
    characters = grams(reading, Window(0, 2))[0]
    assert {"c^不", "c行$", "c^不行"} <= set(characters)


def test_unknown_words_make_the_rest_weigh_less() -> None:
    """A sentence about something else is close to nothing."""
    known = [grams(read("不归我管"), Window(0, 4)), grams(read("请您稍等"), Window(0, 4))]
    vectors = Vectors.of(known)
    near = sum(vectors.both(known[0])[0][1])
    strange = sum(vectors.both(grams(read("不归我管的大象与月亮"), Window(0, 10)))[0][1])
    assert near > strange > 0


def test_by_its_sound_alone_a_misspelling_is_the_thing_itself() -> None:
    """Not by its spelling; and what only resembles the sound shares the blurred n-grams."""
    right, misspelt, alike = (grams(read(said), Window(0, 4)) for said in ("不归我管", "不贵我馆", "不亏我敢"))
    vectors = Vectors.of([right])
    (whole, heard), (other_whole, other_heard) = vectors.both(right), vectors.both(misspelt)
    assert heard == other_heard
    assert len(other_whole[0]) < len(whole[0])
    shared = {name[0] for name, column in vectors.columns.items() if column in vectors.both(alike)[1][0]}
    assert "b" in shared


def test_many_windows_at_once_are_the_same_vectors() -> None:
    """Rows in the order of the windows, by all and by sound."""
    samples = [grams(read(said), window) for said in ("这事不归我管", "好的，请稍等") for window in windows(read(said))]
    vectors = Vectors.of(samples)
    for number, tables in enumerate(vectors.table(samples)):
        for at, sample in enumerate(samples):
            columns, values = vectors.both(sample)[number]
            row = slice(tables.starts[at], tables.starts[at + 1])
            assert tables.columns[row].tolist() == columns
            assert np.allclose(tables.values[row], values)


def test_rows_multiply() -> None:
    """Like the matrix they stand for, empty rows included."""
    rows = Rows.of([([0, 2], [1.0, 2.0]), ([], []), ([1], [3.0])], 3)
    assert rows.likeness([0, 1, 2], [1.0, 1.0, 0.5]).tolist() == [2.0, 0.0, 3.0]
    assert np.array_equal(rows.starts, [0, 2, 2, 3])
