"""What the audio says about a phrase that the text only resembles."""

import math

import numpy as np
import pytest
from spoken import check, clip, wanted

from monitor.engines.encoded import Encoded
from monitor.engines.runtime import load_model
from monitor.engines.tokens import Tokens
from monitor.engines.verify import TYPICAL_MISS, ratio, rivals
from monitor.engines.whisper import WhisperEngine, WhisperSettings
from monitor.rules.match import ACCEPT_LLR

pytestmark = pytest.mark.whisper


def test_the_audio_knows_what_was_said(engine: WhisperEngine) -> None:
    pcm = clip("not-my-job")
    text = "您好,这是不为我做。"
    said, near, far = engine.verify(
        [check(pcm, text, "这是不为我做", candidate) for candidate in ("这事不归我做", "这事不给我看", "请您稍等片刻")]
    )
    assert said.llr > -0.2
    assert said.llr > near.llr > far.llr
    assert far.llr < ACCEPT_LLR
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


def test_equal_is_nought_and_a_typical_miss_is_minus_one() -> None:
    assert ratio([0.5, 0.25], [0.5, 0.25]) == 0
    assert ratio([math.exp(-TYPICAL_MISS)], [1.0]) == pytest.approx(-1)
    assert ratio([0.0], [1.0]) == pytest.approx(math.log(1e-6) / TYPICAL_MISS)


def test_a_stretch_without_words_costs_what_the_candidate_costs() -> None:
    assert ratio([0.5], []) == pytest.approx(math.log(0.5) / TYPICAL_MISS)


def encoded(tokens: Tokens, text: str) -> Encoded:
    return Encoded(np.zeros((1, 1), np.float32), 0, rows=tokens.encode(text))


def test_the_decoders_own_tokens_are_kept_before_the_stretch(tokens: Tokens) -> None:
    rival = rivals(
        tokens, check(b"", "您好,这是不归我做", "不归我做", "不归我管"), encoded(tokens, " 您好,这是不归我做。")
    )
    assert tokens.decode(rival.before) == " 您好,这是"
    assert tokens.decode(rival.candidate) == "不归我管"
    assert tokens.decode(rival.heard) == "不归我做"
    assert rival.heard_at == len(rival.before)


def test_the_candidate_is_spelt_in_the_decoders_script(tokens: Tokens) -> None:
    rival = rivals(tokens, check(b"", "这是不归我管", "归我管", "归我办"), encoded(tokens, "這是不歸我管"))
    assert tokens.decode(rival.candidate) == "歸我辦"
    assert tokens.decode(rival.heard) == "歸我管"


def test_another_transcript_than_the_decoded_is_spelt_anew(tokens: Tokens) -> None:
    rival = rivals(tokens, check(b"", "这是不归我管", "归我管", "归我办"), encoded(tokens, "您好"))
    assert (rival.heard_at, tokens.decode(rival.before), tokens.decode(rival.heard)) == (-1, "这是不", "归我管")
