import numpy as np
import pytest

from monitor.audio.spectrum import BIN_HZ, power_spectra


@pytest.mark.parametrize("seed", range(5))
def test_the_two_steps_make_the_fourier_transform(seed):
    """Every bin of noise, of a constant and of one sample alone."""
    rng = np.random.default_rng(seed)
    values = rng.integers(-32768, 32768, (5, 320)).astype(np.int16)
    values[3], values[4] = -32768, 0
    values[4, rng.integers(320)] = 1
    expected = np.abs(np.fft.rfft(values * np.hanning(320))) ** 2
    spectra = power_spectra(values, np.full(5, True))
    assert spectra.shape == (5, 161)
    for found, right in zip(spectra, expected, strict=True):
        assert found == pytest.approx(right, rel=1e-9, abs=1e-12 * right.max())


def test_a_wave_stands_in_its_bin():
    """1000 Hz is 20 bins of 50 Hz up."""
    wave = np.rint(9000 * np.sin(2 * np.pi * 1000 * np.arange(320) / 16_000)).astype(np.int16)
    assert power_spectra(wave.reshape(1, -1), np.array([True])).argmax() * BIN_HZ == 1000


def test_what_nobody_asks_about_is_not_computed():
    """Zeros stand in its place, and nothing else moves."""
    values = np.random.default_rng(0).integers(-99, 99, (3, 320)).astype(np.int16)
    some = power_spectra(values, np.array([True, False, True]))
    assert not some[1].any()
    assert (some[[0, 2]] == power_spectra(values, np.full(3, True))[[0, 2]]).all()
