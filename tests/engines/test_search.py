"""Beam search on a made-up language of four tokens, whose every text can be looked at."""

import math
from collections.abc import Callable, Sequence
from itertools import product

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitor.engines.search import NOT_READ, Found, Place, Search, search

PROMPT = (90, 91)
END = 0
WORDS = (1, 2, 3)
Language = Callable[[tuple[int, ...]], list[float]]
"""From a text to the log probabilities of the end and of each word after it."""


def language(seed: int) -> Language:
    def after(text: tuple[int, ...]) -> list[float]:
        logits = np.random.default_rng([seed, *text]).normal(size=1 + len(WORDS)) * 2
        return [float(logit) for logit in logits - np.log(np.exp(logits).sum())]

    return after


class Told:
    """Reads what a search asks for, and looks whether it may ask."""

    def __init__(self, after: Language) -> None:
        self._after = after
        self.read: list[tuple[int, ...]] = []
        """The texts that were read, the prompt with them."""
        self.readings = 0

    def __call__(self, wanted: Search) -> list[Found]:
        reads = search(wanted)
        try:
            reading = next(reads)
            while True:
                self.readings += 1
                for place in reading.places:
                    self._tell(place)
                assert all(place.slot != NOT_READ for place in reading.live)
                reading = next(reads)
        except StopIteration as stop:
            found: list[Found] = stop.value
            return found

    def _tell(self, place: Place) -> None:
        assert place.slot == NOT_READ
        assert place.parent is None or place.parent.slot != NOT_READ, "parents are read first"
        text: tuple[int, ...] = ()
        up: Place | None = place
        while up is not None:
            text, up = (up.token, *text), up.parent
        assert len(text) == place.depth + 1
        place.slot = len(self.read)
        self.read.append(text)
        scores = self._after(text[len(PROMPT) :])
        ranked = sorted(range(len(scores)), key=lambda token: scores[token], reverse=True)
        place.which, place.scores = ranked, [scores[token] for token in ranked]


def wanted(beams: int = 5, most: int = 4, **more: object) -> Search:
    return Search(prompt=PROMPT, end=END, beams=beams, most=most, **more)  # type: ignore[arg-type]


def sum_of(found: Found) -> float:
    return found.score * max(1, len(found.rows))


def total(after: Language, rows: Sequence[int], *, ended: bool) -> float:
    spoken = [*rows, END] if ended else list(rows)
    return sum(after(tuple(rows[:at]))[token] for at, token in enumerate(spoken))


@pytest.mark.parametrize("seed", range(10))
def test_one_beam_takes_the_likeliest_token_each_time(seed: int) -> None:
    after = language(seed)
    rows: list[int] = []
    while len(rows) < 4 and (token := int(np.argmax(after(tuple(rows))))) != END:
        rows.append(token)
    (found,) = Told(after)(wanted(beams=1, most=3))
    assert found.rows == rows


@pytest.mark.parametrize("seed", range(10))
def test_enough_beams_find_the_best_of_all_texts(seed: int) -> None:
    """With a beam for every text all of them end, and the best mean is known by looking at each."""
    after = language(seed)
    texts = [rows for length in range(4) for rows in product(WORDS, repeat=length)]
    best = max((total(after, rows, ended=True) / max(1, len(rows)), rows) for rows in texts if len(rows) < 3)
    found = Told(after)(wanted(beams=200, most=2))
    ended = [it for it in found if len(it.rows) < 3]
    assert tuple(ended[0].rows) == best[1]
    assert math.isclose(ended[0].score, best[0], rel_tol=1e-9)
    assert [it.score for it in found] == sorted((it.score for it in found), reverse=True)


@pytest.mark.parametrize("seed", range(10))
@pytest.mark.parametrize("beams", [1, 2, 5])
def test_a_score_is_the_mean_of_its_tokens(seed: int, beams: int) -> None:
    after = language(seed)
    for found in Told(after)(wanted(beams=beams, most=6)):
        ended = len(found.rows) <= 6
        assert math.isclose(sum_of(found), total(after, found.rows, ended=ended), rel_tol=1e-9)


@given(
    seed=st.integers(0, 1000), beams=st.integers(1, 5), draft=st.lists(st.sampled_from(WORDS), max_size=9).map(tuple)
)
def test_what_is_found_does_not_depend_on_the_draft(seed: int, beams: int, draft: tuple[int, ...]) -> None:
    after = language(seed)
    assert Told(after)(wanted(beams, 6, draft=draft)) == Told(after)(wanted(beams, 6))


def test_a_draft_that_is_right_is_read_in_one_go() -> None:
    after = language(5)
    (found,) = Told(after)(wanted(1, 8))
    assert found.rows
    told = Told(after)
    assert told(wanted(1, 8, draft=found.rows)) == [found]
    assert told.readings == 1


@given(seed=st.integers(0, 1000), size=st.integers(1, 3))
def test_no_ngram_comes_twice(seed: int, size: int) -> None:
    for found in Told(language(seed))(wanted(3, 8, ngram=size)):
        grams = [tuple(found.rows[at : at + size]) for at in range(len(found.rows) - size + 1)]
        assert len(set(grams)) == len(grams)


def test_what_may_not_come_first_does_not_and_the_rest_is_the_likelier() -> None:
    after = language(3)
    barred = frozenset({END, int(np.argmax(after(())))})
    for found in Told(after)(wanted(4, 3, not_first=barred)):
        assert found.rows
        assert found.rows[0] not in barred
        left = sum(math.exp(score) for token, score in enumerate(after(())) if token not in barred)
        ended = len(found.rows) <= 3
        assert math.isclose(sum_of(found), total(after, found.rows, ended=ended) - math.log(left), rel_tol=1e-6)


@pytest.mark.parametrize(("margin", "followed"), [(math.inf, {1, 2, 3}), (2.0, {1, 2}), (0.5, {1})])
def test_texts_that_fall_behind_are_given_up(margin: float, followed: set[int]) -> None:
    def after(text: tuple[int, ...]) -> list[float]:
        if text:
            return [math.log(share) for share in (0.97, 0.01, 0.01, 0.01)]
        return [-9.0, -0.1, -0.1 - 1.0, -0.1 - 3.0]  # one word, another e times less likely, another e³ times

    told = Told(after)
    told(wanted(3, 2, margin=margin))
    assert {text[len(PROMPT)] for text in told.read if len(text) > len(PROMPT)} == followed


def test_a_text_that_breaks_off_early_does_not_end_the_search_for_the_whole() -> None:
    """It is the likelier by e², and its mean is worse; a narrow margin is no reason to give the whole up."""

    def after(text: tuple[int, ...]) -> list[float]:
        return [math.log(share) for share in ([0.38, 0.6, 0.01, 0.01] if len(text) < 4 else [0.97, 0.01, 0.01, 0.01])]

    found = Told(after)(wanted(5, 8, margin=0.5))
    assert found[0].rows == [1] * 4


def test_of_texts_that_are_alike_the_likeliest_goes_on() -> None:
    """1 and 2 are one word in two scripts; without that knowledge both take a beam, and 3 has none."""

    def after(text: tuple[int, ...]) -> list[float]:
        shares = [0.02, 0.5, 0.4, 0.08] if not text else [0.97, 0.01, 0.01, 0.01]
        return [math.log(share) for share in shares]

    def alike(rows: tuple[int, ...]) -> tuple[int, ...]:
        return tuple(2 if row == 1 else row for row in rows)

    assert [found.rows for found in Told(after)(wanted(2, 3))] == [[1], [2]]
    assert [found.rows for found in Told(after)(wanted(2, 3, alike=alike))] == [[1], [3]]
