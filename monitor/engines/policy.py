"""What the Whisper engine is told: which weights, on what, how hard to search."""

from dataclasses import dataclass, field
from pathlib import Path

from monitor.engines.window import WindowPolicy


@dataclass(frozen=True, slots=True, kw_only=True)
class DecodePolicy:
    """How text is searched for. Defaults by measurement (docs/performance.md, Recognition)."""

    partial_beams: int = 1
    final_beams: int = 5
    passage_beams: int | None = None
    """Of finals in windows of :attr:`passage_ms` and more. ``None``: as many where CTranslate2's search is fast
    (:func:`monitor.engines.cpu.wide_vectors`), else two: where so much is said, context makes up for most of three."""
    passage_ms: int = 20_000
    """Of windows so long every state of the encoder is kept, whatever :attr:`WhisperSettings.join_states`."""
    margin: float = 3.0
    """A text that is less likely than the likeliest by a factor of exp(margin) is not followed further; not known to
    CTranslate2's search (:attr:`WhisperSettings.own_search`)."""
    no_repeat_ngram: int = 3
    """So many tokens never come twice in one text; 0: any may."""
    no_repeat_ngram_long: int = 5
    """The same in windows of :attr:`long_ms` and more, in which people do say things twice."""
    long_ms: int = 14_000
    tokens_per_s: float = 10.0
    """Most new tokens for each second of audio, on top of ``tokens_least``."""
    tokens_least: int = 8
    prompt: str = ""
    """Text the decoder is told came before; empty: none."""
    word_times: bool = True
    second_try: bool = True
    """Decode again with the full window where the guard sees a loop."""

    def beams(self, window_ms: int, *, partial: bool) -> int:
        """How many texts the search keeps in a window of this length."""
        if partial:
            return self.partial_beams
        return (self.passage_beams or self.final_beams) if window_ms >= self.passage_ms else self.final_beams

    def ngram(self, window_ms: int) -> int:
        """How many tokens never come twice in a window of this length."""
        return self.no_repeat_ngram_long if window_ms >= self.long_ms else self.no_repeat_ngram

    def tokens_most(self, audio_ms: int) -> int:
        """The cap on new tokens for this much audio."""
        return self.tokens_least + round(self.tokens_per_s * audio_ms / 1000)


@dataclass(frozen=True, slots=True, kw_only=True)
class WhisperSettings:
    """What :func:`monitor.engines.whisper.load` needs to know."""

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
    remember_silence: bool = True
    """With int8 on the CPU, encode what is said and know the silence behind it; else all of the window is encoded."""
    own_search: bool | None = None
    """With int8 on the CPU, search with our own :class:`monitor.engines.decoder.Tree`; else with CTranslate2. ``None``:
    by which the CPU is faster (:func:`monitor.engines.cpu.wide_vectors`)."""
    join_states: int = 0
    """So many neighbouring states of the encoder are one for the decoder, in windows of less than
    :attr:`DecodePolicy.passage_ms`; 0: two on the CPU, whose memory they wait for, one on cuda."""
    window: WindowPolicy = field(default_factory=WindowPolicy)
    decode: DecodePolicy = field(default_factory=DecodePolicy)
    group: int = 8
    """Most utterances in one computation; longer lists are cut and shared out over the lanes."""
    cache_mb: int = 64
    """Encoder states held for second tries and verification; an utterance of 5 s has about 1 MB."""
