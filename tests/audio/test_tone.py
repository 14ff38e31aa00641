import numpy as np
import pytest

from monitor.audio.tone import Tone


def answers(signal: np.ndarray) -> list[bool]:
    blocks = np.rint(signal).astype(np.int16).reshape(-1, 320)
    return Tone().blocks(blocks, np.full(len(blocks), True)).tolist()


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
    blocks = np.rint(waves(450)).astype(np.int16).reshape(-1, 320)[:3]
    assert Tone().blocks(blocks, np.array([False, True, True])).tolist() == [False, True, True]


def strongest(power: np.ndarray) -> tuple[float, float]:
    """Power and centre (Hz) of the strongest line, which is then blanked."""
    peak = int(power.argmax())
    bins = np.arange(max(0, peak - 2), min(len(power), peak + 3))
    line = power[bins].copy()
    power[bins] = 0
    return line.sum(), 50 * (line * bins).sum() / max(line.sum(), 1e-9)


def plainly(signal: np.ndarray) -> list[bool]:
    """Both tests block by block, as numpy computes them."""
    blocks, window = np.rint(signal).reshape(-1, 320), np.hanning(320)
    heard, before, fresh = [], None, True
    for block, ago in zip(blocks, [*np.zeros((5, 320)), *blocks], strict=False):
        alike = abs(block @ ago) > 0.85 * (np.sqrt((block @ block) * (ago @ ago)) + 1)
        power = np.abs(np.fft.rfft(block * window)) ** 2
        total = power.sum()
        (first, first_hz), (second, second_hz) = strongest(power), strongest(power)
        hz = first_hz if second < 0.1 * first else min(first_hz, second_hz)
        line = (first + second, hz) if first + second >= 0.9 * total else None
        still = False
        if line and before:
            still = max(line[0], before[0]) < 1.122 * min(line[0], before[0]) and abs(line[1] - before[1]) < 1
        heard.append(bool(alike or (line and (fresh or still))))
        before, fresh = line, False
    return heard


@pytest.mark.parametrize("seed", range(8))
def test_the_loops_say_what_numpy_says(seed):
    """One or two waves that glide, swell and break off, in noise; taken in pieces."""
    rng = np.random.default_rng(seed)
    parts = []
    for turn in range(20):
        low, high = rng.uniform(100, 3000, 2)
        glide = np.linspace(1, rng.choice([1, 1, 1.005, 1.05]), 320 * 9)
        wave = sum(np.sin(2 * np.pi * hz * np.cumsum(glide) / 16_000) for hz in (low, high)[: rng.integers(1, 3)])
        swell = np.linspace(1, rng.choice([1, 1, 1.5]), 320 * 9)
        parts.append(rng.uniform(100, 9000) * wave * swell + noise(rng.uniform(1, 900), 9, turn))
    signal = np.concatenate(parts)
    tone, blocks = Tone(), np.rint(signal).astype(np.int16).reshape(-1, 320)
    pieces = [blocks[at : at + 3] for at in range(0, len(blocks), 3)]
    heard = [answer for piece in pieces for answer in tone.blocks(piece, np.full(len(piece), True)).tolist()]
    assert heard == answers(signal) == plainly(signal)
    assert len(set(heard)) == 2
