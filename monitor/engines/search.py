"""Beam search over texts that share their beginnings.

The rules are those of CTranslate2's beam search (and of OpenAI's): of the continuations of all live texts the likeliest
go on, as many as there are beams; when as many have ended as there are beams, the one with the best mean is it.
Three things are done differently:

- A text that is ``alike`` a likelier one (the same in the other script, or but for a comma) does not go on. What the
  beams are for is other words.
- Texts that fall behind the likeliest by more than ``margin`` are given up: where the recogniser is sure, one goes on.
- A ``draft``, a text that is likely to be right, is read in one go (speculative decoding; Leviathan and others 2023).
  What the search then asks about it is known already. What is found does not depend on the draft.
"""

import math
from collections.abc import Callable, Generator, Hashable, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

NOT_READ: Final = -1
_SURE: Final = 1 - 1e-6


@dataclass(slots=True, eq=False)
class Place:
    """A token in the tree of texts."""

    token: int
    parent: "Place | None"
    depth: int
    """How many tokens are before it."""
    slot: int = NOT_READ
    """Where its keys and values are kept, by whoever reads."""
    which: list[int] = field(default_factory=list)
    """The likeliest tokens after it, the likeliest first; known when it has been read."""
    scores: list[float] = field(default_factory=list)
    """Their log probabilities."""
    next: int = 0
    """A token after it whose log probability is wanted, likely or not."""
    score_of_next: float = 0.0
    looked: Any = None
    """Where the reader looked for what follows."""
    after: "dict[int, Place]" = field(default_factory=dict)

    def then(self, token: int) -> "Place":
        """The place of ``token`` behind this one."""
        place = self.after.get(token)
        if place is None:
            place = self.after[token] = Place(token, self, self.depth + 1)
        return place


@dataclass(frozen=True, slots=True)
class Found:
    """A text that has ended."""

    rows: list[int]
    score: float
    """Log probability of its tokens and its end, for each of its tokens."""
    place: Place = field(repr=False, compare=False)
    """The last token after which something was looked for: that before the end."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Search:
    """What to look for, and how far."""

    prompt: Sequence[int]
    end: int
    """The token that ends a text."""
    beams: int
    most: int
    """So many tokens, then a text has ended."""
    ngram: int = 0
    """So many tokens never come twice; 0: any may."""
    margin: float = math.inf
    """A text is given up that is less likely than the likeliest that goes on, by a factor of exp(margin)."""
    not_first: frozenset[int] = frozenset()
    """Tokens with which no text begins."""
    alike: Callable[[tuple[int, ...]], Hashable] = tuple
    """Texts with the same answer are alike."""
    draft: Sequence[int] = ()


@dataclass(frozen=True, slots=True)
class Reading:
    """What a search has to know to go on."""

    places: list[Place]
    """To be read, parents before children; none of them has been read before."""
    live: list[Place]
    """Where its texts are: what is neither before nor behind one of them is not asked for again."""


Reads = Generator[Reading, None, list[Found]]


@dataclass(frozen=True, slots=True)
class _Text:
    rows: tuple[int, ...]
    score: float
    place: Place


_Candidate = tuple[float, _Text, int]
"""Log probability of a text with one more token, the text, the token."""


def search(wanted: Search) -> Reads:
    """What was said, the likeliest first; as many texts as there are beams, or fewer."""
    start = Place(wanted.prompt[0], None, 0)
    chain = [start]
    for token in (*wanted.prompt[1:], *wanted.draft[: wanted.most]):
        chain.append(chain[-1].then(token))
    yield Reading(chain, [start])
    live, ended = [_Text((), 0.0, chain[len(wanted.prompt) - 1])], list[Found]()
    for length in range(wanted.most + 1):
        places = [text.place for text in live]
        if unread := [place for place in places if place.slot == NOT_READ]:
            yield Reading(unread, places)
        candidates = _candidates(live, wanted)
        live = _chosen(candidates, ended, wanted, last=length == wanted.most)
        if len(ended) >= wanted.beams:
            break
        # Not than one that has ended: a text that breaks off early is likelier than the whole, and not better.
        live = [text for text in live if text.score >= live[0].score - wanted.margin]
        if not live:
            break
    ended.sort(key=lambda found: found.score, reverse=True)
    unlike: dict[Hashable, Found] = {}
    for found in ended:
        unlike.setdefault(wanted.alike(tuple(found.rows)), found)
    return list(unlike.values())[: wanted.beams]


def _candidates(live: Sequence[_Text], wanted: Search) -> list[_Candidate]:
    """The likeliest continuations, twice as many as there are beams: half of them may be ends."""
    found: list[_Candidate] = []
    for text in live:
        known = list(zip(text.place.which, text.place.scores, strict=True))
        score = text.score
        if barred := _barred(text.rows, wanted):
            lost = sum(math.exp(more) for token, more in known if token in barred)
            score -= math.log1p(-min(lost, _SURE))  # the others are the likelier for it
            known = [(token, more) for token, more in known if token not in barred]
        found += [(score + more, text, token) for token, more in known[: 2 * wanted.beams]]
    found.sort(key=lambda candidate: candidate[0], reverse=True)
    return found[: 2 * wanted.beams]


def _barred(rows: tuple[int, ...], wanted: Search) -> frozenset[int]:
    """Tokens that may not come next."""
    if not rows:
        return wanted.not_first
    size = wanted.ngram
    if not size or len(rows) < size:
        return frozenset()
    tail = rows[len(rows) - size + 1 :]
    return frozenset(rows[at + size - 1] for at in range(len(rows) - size + 1) if rows[at : at + size - 1] == tail)


def _chosen(candidates: Sequence[_Candidate], ended: list[Found], wanted: Search, *, last: bool) -> list[_Text]:
    """The texts that go on; those that end are put into ``ended``."""
    live: list[_Text] = []
    seen: set[Hashable] = set()
    for rank, (score, text, token) in enumerate(candidates):
        if len(live) == wanted.beams:
            break
        if last or token == wanted.end:
            if rank < wanted.beams:
                rows = [*text.rows] if token == wanted.end else [*text.rows, token]
                ended.append(Found(rows, score / max(1, len(rows)), text.place))
            continue
        longer = (*text.rows, token)
        key = wanted.alike(longer)
        if key not in seen:
            seen.add(key)
            live.append(_Text(longer, score, text.place.then(token)))
    return live
