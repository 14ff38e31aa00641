"""Learning the rules' meaning from their examples, once per version of the rules.

See :mod:`monitor.rules.meaning` for what is learnt and why. Learning takes seconds; the result can be
kept in a folder, one file a version, so that the next start reads it instead.
"""

import json
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final
from zipfile import BadZipFile

import numpy as np
from numpy.typing import NDArray

from monitor.rules.features import Rows, Vectors, grams, windows
from monitor.rules.meaning import Floats, Learnt
from monitor.rules.model import BannedRule, Rule
from monitor.rules.parse import RuleSet
from monitor.text.reading import read

FALSE_RATE: Final = 0.01
"""Share of harmless sentences, unseen, on which the classifier may fire: the threshold is set by it."""
LEAST_EXAMPLES: Final = 60
"""With fewer hits, or fewer harmless sentences, in all the rules together there is nothing to learn from."""
LEAST_EVIDENCE: Final = 0.3
"""A sentence of unknown words has the classifier's bias for its value; a hit must have more to show."""
FORMAT: Final = 2
"""Of the file; a file of another format is learnt anew."""
_FOLDS: Final = 5
_STIFFNESS: Final = 0.5

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

    windows: list[list[Counter[str]]]
    """The whole first; for a hit, the whole alone."""
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

    vectors = Vectors.of(window for sample in samples for window in sample.windows)
    rows = [[vectors.one(window) for window in sample.windows] for sample in samples]
    truth = np.array([sample.banned for sample in samples])
    unseen = _cross_validate(rows, truth, len(vectors.columns))
    harmless = np.sort(unseen[~truth])[::-1]
    threshold = float(harmless[int(FALSE_RATE * len(harmless))])
    isotonic = IsotonicRegression(y_min=0.01, y_max=0.99, out_of_bounds="clip").fit(unseen, truth)
    weights, bias = _fit(rows, truth, range(len(rows)), len(vectors.columns))
    threshold = max(threshold, bias + LEAST_EVIDENCE)
    return Learnt(
        vectors=vectors,
        weights=weights,
        bias=bias,
        threshold=threshold,
        knots=(np.asarray(isotonic.X_thresholds_, float), np.asarray(isotonic.y_thresholds_, float)),
        examples=Rows.of([vectors.one(sample.windows[0]) for sample in hits], len(vectors.columns)),
        owners=tuple((sample.rule_id, sample.text) for sample in hits),
    )


def _samples(ruleset: RuleSet) -> list[_Sample]:
    """What to learn from; a sentence that one rule's proof calls a hit is never learnt as harmless."""
    rules = ruleset.of(BannedRule)
    banned: dict[str, str] = {}
    for rule in rules:
        if rule.meaning and rule.severity != "hint":
            for example in rule.examples.hit:
                banned.setdefault(example.text, rule.id)
    known = {example.text for rule in rules for example in rule.examples.hit}
    harmless = dict.fromkeys(
        (
            *ruleset.ordinary,
            *(example.text for rule in rules for example in rule.examples.miss if example.side == "agent"),
            *(text for rule in ruleset.rules.values() for text in recommended(rule)),
            *(rewrite.say for rule in rules for rewrite in rule.rewrites),
        )
    )
    found = [_sample(text, rule_id) for text, rule_id in banned.items()]
    found += [_sample(text, "") for text in harmless if text and text not in known]
    return [sample for sample in found if sample.windows]


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


def _sample(text: str, rule_id: str) -> _Sample:
    reading = read(text)
    seen = windows(reading)
    kept = seen[:1] if rule_id else seen
    return _Sample([grams(reading, window) for window in kept], bool(rule_id), rule_id, text)


_Vector = tuple[list[int], list[float]]


def _fit(
    rows: Sequence[Sequence[_Vector]], truth: NDArray[np.bool_], chosen: Sequence[int], width: int
) -> tuple[Floats, float]:
    """(weights, bias) learnt from the chosen samples, every window of each."""
    from scipy.sparse import csr_matrix
    from sklearn.svm import LinearSVC

    flat = Rows.of([vector for index in chosen for vector in rows[index]], width)
    matrix = csr_matrix((flat.values, flat.columns, flat.starts), shape=(len(flat.starts) - 1, width))
    labels = np.concatenate([np.full(len(rows[index]), truth[index]) for index in chosen])
    classifier = LinearSVC(C=_STIFFNESS, class_weight="balanced", random_state=0, max_iter=5000, tol=1e-3)
    classifier.fit(matrix, labels)
    return np.asarray(classifier.coef_[0], float), float(classifier.intercept_[0])


def _cross_validate(rows: Sequence[Sequence[_Vector]], truth: NDArray[np.bool_], width: int) -> Floats:
    """Each sentence's highest value under a classifier that has not seen it."""
    values = np.zeros(len(rows))
    fold = np.zeros(len(rows), dtype=int)
    for label in (True, False):
        places = np.flatnonzero(truth == label)
        fold[places] = np.arange(len(places)) % _FOLDS
    for number in range(_FOLDS):
        weights, bias = _fit(rows, truth, np.flatnonzero(fold != number).tolist(), width)
        for index in np.flatnonzero(fold == number).tolist():
            values[index] = max(float(np.dot(weights[columns], row)) + bias for columns, row in rows[index])
    return values


def _save(learnt: Learnt, path: Path) -> None:
    """Write to ``path``, whole or not at all."""
    path.parent.mkdir(parents=True, exist_ok=True)
    text = json.dumps({"grams": list(learnt.vectors.columns), "owners": learnt.owners}, ensure_ascii=False)
    arrays: dict[str, Any] = {
        "format": np.array(FORMAT),
        "text": np.frombuffer(text.encode(), dtype=np.uint8),
        "rarity": learnt.vectors.rarity,
        "rarest": np.array(learnt.vectors.rarest),
        "weights": learnt.weights,
        "line": np.array([learnt.bias, learnt.threshold]),
        "knots": np.stack(learnt.knots),
        "columns": learnt.examples.columns,
        "values": learnt.examples.values,
        "starts": learnt.examples.starts,
    }
    part = path.with_suffix(".part.npz")
    np.savez_compressed(part, **arrays)
    part.replace(path)


def _load(path: Path) -> Learnt | None:
    """What :func:`_save` wrote; None where there is no such file or it is damaged."""
    if not path.is_file():
        return None
    try:
        with np.load(path, allow_pickle=False) as kept:
            if int(kept["format"]) != FORMAT:
                return None
            text = json.loads(kept["text"].tobytes())
            bias, threshold = (float(value) for value in kept["line"])
            vectors = Vectors(
                {gram: column for column, gram in enumerate(text["grams"])}, kept["rarity"], float(kept["rarest"])
            )
            return Learnt(
                vectors=vectors,
                weights=kept["weights"],
                bias=bias,
                threshold=threshold,
                knots=(kept["knots"][0], kept["knots"][1]),
                examples=Rows(kept["columns"], kept["values"], kept["starts"], len(vectors.columns)),
                owners=tuple((rule_id, sentence) for rule_id, sentence in text["owners"]),
            )
    except (OSError, ValueError, KeyError, EOFError, BadZipFile):
        return None
