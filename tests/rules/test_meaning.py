from typing import Any

import numpy as np
import pytest

from monitor.rules.features import Vectors, Window, grams, windows
from monitor.rules.hit import Found
from monitor.rules.meaning import DENIED_BELOW, LITERAL_DENIED_BELOW, Learnt, Meaning
from monitor.rules.model import BannedRule
from monitor.rules.ngrams import code_of
from monitor.text.reading import read

RULE = BannedRule.model_validate(
    {"id": "a", "kind": "banned", "title": "试", "status": "trial", "severity": "major", "phrases": ("没门儿",)}
)


def learnt(threshold: float = 0.5) -> Learnt:
    """A classifier made by hand: 不归 is banned, 归我 a little less so."""
    sample = grams(read("不归我管"), [Window(0, 4)])
    vectors = Vectors.of(sample)
    weights = np.zeros(len(vectors.codes))
    weights[column(vectors, "c不归")] = 10.0
    rows = vectors.rows(sample)[0]
    knots = (np.array([0.0, 10.0]), np.array([0.5, 0.9]))
    return Learnt(vectors, weights, 0.0, threshold, knots, rows, (("a", "不归我管"),))


def column(vectors: Vectors, name: str) -> int:
    return int(np.flatnonzero(vectors.codes == code_of(name))[0])


def found_in(meaning: Meaning, said: str) -> list[Found]:
    return list(meaning.find(meaning.look(read(said))))


def test_the_clearest_window_is_quoted() -> None:
    """Not the whole utterance around it."""
    reading = read("我看了一下，不归我管，您找别人")
    found = found_in(Meaning(learnt(), [RULE]), reading.raw)
    assert [reading.quote(item.start, item.end) for item in found] == ["不归我管"]
    assert found[0].phrase == "不归我管"
    assert len(windows(reading)) > 1


def test_the_score_is_the_calibrations() -> None:
    """Between its knots."""
    found = found_in(Meaning(learnt(), [RULE]), "不归我管")
    value = Meaning(learnt(), [RULE]).value("不归我管")
    assert found[0].score == round(0.5 + 0.04 * value, 3)


def test_below_the_threshold_nothing_is_found() -> None:
    """Whatever is nearest."""
    assert found_in(Meaning(learnt(threshold=99.0), [RULE]), "不归我管") == []
    assert found_in(Meaning(learnt(), [RULE]), "您好") == []


def test_a_rule_that_is_gone_is_not_charged() -> None:
    """What was learnt may be older than the set it runs in."""
    assert found_in(Meaning(learnt(), []), "不归我管") == []


def test_a_misspelling_is_found_by_its_sound() -> None:
    """The characters are somebody else's, the syllables are not."""
    by_sound = learnt()
    by_sound.weights[:] = 0
    by_sound.weights[column(by_sound.vectors, "s" + read("不归").sound)] = 10.0
    by_sound.weights[column(by_sound.vectors, "c不")] = -5.0  # the spelling speaks against it
    look = Meaning(by_sound, [RULE]).look(read("不贵我馆"))[0]
    assert look.kinds == 2
    assert look.value > by_sound.threshold


SAID = "请问您是要找哪一栋的管家呢"


@pytest.mark.parametrize(
    ("value", "match", "said", "rule_id", "denied"),
    [
        (DENIED_BELOW - 0.1, "pattern", SAID, "a", True),
        (DENIED_BELOW + 0.1, "pattern", SAID, "a", False),
        (DENIED_BELOW - 0.1, "literal", SAID, "a", False),
        (LITERAL_DENIED_BELOW - 0.1, "literal", SAID, "a", True),
        (DENIED_BELOW - 0.1, "pattern", "管家", "a", False),
        (DENIED_BELOW - 0.1, "pattern", SAID, "untaught", False),
    ],
)
def test_a_sentence_like_harmless_ones_denies_a_hit(
    value: float, match: Any, said: str, rule_id: str, denied: bool
) -> None:
    """One that is long enough to speak for itself, and only of a rule whose wordings were learnt."""
    meaning = Meaning(learnt(), [RULE])
    reading = read(said)
    looks = [look._replace(value=value) for look in meaning.look(reading)]
    rule = RULE.model_copy(update={"id": rule_id})
    found = Found(rule=rule, phrase="", match=match, start=0, end=2)
    assert meaning.denies(reading, looks, found) is denied


@pytest.mark.parametrize(
    ("said", "denied"),
    [
        ("我想我可以帮您申请一下，滚。", False),
        ("我想我可以帮您申请一下。你错了", False),
        ("我想我可以帮您申请一下滚", True),
        ("我想我可以帮您申请，滚一下滚一下滚一下", True),
    ],
)
def test_a_short_clause_is_not_spoken_for_by_its_neighbours(said: str, denied: bool) -> None:
    meaning = Meaning(learnt(), [RULE])
    reading = read(said)
    looks = [look._replace(value=DENIED_BELOW - 0.1) for look in meaning.look(reading)]
    end = len(reading.plain)
    found = Found(rule=RULE, phrase="", match="pattern", start=end - 1, end=end)
    assert meaning.denies(reading, looks, found) is denied


def test_a_warm_classifier_makes_nothing_more() -> None:
    """The index of the examples is there before the first sentence."""
    meaning = Meaning(learnt(), [RULE])
    meaning.warm_up()
    assert "_by_column" in vars(meaning.learnt.examples)
    assert found_in(meaning, "不归我管")
