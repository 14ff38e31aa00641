"""Recall against false alarms of matching by sound, with and without the audio's verdict.

Everything that ``monitor.rules.sound`` finds in what was heard is a candidate, the unsure ones too. Without
audio, a candidate's score is how far its alignment can be trusted (cost per syllable, and length). With
audio, what is accepted by sound alone stays accepted first, and the others' score is the log-likelihood
ratio of the engine's verdict. Each threshold on the score gives a point: of the sentences that say a
phrase of their rule, the share in which one is found, and of the others (sentences that must not fire,
and real speech) the share in which any phrase is.
"""

import csv
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import matplotlib.pyplot as plt
from judged import percent
from speech_corpus import Sentence

from monitor.events import DecodeWanted, VerifyWanted
from monitor.frames import Hypothesis, Verdict
from monitor.rules.hit import Found
from monitor.rules.match import ACCEPT_LLR
from monitor.rules.model import BannedRule
from monitor.rules.parse import RuleSet
from monitor.rules.sound import Sounds
from monitor.speech.engine import Engine
from monitor.text.reading import Reading, read

SURE = 100.0
"""Above every log-likelihood ratio."""
AT_MOST = (0.005, 0.01, 0.02, 0.03, 0.05)


@dataclass(frozen=True, slots=True)
class Candidate:
    """One phrase that may have been said."""

    rule: str
    trust: float
    llr: float
    sure: bool
    """By the limits in force its sound is enough."""
    accepted: bool
    """By the limits in force, audio included."""


@dataclass(frozen=True, slots=True)
class Heard:
    """One recording with all its candidates."""

    sentence: Sentence
    candidates: tuple[Candidate, ...]


@dataclass(frozen=True, slots=True)
class Point:
    """One threshold on a curve."""

    threshold: float
    recall: float
    false: float


class Tap:
    """An engine that keeps the final decodes of one call for whoever wants to look at them again."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self.name, self.lanes, self.shape = engine.name, engine.lanes, engine.shape
        self.finals: list[tuple[DecodeWanted, Hypothesis]] = []

    def decode(self, batch: Sequence[DecodeWanted]) -> list[Hypothesis]:
        """As the engine does."""
        answers = self._engine.decode(batch)
        self.finals += zip(batch, answers, strict=True)
        return answers

    def verify(self, batch: Sequence[VerifyWanted]) -> list[Verdict]:
        """As the engine does."""
        return self._engine.verify(batch)


class Phrases:
    """Every phrase that is looked for by sound."""

    def __init__(self, ruleset: RuleSet) -> None:
        self._sounds = Sounds(ruleset.of(BannedRule))

    def candidates(self, wanted: DecodeWanted, heard: Hypothesis, engine: Engine) -> list[Candidate]:
        """What may have been said in one utterance, each with the audio's verdict where it is unsure."""
        reading = read(heard.text)
        found = list(self._sounds.find(reading)) if reading.plain else []
        asked = [(number, it) for number, it in enumerate(found) if it.needs_audio]
        verdicts = engine.verify([_question(wanted, reading, number, it) for number, it in asked]) if asked else []
        llr = {number: verdict.llr for (number, _), verdict in zip(asked, verdicts, strict=True)}
        return [
            Candidate(
                it.rule.id,
                it.score,
                llr.get(number, 0.0),
                sure=not it.needs_audio,
                accepted=not it.needs_audio or llr[number] >= ACCEPT_LLR,
            )
            for number, it in enumerate(found)
        ]

    def says(self, sentence: Sentence) -> bool:
        """The sentence as written holds a phrase of its own rule."""
        found = self._sounds.find(read(sentence.text))
        return any(it.rule.id == sentence.rule and not it.needs_audio for it in found)


def _question(wanted: DecodeWanted, reading: Reading, number: int, it: Found) -> VerifyWanted:
    first = reading.origin[it.start]
    return VerifyWanted(
        call_id=wanted.call_id,
        request_id=f"{wanted.call_id}/{wanted.utterance_id}/{number}",
        utterance_id=wanted.utterance_id,
        revision=wanted.revision,
        pcm=wanted.pcm,
        text=reading.raw,
        start=first,
        end=first + len(reading.quote(it.start, it.end)),
        candidate=it.candidate,
    )


def curve(heard: Sequence[Heard], *, audio: bool) -> list[Point]:
    """A point for each threshold at which something changes."""
    hits = [_best(it, audio=audio, own=True) for it in heard if it.sentence.fires]
    others = [_best(it, audio=audio, own=False) for it in heard if not it.sentence.fires]
    points = []
    for threshold in sorted({score for score in hits + others if score > -1e9}, reverse=True):
        recall = sum(score >= threshold for score in hits) / max(1, len(hits))
        points.append(Point(threshold, recall, sum(score >= threshold for score in others) / max(1, len(others))))
    return points


def _best(it: Heard, *, audio: bool, own: bool) -> float:
    scores = [
        (SURE + candidate.trust if candidate.sure else candidate.llr) if audio else candidate.trust
        for candidate in it.candidates
        if not own or candidate.rule == it.sentence.rule
    ]
    return max(scores, default=-1e9)


def in_force(heard: Iterable[Heard]) -> Point:
    """Where the limits that are in force lie."""
    heard = list(heard)
    hits = [any(c.accepted and c.rule == it.sentence.rule for c in it.candidates) for it in heard if it.sentence.fires]
    others = [any(c.accepted for c in it.candidates) for it in heard if not it.sentence.fires]
    return Point(0.0, sum(hits) / max(1, len(hits)), sum(others) / max(1, len(others)))


def write(out: Path, heard: Mapping[str, Sequence[Heard]]) -> str:
    """``curve.csv``, ``accuracy-curve.svg``; returns the table."""
    curves = {
        (line, how): curve(items, audio=how == "audio") for line, items in heard.items() for how in ("sound", "audio")
    }
    with (out / "curve.csv").open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow(("line", "by", "threshold", "recall", "false"))
        for (line, how), points in curves.items():
            writer.writerows((line, how, it.threshold, it.recall, it.false) for it in points)
    _plot(out / "accuracy-curve.svg", curves, {line: in_force(items) for line, items in heard.items()})
    rows = ["| line | by | " + " | ".join(f"≤ {percent(most)}" for most in AT_MOST) + " | in force |"]
    rows.append("|" + "---|" * (len(AT_MOST) + 3))
    for (line, how), points in curves.items():
        best = [max((it.recall for it in points if it.false <= most), default=0.0) for most in AT_MOST]
        now = in_force(heard[line])
        where = f"{percent(now.recall)} at {percent(now.false)}" if how == "audio" else ""
        cells = " | ".join(percent(recall) for recall in best)
        rows.append(f"| {line} | {'sound, then audio' if how == 'audio' else 'sound alone'} | {cells} | {where} |")
    return "\n".join(rows)


def _plot(path: Path, curves: Mapping[tuple[str, str], Sequence[Point]], now: Mapping[str, Point]) -> None:
    figure, axes = plt.subplots(figsize=(6.4, 4))
    colours = dict(zip(now, ("#1f6f8b", "#c8553d", "#6a994e", "#8d6a9f", "#444444"), strict=False))
    for (line, how), points in curves.items():
        style = "-" if how == "audio" else "--"
        label = f"{line}, {'sound and audio' if how == 'audio' else 'sound alone'}"
        axes.step(
            [100 * it.false for it in points],
            [100 * it.recall for it in points],
            style,
            color=colours[line],
            label=label,
        )
    for line, point in now.items():
        axes.plot(100 * point.false, 100 * point.recall, "o", color=colours[line])
    axes.set_xlim(0, 10)
    axes.set_ylim(0, 100)
    axes.set_xlabel("% of other recordings on which a phrase is found")
    axes.set_ylabel("% of sentences found")
    axes.grid(alpha=0.3)
    axes.legend(frameon=False, loc="lower right")
    figure.tight_layout()
    figure.savefig(path, metadata={"Date": None})
    plt.close(figure)
