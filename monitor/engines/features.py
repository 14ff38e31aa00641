"""PCM to what Whisper's encoder takes: log-mel spectrograms, padded with silence."""

from typing import Final

import numpy as np
from faster_whisper.feature_extractor import FeatureExtractor
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import NDArray
from scipy.fft import rfft
from scipy.sparse import csr_array

from monitor.engines.window import FRAME_MS
from monitor.timeline import RATE_HZ

_FFT: Final = 400
_HOP: Final = RATE_HZ * FRAME_MS // 1000
_DYNAMIC_RANGE: Final = 2.0  # 80 dB, in Whisper's scale of 40 dB a unit
_SILENCE: Final = -1.5  # log10(1e-10) on that scale


class LogMel:
    """Whisper's log-mel features of int16 PCM at 16 kHz.

    The definition is OpenAI's ``log_mel_spectrogram``: Hann window of 25 ms every 10 ms, Slaney mel
    filters, log10, clipped 80 dB below the loudest bin, (x + 4) / 4. As there, the padding is digital
    silence, which after the clipping is one constant; faster-whisper pads with zeros instead, which
    costs words (docs/performance.md).
    """

    def __init__(self, mel_bins: int) -> None:
        filters = FeatureExtractor.get_mel_filters(RATE_HZ, _FFT, n_mels=mel_bins).astype(np.float32)
        self._filters = csr_array(filters)  # a dense product would wake every BLAS thread for 0.1 ms of work
        self._mel_bins = mel_bins
        self._hann = np.hanning(_FFT + 1)[:-1].astype(np.float32)

    def __call__(self, pcm: bytes, window_ms: int, *, loudest: float | None = None) -> NDArray[np.float32]:
        """Features of shape ``(mel bins, window_ms / 10)``; audio beyond the window is left out.

        ``loudest``: what the loudest bin shall be, as if the gain had been turned until it was; the silence then is
        always the same.
        """
        frames = window_ms // FRAME_MS
        samples = np.frombuffer(pcm, dtype="<i2")[: frames * _HOP].astype(np.float32) / 32768.0
        heard = self._spectrum(np.pad(samples, (0, _HOP)))[:, :frames]
        top = float(heard.max())
        floor = max(top - _DYNAMIC_RANGE, _SILENCE)
        if loudest is not None:
            heard = heard + np.float32(loudest - top)
            floor = loudest - _DYNAMIC_RANGE
        padded = np.full((self._mel_bins, frames), floor, np.float32)
        np.maximum(heard, floor, out=padded[:, : heard.shape[1]])
        return padded

    def _spectrum(self, samples: NDArray[np.float32]) -> NDArray[np.float32]:
        """Scaled log-mel power, unclipped, one column a hop."""
        around = np.pad(samples, _FFT // 2, mode="reflect")
        pieces = sliding_window_view(around, _FFT)[::_HOP][:-1] * self._hann
        power = np.abs(rfft(pieces, axis=1)) ** 2
        mel = self._filters @ np.ascontiguousarray(power.T)
        scaled: NDArray[np.float32] = (np.log10(np.maximum(mel, 1e-10)) / 4 + 1).astype(np.float32)
        return scaled
