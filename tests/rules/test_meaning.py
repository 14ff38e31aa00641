import numpy as np

from monitor.rules.features import Rows, Vectors, Window, grams, windows
from monitor.rules.meaning import Learnt, Meaning
from monitor.rules.model import BannedRule
from monitor.text.reading import read

RULE = BannedRule.model_validate(
    {"id": "a", "kind": "banned", "title": "试", "status": "trial", "severity": "major", "phrases": ("没门儿",)}
)


def learnt(threshold: float = 0.5) -> Learnt:
    """A classifier made by hand: 不归 is banned, 归我 a little less so."""
    sample = grams(read("不归我管"), Window(0, 4))
    vectors = Vectors.of([sample])
    weights = np.zeros(len(vectors.columns))
    weights[vectors.columns["c不归"]] = 10.0
    rows = Rows.of([vectors.one(sample)], len(vectors.columns))
    knots = (np.array([0.0, 10.0]), np.array([0.5, 0.9]))
    return Learnt(vectors, weights, 0.0, threshold, knots, rows, (("a", "不归我管"),))


def test_the_clearest_window_is_quoted() -> None:
    """Not the whole utterance around it."""
    reading = read("我看了一下，不归我管，您找别人")
    found = list(Meaning(learnt(), [RULE]).find(reading))
    assert [reading.quote(item.start, item.end) for item in found] == ["不归我管"]
    assert found[0].phrase == "不归我管"
    assert len(windows(reading)) > 1


def test_the_score_is_the_calibrations() -> None:
    """Between its knots."""
    found = list(Meaning(learnt(), [RULE]).find(read("不归我管")))
    value = Meaning(learnt(), [RULE]).value("不归我管")
    assert found[0].score == round(0.5 + 0.04 * value, 3)


def test_below_the_threshold_nothing_is_found() -> None:
    """Whatever is nearest."""
    assert list(Meaning(learnt(threshold=99.0), [RULE]).find(read("不归我管"))) == []
    assert list(Meaning(learnt(), [RULE]).find(read("您好"))) == []


def test_a_rule_that_is_gone_is_not_charged() -> None:
    """What was learnt may be older than the set it runs in."""
    assert list(Meaning(learnt(), []).find(read("不归我管"))) == []
