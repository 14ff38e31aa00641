import numpy as np
import pytest

from monitor.audio.tone import Tone


def answers(signal: np.ndarray) -> list[bool]:
    blocks = np.rint(signal).reshape(-1, 320)
    return Tone().blocks(blocks, np.full(len(blocks), True))


def waves(*frequencies: float, blocks: int = 30, size: float = 4000) -> np.ndarray:
    time = np.arange(320 * blocks) / 16_000
    return sum(size * np.sin(2 * np.pi * hz * time) for hz in frequencies)


def noise(size: float, blocks: int = 30, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).normal(0, size, 320 * blocks)


@pytest.mark.parametrize("hz", [425, 450, 697, 1000, 1100, 1633, 2100])
def test_one_sine_is_a_tone_from_its_first_block(hz):
    """Ringback, beep, fax: 20 ms are enough."""
    assert all(answers(waves(hz)))


@pytest.mark.parametrize("low", [697, 770, 852, 941])
@pytest.mark.parametrize("high", [1209, 1336, 1477, 1633])
def test_every_dtmf_key_is_a_tone(low, high):
    """Both lines together."""
    assert all(answers(waves(low, high)))


@pytest.mark.parametrize("pair", [(350, 440), (440, 480), (480, 620), (400, 450)])
def test_beating_pairs_are_tones_after_a_tenth_of_a_second(pair):
    """Too close to be told apart in 20 ms, but they repeat."""
    assert all(answers(waves(*pair))[5:])


@pytest.mark.parametrize("pair", [(450,), (440, 480), (941, 1477)])
def test_a_noisy_line_hides_no_tone(pair):
    """Noise 20 dB below the tone."""
    tone = waves(*pair)
    heard = answers(tone + noise(tone.std() / 10))
    assert sum(heard[5:]) >= 23


def test_noise_is_no_tone():
    """Not once in 10 s."""
    assert not any(answers(noise(3000, blocks=500)))


def test_a_gliding_hum_is_no_tone():
    """«嗯» through a telephone: two harmonics, the pitch falling by a tenth in 0.6 s."""
    phase = 2 * np.pi * np.cumsum(np.linspace(240, 200, 9600)) / 16_000
    hum = 3000 * np.sin(phase) + 1500 * np.sin(2 * phase) + noise(30)
    assert sum(answers(hum)[1:]) <= 2


def test_a_fading_sine_is_no_tone():
    """A voice that fades moves its level; 331.3 Hz is nowhere near itself after 0.1 s."""
    fading = waves(331.3) * np.exp(-np.arange(9600) / 1600)
    assert sum(answers(fading)[1:12]) == 0


@pytest.mark.parametrize("level", [0.0, 100.0])
def test_silence_is_asked_about_without_harm(level):
    """Zeros and a constant are no reason to divide by nothing; a constant does repeat itself."""
    assert answers(np.zeros(3200) + level)[5:] == [level > 0] * 5


def test_what_nobody_asks_about_still_passes():
    """A block not asked about is remembered; the sound after it begins afresh."""
    blocks = np.rint(waves(450)).reshape(-1, 320)[:3]
    assert Tone().blocks(blocks, np.array([False, True, True])) == [False, True, True]
