"""PCM to what Whisper's encoder takes: log-mel spectrograms, padded with silence."""

import numpy as np
from faster_whisper.feature_extractor import FeatureExtractor
from numpy.typing import NDArray

from monitor.engines.window import FRAME_MS

_DYNAMIC_RANGE = 2.0  # 80 dB, in Whisper's scale of 40 dB a unit
_SILENCE = -1.5  # log10(1e-10) on that scale


class LogMel:
    """Whisper's log-mel features of int16 PCM at 16 kHz.

    As in OpenAI's ``log_mel_spectrogram`` the padding is digital silence, which after the clipping to
    80 dB below the loudest bin is one constant.
    """

    def __init__(self, mel_bins: int) -> None:
        self._extractor = FeatureExtractor(feature_size=mel_bins)
        self._mel_bins = mel_bins

    def __call__(self, pcm: bytes, window_ms: int) -> NDArray[np.float32]:
        """Features of shape ``(mel bins, window_ms / 10)``; audio beyond the window is left out."""
        frames = window_ms // FRAME_MS
        samples = np.frombuffer(pcm, dtype="<i2").astype(np.float32) / 32768.0
        heard = self._extractor(samples)[:, :frames]
        padded = np.full((self._mel_bins, frames), max(float(heard.max()) - _DYNAMIC_RANGE, _SILENCE), np.float32)
        padded[:, : heard.shape[1]] = heard
        return padded
