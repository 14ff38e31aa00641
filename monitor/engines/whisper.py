"""Whisper: short windows, batches, and nothing encoded twice.

What computes is behind :mod:`monitor.engines.encoder` and :mod:`monitor.engines.decoder`: on the CPU our own graphs and
search, elsewhere ``ctranslate2.models.Whisper``. faster-whisper's ``WhisperModel.transcribe`` is not used because it
encodes 30 s for every utterance and takes one at a time. What each choice gains was measured: docs/performance.md.
"""

import math
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

import numpy as np

from monitor.engines.decoder import States, Wanted
from monitor.engines.drafts import Drafts
from monitor.engines.encoded import Encoded, EncodedCache, key_of
from monitor.engines.job import Job, words_of
from monitor.engines.policy import DecodePolicy, WhisperSettings
from monitor.engines.runtime import Loaded, load_model
from monitor.engines.simplified import simplified
from monitor.engines.stages import merge, record, stage
from monitor.engines.verify import Rivals, ratio, rivals
from monitor.engines.window import FULL_MS
from monitor.engines.word_times import Timed, warm_up
from monitor.errors import EngineError
from monitor.events import DecodeWanted, VerifyWanted
from monitor.frames import Hypothesis, Pass, Side, Verdict
from monitor.speech.guard import clean
from monitor.timeline import RATE_HZ, Ms, ms_at

__all__ = ["DecodePolicy", "WhisperEngine", "WhisperSettings", "load"]

_SHORTEST_MS = 100
_SENSELESS = ("loop", "rate")

T = TypeVar("T")


def load(settings: WhisperSettings) -> "WhisperEngine":
    """The engine, ready to decode.

    Raises:
        WeightsError: the folder does not hold a CTranslate2 Whisper model.
        EngineError: the device or compute type cannot be had.
    """
    engine = WhisperEngine(load_model(settings), settings)
    engine.warm_up()
    return engine


class WhisperEngine:
    """See :class:`monitor.speech.engine.Engine`. ``lanes`` calls may run at once.

    A call with requests of several shapes, or more than ``group`` of one, uses all lanes by itself.
    """

    def __init__(self, loaded: Loaded, settings: WhisperSettings) -> None:
        self._tokens, self.lanes = loaded.tokens, loaded.lanes
        self.name = loaded.name
        self._window, self._policy, self._group = settings.window, loaded.policy, settings.group
        self._encoder, self._decoder = loaded.encoder, loaded.decoder
        self._drafts = Drafts()
        self._cache = EncodedCache(settings.cache_mb * 1_000_000)
        self._pool = ThreadPoolExecutor(loaded.lanes, thread_name_prefix="lane")

    def shape(self, wanted: DecodeWanted) -> tuple[int, int]:
        """Window and beams: what one call of ``generate`` has in common."""
        partial = wanted.decode is Pass.PARTIAL
        window_ms = self._window.window_ms(ms_at(len(wanted.pcm) // 2), brief=partial or wanted.brief)
        return window_ms, self._policy.beams(window_ms, partial=partial)

    def decode(self, batch: Sequence[DecodeWanted]) -> list[Hypothesis]:
        """One hypothesis for each entry; utterances of equal shape are computed together.

        Raises:
            EngineError: ``ENG-002`` (retryable), the library that computes failed.
        """
        jobs = [Job(wanted, *self.shape(wanted)) for wanted in batch]
        audible = [job for job in jobs if job.audio_ms >= _SHORTEST_MS]
        try:
            self._everywhere(self._search, self._groups(audible))
            again = [job for job in audible if job.dropped in _SENSELESS and self._may_retry(job)]
            for job in again:
                job.window_ms, job.encoded = FULL_MS, None
            self._everywhere(self._search, self._groups(again))
        except (RuntimeError, ValueError, MemoryError) as error:
            raise EngineError(f"decoding failed: {error}", retryable=True, code="ENG-002") from error
        return [job.hypothesis() for job in jobs]

    def warm_up(self) -> None:
        """Let every lane do a little of everything, so that the first sentence of a day is as fast as the next."""
        hiss = [np.random.default_rng(lane).integers(-99, 99, RATE_HZ, "<i2").tobytes() for lane in range(self.lanes)]
        asks = [
            DecodeWanted(
                call_id="",
                utterance_id="",
                revision=0,
                decode=kind,
                side=Side.UNKNOWN,
                from_ms=Ms(0),
                to_ms=Ms(1_000),
                pcm=pcm,
            )
            for pcm in hiss
            for kind in (Pass.FINAL, Pass.PARTIAL)
        ]
        self._everywhere(self._decode_alone, asks)
        warm_up()
        said = "您好"
        self.verify(
            [
                VerifyWanted(
                    call_id="",
                    request_id="",
                    utterance_id="",
                    revision=0,
                    pcm=hiss[0],
                    text=said,
                    start=0,
                    end=len(said),
                    candidate=said,
                )
            ]
        )

    def verify(self, batch: Sequence[VerifyWanted]) -> list[Verdict]:
        """One verdict for each entry, on states already encoded where they are still held.

        Raises:
            EngineError: ``ENG-002`` (retryable), the library that computes failed.
        """
        try:
            with stage("verify"):
                return self._weigh(batch)
        except (RuntimeError, ValueError, MemoryError) as error:
            raise EngineError(f"verification failed: {error}", retryable=True, code="ENG-002") from error

    def _decode_alone(self, wanted: DecodeWanted) -> None:
        self.decode([wanted])

    def _may_retry(self, job: Job) -> bool:
        return self._policy.second_try and job.wanted.decode is not Pass.PARTIAL and job.window_ms < FULL_MS

    def _groups(self, jobs: Iterable[Job]) -> list[list[Job]]:
        """Jobs that can be computed together, no more than ``group`` of them."""
        alike: dict[tuple[int, int], list[Job]] = defaultdict(list)
        for job in jobs:
            alike[job.window_ms, job.beams].append(job)
        return [list(part) for some in alike.values() for part in _cut(some, self._group)]

    def _everywhere(self, work: Callable[[T], None], parts: Sequence[T]) -> None:
        """Do every part; on all lanes if there is more than one."""
        if len(parts) < 2 or self.lanes < 2:
            for part in parts:
                work(part)
            return

        def timed(part: T) -> dict[str, float]:
            with record() as seconds:
                work(part)
            return seconds

        for seconds in self._pool.map(timed, parts):
            merge(seconds)

    def _search(self, group: Sequence[Job]) -> None:
        """Encode, generate, clean and time one group."""
        with stage("encode"):
            states = self._encode(group)
        with stage("generate"):
            self._generate(group, states)
        spoken = [job for job in group if job.wants_times]
        if spoken and self._policy.word_times:
            with stage("words"):
                self._time(spoken)

    def _encode(self, group: Sequence[Job]) -> States:
        for job in group:
            job.encoded = job.encoded or self._cached(job)
        fresh = [job for job in group if job.encoded is None]
        if fresh:
            encoded = self._encoder([job.wanted.pcm for job in fresh], group[0].window_ms)
            for job, states in zip(fresh, encoded, strict=True):
                job.encoded = Encoded(states.copy(), self._heard(job.audio_ms, job.window_ms))
                self._cache.put(job.key, job.encoded)
            if len(fresh) == len(group):
                return encoded
        return _stacked(job.encoded for job in group)

    def _cached(self, job: Job) -> Encoded | None:
        held = self._cache.get(job.key)
        return held if held and len(held.states) == job.window_ms // self._encoder.state_ms(job.window_ms) else None

    def _heard(self, audio_ms: int, window_ms: int) -> int:
        """States of the window that hold audio."""
        return min(audio_ms, window_ms) // self._encoder.state_ms(window_ms)

    def _generate(self, group: Sequence[Job], states: States) -> None:
        wanted = [
            Wanted(
                beams=job.beams,
                most=self._policy.tokens_most(job.audio_ms),
                ngram=self._policy.ngram(job.window_ms),
                draft=self._drafts.of(job.wanted) if job.beams == 1 else (),
            )
            for job in group
        ]
        for job, decoded in zip(group, self._decoder(states, wanted), strict=True):
            job.rows, job.timed = decoded.texts[0], decoded.timed
            job.confidence = math.exp(decoded.score)
            if job.encoded is not None:
                job.encoded.rows, job.encoded.probabilities = job.rows, []
            self._drafts.keep(job.wanted, job.rows)
            text, *others = (simplified(self._tokens.decode(rows)) for rows in decoded.texts)
            job.text, job.dropped = clean(text, job.audio_ms, job.confidence, decoded.nobody)
            job.others = tuple(dict.fromkeys(others)) if job.text else ()

    def _time(self, group: Sequence[Job]) -> None:
        """Word times by cross-attention: as the decoder kept it; where it did not, it is asked once more."""
        unknown = [(job, job.encoded) for job in group if job.timed is None and job.encoded]
        if unknown:
            timed = self._align([encoded for _, encoded in unknown], [job.rows for job, _ in unknown])
            for (job, _), answer in zip(unknown, timed, strict=True):
                job.timed = answer
        for job in group:
            if job.encoded and job.timed:
                job.encoded.probabilities = list(job.timed.sure)
                steps = job.timed.steps(job.encoded.heard)
                job.take(words_of(job, self._tokens, steps, job.timed.sure, self._encoder.state_ms(job.window_ms)))

    def _weigh(self, batch: Sequence[VerifyWanted]) -> list[Verdict]:
        alike: dict[int, list[tuple[VerifyWanted, Encoded]]] = defaultdict(list)
        for wanted in batch:
            encoded = self._states(wanted.pcm)
            alike[len(encoded.states)].append((wanted, encoded))
        llr: dict[int, float] = {}
        for group in alike.values():
            for part in _cut(group, self._group):
                self._compare(part, llr)
        return [Verdict(request_id=wanted.request_id, llr=llr[id(wanted)]) for wanted in batch]

    def _compare(self, part: Sequence[tuple[VerifyWanted, Encoded]], llr: dict[int, float]) -> None:
        """Put the verdict on each of ``part``, which have equal windows, into ``llr``."""
        pairs = [(wanted, encoded, rivals(self._tokens, wanted, encoded)) for wanted, encoded in part]
        asked = [(encoded, rival.before + rival.candidate) for _, encoded, rival in pairs]
        unknown = [place for place, (_, encoded, rival) in enumerate(pairs) if _known(encoded, rival) is None]
        asked += [(pairs[place][1], pairs[place][2].before + pairs[place][2].heard) for place in unknown]
        answers = self._align([encoded for encoded, _ in asked], [rows for _, rows in asked])
        probabilities = [list(answer.sure) for answer in answers]
        computed = dict(zip(unknown, probabilities[len(pairs) :], strict=True))
        for place, (wanted, encoded, rival) in enumerate(pairs):
            begin = len(rival.before)
            heard = computed[place][begin:] if place in computed else _known(encoded, rival) or []
            llr[id(wanted)] = ratio(probabilities[place][begin:], heard)

    def _states(self, pcm: bytes) -> Encoded:
        key = key_of(pcm)
        held = self._cache.get(key)
        if held is None:
            audio_ms = ms_at(len(pcm) // 2)
            window_ms = self._window.window_ms(audio_ms)
            states = self._encoder([pcm], window_ms)[0]
            held = Encoded(states, self._heard(audio_ms, window_ms))
            self._cache.put(key, held)
        return held

    def _align(self, held: Sequence[Encoded], texts: Sequence[Sequence[int]]) -> list[Timed]:
        return self._decoder.align(_stacked(held), texts, [encoded.heard for encoded in held])


def _known(encoded: Encoded, rival: Rivals) -> list[float] | None:
    """The probabilities of what was heard, where the word times have brought them already."""
    end = rival.heard_at + len(rival.heard)
    if rival.heard_at < 0 or len(encoded.probabilities) < end:
        return None
    return encoded.probabilities[rival.heard_at : end]


def _cut(items: Sequence[T], most: int) -> Iterator[Sequence[T]]:
    for at in range(0, len(items), most):
        yield items[at : at + most]


def _stacked(held: Iterable[Encoded | None]) -> States:
    return np.stack([encoded.states for encoded in held if encoded is not None])
