"""Recordings made on the spot: a different tone on each channel."""

from collections.abc import Callable
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest

TONES = (300, 500, 700, 900, 1100, 1300)


def tones(seconds: float, rate_hz: int, channels: int) -> np.ndarray:
    """Shape (samples, channels)."""
    time = np.arange(round(seconds * rate_hz)) / rate_hz
    return np.stack([8000 * np.sin(2 * np.pi * hz * time) for hz in TONES[:channels]], axis=1).astype(np.int16)


@pytest.fixture
def record(tmp_path: Path) -> Callable[..., Path]:
    """Write a recording: ``record("call.wav", "pcm_mulaw", seconds=2.0, rate_hz=8000, channels=2)``."""

    def write(
        name: str,
        codec: str = "pcm_s16le",
        *,
        seconds: float = 2.0,
        rate_hz: int = 8000,
        channels: int = 2,
        samples: np.ndarray | None = None,
        skip: tuple[float, float] = (0.0, 0.0),
    ) -> Path:
        """``skip``: after so many seconds, timestamps leap by so many."""
        path = tmp_path / name
        pcm = tones(seconds, rate_hz, channels) if samples is None else samples
        layout = {1: "mono", 2: "stereo", 6: "5.1"}[channels]
        with av.open(str(path), "w") as container:
            stream = container.add_stream(codec, rate=rate_hz)
            stream.layout = layout
            stream.time_base = Fraction(1, rate_hz)
            size = stream.codec_context.frame_size or 0
            to = av.AudioResampler(format=stream.format.name, layout=layout, rate=rate_hz, frame_size=size or 160)
            frame = av.AudioFrame.from_ndarray(pcm.reshape(1, -1), format="s16", layout=layout)
            frame.sample_rate, frame.pts = rate_hz, 0
            packets = [packet for piece in [*to.resample(frame), *to.resample(None)] for packet in stream.encode(piece)]
            for packet in packets + stream.encode(None):
                if skip[1] and packet.pts * packet.time_base >= skip[0]:
                    packet.pts += round(skip[1] / packet.time_base)
                    packet.dts = packet.pts
                container.mux(packet)
        return path

    return write
