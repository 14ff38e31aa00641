"""Whisper through CTranslate2: short windows, batches, and nothing encoded twice.

The library calls underneath are ``ctranslate2.models.Whisper.encode / generate / align`` on features
from faster-whisper; its ``WhisperModel.transcribe`` is not used because it encodes 30 s for every
utterance and takes one at a time. What each choice gains was measured: docs/performance.md.
"""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from monitor.engines.encoded import Encoded, EncodedCache, Key, key_of
from monitor.engines.features import LogMel
from monitor.engines.runtime import Loaded, load_model
from monitor.engines.simplified import simplified
from monitor.engines.stages import stage
from monitor.engines.verify import mean_log, rival_rows
from monitor.engines.window import FULL_MS, WindowPolicy
from monitor.errors import EngineError
from monitor.events import DecodeWanted, VerifyWanted
from monitor.frames import Hypothesis, Pass, Verdict, Word
from monitor.speech.guard import clean
from monitor.timeline import Ms, ms_at

_SHORTEST_MS = 100
_STATE_MS = 20


@dataclass(frozen=True, slots=True, kw_only=True)
class DecodePolicy:
    """How text is searched for. Defaults by measurement (docs/performance.md)."""

    partial_beams: int = 1
    final_beams: int = 5
    no_repeat_ngram: int = 3
    tokens_per_s: float = 10.0
    """Most new tokens for each second of audio, on top of ``tokens_least``."""
    tokens_least: int = 8
    prompt: str = ""
    """Text the decoder is told came before; empty: none."""
    word_times: bool = True
    second_try: bool = True
    """Decode again with the full window where the guard sees a loop."""

    def tokens_most(self, audio_ms: int) -> int:
        """The cap on new tokens for this much audio."""
        return self.tokens_least + round(self.tokens_per_s * audio_ms / 1000)


@dataclass(frozen=True, slots=True, kw_only=True)
class WhisperSettings:
    """What :func:`load` needs to know."""

    weights: Path
    """A folder with ``model.bin``, ``config.json`` and ``tokenizer.json``, already verified."""
    name: str = "base"
    device: str = "auto"
    """``cpu``, ``cuda``, or ``auto``: cuda where there is a device."""
    compute_type: str = "auto"
    """CTranslate2's name, or ``auto``: int8 on the CPU, float16 on cuda."""
    lanes: int = 0
    """How many batches run at once; 0: one a core on the CPU, one on cuda."""
    threads_per_lane: int = 1
    """On two cores a second thread made decoding slower, not faster (docs/performance.md)."""
    mandarin_only: bool | None = None
    """Cut the vocabulary to what Mandarin calls need; ``None``: on the CPU, where it pays."""
    window: WindowPolicy = field(default_factory=WindowPolicy)
    decode: DecodePolicy = field(default_factory=DecodePolicy)
    cache_mb: int = 64


@dataclass(slots=True)
class _Job:
    """One utterance on its way through a batch."""

    index: int
    wanted: DecodeWanted
    window_ms: int
    encoded: Encoded | None = None
    rows: list[int] = field(default_factory=list)
    confidence: float = 0.0
    text: str = ""
    dropped: str = ""
    words: tuple[Word, ...] = ()

    @property
    def audio_ms(self) -> int:
        return ms_at(len(self.wanted.pcm) // 2)

    @property
    def key(self) -> Key:
        return key_of(self.wanted.pcm)


def load(settings: WhisperSettings) -> "WhisperEngine":
    """The engine, ready to decode.

    Raises:
        WeightsError: the folder does not hold a CTranslate2 Whisper model.
        EngineError: the device or compute type cannot be had.

    """
    return WhisperEngine(load_model(settings), settings)


class WhisperEngine:
    """See :class:`monitor.speech.engine.Engine`. ``lanes`` calls may run at once."""

    def __init__(self, loaded: Loaded, settings: WhisperSettings) -> None:
        self._model, self._tokens, self.lanes = loaded.model, loaded.tokens, loaded.lanes
        self.name = loaded.name
        self._window, self._policy = settings.window, settings.decode
        self._features = LogMel(loaded.mel_bins)
        self._cache = EncodedCache(settings.cache_mb * 1_000_000)
        before = self._tokens.encode(self._policy.prompt) if self._policy.prompt else []
        lead = [self._tokens.previous, *before] if before else []
        self._prompt = [*lead, *self._tokens.start, self._tokens.no_timestamps]

    def shape(self, wanted: DecodeWanted) -> tuple[int, int]:
        """Window and beams: what one call of ``generate`` has in common."""
        beams = self._policy.partial_beams if wanted.decode is Pass.PARTIAL else self._policy.final_beams
        return self._window.window_ms(ms_at(len(wanted.pcm) // 2)), beams

    def decode(self, batch: Sequence[DecodeWanted]) -> list[Hypothesis]:
        """One hypothesis for each entry; utterances with equal windows are computed together.

        Raises:
            EngineError: ``ENG-002`` (retryable), CTranslate2 failed.

        """
        jobs = [
            _Job(index, wanted, self._window.window_ms(ms_at(len(wanted.pcm) // 2)))
            for index, wanted in enumerate(batch)
        ]
        try:
            audible = [job for job in jobs if job.audio_ms >= _SHORTEST_MS]
            self._run(audible)
            again = [job for job in audible if job.dropped in ("loop", "rate") and self._may_retry(job)]
            for job in again:
                job.window_ms, job.encoded = FULL_MS, None
            self._run(again)
            if self._policy.word_times:
                with stage("words"):
                    self._time([job for job in audible if job.text and job.wanted.decode is not Pass.PARTIAL])
        except (RuntimeError, ValueError, MemoryError) as error:
            raise EngineError(f"decoding failed: {error}", retryable=True, code="ENG-002") from error
        return [_hypothesis(job) for job in jobs]

    def verify(self, batch: Sequence[VerifyWanted]) -> list[Verdict]:
        """One verdict for each entry, on states already encoded where they are still held.

        Raises:
            EngineError: ``ENG-002`` (retryable), CTranslate2 failed.

        """
        try:
            with stage("verify"):
                return self._weigh(batch)
        except (RuntimeError, ValueError, MemoryError) as error:
            raise EngineError(f"verification failed: {error}", retryable=True, code="ENG-002") from error

    def _weigh(self, batch: Sequence[VerifyWanted]) -> list[Verdict]:
        groups: dict[int, list[tuple[int, Encoded]]] = defaultdict(list)
        for index, wanted in enumerate(batch):
            encoded = self._states(wanted.pcm)
            groups[len(encoded.states)].append((index, encoded))
        verdicts: dict[int, Verdict] = {}
        for group in groups.values():
            rivals = [
                rows
                for index, _ in group
                for rows in rival_rows(
                    self._tokens, batch[index].text, batch[index].start, batch[index].end, batch[index].candidate
                )
            ]
            aligned = self._model.align(
                _view(np.stack([encoded.states for _, encoded in group for _ in range(2)])),
                self._tokens.start,
                rivals,
                [encoded.speech_frames for _, encoded in group for _ in range(2)],
            )
            for place, (index, _) in enumerate(group):
                put_in, heard = aligned[2 * place : 2 * place + 2]
                llr = mean_log(put_in.text_token_probs) - mean_log(heard.text_token_probs)
                verdicts[index] = Verdict(request_id=batch[index].request_id, llr=llr)
        return [verdicts[index] for index in range(len(batch))]

    def _states(self, pcm: bytes) -> Encoded:
        key = key_of(pcm)
        held = self._cache.get(key)
        if held is None:
            audio_ms = ms_at(len(pcm) // 2)
            window_ms = self._window.window_ms(audio_ms)
            encoded = self._model.encode(_view(self._features(pcm, window_ms)[None]), to_cpu=True)
            held = Encoded(np.array(encoded)[0], min(audio_ms, window_ms) // 10)
            self._cache.put(key, held)
        return held

    def _may_retry(self, job: _Job) -> bool:
        return self._policy.second_try and job.wanted.decode is not Pass.PARTIAL and job.window_ms < FULL_MS

    def _run(self, jobs: Iterable[_Job]) -> None:
        """Encode, generate and clean, by groups that can share a batch."""
        groups: dict[tuple[int, int], list[_Job]] = defaultdict(list)
        for job in jobs:
            groups[job.window_ms, self.shape(job.wanted)[1]].append(job)
        for (_, beams), group in groups.items():
            with stage("encode"):
                states = self._encode(group)
            with stage("generate"):
                self._generate(group, states, beams)

    def _encode(self, group: Sequence[_Job]) -> Any:
        for job in group:
            job.encoded = job.encoded or self._cached(job)
        fresh = [job for job in group if job.encoded is None]
        if fresh:
            with stage("features"):
                features = np.stack([self._features(job.wanted.pcm, job.window_ms) for job in fresh])
            encoded = self._model.encode(_view(features), to_cpu=True)
            for job, states in zip(fresh, np.array(encoded), strict=True):
                job.encoded = Encoded(states, min(job.audio_ms, job.window_ms) // 10)
                self._cache.put(job.key, job.encoded)
            if len(fresh) == len(group):
                return encoded
        return _view(np.stack([job.encoded.states for job in group if job.encoded]))

    def _cached(self, job: _Job) -> Encoded | None:
        held = self._cache.get(job.key)
        return held if held and len(held.states) * _STATE_MS == job.window_ms else None

    def _generate(self, group: Sequence[_Job], states: Any, beams: int) -> None:
        most = max(self._policy.tokens_most(job.audio_ms) for job in group)
        results = self._model.generate(
            states,
            [self._prompt] * len(group),
            beam_size=beams,
            no_repeat_ngram_size=self._policy.no_repeat_ngram,
            max_length=max(2 * most, most + len(self._prompt)),  # CTranslate2 halves it for the new tokens
            return_scores=True,
        )
        for job, result in zip(group, results, strict=True):
            job.rows = list(result.sequences_ids[0])[: self._policy.tokens_most(job.audio_ms)]
            job.confidence = float(np.exp(result.scores[0]))
            text = simplified(self._tokens.decode(job.rows))
            job.text, job.dropped = clean(text, job.audio_ms, job.confidence)

    def _time(self, jobs: Iterable[_Job]) -> None:
        """Word times by cross-attention, on the states that are there."""
        groups: dict[int, list[_Job]] = defaultdict(list)
        for job in jobs:
            groups[job.window_ms].append(job)
        for group in groups.values():
            aligned = self._model.align(
                _view(np.stack([job.encoded.states for job in group if job.encoded])),
                self._tokens.start,
                [job.rows for job in group],
                [job.encoded.speech_frames for job in group if job.encoded],
            )
            for job, result in zip(group, aligned, strict=True):
                job.words = self._words(job, result)

    def _words(self, job: _Job, result: Any) -> tuple[Word, ...]:
        begins: dict[int, int] = {}
        for token, state in result.alignments:
            begins.setdefault(token, state * _STATE_MS)
        words = []
        for spelt in self._tokens.spell(job.rows):
            begin = min(begins.get(spelt.start, 0), job.audio_ms)
            end = min(begins.get(spelt.end, job.audio_ms), job.audio_ms)
            sure = float(np.mean(result.text_token_probs[spelt.start : spelt.end]))
            words.append(
                Word(
                    text=simplified(spelt.text),
                    from_ms=Ms(job.wanted.from_ms + begin),
                    to_ms=Ms(job.wanted.from_ms + max(begin, end)),
                    probability=sure,
                )
            )
        return tuple(words)


def _hypothesis(job: _Job) -> Hypothesis:
    wanted = job.wanted
    return Hypothesis(
        utterance_id=wanted.utterance_id,
        revision=wanted.revision,
        decode=wanted.decode,
        side=wanted.side,
        from_ms=wanted.from_ms,
        to_ms=wanted.to_ms,
        text=job.text,
        words=job.words,
        confidence=job.confidence,
        dropped=job.dropped,
    )


def _view(array: NDArray[np.float32]) -> Any:
    import ctranslate2

    return ctranslate2.StorageView.from_array(np.ascontiguousarray(array, dtype=np.float32))
