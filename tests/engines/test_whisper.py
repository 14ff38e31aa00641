"""Whisper base itself: on spoken sentences, in batches, with word times and phantoms."""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pytest
from rapidfuzz.distance import Levenshtein
from spoken import SAID, check, clip, plain, sound, wanted

from monitor.engines import whisper as whispering
from monitor.engines.encoder import Encoder
from monitor.engines.runtime import load_model
from monitor.engines.simplified import simplified
from monitor.engines.stages import record
from monitor.engines.whisper import WhisperEngine, WhisperSettings, load
from monitor.errors import EngineError
from monitor.frames import Pass

pytestmark = pytest.mark.whisper


class Watched:
    """An encoder that remembers what it was asked for."""

    def __init__(self, encoder: Encoder) -> None:
        self._encoder, self.state_ms = encoder, encoder.state_ms
        self.asked: list[tuple[int, int]] = []
        """Pieces and window of each call."""

    def __call__(self, pieces: Sequence[bytes], window_ms: int) -> np.ndarray:
        self.asked.append((len(pieces), window_ms))
        return self._encoder(pieces, window_ms)


@pytest.mark.parametrize("name", ["not-my-job", "go-find-whoever", "greeting", "ask-to-wait", "warranty-card"])
def test_a_sentence_is_heard_by_its_sound(engine: WhisperEngine, name: str) -> None:
    (heard,) = engine.decode([wanted(clip(name))])
    said = sound(SAID[name])
    assert Levenshtein.distance(sound(heard.text), said) <= 0.35 * len(said), heard.text
    assert heard.dropped == ""
    assert 0.3 < heard.confidence <= 1


def test_text_is_simplified_and_words_spell_it_in_order(engine: WhisperEngine) -> None:
    pcm = clip("ask-to-wait")
    (heard,) = engine.decode([wanted(pcm, from_ms=5_000)])
    assert heard.text == simplified(heard.text)
    assert plain("".join(word.text for word in heard.words)) == plain(heard.text)
    times = [time for word in heard.words for time in (word.from_ms, word.to_ms)]
    assert times == sorted(times)
    assert times[0] >= 5_000
    assert times[-1] <= heard.to_ms
    assert heard.words[-1].to_ms - heard.words[0].from_ms > 0.6 * len(pcm) / 32
    assert all(0 <= word.probability <= 1 for word in heard.words)


def test_a_batch_hears_what_each_alone_does(engine: WhisperEngine) -> None:
    batch = [wanted(clip(name), utterance=name) for name in SAID]
    alone = [engine.decode([replace(item, utterance_id=f"{item.utterance_id}-alone")])[0].text for item in batch]
    together = [heard.text for heard in engine.decode(batch)]
    assert together == alone


def test_answers_keep_the_order_and_names_of_the_questions(engine: WhisperEngine) -> None:
    names = ["ask-to-wait", "not-my-job", "greeting"]
    asks = [wanted(clip(name), utterance=name, kind=kind) for name, kind in zip(names, Pass, strict=True)]
    answers = engine.decode(asks)
    assert [(answer.utterance_id, answer.decode) for answer in answers] == list(zip(names, Pass, strict=True))


def test_partials_are_greedy_and_have_no_word_times(engine: WhisperEngine) -> None:
    pcm = clip("greeting")
    assert engine.shape(wanted(pcm, kind=Pass.PARTIAL)) != engine.shape(wanted(pcm, kind=Pass.FINAL))
    assert engine.shape(wanted(pcm, kind=Pass.EAGER)) == engine.shape(wanted(pcm, kind=Pass.FINAL))
    (heard,) = engine.decode([wanted(pcm, kind=Pass.PARTIAL)])
    assert heard.text
    assert heard.words == ()


def test_a_final_heard_briefly_has_the_window_of_a_partial(engine: WhisperEngine) -> None:
    ask = wanted(clip("not-my-job"), utterance="brief")
    brief = replace(ask, brief=True)
    (window, beams), (short, same) = engine.shape(ask), engine.shape(brief)
    assert short < window
    assert same == beams
    (heard,) = engine.decode([brief])
    assert (heard.decode, heard.words[0].text) == (Pass.FINAL, heard.text[: len(heard.words[0].text)])


def test_deterministic(engine: WhisperEngine) -> None:
    pcm = clip("go-find-whoever")
    first, second = (engine.decode([wanted(pcm, utterance=str(i))])[0] for i in range(2))
    assert (first.text, first.words, first.confidence) == (second.text, second.words, second.confidence)


def test_nothing_is_encoded_twice(engine: WhisperEngine) -> None:
    pcm = clip("greeting")[:-640]  # no other test has this audio
    ask = wanted(pcm, utterance="once", kind=Pass.EAGER)
    real = engine._encoder
    engine._encoder = watched = Watched(real)
    try:
        (heard,) = engine.decode([ask])
        engine.decode([replace(ask, decode=Pass.FINAL)])
        engine.verify([check(pcm, heard.text, heard.text[:2], "您好", "once")])
    finally:
        engine._encoder = real
    assert [count for count, _ in watched.asked] == [1]


def test_next_to_no_audio_is_nothing(engine: WhisperEngine) -> None:
    assert [heard.text for heard in engine.decode([wanted(b""), wanted(b"\0\0" * 800)])] == ["", ""]
    assert engine.decode([]) == []
    assert engine.verify([]) == []


@pytest.mark.parametrize("seed", range(3))
def test_noise_becomes_no_sentence(engine: WhisperEngine, seed: int) -> None:
    noise = (np.random.default_rng(seed).standard_normal(24_000) * 300).astype("<i2").tobytes()
    (heard,) = engine.decode([wanted(noise, utterance=f"noise{seed}")])
    assert (heard.text, heard.dropped) == ("", "noise")


def test_more_than_thirty_seconds_does_not_fail(engine: WhisperEngine) -> None:
    (heard,) = engine.decode([wanted(clip("greeting") * 14, utterance="long")])
    assert heard.words == () or heard.words[-1].to_ms <= heard.to_ms


def test_a_loop_is_tried_again_with_the_full_window(
    engine: WhisperEngine, settings: WhisperSettings, monkeypatch: pytest.MonkeyPatch
) -> None:
    retrying = WhisperEngine(load_model(settings), settings)
    retrying._encoder = watched = Watched(retrying._encoder)

    def fickle(text: str, *_: float) -> tuple[str, str]:
        return ("", "loop") if len(watched.asked) == 1 else (text, "")

    monkeypatch.setattr(whispering, "clean", fickle)
    (heard,) = retrying.decode([wanted(clip("greeting"))])
    assert watched.asked == [(1, settings.window.window_ms(len(clip("greeting")) // 32)), (1, 30_000)]
    assert heard.text
    watched.asked.clear()
    (partial,) = retrying.decode([wanted(clip("greeting"), utterance="p", kind=Pass.PARTIAL)])
    assert len(watched.asked) == 1
    assert (partial.text, partial.dropped) == ("", "loop")


def test_many_at_once_on_all_lanes_hear_what_each_alone_does(settings: WhisperSettings) -> None:
    wide = load(replace(settings, lanes=2, group=2))
    batch = [wanted(clip(name) * (1 + i % 2), utterance=f"{name}{i}") for i, name in enumerate([*SAID, *SAID])]
    alone = [wide.decode([item])[0] for item in batch]
    fresh = load(replace(settings, lanes=2, group=2))
    with record() as stages:
        together = fresh.decode(batch)
    assert [heard.text for heard in together] == [heard.text for heard in alone]
    assert {"encode", "generate", "words"} <= set(stages)


def test_what_the_guard_cuts_out_of_the_text_is_cut_out_of_the_words(
    engine: WhisperEngine, monkeypatch: pytest.MonkeyPatch
) -> None:
    def cutting(text: str, *_: float) -> tuple[str, str]:
        return text.partition(",")[2], ""

    monkeypatch.setattr(whispering, "clean", cutting)
    (heard,) = engine.decode([wanted(clip("not-my-job"))])
    assert plain("".join(word.text for word in heard.words)) == plain(heard.text)
    assert heard.words[0].from_ms > 0


def test_stages_are_marked(engine: WhisperEngine) -> None:
    with record() as stages:
        engine.decode([wanted(clip("greeting")[:-1_280])])  # no other test has this audio
    assert {"features", "encode", "generate", "words"} <= set(stages)


def test_a_broken_model_is_an_engine_error_and_may_be_retried(engine: WhisperEngine) -> None:
    real = engine._decoder

    class Broken:
        def __call__(self, *_: object) -> object:
            raise RuntimeError("out of memory")

        align = __call__

    engine._decoder = Broken()  # type: ignore[assignment]
    try:
        for call in (
            lambda: engine.decode([wanted(clip("greeting"), utterance="broken")]),
            lambda: engine.verify([check(clip("greeting"), "您好", "您", "你", "broken")]),
        ):
            with pytest.raises(EngineError, match=r"ENG-002.*out of memory") as caught:
                call()
            assert caught.value.retryable
    finally:
        engine._decoder = real
