"""Whisper base itself: on spoken sentences, in batches, with word times, phantoms and verification."""

import re
from dataclasses import replace
from pathlib import Path

import av
import numpy as np
import pytest
import soxr
from rapidfuzz.distance import Levenshtein

from monitor.engines import whisper as whispering
from monitor.engines.runtime import load_model
from monitor.engines.simplified import simplified
from monitor.engines.stages import record
from monitor.engines.tokens import Tokens
from monitor.engines.weights import ensure
from monitor.engines.whisper import DecodePolicy, WhisperEngine, WhisperSettings, load
from monitor.errors import EngineError, WeightsError
from monitor.events import DecodeWanted, VerifyWanted
from monitor.frames import Pass, Side
from monitor.text.reading import read
from monitor.timeline import Ms

pytestmark = pytest.mark.whisper

ROOT = Path(__file__).resolve().parents[2]
CLIPS = ROOT / "samples" / "clips"
SAID = dict(line.split("\t")[::3] for line in (ROOT / "samples" / "clips.tsv").read_text().splitlines()[1:])


@pytest.fixture(scope="module")
def settings() -> WhisperSettings:
    return WhisperSettings(weights=ensure("base", ROOT / "models"), lanes=1)


@pytest.fixture(scope="module")
def engine(settings: WhisperSettings) -> WhisperEngine:
    return load(settings)


def clip(name: str) -> bytes:
    with av.open(str(CLIPS / f"{name}.flac")) as container:
        rate_hz = container.streams.audio[0].rate
        frames = [frame.to_ndarray().reshape(-1) for frame in container.decode(audio=0)]
    wave = np.concatenate(frames).astype(np.float32) / 32768
    return (soxr.resample(wave, rate_hz, 16_000) * 32767).astype("<i2").tobytes()


def wanted(pcm: bytes, *, utterance: str = "u", kind: Pass = Pass.FINAL, from_ms: int = 0) -> DecodeWanted:
    return DecodeWanted(
        call_id="c",
        utterance_id=utterance,
        revision=1,
        decode=kind,
        side=Side.AGENT,
        from_ms=Ms(from_ms),
        to_ms=Ms(from_ms + len(pcm) // 32),
        pcm=pcm,
    )


def check(pcm: bytes, text: str, heard: str, candidate: str, utterance: str = "u") -> VerifyWanted:
    start = text.index(heard)
    return VerifyWanted(
        call_id="c",
        request_id=candidate,
        utterance_id=utterance,
        revision=1,
        pcm=pcm,
        text=text,
        start=start,
        end=start + len(heard),
        candidate=candidate,
    )


def plain(text: str) -> str:
    return re.sub(r"\W", "", text)


def sound(text: str) -> list[str]:
    return [syllable.folded for syllable in read(text).syllables]


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


def test_deterministic(engine: WhisperEngine) -> None:
    pcm = clip("go-find-whoever")
    first, second = (engine.decode([wanted(pcm, utterance=str(i))])[0] for i in range(2))
    assert (first.text, first.words, first.confidence) == (second.text, second.words, second.confidence)


def test_nothing_is_encoded_twice(engine: WhisperEngine) -> None:
    pcm = clip("greeting")[:-640]  # no other test has this audio
    ask = wanted(pcm, utterance="once", kind=Pass.EAGER)
    encoded: list[int] = []
    real = engine._model

    class Counting:
        def __getattr__(self, name: str) -> object:
            return getattr(real, name)

        def encode(self, features: object, **options: object) -> object:
            encoded.append(1)
            return real.encode(features, **options)

    engine._model = Counting()
    try:
        (heard,) = engine.decode([ask])
        engine.decode([replace(ask, decode=Pass.FINAL)])
        engine.verify([check(pcm, heard.text, heard.text[:2], "您好", "once")])
    finally:
        engine._model = real
    assert len(encoded) == 1


def test_the_audio_knows_what_was_said(engine: WhisperEngine) -> None:
    pcm = clip("not-my-job")
    text = "您好,这是不为我做。"
    said, near, far = engine.verify(
        [check(pcm, text, "这是不为我做", candidate) for candidate in ("这事不归我做", "这事不给我看", "请您稍等片刻")]
    )
    assert said.llr > -0.2
    assert said.llr > near.llr > far.llr
    assert far.llr < -0.6
    assert [verdict.request_id for verdict in (said, near, far)] == ["这事不归我做", "这事不给我看", "请您稍等片刻"]


def test_verifying_what_was_heard_changes_nothing(engine: WhisperEngine) -> None:
    (verdict,) = engine.verify([check(clip("greeting"), "您好,请问有什么可以帮您", "请问", "请问", "same")])
    assert verdict.llr == pytest.approx(0, abs=1e-4)


def test_verification_without_the_cache_is_the_same(engine: WhisperEngine, settings: WhisperSettings) -> None:
    pcm = clip("not-my-job")
    (heard,) = engine.decode([wanted(pcm, utterance="v")])
    fresh = WhisperEngine(load_model(settings), settings)
    asks = [check(pcm, heard.text, heard.text[-4:-1], "不归我做", "v")]
    assert engine.verify(asks)[0].llr == pytest.approx(fresh.verify(asks)[0].llr, abs=0.05)


def test_the_verdict_does_not_depend_on_what_is_cached_of_the_transcript(engine: WhisperEngine) -> None:
    pcm = clip("not-my-job")[:-960]  # no other test has this audio
    text = "您好,这是不归我做"
    cold = engine.verify([check(pcm, text, "不归我做", "不归我管")])[0].llr
    (heard,) = engine.decode([wanted(pcm)])
    warm = engine.verify([check(pcm, heard.text, heard.text[-4:], "不归我管")])[0].llr
    assert heard.text.endswith("归我做")
    assert warm == pytest.approx(cold, abs=0.15)


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
    windows: list[int] = []

    def fickle(text: str, *_: float) -> tuple[str, str]:
        return ("", "loop") if len(windows) == 1 else (text, "")

    monkeypatch.setattr(whispering, "clean", fickle)
    retrying = WhisperEngine(load_model(settings), settings)
    compute = retrying._features

    def watch(pcm: bytes, window_ms: int) -> np.ndarray:
        windows.append(window_ms)
        return compute(pcm, window_ms)

    retrying._features = watch  # type: ignore[assignment]
    (heard,) = retrying.decode([wanted(clip("greeting"))])
    assert windows == [settings.window.window_ms(len(clip("greeting")) // 32), 30_000]
    assert heard.text
    windows.clear()
    (partial,) = retrying.decode([wanted(clip("greeting"), utterance="p", kind=Pass.PARTIAL)])
    assert len(windows) == 1
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


def test_the_whole_vocabulary_hears_the_same(engine: WhisperEngine, settings: WhisperSettings) -> None:
    whole = load(replace(settings, mandarin_only=False))
    ask = wanted(clip("greeting"), utterance="whole")
    assert whole.decode([ask])[0].text == engine.decode([ask])[0].text


def test_a_prompt_is_told_to_the_decoder(settings: WhisperSettings) -> None:
    loaded = load_model(settings)
    prompted = WhisperEngine(loaded, replace(settings, decode=DecodePolicy(prompt="以下是普通话的句子。")))
    told: list[list[int]] = []

    class Watched:
        def __getattr__(self, name: str) -> object:
            return getattr(loaded.model, name)

        def generate(self, states: object, prompts: list[list[int]], **options: object) -> object:
            told.extend(prompts)
            return loaded.model.generate(states, prompts, **options)

    prompted._model = Watched()
    (heard,) = prompted.decode([wanted(clip("greeting"))])
    said = sound(SAID["greeting"])
    assert Levenshtein.distance(sound(heard.text), said) <= 0.35 * len(said)
    assert loaded.tokens.decode(told[0]) == "以下是普通话的句子。"
    assert told[0][0] == loaded.tokens.previous


def test_a_broken_model_is_an_engine_error_and_may_be_retried(engine: WhisperEngine) -> None:
    real = engine._model

    class Broken:
        def __getattr__(self, name: str) -> object:
            raise RuntimeError("out of memory")

    engine._model = Broken()
    try:
        for call in (
            lambda: engine.decode([wanted(clip("greeting"), utterance="broken")]),
            lambda: engine.verify([check(clip("greeting"), "您好", "您", "你", "broken")]),
        ):
            with pytest.raises(EngineError, match=r"ENG-002.*out of memory") as caught:
                call()
            assert caught.value.retryable
    finally:
        engine._model = real


def test_a_device_that_is_not_there_is_an_engine_error(settings: WhisperSettings) -> None:
    with pytest.raises(EngineError, match=r"ENG-003.*cuda"):
        load(replace(settings, device="cuda", compute_type="float16"))


def test_a_folder_without_weights_is_named(tmp_path: Path) -> None:
    with pytest.raises(WeightsError, match=r"WGT-005.*tokenizer\.json"):
        load(WhisperSettings(weights=tmp_path))


@pytest.fixture(scope="module")
def tokens() -> Tokens:
    return Tokens((ensure("base", ROOT / "models") / "tokenizer.json").read_bytes(), mandarin_only=True)


@pytest.mark.parametrize("text", ["您好，请问您要什么？", "iPhone15的Wi-Fi连不上", "𠮷野家", "VIP 2024-11-22", ""])
def test_text_survives_its_tokens(tokens: Tokens, text: str) -> None:
    rows = tokens.encode(text)
    assert tokens.decode(rows) == text
    spelt = tokens.spell(rows)
    assert "".join(item.text for item in spelt) == text
    assert [item.start for item in spelt[1:]] == [item.end for item in spelt[:-1]]


def test_broken_bytes_say_nothing(tokens: Tokens) -> None:
    rows = tokens.encode("好")
    lone = tokens.encode("𠮷")[:1]
    assert tokens.decode([*lone, *rows]) == "好"
    assert "".join(item.text for item in tokens.spell([*rows, *lone])) == "好"


def test_the_cut_vocabulary_is_small_and_in_order(tokens: Tokens) -> None:
    assert 3_000 < len(tokens.ids) < 8_000
    assert tokens.ids == sorted(set(tokens.ids))
    assert len(tokens.names()) == len(tokens.ids)
    assert tokens.names()[tokens.start[1]] == "<|zh|>"


def test_a_file_that_is_no_tokenizer_is_refused() -> None:
    for body in (b"", b"{}", b'{"model": {"vocab": {}}, "added_tokens": []}'):
        with pytest.raises(WeightsError, match="WGT-007"):
            Tokens(body, mandarin_only=True)
