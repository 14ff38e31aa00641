"""Log-mel features: those that Whisper was trained on, padded with silence."""

import numpy as np
import pytest
from faster_whisper.feature_extractor import FeatureExtractor

from monitor.engines.features import LogMel


def sound(samples: int, seed: int = 1) -> bytes:
    rng = np.random.default_rng(seed)
    wave = np.sin(np.arange(samples) * 0.05) * 6_000 + rng.standard_normal(samples) * 900
    return wave.astype("<i2").tobytes()


@pytest.mark.parametrize("mel_bins", [80, 128])
@pytest.mark.parametrize("samples", [1_600, 15_999, 16_000, 40_123])
def test_same_as_the_reference_where_there_is_audio(mel_bins: int, samples: int) -> None:
    pcm = sound(samples)
    wave = np.frombuffer(pcm, "<i2").astype(np.float32) / 32768
    reference = FeatureExtractor(feature_size=mel_bins)(wave)
    ours = LogMel(mel_bins)(pcm, 6_000)
    assert ours.shape == (mel_bins, 600)
    assert ours.dtype == np.float32
    np.testing.assert_allclose(ours[:, : reference.shape[1]], reference, atol=2e-3)


def test_the_padding_is_the_floor_of_the_clipping() -> None:
    features = LogMel(80)(sound(16_000), 6_000)
    assert np.all(features[:, 105:] == features.min())
    assert features.max() - features.min() == pytest.approx(2.0)


def test_digital_silence_is_the_lowest_value() -> None:
    assert np.all(LogMel(80)(bytes(32_000), 2_000) == -1.5)


def test_audio_beyond_the_window_is_left_out() -> None:
    assert LogMel(80)(sound(50_000), 2_000).shape == (80, 200)


def test_what_comes_later_does_not_change_what_was_before() -> None:
    short, long = LogMel(80)(sound(16_000), 6_000), LogMel(80)(sound(16_000) + bytes(32_000), 6_000)
    np.testing.assert_allclose(short[:, :95], long[:, :95], atol=1e-5)


def test_a_loudness_that_is_wanted_is_as_if_the_gain_had_been_turned() -> None:
    wave = np.frombuffer(sound(16_000), "<i2")
    loud, quiet = (
        LogMel(80)(wave.tobytes(), 2_000, loudest=1.25),
        LogMel(80)((wave // 4).tobytes(), 2_000, loudest=1.25),
    )
    assert loud.max() == quiet.max() == 1.25
    assert loud.min() == quiet.min() == loud[:, -1].max() == -0.75
    assert np.abs(loud - quiet).mean() < 0.01
