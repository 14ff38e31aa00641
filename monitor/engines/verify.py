"""Does the audio hold a phrase? The recogniser is asked to spell it and says how hard it finds that.

Teacher forcing: the decoder is given the words before the stretch, then the candidate, and reports the
probability of each token (``ctranslate2.models.Whisper.align``); the same for what was heard there.
Only the stretch itself is compared: averaged over a whole sentence the difference drowns in words that
are the same on both sides (recall at three false alarms 108 of 159 that way, 147 this way, 136 by the
cost of the sounds alone; docs/performance.md, Verification).
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any, Final

from monitor.engines.encoded import Encoded
from monitor.engines.simplified import simplified
from monitor.engines.tokens import Tokens
from monitor.events import VerifyWanted

TYPICAL_MISS: Final = 5.0
"""Median of the log-likelihood ratio per token, in nats, of wordings that were not said."""
_LEAST_PROBABILITY: Final = 1e-6


@dataclass(frozen=True, slots=True)
class Rivals:
    """What is to be compared: tokens before the stretch, the candidate's, those of what was heard."""

    before: list[int]
    candidate: list[int]
    heard: list[int]
    heard_at: int
    """Index of ``heard`` in the tokens of the decoded transcript; −1: it is not that transcript."""


def rivals(tokens: Tokens, wanted: VerifyWanted, encoded: Encoded) -> Rivals:
    """The tokens to compare, on the decoder's own spelling of the transcript where that is known.

    Where the decoder wrote Traditional characters the candidate is spelt so too: else it would be
    found unlikely for its script.
    """
    raw = tokens.decode(encoded.rows)
    candidate = _traditional(wanted.candidate) if simplified(raw) != raw else wanted.candidate
    place = _place(tokens, encoded.rows, wanted)
    if place is None:
        return Rivals(
            tokens.encode(wanted.text[: wanted.start]),
            tokens.encode(wanted.candidate),
            tokens.encode(wanted.text[wanted.start : wanted.end]),
            -1,
        )
    start, end = place
    return Rivals(encoded.rows[:start], tokens.encode(candidate), encoded.rows[start:end], start)


def ratio(candidate: Sequence[float], heard: Sequence[float]) -> float:
    """The verdict from the token probabilities of both.

    Difference of the mean log probabilities in units of :data:`TYPICAL_MISS`: 0, the candidate is
    as likely as what was heard; −1, as unlikely as a wording that was not said usually is.
    """
    return (_mean_log(candidate) - _mean_log(heard)) / TYPICAL_MISS


def _mean_log(probabilities: Sequence[float]) -> float:
    if not probabilities:
        return 0.0
    return sum(math.log(max(_LEAST_PROBABILITY, p)) for p in probabilities) / len(probabilities)


def _place(tokens: Tokens, rows: Sequence[int], wanted: VerifyWanted) -> tuple[int, int] | None:
    """Which tokens spell ``wanted.text[start:end]``, if ``rows`` are that transcript's."""
    spelt = tokens.spell(rows)
    text = simplified("".join(item.text for item in spelt))
    offset = text.find(wanted.text)
    if not wanted.text or offset < 0 or wanted.end <= wanted.start:
        return None
    first, last = offset + wanted.start, offset + wanted.end - 1
    start = end = at = 0
    for item in spelt:
        if at <= first < at + len(item.text):
            start = item.start
        if at <= last < at + len(item.text):
            end = item.end
        at += len(item.text)
    return start, end


@cache
def _converter() -> Any:
    from opencc import OpenCC

    return OpenCC("s2t")


def _traditional(text: str) -> str:
    converted: str = _converter().convert(text)
    return converted
