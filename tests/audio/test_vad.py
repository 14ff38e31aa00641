"""Signals are synthetic: «speech» here is a buzz with formants and a moving pitch in syllables."""

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitor.audio.vad import Voice

RATE = 16_000


def speech(seconds: float, hz: float = 140, level_dbfs: float = -24, seed: int = 0) -> np.ndarray:
    """Syllables of 0.2 s, each with a falling or rising pitch, through two formants."""
    rng = np.random.default_rng(seed)
    out = []
    for _ in range(round(seconds / 0.2)):
        glide = np.linspace(1, rng.uniform(0.75, 1.25), RATE // 5)
        phase = 2 * np.pi * np.cumsum(hz * glide) / RATE
        first, second = rng.uniform(400, 800), rng.uniform(1000, 2200)
        harmonics = np.arange(1, int(3400 / hz / 1.3))
        sizes = 1 / (1 + ((harmonics * hz - first) / 150) ** 2) + 0.5 / (1 + ((harmonics * hz - second) / 200) ** 2)
        envelope = np.sin(np.pi * np.linspace(0.05, 0.95, RATE // 5)) ** 0.5
        out.append(envelope * (sizes[:, None] * np.sin(harmonics[:, None] * phase)).sum(axis=0))
    return at(np.concatenate(out), level_dbfs)


def noise(seconds: float, level_dbfs: float, seed: int = 0) -> np.ndarray:
    return at(np.random.default_rng(seed).normal(0, 1, int(RATE * seconds)), level_dbfs)


def at(signal: np.ndarray, level_dbfs: float) -> np.ndarray:
    return signal / np.sqrt(np.mean(signal**2)) * 32768 * 10 ** (level_dbfs / 20)


def quiet(seconds: float) -> np.ndarray:
    return np.zeros(int(RATE * seconds))


def heard(*parts: np.ndarray, mode: int = 2) -> np.ndarray:
    voice = Voice(mode)
    signal = np.concatenate(parts)
    blocks = np.clip(np.rint(signal), -32768, 32767).astype("<i2").reshape(-1, 320)
    return np.array([block.voiced for block in voice.blocks(blocks.tobytes())])


@pytest.mark.parametrize("hz", [90, 140, 220, 300])
@pytest.mark.parametrize("level_dbfs", [-15, -30, -42])
def test_speech_is_voice(hz, level_dbfs):
    """Men, women and children, loud and soft, on a line with some noise."""
    answers = heard(noise(4, -62), speech(2, hz, level_dbfs) + noise(2, -62, 1), noise(1, -62, 2))
    assert answers[200:300].mean() > 0.75
    assert not answers[:200].any()
    assert not answers[310:].any()


def test_the_first_word_of_a_call_is_voice():
    """The line is not known yet, but the caller already speaks."""
    assert heard(speech(1))[:50].mean() > 0.7


@pytest.mark.parametrize("level_dbfs", [-60, -45, -30])
def test_steady_noise_is_not(level_dbfs):
    """From its first moment on."""
    assert not heard(quiet(2), noise(8, level_dbfs)).any()


def test_noise_as_loud_as_a_voice_is_not_for_long():
    """Bursting out of nothing it could be a cough; after 0.9 s it no longer can."""
    assert not heard(quiet(2), noise(8, -20))[145:].any()


def test_clicks_are_not():
    """1 ms of full scale, twice a second."""
    clicks = quiet(10)
    for start in range(4000, len(clicks), 8000):
        clicks[start : start + 16] = np.random.default_rng(start).normal(0, 20_000, 16)
    assert not heard(clicks).any()


@pytest.mark.parametrize("under_dbfs", [-90, -45])
@pytest.mark.parametrize(
    ("frequencies", "on_s", "off_s"),
    [((450,), 1.0, 4.0), ((450,), 0.35, 0.35), ((450,), 0.1, 0.1), ((941, 1477), 0.1, 0.1), ((1000,), 0.3, 1.0)],
    ids=["ringback", "busy", "special", "dtmf", "beep"],
)
def test_tones_are_not(frequencies, on_s, off_s, under_dbfs):
    """The tones of a Chinese exchange and of keys, on a clean and on a noisy line."""
    time = np.arange(RATE * 10) / RATE
    on = time % (on_s + off_s) < on_s
    tone = sum(3000 * np.sin(2 * np.pi * hz * time) for hz in frequencies) * on
    assert heard(tone + noise(10, under_dbfs)).mean() < 0.01


def test_a_tone_right_after_the_words_is_not():
    """«…正在为您接通» and the ringback begins: a vowel is near, but this is none."""
    time = np.arange(RATE) / RATE
    answers = heard(noise(2, -60), speech(1), 3000 * np.sin(2 * np.pi * 450 * time), noise(1, -60, 1))
    assert answers[102:149].mean() > 0.7
    assert not answers[152:].any()


def whisper(seconds: float, level_dbfs: float = -24) -> np.ndarray:
    """Noise through two formants: no pitch at all."""
    spectrum = np.fft.rfft(np.random.default_rng(5).normal(0, 1, round(RATE * seconds)))
    hz = np.fft.rfftfreq(round(RATE * seconds), 1 / RATE)
    shape = 1 / (1 + ((hz - 600) / 150) ** 2) + 0.5 / (1 + ((hz - 1600) / 250) ** 2)
    return at(np.fft.irfft(spectrum * shape, round(RATE * seconds)), level_dbfs)


def test_a_loud_word_without_a_pitch_is_voice():
    """«滚» in a creaking voice: 0.2 s, far above the noise; where it begins is the endpointer's to date back."""
    for before_s in (2, 0.2):
        answers = heard(noise(before_s, -60), whisper(0.2), noise(0.5, -60, 1))
        begin = round(before_s * 50)
        assert answers[begin + 5 : begin + 10].all()
        assert not answers[:begin].any()


def test_a_knock_is_not():
    """As loud, but over after 0.08 s."""
    assert not heard(noise(2, -60), whisper(0.08, -10), noise(1, -60, 1), whisper(0.06, -10), noise(1, -60, 2)).any()


def test_a_soft_whisper_is_not():
    """Nobody could tell it from breathing."""
    assert not heard(noise(2, -60), whisper(0.4, -48), noise(0.5, -60, 1)).any()


def melody(seconds: float, level_dbfs: float = -26) -> np.ndarray:
    """Notes of 0.25 s with harmonics and a decay, in chords of two."""
    rng = np.random.default_rng(7)
    time = np.arange(RATE // 4) / RATE
    out = []
    for _ in range(round(seconds / 0.25)):
        root = 220 * 2 ** (rng.integers(0, 12) / 12)
        chord = sum(np.sin(2 * np.pi * n * hz * time) / n for hz in (root, root * 1.5) for n in (1, 2, 3))
        out.append(chord * np.exp(-3 * time))
    return at(np.concatenate(out), level_dbfs)


def test_music_on_hold_is_not_for_long():
    """It takes a second to know it; who speaks right after it is heard."""
    answers = heard(noise(2, -70), melody(12), speech(2), noise(1, -70, 1))
    assert answers[150:700].mean() < 0.1
    assert answers[715:800].mean() > 0.7


def test_what_is_far_below_speech_is_not():
    """Crosstalk at −65 dBFS."""
    assert not heard(quiet(1), speech(2, level_dbfs=-65)).any()


def test_speech_that_drowns_in_noise_is_given_up_and_then_heard_again():
    """3 dB above the noise is too little; the same voice at 15 dB is heard."""
    assert heard(noise(4, -30), speech(2, level_dbfs=-33) + noise(2, -30, 1))[200:].mean() < 0.4
    assert heard(noise(4, -40), speech(2, level_dbfs=-25) + noise(2, -40, 1))[200:].mean() > 0.7


def test_voice_ends_soon_after_the_speech():
    """webrtcvad alone would go on for some 0.1 s."""
    answers = heard(noise(3, -60), speech(1), noise(1, -60, 1))
    assert not answers[202:].any()


def test_the_same_sound_gives_the_same_answers():
    """Nothing is shared between two voices and nothing is random."""
    signal = speech(1, seed=3) + noise(1, -40)
    assert (heard(signal) == heard(signal)).all()


@pytest.mark.parametrize("mode", [-1, 4])
def test_unknown_modes_are_refused(mode):
    """webrtcvad itself would say only «Error»."""
    with pytest.raises(ValueError, match=str(mode)):
        Voice(mode)


@given(cuts=st.sets(st.integers(1, 249), max_size=30))
def test_how_many_come_at_once_does_not_matter(cuts):
    """To the bit: speech, ringback, music-like notes and noise, cut anywhere between two blocks."""
    tone = 3000 * np.sin(2 * np.pi * 450 * np.arange(RATE) / RATE)
    signal = np.concatenate([speech(1, seed=3), tone, noise(1, -40), speech(2, 210, -35, seed=4)])
    pcm = np.clip(np.rint(signal), -32768, 32767).astype("<i2").tobytes()
    voice, places = Voice(), [0, *sorted(cuts), len(pcm) // 640]
    pieces = [block for begin, end in pairwise(places) for block in voice.blocks(pcm[640 * begin : 640 * end])]
    assert pieces == Voice().blocks(pcm)


@pytest.mark.parametrize("size", [320, 638, 642])
def test_only_whole_blocks_are_taken(size):
    """A block is 320 samples, whoever calls."""
    assert Voice().blocks(b"") == []
    with pytest.raises(ValueError, match="320 samples"):
        Voice().blocks(bytes(size))
