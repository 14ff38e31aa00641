"""One audio file through FFmpeg (PyAV): decoded piece by piece, each piece with its place in time."""

from collections.abc import Iterator
from itertools import chain
from pathlib import Path
from typing import Final

import av
import numpy as np
from av.audio.frame import AudioFrame as Decoded
from av.audio.resampler import AudioResampler
from av.error import FFmpegError
from numpy.typing import NDArray

from monitor.errors import AudioError
from monitor.sources.declared import declared_ms
from monitor.timeline import RATE_HZ, Ms, samples_at

Samples = NDArray[np.int16]
"""Shape (samples, channels)."""

_RATES: Final = range(8_000, 48_001)
"""Rates that are passed on as they are; others are brought to 16 kHz here."""
_LEAP_MS: Final = 60
"""Timestamps of some containers are rounded; only what is further ahead than this is a leap."""
_PAUSING: Final = frozenset({"opus", "libopus", "speex", "libspeex", "amrnb", "amrwb"})
"""Codecs that may send nothing while nobody speaks: a leap in their time is quiet, not damage."""
_PIECE: Final = 48_000
"""Quiet is made up in pieces of this many samples."""

_WHAT: Final = {
    "AUD-002": "不是能读的录音，或文件已损坏",
    "AUD-003": "声道太多：只支持单声道和双声道",
    "AUD-004": "文件里没有音频",
    "AUD-005": "录音是空的，一点声音都没有",
    "AUD-006": "找不到这个文件或文件夹",
    "AUD-007": "这是文件夹，不是录音",
    "AUD-008": "没有读取权限",
}


def fault(code: str, path: Path, hint: str = "") -> AudioError:
    """The error of this code about this file."""
    return AudioError(_WHAT[code], where=str(path), hint=hint, code=code)


class Container:
    """An open audio file with one or two channels. Iterate over it once; close it.

    Raises:
        AudioError: ``AUD-002`` not audio, ``AUD-003`` more than two channels, ``AUD-004`` no audio in it,
            ``AUD-005`` empty, ``AUD-006`` not there, ``AUD-007`` a folder, ``AUD-008`` may not be read.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        try:
            self._file = path.open("rb")
        except FileNotFoundError:
            raise fault("AUD-006", path) from None
        except IsADirectoryError:
            raise fault("AUD-007", path) from None
        except OSError as error:
            raise fault("AUD-008", path, error.strerror or "") from None
        try:
            self._open()
        except BaseException:
            self._file.close()
            raise

    def _open(self) -> None:
        if not self._file.read(1):
            raise fault("AUD-005", self._path)
        self._file.seek(0)
        try:
            # Nothing but the file itself is opened, whatever its content refers to.
            self._container = av.open(self._file, "r", options={"protocol_whitelist": ""})
        except (FFmpegError, ValueError):
            raise fault("AUD-002", self._path) from None
        if not self._container.streams.audio:
            raise fault("AUD-004", self._path)
        self._stream = self._container.streams.audio[0]
        told = self._container.duration
        self.told_ms = Ms(told // 1000) if told is not None and told > 0 else None
        """FFmpeg's idea of the length; may be a guess."""
        self.errors = 0
        """Pieces that could not be decoded so far."""
        frames = self._decode()
        first = next(frames, None)
        if first is None:
            raise fault("AUD-002" if self.errors or self.told_ms else "AUD-005", self._path)
        self._frames = chain((first,), frames)
        self.channels = first.layout.nb_channels
        if self.channels > 2:
            raise fault("AUD-003", self._path, f"{self.channels} 声道")
        self.rate_hz: int = first.sample_rate if first.sample_rate in _RATES else RATE_HZ
        """Rate of what comes out: the file's own from 8 to 48 kHz, else 16 kHz."""
        self.declared_ms = declared_ms(self._path, self._container.format.name, self.told_ms)
        """The length that the file promises, if it does."""

    def close(self) -> None:
        """Give the file back; closing twice is harmless."""
        self._container.close()
        self._file.close()

    def __iter__(self) -> Iterator[tuple[int, Samples]]:
        """Runs of samples with the index of the first; an index beyond the last run's end is a hole."""
        at, begin_s = 0, None
        convert = _Conversion(self.channels, self.rate_hz)
        for frame in self._frames:
            time_s = None if frame.pts is None or frame.time_base is None else float(frame.pts * frame.time_base)
            begin_s = time_s if begin_s is None else begin_s
            ahead = 0 if time_s is None or begin_s is None else round((time_s - begin_s) * self.rate_hz) - at
            if ahead > samples_at(_LEAP_MS, self.rate_hz):
                for samples in convert.rest():
                    yield at, samples
                    at, ahead = at + len(samples), ahead - len(samples)
                pausing = self._stream.codec_context.name in _PAUSING
                for begin in range(0, ahead if pausing else 0, _PIECE):
                    yield at + begin, np.zeros((min(_PIECE, ahead - begin), self.channels), np.int16)
                at += ahead
            for samples in convert(frame):
                yield at, samples
                at += len(samples)
        for samples in convert.rest():
            yield at, samples
            at += len(samples)

    def _decode(self) -> Iterator[Decoded]:
        packets = self._container.demux(self._stream)
        while True:
            try:
                packet = next(packets, None)
                if packet is None:
                    return
                frames = packet.decode()
            except FFmpegError:
                self.errors += 1
            else:
                yield from frames


class _Conversion:
    """Whatever the decoder gives, as interleaved 16-bit samples of one rate and one channel count."""

    def __init__(self, channels: int, rate_hz: int) -> None:
        self._channels, self._rate_hz = channels, rate_hz
        self._resampler: AudioResampler | None = None
        self._kind: tuple[str, str, int] | None = None

    def __call__(self, frame: Decoded) -> Iterator[Samples]:
        kind = (frame.format.name, frame.layout.name, frame.sample_rate)
        if kind != self._kind:  # some files change in the middle
            yield from self.rest()
            layout = "stereo" if self._channels == 2 else "mono"
            self._kind = kind
            self._resampler = AudioResampler(format="s16", layout=layout, rate=self._rate_hz)
        assert self._resampler is not None
        yield from map(self._samples, self._resampler.resample(frame))

    def rest(self) -> Iterator[Samples]:
        """What the conversion still holds back; it begins anew with the next frame."""
        if self._resampler is not None:
            yield from map(self._samples, self._resampler.resample(None))
            self._resampler = self._kind = None

    def _samples(self, frame: Decoded) -> Samples:
        return np.asarray(frame.to_ndarray().reshape(-1, self._channels), np.int16)
