"""Finding sentences that mean what a rule bans, in words that nobody wrote down.

A linear classifier (support vectors, liblinear) learns, when the rules are loaded, from the rules' own
examples and lessons: hits against misses, the rules' own rewrites and ordinary sentences. It only says that
something banned was said; which rule's, is the most similar example's. Its threshold is set by
cross-validation so that it fires on at most :data:`monitor.rules.learn.FALSE_RATE` of the harmless sentences
it learns from, and its scores are calibrated on the same folds (isotonic regression), so that a score is
the share of such hits that were right.

It also speaks for the agent: what a pattern finds in a sentence that is clearly like harmless ones is no hit.

The same rules give the same classifier: nothing in it is random.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from monitor.rules.features import SPELT, Rows, Vector, Vectors, grams, windows
from monitor.rules.hit import Found
from monitor.rules.model import BannedRule
from monitor.rules.ngrams import KINDS
from monitor.text.reading import Reading, read

_NEIGHBOURS: Final = 5
LEAST_LIKENESS: Final = 0.12
"""Of the nearest example, out of 1, on average over the kinds of feature. A sentence unlike every example breaks
no rule, whatever the classifier makes of its few known words."""
DENIED_BELOW: Final = -0.5
LITERAL_DENIED_BELOW: Final = -0.7
"""A hit counts for nothing where every window around it lies below. Of 840 sentences that nobody had seen, this
took five of twelve false hits away and one of 469 right ones (docs/accuracy.md, What is learnt)."""
LEAST_CHARS: Final = 4
"""A fragment («我管的», the end of a sentence cut by a pause) means nothing by itself."""
DENIABLE_CHARS: Final = 8
"""A shorter clause says too little that could speak for it, «蠢货»; and what is said before it does not."""

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
    unseen: float = 0.0
    """Share of the hits that were found while they had not been learnt yet."""


class Look(NamedTuple):
    """One window of an utterance as the classifier sees it."""

    start: int
    end: int
    """Span in ``Reading.plain``."""
    value: float
    """How far it is on the banned side, by spelling and sound or by its sound alone, whichever is further."""
    vector: Vector
    kinds: int
    """How many kinds of feature ``vector`` has, each of length one at most."""


class Meaning:
    """The classifier of one rule set, at work."""

    def __init__(self, learnt: Learnt, rules: Sequence[BannedRule]) -> None:
        self.learnt = learnt
        self._rules = {rule.id: rule for rule in rules}
        self._taught = {rule_id for rule_id, _ in learnt.owners}

    def warm_up(self) -> None:
        """Make what the first sentence that is like an example would wait for."""
        self.learnt.examples.likeness((np.zeros(0, np.int64), np.zeros(0)))

    def look(self, reading: Reading) -> list[Look]:
        """Every window of an utterance."""
        if not reading.lean:
            return []
        found = grams(reading, windows(reading))
        place, column, value = self.learnt.vectors.weigh(found)
        shares = np.bincount(place, value * self.learnt.weights[column], KINDS * len(found.windows))
        by_kind = shares.reshape(-1, KINDS)
        by_all, by_sound = by_kind.sum(axis=1).tolist(), by_kind[:, SPELT:].sum(axis=1).tolist()
        bounds = np.searchsorted(place, np.arange(len(shares) + 1)).tolist()
        looks = []
        for index, window in enumerate(found.windows):
            heard = by_sound[index] > by_all[index]
            first = KINDS * index + (SPELT if heard else 0)
            part = slice(bounds[first], bounds[KINDS * (index + 1)])
            looks.append(
                Look(
                    start=reading.lean_at[window.start],
                    end=reading.lean_at[window.end - 1] + 1,
                    value=max(by_all[index], by_sound[index]) + self.learnt.bias,
                    vector=(column[part], value[part]),
                    kinds=KINDS - SPELT if heard else KINDS,
                )
            )
        return looks

    def find(self, looks: Sequence[Look]) -> Iterator[Found]:
        """The window that most clearly means something banned, if any does."""
        telling = (look for look in looks if look.end - look.start >= LEAST_CHARS)
        best = max(telling, key=lambda look: look.value, default=None)
        if best is None or best.value <= self.learnt.threshold:
            return
        owner = self._nearest(best)
        if owner is not None:
            yield Found(
                rule=owner[0],
                phrase=owner[1],
                match="meaning",
                start=best.start,
                end=best.end,
                score=round(float(np.interp(best.value, *self.learnt.knots)), 3),
            )

    def denies(self, reading: Reading, looks: Iterable[Look], found: Found) -> bool:
        """Whether the sentence around what was found another way is clearly like harmless ones.

        «请问您是要找哪一栋的管家呢» has the words of «爱找谁找谁», and nothing else of it. Only rules whose
        wordings the classifier knows are held against it, and a phrase that stands there word for word is
        given up less lightly. «我帮您申请一下，滚» is like harmless ones but for the last word: a short clause is
        not spoken for by its neighbours.
        """
        own = [clause for clause in reading.clauses if clause.start < found.end and found.start < clause.end]
        if found.rule.id not in self._taught or own[-1].end - own[0].start < DENIABLE_CHARS:
            return False
        around = [look for look in looks if look.start < found.end and found.start < look.end]
        below = LITERAL_DENIED_BELOW if found.match == "literal" else DENIED_BELOW
        return max((look.value for look in around), default=0.0) < below

    def value(self, text: str) -> float:
        """How far ``text`` is on the banned side; above ``learnt.threshold`` it is a hit. For measuring."""
        return max((look.value for look in self.look(read(text))), default=self.learnt.bias)

    def _nearest(self, look: Look) -> tuple[BannedRule, str] | None:
        """The rule whose examples are most like it, and the example that is; None where none is like enough."""
        likeness = self.learnt.examples.likeness(look.vector)
        if not len(likeness) or likeness.max() < LEAST_LIKENESS * look.kinds:
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
