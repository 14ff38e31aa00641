"""What the recogniser nearly wrote: the rules held against the other texts of its search.

A search keeps several texts and shows the likeliest. Where nothing banned is found in that one, what was
said may stand in one of the others: «开发票会不会开啊» was also thought of as «开发票我不会开啊». What is found there
is only a question to the audio, about the words of the likeliest text that stand in that place.
"""

from collections.abc import Iterable
from dataclasses import replace
from typing import Final

from rapidfuzz.distance import Levenshtein

from monitor.frames import Side
from monitor.rules.hit import Hit
from monitor.rules.match import Matcher
from monitor.text.reading import Reading, read

MOST_ASKED: Final = 3
"""Questions about one utterance, those from the likeliest texts first."""
_TRUST: Final = 0.6
"""A hit counts for so much of itself until the audio has spoken."""


def nearly_said(matcher: Matcher, reading: Reading, others: Iterable[str], side: Side) -> list[Hit]:
    """What ``side`` may have broken if one of ``others``, likeliest first, is what was said.

    Every hit needs the audio, and its span is of ``reading``: the words that would have to give way.
    """
    if not matcher.judges(side):
        return []
    known = {reading.lean}
    found: dict[str, Hit] = {}
    for other in map(read, others):
        if other.lean in known:
            continue  # only its punctuation differs
        known.add(other.lean)
        for hit in matcher.find(other, side, ask=False):
            if hit.rule.id not in found and len(found) < MOST_ASKED and (hit_here := _carried(hit, other, reading)):
                found[hit.rule.id] = hit_here
    return list(found.values())


def _carried(hit: Hit, other: Reading, reading: Reading) -> Hit | None:
    """The hit with its span in ``reading``; None where no words of that stand in its place."""
    start, end = len(reading.plain), 0
    for operation in Levenshtein.opcodes(other.plain, reading.plain):
        if operation.src_start < hit.end and hit.start < operation.src_end:
            same = operation.tag == "equal"
            first = operation.dest_start + (max(0, hit.start - operation.src_start) if same else 0)
            last = operation.dest_end - (max(0, operation.src_end - hit.end) if same else 0)
            start, end = min(start, first), max(end, last)
    if start >= end:
        return None
    return replace(
        hit,
        match="pinyin",
        score=round(_TRUST * hit.score, 3),
        start=start,
        end=end,
        needs_audio=True,
        candidate=other.quote(hit.start, hit.end),
    )
