"""Finding sentences that mean what a rule bans, in words that nobody wrote down.

A linear classifier (support vectors, liblinear) learns, when the rules are loaded, from the rules'
own examples: hits against misses, the rules' own rewrites and ``ordinary.yaml``. It only says that
something banned was said; which rule's, is the most similar example's. Its threshold is set by
cross-validation so that it fires on at most :data:`FALSE_RATE` of harmless sentences it has not seen,
and its scores are calibrated on the same folds (isotonic regression), so that a score is the share
of such hits that were right.

The same rules give the same classifier: nothing in it is random.
"""

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from monitor.rules.features import Rows, Vectors, Window, grams, windows
from monitor.rules.hit import Found
from monitor.rules.model import BannedRule
from monitor.text.reading import Reading, read

_NEIGHBOURS: Final = 5
LEAST_LIKENESS: Final = 0.36
"""Of the nearest example, out of 3: one a kind of feature. A sentence unlike every example breaks no rule,
whatever the classifier makes of its few known words."""

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Learnt:
    """All that was learnt from one rule set; it can be written to a file and read again."""

    vectors: Vectors
    weights: Floats
    bias: float
    threshold: float
    knots: tuple[Floats, Floats]
    """Calibration: values of the classifier and the scores they stand for, both ascending."""
    examples: Rows
    """The hits it learnt from, a row each."""
    owners: tuple[tuple[str, str], ...]
    """(rule id, sentence) of each row."""


class Meaning:
    """The classifier of one rule set, at work."""

    def __init__(self, learnt: Learnt, rules: Sequence[BannedRule]) -> None:
        self.learnt = learnt
        self._rules = {rule.id: rule for rule in rules}

    def find(self, reading: Reading) -> Iterator[Found]:
        """The window that most clearly means something banned, if any does."""
        best: tuple[float, Window, list[int], list[float]] | None = None
        for window in windows(reading):
            columns, values = self.learnt.vectors.one(grams(reading, window))
            value = self._decide(columns, values)
            if value > self.learnt.threshold and (best is None or value > best[0]):
                best = (value, window, columns, values)
        if best is None:
            return
        value, window, columns, values = best
        owner = self._nearest(columns, values)
        if owner is not None:
            yield Found(
                rule=owner[0],
                phrase=owner[1],
                match="meaning",
                start=reading.lean_at[window.start],
                end=reading.lean_at[window.end - 1] + 1,
                score=round(float(np.interp(value, *self.learnt.knots)), 3),
            )

    def value(self, text: str) -> float:
        """How far ``text`` is on the banned side; above ``learnt.threshold`` it is a hit. For measuring."""
        reading = read(text)
        samples = [self.learnt.vectors.one(grams(reading, window)) for window in windows(reading)]
        return max((self._decide(*sample) for sample in samples), default=self.learnt.bias)

    def _decide(self, columns: list[int], values: list[float]) -> float:
        return float(np.dot(self.learnt.weights[columns], values)) + self.learnt.bias if columns else self.learnt.bias

    def _nearest(self, columns: list[int], values: list[float]) -> tuple[BannedRule, str] | None:
        """The rule whose examples are most like it, and the example that is; None where none is like enough."""
        likeness = self.learnt.examples.likeness(columns, values)
        if not len(likeness) or likeness.max() < LEAST_LIKENESS:
            return None
        first = [index for index in np.argsort(-likeness, kind="stable")[:_NEIGHBOURS] if likeness[index] > 0]
        votes: dict[str, float] = defaultdict(float)
        for index in first:
            votes[self.learnt.owners[index][0]] += float(likeness[index]) ** 2
        winner = max(votes, key=lambda rule_id: (votes[rule_id], rule_id), default=None)
        if winner is None or winner not in self._rules:
            return None
        return self._rules[winner], next(
            owner[1] for owner in (self.learnt.owners[i] for i in first) if owner[0] == winner
        )
