import math

import numpy as np
import pytest

from monitor.audio.level import SILENCE_DBFS, Level, dbfs, loudness


def block(level_dbfs: float) -> float:
    """The power of 20 ms of a square wave, whose RMS is its height."""
    height = np.trunc(32768 * 10 ** (level_dbfs / 20))
    return float(loudness(np.where(np.arange(320) % 2, height, -height).astype(np.int16).reshape(1, -1))[0, 0])


def fed(*blocks: tuple[float, bool, int]) -> Level:
    level = Level()
    for level_dbfs, voiced, count in blocks:
        for _ in range(count):
            level.block(block(level_dbfs), voiced)
    return level


def test_nothing_is_claimed_before_it_is_known():
    """Ten blocks each, 0.2 s, are the least that a figure rests on."""
    level = fed((-20, True, 9))
    assert (level.level_dbfs, level.noise_dbfs, level.snr_db) == (None, None, None)
    level.block(block(-20), True)
    assert level.level_dbfs == pytest.approx(-20, abs=0.4)
    assert level.snr_db is None


def test_speech_and_noise_are_told_apart():
    """By the voiced flag; the ratio is their difference."""
    level = fed((-50, False, 60), (-20, True, 60), (-50, False, 60))
    assert level.level_dbfs == pytest.approx(-20, abs=0.4)
    assert level.noise_dbfs == pytest.approx(-50, abs=0.4)
    assert level.snr_db == pytest.approx(30, abs=0.6)


def test_the_end_of_a_word_is_not_noise():
    """The first 0.2 s after speech count neither way, however often speech ends."""
    level = fed(*[(-20, True, 20), (-30, False, 10), (-60, False, 16)] * 20)
    assert level.noise_dbfs == pytest.approx(-60, abs=0.4)


def test_the_consonant_before_a_vowel_is_not_noise():
    """Nor are the last 0.3 s before speech: «是» begins with an «sh» that has no voice."""
    level = fed(*[(-60, False, 11), (-30, False, 15), (-20, True, 20)] * 20)
    assert level.noise_dbfs == pytest.approx(-60, abs=0.4)
    assert level.snr_db == pytest.approx(40, abs=0.6)


def test_gaps_inside_a_sentence_are_no_noise():
    """0.5 s without a voice are still part of what is being said."""
    level = fed((-60, False, 60), *[(-20, True, 10), (-35, False, 25)] * 20)
    assert level.noise_dbfs == pytest.approx(-60, abs=0.4)


def test_a_knock_is_not_the_noise_of_the_line():
    """A tenth of a second at −10 dBFS in two seconds of quiet changes nothing."""
    level = fed((-60, False, 50), (-10, False, 5), (-60, False, 65))
    assert level.noise_dbfs == pytest.approx(-60, abs=0.4)


def test_a_line_that_becomes_noisy_shows_within_two_seconds_of_quiet():
    """And one that becomes quiet again as well."""
    level = fed((-70, False, 300), (-20, True, 50), (-35, False, 110))
    assert level.noise_dbfs == pytest.approx(-35, abs=0.4)
    for _ in range(110):
        level.block(block(-70), False)
    assert level.noise_dbfs == pytest.approx(-70, abs=0.4)


def test_a_louder_speaker_shows_within_two_seconds():
    """From −40 to −20 dBFS."""
    level = fed((-40, True, 200), (-20, True, 100))
    assert level.level_dbfs == pytest.approx(-20, abs=1)


def test_digital_silence_has_a_level():
    """Zeros are counted as −96 dBFS, not as minus infinity."""
    level = Level()
    for _ in range(30):
        level.block(0.0, False)
    assert level.noise_dbfs == SILENCE_DBFS == dbfs(0.0)


def test_full_scale():
    """A square wave at the rail is 0 dBFS, a sine 3 dB less."""
    square = np.full(320, -32768, np.int16)
    sine = (32767 * np.sin(2 * np.pi * np.arange(320) / 32)).astype(np.int16)
    (_, loud), (_, softer) = loudness(np.stack([square, sine])).tolist()
    assert loud == pytest.approx(0)
    assert softer == pytest.approx(20 * math.log10(2**-0.5), abs=0.01)


def test_the_loop_says_what_the_formula_says():
    """Power is the mean square, its level that of the power: to the bit, also at the rails."""
    values = np.random.default_rng(0).integers(-32768, 32768, (9, 320)).astype(np.int16)
    values[:3] = np.array([-32768, 0, 1])[:, None]
    powers = (values.astype(float) ** 2).sum(axis=1) / 320 / 32768**2
    assert loudness(values).tolist() == [[power, dbfs(power)] for power in powers.tolist()]


def test_memory_does_not_grow():
    """Three seconds of quiet are remembered, whatever has been heard."""
    level = fed((-60, False, 1000), (-30, True, 500), (-60, False, 1000))
    assert sum(len(value) for value in vars(level).values() if hasattr(value, "__len__")) <= 165
