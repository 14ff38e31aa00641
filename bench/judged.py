"""What the rules made of each sentence, and the figures that follow."""

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from speech_corpus import Sentence

ABOVE_HINT = ("critical", "major", "minor")
SAID = ("literal", "word", "pattern", "pinyin", "acoustic", "meaning")
"""Ways of matching words, in order of trust; the others are about silence, order and measures."""


@dataclass(frozen=True, slots=True)
class Alarm:
    """One warning about words."""

    rule: str
    also: tuple[str, ...]
    match: str
    severity: str
    score: float
    phrase: str
    quote: str

    @property
    def rules(self) -> set[str]:
        """Every rule it is about."""
        return {self.rule, *self.also}


@dataclass(frozen=True, slots=True)
class Judged:
    """One sentence and the warnings that count."""

    sentence: Sentence
    heard: str
    alarms: tuple[Alarm, ...]

    @property
    def found(self) -> bool:
        """It was warned about."""
        return bool(self.alarms)

    @property
    def right(self) -> bool:
        """It was warned about under the rule it belongs to."""
        return any(self.sentence.rule in alarm.rules for alarm in self.alarms)

    @property
    def way(self) -> str:
        """The surest way by which it was found."""
        return min((alarm.match for alarm in self.alarms), key=SAID.index)


@dataclass(frozen=True, slots=True)
class Figures:
    """Counts of one group of sentences."""

    positives: int
    found: int
    right: int
    negatives: int
    false: int

    @property
    def recall(self) -> float | None:
        """Share of the sentences that must fire which did, under whatever rule."""
        return self.found / self.positives if self.positives else None

    @property
    def right_recall(self) -> float | None:
        """Share that fired under the right rule."""
        return self.right / self.positives if self.positives else None

    @property
    def false_rate(self) -> float | None:
        """Share of the sentences that must not fire which did."""
        return self.false / self.negatives if self.negatives else None

    @property
    def precision(self) -> float | None:
        """Share of what fired which should have."""
        fired = self.found + self.false
        return self.found / fired if fired else None


def figures(judged: Iterable[Judged]) -> Figures:
    """Count."""
    all_of_them = list(judged)
    hits = [item for item in all_of_them if item.sentence.fires]
    misses = [item for item in all_of_them if not item.sentence.fires]
    return Figures(
        len(hits),
        sum(item.found for item in hits),
        sum(item.right for item in hits),
        len(misses),
        sum(item.found for item in misses),
    )


def grouped(judged: Sequence[Judged], key: Callable[[Judged], str]) -> dict[str, Figures]:
    """Figures of each group, by name of group."""
    names = sorted({key(item) for item in judged})
    return {name: figures(item for item in judged if key(item) == name) for name in names}


def ways(judged: Iterable[Judged]) -> dict[str, tuple[int, int]]:
    """For each way of matching: sentences found by it that should fire, and that should not."""
    hits: Counter[str] = Counter()
    false: Counter[str] = Counter()
    for item in judged:
        if item.found:
            (hits if item.sentence.fires else false)[item.way] += 1
    return {way: (hits[way], false[way]) for way in SAID if hits[way] or false[way]}


def percent(share: float | None) -> str:
    """``97.2 %``, or a dash where nothing was counted."""
    return "–" if share is None else f"{100 * share:.1f} %"
