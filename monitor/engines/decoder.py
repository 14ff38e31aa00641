"""Encoder states in, texts out.

There are two ways. :class:`Library` is CTranslate2's own beam search, the faster one on CPUs with AVX-512 and VNNI.
:class:`Tree` is ours, by a quarter to a third the faster one on others: the texts of a search are a tree that is read
token by token, several utterances side by side, by a graph that ONNX Runtime runs
(:mod:`monitor.engines.decoder_graph`), and whoever knows what is likely to be heard can say so (docs/performance.md,
The decoder).
"""

import math
from collections.abc import Callable, Hashable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Final, Protocol

import numpy as np
from numpy.typing import NDArray

from monitor.engines.cpu import exact_bytes
from monitor.engines.decoder_graph import Heads, Shape, hearing_graph, reading_graph
from monitor.engines.libraries import session, view
from monitor.engines.model_file import variables
from monitor.engines.search import NOT_READ, Found, Place, Reading, Reads, Search, search
from monitor.engines.window import FRAME_MS, STATE_MS
from monitor.engines.word_times import Aligned, Looked, Timed

States = NDArray[np.float32]

_FRAMES_PER_STATE: Final = STATE_MS // FRAME_MS
_FAR: Final = -1e5
"""Added to the score of a token that is not attended to: nothing is left of it after the softmax."""
_ROOM: Final = 32
_CROWD: Final = 256
"""So many tokens more than were kept last time, and those that no text holds any more are forgotten."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """How to decode one utterance."""

    beams: int
    most: int
    """Tokens."""
    ngram: int
    """So many tokens never come twice; 0: any may."""
    draft: Sequence[int] = ()
    """Tokens that are likely to be right; with one beam they save time, and but for rounding change nothing."""


@dataclass(frozen=True, slots=True)
class Decoded:
    """What was found in one utterance."""

    texts: list[list[int]]
    """Tokens of each, the likeliest first; at least one."""
    score: float
    """Mean log probability of a token of the first."""
    nobody: float
    """Probability that nobody speaks."""
    timed: Timed | None = None
    """Of the first text; None where the decoder did not look where it was said."""


class Decoder(Protocol):
    """Blocking and pure; may be called from several threads at once."""

    def __call__(self, states: States, wanted: Sequence[Wanted]) -> list[Decoded]:
        """What was said, for each of ``states`` (utterances, states, width). Of all, beams and n-gram are the same.

        Raises:
            RuntimeError: the library failed.
        """
        ...

    def align(self, states: States, texts: Sequence[Sequence[int]], heard: Sequence[int]) -> list[Timed]:
        """How likely each text's tokens are and when they were said, were it what is said in its ``states``.

        Args:
            states: shape (utterances, states, width).
            texts: tokens, one text for each utterance.
            heard: so many states of each hold audio.

        Raises:
            RuntimeError: the library failed.
        """
        ...


class Library:
    """CTranslate2's search; drafts are no use to it."""

    def __init__(self, model: Any, prompt: Sequence[int], start: Sequence[int]) -> None:
        """``model``: ``ctranslate2.models.Whisper``. ``start``: the part of ``prompt`` that names language and task."""
        self._model, self._prompt, self._start = model, list(prompt), list(start)

    def __call__(self, states: States, wanted: Sequence[Wanted]) -> list[Decoded]:
        """See :class:`Decoder`."""
        most = max(it.most for it in wanted)
        results = self._model.generate(
            view(states),
            [self._prompt] * len(wanted),
            beam_size=wanted[0].beams,
            num_hypotheses=wanted[0].beams,
            no_repeat_ngram_size=wanted[0].ngram,
            max_length=max(2 * most, most + len(self._prompt)),  # CTranslate2 halves it for the new tokens
            return_scores=True,
            return_no_speech_prob=True,
        )
        return [
            Decoded([rows[: it.most] for rows in result.sequences_ids], result.scores[0], result.no_speech_prob)
            for it, result in zip(wanted, results, strict=True)
        ]

    def align(self, states: States, texts: Sequence[Sequence[int]], heard: Sequence[int]) -> list[Timed]:
        """See :class:`Decoder`."""
        frames = [_FRAMES_PER_STATE * count for count in heard]  # it counts in mel frames and halves them
        results = self._model.align(view(states), self._start, [list(rows) for rows in texts], frames)
        return [Aligned(list(result.text_token_probs), result.alignments) for result in results]


@dataclass(frozen=True, slots=True, kw_only=True)
class Language:
    """What a text is made of, in the rows of the loaded model."""

    prompt: Sequence[int]
    """What every text begins with."""
    start: int
    """The token of ``prompt`` at which a transcript starts: what is predicted after it tells whether anybody speaks."""
    nobody: int
    """The token that is predicted if nobody does."""
    end: int
    never: frozenset[int]
    """Tokens that are never written."""
    not_first: frozenset[int]
    alike: Callable[[tuple[int, ...]], Hashable]
    """See :class:`monitor.engines.search.Search`."""
    followers: Heads
    """Heads whose attention follows the speech; at least one."""


class Tree:
    """Our own search, on ONNX Runtime."""

    def __init__(self, model_bin: bytes, language: Language, *, margin: float) -> None:
        """``model_bin``: its vocabulary is that of ``language``. ``margin``: see :class:`Search`.

        Raises:
            KeyError: the weights are not those of a Whisper model as CTranslate2 names them.
            WeightsError: ``WGT-006``, this is no model file.
        """
        weights = variables(model_bin, "decoder/")
        never = np.zeros(len(weights["decoder/embeddings/weight"]), bool)
        never[list(language.never)] = True
        bits = 8 if exact_bytes() else 7
        self._language, self._margin = language, margin
        reading = reading_graph(weights, never, bits=bits, followers=language.followers)
        self._graphs = _Graphs(Shape.of(weights), session(hearing_graph(weights, bits=bits)), session(reading))

    def __call__(self, states: States, wanted: Sequence[Wanted]) -> list[Decoded]:
        """See :class:`Decoder`."""
        talk = self._language
        longest = self._graphs.shape.positions - len(talk.prompt) - 1
        searches = [
            search(
                Search(
                    prompt=talk.prompt,
                    end=talk.end,
                    beams=it.beams,
                    most=min(it.most, longest),
                    ngram=it.ngram,
                    margin=self._margin,
                    not_first=talk.not_first,
                    alike=talk.alike,
                    draft=it.draft,
                )
            )
            for it in wanted
        ]
        with _library_errors():
            desk = self._desk(states, width=wanted[0].beams)
            found = desk.read(searches)
        nobody = desk.told[:, talk.nobody].tolist()
        return [
            Decoded([text.rows for text in texts], texts[0].score, chance, self._timed(texts[0]))
            for texts, chance in zip(found, nobody, strict=True)
        ]

    def align(self, states: States, texts: Sequence[Sequence[int]], heard: Sequence[int]) -> list[Timed]:
        """See :class:`Decoder`."""
        chains = [[Place(self._language.prompt[0], None, 0)] for _ in texts]
        for chain, rows in zip(chains, texts, strict=True):
            for token in (*self._language.prompt[1:], *rows):
                chain[-1].next = token
                chain.append(chain[-1].then(token))
        with _library_errors():
            self._desk(states, width=0).step(chains)
        lead = len(self._language.prompt) - 1
        return [
            Looked([math.exp(place.score_of_next) for place in chain[lead:-1]], _attention(chain[lead:]))
            for chain in chains
        ]

    def _desk(self, states: States, *, width: int) -> "_Desk":
        talk = self._language
        return _Desk(self._graphs, states, talk.prompt.index(talk.start), width=width)

    def _timed(self, found: Found) -> Timed:
        """What the search knows anyway: the likelihoods of the tokens, and where it looked while it wrote them."""
        places = _up(found.place)[::-1][len(self._language.prompt) - 1 :]
        scores = [place.scores[place.which.index(row)] for place, row in zip(places, found.rows, strict=False)]
        return Looked([math.exp(score) for score in scores], _attention(places))


def _attention(places: Sequence[Place]) -> States:
    return np.stack([place.looked for place in places], dtype=np.float32)


@contextmanager
def _library_errors() -> Iterator[None]:
    try:
        yield
    except Exception as error:  # ONNX Runtime's errors have no base of their own
        raise RuntimeError(str(error)) from error


@dataclass(frozen=True, slots=True)
class _Graphs:
    """The two graphs of :mod:`monitor.engines.decoder_graph`, as sessions."""

    shape: Shape
    hearing: Any
    reading: Any


class _Desk:
    """Several utterances that are read side by side."""

    def __init__(self, graphs: _Graphs, states: States, told: int, *, width: int) -> None:
        self._graphs, self._told, self._width = graphs, np.array(told), width
        shape = graphs.shape
        heard = [graphs.hearing.run(list(shape.heard), {"states": one[None]}) for one in states]
        self._heard = [np.concatenate(parts) for parts in zip(*heard, strict=True)]
        size = (len(states), shape.heads, _ROOM, shape.width // shape.heads)
        self._kept = [np.zeros(size, np.float32) for _ in shape.read]
        self._count = 0
        self._crowd = _CROWD
        self.told: NDArray[np.float32] = np.zeros((0, 0), np.float32)
        """Probabilities of all tokens after the ``told``-th of the prompt: (utterances, vocabulary)."""

    def read(self, searches: Sequence[Reads]) -> list[list[Found]]:
        """What each of the searches, one an utterance, finds."""
        found: list[list[Found]] = [[] for _ in searches]
        busy = [(number, reads, next(reads)) for number, reads in enumerate(searches)]
        while busy:
            self.step([reading.places for _, _, reading in busy])
            going: list[tuple[int, Reads, Reading]] = []
            stay: list[int] = []
            for row, (number, reads, _) in enumerate(busy):
                try:
                    going.append((number, reads, next(reads)))
                    stay.append(row)
                except StopIteration as stop:
                    found[number] = stop.value
            if len(stay) < len(busy):
                self._heard = [values[stay] for values in self._heard]
                self._kept = [values[stay] for values in self._kept]
            busy = going
            if self._count > self._crowd:
                self._forget([reading.live for _, _, reading in busy])
        return found

    def step(self, asked: Sequence[list[Place]]) -> None:
        """Read all of ``asked``, the places of each utterance."""
        # Always as many as there are beams: what is read at one time decides in which order sums are rounded, and an
        # utterance ought to be heard alike whether others are heard with it or not.
        before, width = self._count, max(self._width, *map(len, asked))
        after = before + width
        room = self._kept[0].shape[2]
        if after > room:
            more = ((0, 0), (0, 0), (0, -(-(after - room) // _ROOM) * _ROOM), (0, 0))
            self._kept = [np.pad(values, more) for values in self._kept]
            room += more[2][1]
        tokens, following, depths = np.zeros((3, len(asked), width), np.int64)
        mask = np.full((len(asked), 1, width, room + width), _FAR, np.float32)
        # Where an utterance has less to read than others, it reads something that sees nothing else.
        mask[:, 0, range(width), range(room, room + width)] = 0
        for row, places in enumerate(asked):
            for column, place in enumerate(places):
                place.slot = before + column
                tokens[row, column], following[row, column], depths[row, column] = place.token, place.next, place.depth
                mask[row, 0, column, [up.slot + (room - before if up.slot >= before else 0) for up in _up(place)]] = 0
        feed = {"tokens": tokens, "next": following, "positions": depths, "mask": mask, "told": self._told}
        feed["parts"] = np.array([room, width])
        feed |= dict(zip(self._graphs.shape.heard, self._heard, strict=True))
        feed |= dict(zip(self._graphs.shape.read, self._kept, strict=True))
        scores, which, scores_of_next, told, *own, looked = self._graphs.reading.run(None, feed)
        for values, new in zip(self._kept, own, strict=True):
            values[:, :, before:after] = new
        looked = looked.astype(np.float16)  # kept until the text is found, of a passage tens of megabytes
        self._count = after
        if not before:
            self.told, self._told = told, np.array(0)
        for row, places in enumerate(asked):
            known = zip(places, scores[row].tolist(), which[row].tolist(), scores_of_next[row].tolist(), strict=False)
            for column, (place, likelihoods, tokens_after, score_of_next) in enumerate(known):
                place.scores, place.which, place.score_of_next = likelihoods, tokens_after, score_of_next
                place.looked = looked[row, :, column]

    def _forget(self, live: Sequence[list[Place]]) -> None:
        """Keep what is before and behind the ``live`` places of each utterance."""
        kept = [sorted(_family(places), key=lambda place: place.slot) for places in live]
        count = max(map(len, kept), default=0)
        slots = np.zeros((len(live), count), np.int64)
        for row, places in enumerate(kept):
            for at, place in enumerate(places):
                slots[row, at], place.slot = place.slot, at
        for values in self._kept:
            values[:, :, :count] = np.take_along_axis(values, slots[:, None, :, None], axis=2)
        self._count, self._crowd = count, count + _CROWD


def _family(places: Sequence[Place]) -> set[Place]:
    """Those that have been read of ``places``, of all before and of all behind them."""
    family = {up for place in places for up in _up(place)}
    behind = list(places)
    while behind:
        place = behind.pop()
        family.add(place)
        behind += place.after.values()
    return {place for place in family if place.slot != NOT_READ}


def _up(place: Place | None) -> list[Place]:
    """The place and all before it."""
    path = []
    while place is not None:
        path.append(place)
        place = place.parent
    return path
