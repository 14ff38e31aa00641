"""Power spectra of blocks, compiled: for the few blocks that come at once a library's FFT costs mostly its call.

A discrete Fourier transform of 320 = 16·20 values in two steps (Cooley and Tukey 1965). With n = 20a + b and
k = c + 16d: X[k] = Σ_b e(bd/20) · e(bc/320) · Σ_a e(ac/16) · x[n], where e(t) = exp(−2πi·t). Of real values X[320−k]
has the power of X[k], so c up to 8 is enough. In both sums two terms share a cosine and, but for its sign, a sine:
a and 16−a, b and 20−b.
"""

from typing import Final

import numpy as np
from numpy.typing import NDArray

from monitor.compiled import compiled
from monitor.timeline import BLOCK_SAMPLES, RATE_HZ

BINS: Final = BLOCK_SAMPLES // 2 + 1
BIN_HZ: Final = RATE_HZ / BLOCK_SAMPLES
_COLUMNS: Final = 20
_ROWS: Final = BLOCK_SAMPLES // _COLUMNS
_HALF_ROWS: Final = _ROWS // 2 + 1
_HALF_COLUMNS: Final = _COLUMNS // 2 + 1
_WINDOW: Final = np.hanning(BLOCK_SAMPLES)

Samples = NDArray[np.int16]
Floats = NDArray[np.float64]


def _waves(rows: int, columns: int, period: int) -> tuple[Floats, Floats]:
    """Cosine and sine of 2π·row·column / period."""
    angles = 2 * np.pi / period * (np.outer(np.arange(rows), np.arange(columns)) % period)
    return np.cos(angles), np.sin(angles)


_COS_AC, _SIN_AC = _waves(_HALF_ROWS, _HALF_ROWS, _ROWS)
_COS_BC, _SIN_BC = _waves(_HALF_ROWS, _COLUMNS, BLOCK_SAMPLES)
_COS_BD, _SIN_BD = _waves(_HALF_COLUMNS, _COLUMNS, _COLUMNS)


@compiled
def power_spectra(values: Samples, wanted: NDArray[np.bool_]) -> Floats:
    """Squared magnitudes under a Hann window, shape (blocks, 161), bins 50 Hz apart; zeros where it is not wanted.

    Args:
        values: shape (blocks, 320), samples as they are.
        wanted: shape (blocks,).
    """
    powers = np.zeros((len(values), BINS))
    even, odd = np.empty((_HALF_ROWS, _COLUMNS)), np.empty((_HALF_ROWS, _COLUMNS))
    real, imag = np.empty(_COLUMNS), np.empty(_COLUMNS)
    for index in range(len(values)):
        if not wanted[index]:
            continue
        windowed = (values[index] * _WINDOW).reshape(_ROWS, _COLUMNS)
        even[0], odd[0] = windowed[0], 0.0
        even[_ROWS // 2], odd[_ROWS // 2] = windowed[_ROWS // 2], 0.0
        for a in range(1, _ROWS // 2):
            for b in range(_COLUMNS):
                even[a, b] = windowed[a, b] + windowed[_ROWS - a, b]
                odd[a, b] = windowed[a, b] - windowed[_ROWS - a, b]
        for c in range(_HALF_ROWS):
            real[:], imag[:] = 0.0, 0.0
            for a in range(_HALF_ROWS):
                cos, sin = _COS_AC[c, a], _SIN_AC[c, a]
                for b in range(_COLUMNS):
                    real[b] += even[a, b] * cos
                    imag[b] -= odd[a, b] * sin
            for b in range(_COLUMNS):
                cos, sin = _COS_BC[c, b], _SIN_BC[c, b]
                real[b], imag[b] = real[b] * cos + imag[b] * sin, imag[b] * cos - real[b] * sin
            _add_columns(real, imag, c, powers[index])
    return powers


@compiled
def _add_columns(real: Floats, imag: Floats, c: int, powers: Floats) -> None:
    """The powers of every 16th bin from ``c`` on, out of the 20 columns turned by e(bc/320)."""
    spectrum_real, spectrum_imag = np.zeros(_COLUMNS), np.zeros(_COLUMNS)
    for b in range(_HALF_COLUMNS):
        other = _COLUMNS - b
        if b == 0 or b == other:
            even_real, even_imag, odd_real, odd_imag = real[b], imag[b], 0.0, 0.0
        else:
            even_real, even_imag = real[b] + real[other], imag[b] + imag[other]
            odd_real, odd_imag = real[b] - real[other], imag[b] - imag[other]
        for d in range(_COLUMNS):
            spectrum_real[d] += even_real * _COS_BD[b, d] + odd_imag * _SIN_BD[b, d]
            spectrum_imag[d] += even_imag * _COS_BD[b, d] - odd_real * _SIN_BD[b, d]
    for d in range(_COLUMNS):
        k = c + _ROWS * d
        powers[min(k, BLOCK_SAMPLES - k)] = spectrum_real[d] ** 2 + spectrum_imag[d] ** 2
