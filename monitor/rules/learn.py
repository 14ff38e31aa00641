"""Learning the rules' meaning from their examples and lessons, once per version of the rules.

See :mod:`monitor.rules.meaning` for what is learnt and why. Learning takes seconds; the result can be
kept in a folder, one file a version, so that the next start reads it instead.
"""

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final
from zipfile import BadZipFile

import numpy as np
from numpy.typing import NDArray

from monitor.files import replacing
from monitor.rules.features import Grams, Rows, Vectors, grams, windows
from monitor.rules.meaning import Floats, Learnt
from monitor.rules.model import BannedRule, Rule
from monitor.rules.parse import RuleSet
from monitor.text.reading import read

FALSE_RATE: Final = 0.05
"""Share of the harmless sentences, unseen, on which the classifier may fire: the threshold is set by it.

Most of them are near misses, written to be mistaken: of ordinary sentences it is a tenth of that
(docs/accuracy.md, What is learnt)."""
LEAST_EXAMPLES: Final = 60
"""With fewer hits, or fewer harmless sentences, in all the rules together there is nothing to learn from."""
LEAST_EVIDENCE: Final = 0.3
"""A sentence of unknown words has the classifier's bias for its value; a hit must have more to show."""
FORMAT: Final = 4
"""Of the file; a file of another format is learnt anew."""
_FOLDS: Final = 5
_ENOUGH: Final = 3_000
"""With so many sentences judged unseen, threshold and calibration are known: other folds would only take time."""
_STIFFNESS: Final = 0.2

_known: dict[str, Learnt | None] = {}
"""By version of the rules: a process that loads the same rules twice learns once."""


def learn(ruleset: RuleSet, folder: Path | None = None) -> Learnt | None:
    """What the rules' examples teach; None where there is too little to learn from.

    ``folder`` keeps what was learnt; it is created when needed. A damaged file there is learnt anew.
    """
    version = ruleset.version
    if version and version in _known:
        return _known[version]
    path = folder / f"{version}.npz" if folder is not None and version else None
    learnt = _load(path) if path is not None else None
    if learnt is None:
        learnt = train(ruleset)
        if path is not None and learnt is not None:
            _save(learnt, path)
    if version:
        _known[version] = learnt
    return learnt


@dataclass(frozen=True)
class _Sample:
    """One sentence to learn from."""

    grams: Grams
    """Of the whole first; for a hit, of the whole alone."""
    banned: bool
    rule_id: str = ""
    text: str = ""


def train(ruleset: RuleSet) -> Learnt | None:
    """Learn from scratch; None where there is too little to learn from."""
    samples = _samples(ruleset)
    hits = [sample for sample in samples if sample.banned]
    if len(hits) < LEAST_EXAMPLES or len(samples) - len(hits) < LEAST_EXAMPLES:
        return None
    from sklearn.isotonic import IsotonicRegression  # a second to import, and a kept result does without

    table = _Table.of(samples)
    unseen, banned = table.judged_unseen()
    harmless = np.sort(unseen[~banned])[::-1]
    threshold = float(harmless[int(FALSE_RATE * len(harmless))])
    isotonic = IsotonicRegression(y_min=0.01, y_max=0.99, out_of_bounds="clip").fit(unseen, banned)
    weights, bias = table.fit(np.ones(len(samples), dtype=bool))
    threshold = max(threshold, bias + LEAST_EVIDENCE)
    return Learnt(
        vectors=table.vectors,
        weights=weights,
        bias=bias,
        threshold=threshold,
        knots=(np.asarray(isotonic.X_thresholds_, float), np.asarray(isotonic.y_thresholds_, float)),
        examples=table.hits(),
        owners=tuple((sample.rule_id, sample.text) for sample in hits),
        unseen=float((unseen[banned] > threshold).mean()),
    )


@dataclass(frozen=True)
class _Table:
    """Every window of every sample, as it is spelt and sounds and by its sound alone, one row each."""

    vectors: Vectors
    matrix: Any
    """``scipy.sparse.csr_matrix``, rows × n-grams: the windows by all, and once more by sound."""
    owner: NDArray[np.int64]
    """The sample of each row."""
    truth: NDArray[np.bool_]
    """Whether each sample is banned."""

    @classmethod
    def of(cls, samples: Sequence[_Sample]) -> "_Table":
        from scipy.sparse import csr_matrix, vstack

        every = Grams.of([sample.grams for sample in samples])
        vectors = Vectors.of(every)
        parts = [
            csr_matrix((rows.values, rows.columns, rows.starts), shape=(len(every.windows), rows.width))
            for rows in vectors.rows(every)
        ]
        owner = np.repeat(np.arange(len(samples)), [len(sample.grams.windows) for sample in samples])
        truth = np.array([sample.banned for sample in samples])
        return cls(vectors, vstack(parts, format="csr"), np.concatenate([owner, owner]), truth)

    def hits(self) -> Rows:
        """The hits by all, each with its one window."""
        by_all = self.truth[self.owner[: len(self.owner) // 2]]
        part = self.matrix[np.flatnonzero(by_all)]
        return Rows(part.indices, part.data, part.indptr, part.shape[1])

    def fit(self, chosen: NDArray[np.bool_]) -> tuple[Floats, float]:
        """(weights, bias) learnt from the chosen samples."""
        from sklearn.svm import LinearSVC

        rows = chosen[self.owner]
        classifier = LinearSVC(C=_STIFFNESS, class_weight="balanced", random_state=0, max_iter=5000, tol=1e-3)
        classifier.fit(self.matrix[rows], self.truth[self.owner[rows]])
        return np.asarray(classifier.coef_[0], float), float(classifier.intercept_[0])

    def judged_unseen(self, enough: int = _ENOUGH) -> tuple[Floats, NDArray[np.bool_]]:
        """(value, whether it is banned) of samples under classifiers that have not seen them (cross-validation)."""
        values = np.full(len(self.truth), -np.inf)
        fold = np.zeros(len(self.truth), dtype=int)
        for label in (True, False):
            places = np.flatnonzero(self.truth == label)
            fold[places] = np.arange(len(places)) % _FOLDS
        for number in range(_FOLDS):
            weights, bias = self.fit(fold != number)
            rows = fold[self.owner] == number
            np.maximum.at(values, self.owner[rows], self.matrix[rows] @ weights + bias)
            if np.isfinite(values).sum() >= enough:
                break
        judged = np.isfinite(values)
        return values[judged], self.truth[judged]


def _samples(ruleset: RuleSet) -> list[_Sample]:
    """What to learn from; a sentence that one rule's proof calls a hit is never learnt as harmless."""

    def sample(text: str, rule_id: str) -> _Sample:
        reading = read(text)
        seen = windows(reading)
        return _Sample(grams(reading, seen[:1] if rule_id else seen), bool(rule_id), rule_id, text)

    rules = ruleset.of(BannedRule)
    taught = {rule.id for rule in rules if rule.meaning and rule.severity != "hint"}
    banned: dict[str, str] = {}
    for rule in rules:
        if rule.id in taught:
            for example in rule.examples.hit:
                banned.setdefault(example.text, rule.id)
    for lesson in ruleset.lessons:
        if lesson.lesson in taught:
            for text in lesson.said:
                banned.setdefault(text, lesson.lesson)
    known = {example.text for rule in rules for example in rule.examples.hit} | banned.keys()
    harmless = dict.fromkeys(
        (
            *ruleset.ordinary,
            *(text for lesson in ruleset.lessons for text in lesson.harmless),
            *(example.text for rule in rules for example in rule.examples.miss if example.side == "agent"),
            *(text for rule in ruleset.rules.values() for text in recommended(rule)),
            *(rewrite.say for rule in rules for rewrite in rule.rewrites),
        )
    )
    found = [sample(text, rule_id) for text, rule_id in banned.items() if read(text).lean]
    return found + [sample(text, "") for text in harmless if text not in known and read(text).lean]


def recommended(rule: Rule) -> Iterator[str]:
    """Wordings that a rule tells agents to use: its rewrite, and what it offers to say or accepts."""
    if rule.rewrite:
        yield rule.rewrite
    if not isinstance(rule, BannedRule):
        yield from _said(rule.model_dump(exclude={"examples"}))


def _said(value: Any, key: str = "") -> Iterator[str]:
    """Every text under ``say`` or ``accept``, however deep."""
    if isinstance(value, dict):
        for name, item in value.items():
            yield from _said(item, name)
    elif isinstance(value, list | tuple):
        for item in value:
            yield from _said(item, key)
    elif isinstance(value, str) and key in ("say", "accept"):
        yield value


def _save(learnt: Learnt, path: Path) -> None:
    """Write to ``path``, whole or not at all."""
    path.parent.mkdir(parents=True, exist_ok=True)
    text = json.dumps(learnt.owners, ensure_ascii=False)
    arrays: dict[str, Any] = {
        "format": np.array(FORMAT),
        "text": np.frombuffer(text.encode(), dtype=np.uint8),
        "codes": learnt.vectors.codes,
        "rarity": learnt.vectors.rarity,
        "rarest": np.array(learnt.vectors.rarest),
        "weights": learnt.weights,
        "line": np.array([learnt.bias, learnt.threshold, learnt.unseen]),
        "knots": np.stack(learnt.knots),
        "columns": learnt.examples.columns,
        "values": learnt.examples.values,
        "starts": learnt.examples.starts,
    }
    with replacing(path) as part, part.open("wb") as file:
        np.savez_compressed(file, **arrays)


def _load(path: Path) -> Learnt | None:
    """What :func:`_save` wrote; None where there is no such file or it is damaged."""
    if not path.is_file():
        return None
    try:
        with np.load(path, allow_pickle=False) as kept:
            if int(kept["format"]) != FORMAT:
                return None
            owners = json.loads(kept["text"].tobytes())
            bias, threshold, unseen = (float(value) for value in kept["line"])
            vectors = Vectors(kept["codes"], kept["rarity"], float(kept["rarest"]))
            return Learnt(
                vectors=vectors,
                weights=kept["weights"],
                bias=bias,
                threshold=threshold,
                knots=(kept["knots"][0], kept["knots"][1]),
                examples=Rows(kept["columns"], kept["values"], kept["starts"], len(vectors.codes)),
                owners=tuple((rule_id, sentence) for rule_id, sentence in owners),
                unseen=unseen,
            )
    except (OSError, ValueError, KeyError, EOFError, BadZipFile):
        return None
