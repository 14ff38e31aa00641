import numpy as np
import pytest

from monitor.audio.pitch import Pitch

RNG = np.random.default_rng


def asked(pitch: Pitch, signal: np.ndarray, wanted: bool = True) -> list[list[float]]:
    blocks = np.rint(signal).astype(np.int16).reshape(-1, 320)
    return pitch.blocks(blocks, np.full(len(blocks), wanted)).tolist()


def last(signal: np.ndarray) -> float:
    return asked(Pitch(), signal)[-1][0]


def last_period(signal: np.ndarray) -> float:
    return asked(Pitch(), signal)[-1][1]


def buzz(hz: float, samples: int = 1280, lowest_hz: float = 0.0) -> np.ndarray:
    """All harmonics of a voice, above ``lowest_hz`` as a telephone lets through."""
    time = np.arange(samples) / 16_000
    harmonics = [n for n in range(1, int(3400 / hz)) if n * hz >= lowest_hz]
    return sum(2000 / n * np.sin(2 * np.pi * n * hz * time) for n in harmonics)


@pytest.mark.parametrize("hz", [75, 100, 150, 220, 300, 400])
def test_a_voice_has_a_pitch(hz):
    """Every pitch people speak at, also where the telephone has cut the fundamental off."""
    assert last(buzz(hz)) > 0.9
    assert last(buzz(hz, lowest_hz=300)) > 0.9


@pytest.mark.parametrize("hz", [75.0, 101.3, 150.0, 223.7, 301.0, 399.0])
def test_the_pitch_is_right_to_a_five_hundredth(hz):
    """Between the samples too, and not an octave off."""
    assert 16_000 / last_period(buzz(hz)) == pytest.approx(hz, rel=0.002)


def test_a_gliding_voice_has_a_pitch():
    """A fourth tone falls by half an octave within a quarter of a second."""
    phase = 2 * np.pi * np.cumsum(np.linspace(280, 190, 3840)) / 16_000
    assert last(sum(2000 / n * np.sin(n * phase) for n in range(1, 11))) > 0.6


@pytest.mark.parametrize("seed", range(10))
def test_noise_has_none(seed):
    """White noise stays far below what a voice reaches."""
    assert last(RNG(seed).normal(0, 3000, 1280)) < 0.4


def test_a_voice_in_noise():
    """At 10 dB the pitch still shows."""
    voice = buzz(150)
    assert last(voice + RNG(1).normal(0, voice.std() / 10**0.5, 1280)) > 0.6


@pytest.mark.parametrize("signal", [np.zeros(1280), np.full(1280, 5000.0), np.linspace(-20000, 20000, 1280)])
def test_silence_and_drift_have_none(signal):
    """No division by nothing, no peak where there is only a slope."""
    assert last(signal) < 0.3


def test_a_block_that_nobody_asks_about_is_still_remembered():
    """The next answer spans both."""
    first, second = np.split(buzz(100)[:640], 2)
    knowing, unknowing = Pitch(), Pitch()
    asked(knowing, first)
    assert asked(unknowing, first, wanted=False) == [[0.0, 1.0]]
    assert asked(unknowing, second) == asked(knowing, second)


def by_fft(span: np.ndarray) -> tuple[float, float]:
    """Periodicity and period of 40 ms, as the formula is written and numpy computes it."""
    span = span - span.mean()
    shifts = np.arange(34, 230)
    alike = np.fft.irfft(np.abs(np.fft.rfft(span, 1024)) ** 2)[shifts]
    early = np.array([np.sum(span[: 640 - shift] ** 2) for shift in shifts])
    late = np.array([np.sum(span[shift:] ** 2) for shift in shifts])
    scores = alike / (np.sqrt(early * late) + 640)
    inner = scores[1:-1]
    peaks = np.flatnonzero((inner >= scores[:-2]) & (inner >= scores[2:]) & (inner > 0))
    if not len(peaks):
        return 0.0, 1.0
    best = inner[peaks].max()
    left, top, right = scores[(first := peaks[inner[peaks] >= 0.93 * best][0]) : first + 3]
    return best, 35 + first + 0.5 * (left - right) / (left - 2 * top + right)


@pytest.mark.parametrize("offset", [0, 9000])
@pytest.mark.parametrize("seed", range(5))
def test_the_loops_say_what_the_fourier_transform_says(seed, offset):
    """On voices in noise of any strength, on a line with and without an offset, at the rails too."""
    noise = RNG(seed).normal(0, 10 ** RNG(seed).uniform(0, 4), 6400)
    signal = np.clip(np.rint(buzz(80 * 1.4**seed, 6400) * seed + noise + offset), -32768, 32767)
    answers = asked(Pitch(), signal)
    line = np.concatenate((np.zeros(320), signal))
    for index, answer in enumerate(answers):
        assert answer == pytest.approx(by_fft(line[320 * index : 320 * index + 640]), rel=1e-7)


def test_the_loudest_samples_overflow_nothing():
    """A square wave from rail to rail repeats itself perfectly."""
    square = np.where(np.arange(1280) // 50 % 2, 32767.0, -32768.0)
    assert asked(Pitch(), square)[-1] == pytest.approx([1.0, 100.0], rel=1e-3)
    assert last(np.full(1280, -32768.0)) == 0.0
