"""Utterances of one side heard together: a recogniser that knows what was said before hears better.

Live, a sentence is recognised the moment it is over. In a recording its neighbours are there already, so
those of one side are joined into a passage of up to 25 seconds, decoded at once, and taken apart again by
the times of the words. A fifth to a quarter fewer characters are wrong, for up to a quarter more computing:
less of every encoder window is padding (docs/performance.md, Recordings). The words are not to the letter
those that were heard live, so it is the auditor's to choose.
"""

import math
from collections.abc import Hashable, Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Final

from monitor.events import DecodeWanted, VerifyWanted
from monitor.frames import Hypothesis, Pass, Verdict, Word
from monitor.speech.engine import Engine
from monitor.timeline import RATE_HZ, Ms, ms_at, samples_at

LONGEST_MS: Final = 25_000
"""Of a passage: with its margin it fills the recogniser's window of 30 s."""
APART_MS: Final = 400
"""Quiet put between two utterances: enough to be a pause, and for the words to be told apart."""
_FAR_MS: Final = 30_000
"""What was said longer ago is no context."""
_MARGINS_MS: Final = 500
_LEAST_CHARS_PER_S: Final = 1.5
_MOST_CHARS_PER_S: Final = 12.0
"""Mandarin has three to six syllables a second. What has fewer or more of the passage's words is heard alone."""
_LAST_MS: Final = 120
"""A word that lies across a pause belongs where its end is: the recogniser lets it begin with the pause."""


@dataclass(frozen=True, slots=True)
class _Placed:
    """One utterance in its passage; milliseconds from the passage's beginning."""

    index: int
    wanted: DecodeWanted
    from_ms: int
    to_ms: int


class Passages:
    """An :class:`monitor.speech.engine.Engine` that hears the finals of one side together."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self.name, self.lanes = engine.name, engine.lanes

    def shape(self, wanted: DecodeWanted) -> Hashable:
        """As the engine's."""
        return self._engine.shape(wanted)

    def verify(self, batch: Sequence[VerifyWanted]) -> list[Verdict]:
        """As the engine's: a phrase is held against its own utterance.

        Raises:
            EngineError: the engine failed.
        """
        return self._engine.verify(batch)

    def decode(self, batch: Sequence[DecodeWanted]) -> list[Hypothesis]:
        """One hypothesis for each entry, in order. What a passage leaves in doubt is decoded alone.

        Raises:
            EngineError: the engine failed.
        """
        passages = [_placed(run) for run in _runs(batch)]
        answers: dict[int, Hypothesis] = {}
        together = [passage for passage in passages if len(passage) > 1]
        for passage, heard in zip(together, self._engine.decode([_joined(it) for it in together]), strict=True):
            answers.update(_apart(passage, heard))
        alone = [index for index in range(len(batch)) if index not in answers]
        answers.update(zip(alone, self._engine.decode([batch[index] for index in alone]), strict=True))
        return [answers[index] for index in range(len(batch))]


def _runs(batch: Sequence[DecodeWanted]) -> Iterable[list[tuple[int, DecodeWanted]]]:
    """Neighbours of one side, in order of time, as many as make a passage."""
    order = sorted(enumerate(batch), key=lambda item: (item[1].call_id, item[1].side, item[1].from_ms))
    run: list[tuple[int, DecodeWanted]] = []
    length_ms = 0
    for index, wanted in order:
        more_ms = _length_ms(wanted) + APART_MS
        if run and not (_follows(run[-1][1], wanted) and length_ms + more_ms <= LONGEST_MS):
            yield run
            run, length_ms = [], 0
        run.append((index, wanted))
        length_ms += more_ms
    if run:
        yield run


def _follows(one: DecodeWanted, other: DecodeWanted) -> bool:
    same = one.call_id == other.call_id and one.side == other.side and one.decode is other.decode is Pass.FINAL
    return same and one.utterance_id != other.utterance_id and other.from_ms - one.to_ms <= _FAR_MS


def _placed(run: list[tuple[int, DecodeWanted]]) -> list[_Placed]:
    placed, at_ms = [], 0
    for index, wanted in run:
        placed.append(_Placed(index, wanted, at_ms, at_ms + _length_ms(wanted)))
        at_ms = placed[-1].to_ms + APART_MS
    return placed


def _joined(passage: Sequence[_Placed]) -> DecodeWanted:
    """The passage as one utterance, timed from its own beginning."""
    quiet = bytes(2 * samples_at(APART_MS, RATE_HZ))
    pcm = quiet.join(_whole(it.wanted) for it in passage)
    first = passage[0].wanted
    return replace(first, from_ms=Ms(0), to_ms=Ms(passage[-1].to_ms), pcm=pcm)


def _apart(passage: Sequence[_Placed], heard: Hypothesis) -> dict[int, Hypothesis]:
    """What was heard in each utterance; those that are in doubt are left out."""
    if heard.dropped or not heard.words:
        return {}
    words: list[list[Word]] = [[] for _ in passage]
    place = 0
    for word in heard.words:
        if any(letter.isalnum() for letter in word.text):
            middle_ms = max((word.from_ms + word.to_ms) // 2, word.to_ms - _LAST_MS)
            while place + 1 < len(passage) and middle_ms >= passage[place].to_ms + APART_MS // 2:
                place += 1
        words[place].append(word)  # a comma stays with what it follows
    found = [_hypothesis(it, said) for it, said in zip(passage, words, strict=True)]
    doubtful = {number for number, it in enumerate(found) if _in_doubt(passage[number], it)}
    # The neighbours of one that is in doubt may have its words.
    doubtful |= {number + side for number in doubtful for side in (-1, 1)}
    return {
        it.index: said for number, (it, said) in enumerate(zip(passage, found, strict=True)) if number not in doubtful
    }


def _in_doubt(placed: _Placed, said: Hypothesis) -> bool:
    """Fewer words than somebody has said who spoke so long, or more than can be said."""
    length_ms = placed.to_ms - placed.from_ms
    letters = sum(letter.isalnum() for letter in said.text)
    least = _LEAST_CHARS_PER_S * (length_ms - _MARGINS_MS) / 1000
    return letters < max(1, least) or letters > _MOST_CHARS_PER_S * length_ms / 1000


def _hypothesis(placed: _Placed, words: Sequence[Word]) -> Hypothesis:
    wanted = placed.wanted
    moved = []
    for word in words:
        begin, end = (min(max(at, placed.from_ms), placed.to_ms) for at in (word.from_ms, word.to_ms))
        shift = wanted.from_ms - placed.from_ms
        moved.append(replace(word, from_ms=Ms(begin + shift), to_ms=Ms(end + shift)))
    sure = [math.log(max(word.probability, 1e-6)) for word in words]
    return wanted.answer(
        text="".join(word.text for word in words).strip(),
        words=tuple(moved),
        confidence=math.exp(sum(sure) / len(sure)) if sure else 0.0,
    )


def _whole(wanted: DecodeWanted) -> bytes:
    """Its audio in whole milliseconds, so that places in a passage are exact."""
    return wanted.pcm[: 2 * samples_at(_length_ms(wanted), RATE_HZ)]


def _length_ms(wanted: DecodeWanted) -> Ms:
    return ms_at(len(wanted.pcm) // 2)
