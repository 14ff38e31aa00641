"""An engine that knows beforehand what is said: for tests, demos and load runs without a model.

It answers with the words of a script that overlap the stretch it is asked about. A line of the
script is spread evenly over its time, so a stretch that ends in the middle of a line gives the
first part of it, as a partial decode would.
"""

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from monitor.errors import ConfigError
from monitor.events import DecodeWanted, VerifyWanted
from monitor.frames import Hypothesis, Side, Verdict, Word
from monitor.timeline import Ms


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """One thing that is said."""

    side: Side
    from_ms: Ms
    to_ms: Ms
    text: str
    call_id: str = ""
    """Empty: the line is said in every call."""


def line_of(item: Line | dict[str, Any]) -> Line:
    """A :class:`Line` from its JSON form ``{side, from_ms, to_ms, text}``.

    Raises:
        ConfigError: ``ENG-010``, a field is missing or wrong.
    """
    if isinstance(item, Line):
        return item
    try:
        line = Line(
            side=Side(item["side"]),
            from_ms=Ms(int(item["from_ms"])),
            to_ms=Ms(int(item["to_ms"])),
            text=str(item["text"]),
            call_id=str(item.get("call_id", "")),
        )
    except (KeyError, TypeError, ValueError) as error:
        raise ConfigError(f"not a line of a script: {error!r} in {item!r}", code="ENG-010") from None
    if line.to_ms <= line.from_ms:
        raise ConfigError(f"a line must end after it begins: {item!r}", code="ENG-010")
    return line


class ScriptedEngine:
    """Answers from a script of lines ``{side, from_ms, to_ms, text}``; see the module."""

    name = "scripted"
    lanes = 1

    def __init__(self, lines: Iterable[Line | dict[str, Any]]) -> None:
        self._lines = sorted((line_of(item) for item in lines), key=lambda line: (line.from_ms, line.to_ms))

    def shape(self, wanted: DecodeWanted) -> int:
        """Everything can be answered together."""
        return 0

    def decode(self, batch: Sequence[DecodeWanted]) -> list[Hypothesis]:
        """The words of the script within each asked stretch."""
        return [self._hear(wanted) for wanted in batch]

    def verify(self, batch: Sequence[VerifyWanted]) -> list[Verdict]:
        """``llr`` 0 when the script really holds the candidate, else −10 nats a token.

        A request does not say where its utterance lies, so the whole script of the call is searched.
        """
        return [
            Verdict(
                request_id=wanted.request_id,
                llr=0.0
                if any(wanted.candidate in line.text for line in self._lines if line.call_id in ("", wanted.call_id))
                else -10.0,
            )
            for wanted in batch
        ]

    def _hear(self, wanted: DecodeWanted) -> Hypothesis:
        words: list[Word] = []
        for line in self._lines:
            if line.side != wanted.side or line.call_id not in ("", wanted.call_id):
                continue
            if line.to_ms <= wanted.from_ms or line.from_ms >= wanted.to_ms:
                continue
            words.extend(_within(line, wanted.from_ms, wanted.to_ms))
        return wanted.answer(
            text="".join(word.text for word in words),
            words=tuple(words),
        )


def _within(line: Line, from_ms: Ms, to_ms: Ms) -> list[Word]:
    """The characters of ``line`` whose middle lies in the stretch, each a word."""
    share = (line.to_ms - line.from_ms) / max(1, len(line.text))
    words = []
    for index, char in enumerate(line.text):
        begin, end = line.from_ms + index * share, line.from_ms + (index + 1) * share
        if from_ms <= (begin + end) / 2 < to_ms:
            words.append(Word(text=char, from_ms=Ms(math.floor(begin)), to_ms=Ms(math.floor(end))))
    return words
