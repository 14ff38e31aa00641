import math
from collections import Counter
from itertools import pairwise

import numpy as np
import pytest

from monitor.rules.features import Window, grams, windows
from monitor.rules.ngrams import KINDS, buckets, code_of, likeness, weigh
from monitor.text.pinyin import blurred
from monitor.text.reading import read


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


def test_words_in_pairs_are_told_apart_by_where_they_meet() -> None:
    """And no kind of n-gram is another's: every name has a number of its own."""
    names = ["pab" + chr(1), "pab" + chr(2), "wab", "cab", "sab", "bab", "cba"]
    assert len({code_of(name) for name in names}) == len(names)


def test_weights_by_hand() -> None:
    """Twice is 1 + log 2 times once; what is not known has its weight, and is left out; each place is as long as one."""
    codes = np.array([5, 7, 7 + (1 << 50)], np.uint64)
    places, columns, values = weigh(
        np.array([0, 0, 0, 3]),
        np.array([5, 6, 7 + (1 << 50), 7], np.uint64),
        np.array([1, 1, 2, 1]),
        codes,
        buckets(codes),
        np.array([1.0, 3.0, 2.0, 4.0]),
    )
    length = math.sqrt(1 + 16 + (2 * (1 + math.log(2))) ** 2)
    assert (places.tolist(), columns.tolist()) == ([0, 0, 3], [0, 2, 1])
    assert values == pytest.approx([1 / length, 2 * (1 + math.log(2)) / length, 1.0])


def test_nothing_weighs_nothing() -> None:
    """No n-grams, and none that is known."""
    codes, none = np.array([5], np.uint64), np.zeros(0, np.int64)
    for place in (none, np.array([0])):
        found = weigh(place, place.astype(np.uint64), place + 1, codes, buckets(codes), np.ones(2))
        assert [len(part) for part in found] == [0, 0, 0]


def test_likeness_is_a_product() -> None:
    """Of a sparse matrix, by columns, with a sparse vector."""
    matrix = np.array([[1.0, 0, 2], [0, 0, 0], [0, 3, 0]])
    rows, columns = np.nonzero(matrix.T)[::-1]
    starts = np.searchsorted(columns, np.arange(4))
    found = likeness(np.array([0, 2]), np.array([10.0, 0.5]), starts, rows, matrix[rows, columns], 3)
    assert found == pytest.approx(matrix @ [10.0, 0, 0.5])
