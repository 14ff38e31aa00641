"""Streaming change of sample rate by a polyphase windowed-sinc filter.

Two things decided against a general library here. Its blocks hold back 60 to 117 ms of 8 kHz sound,
which every warning would wait for; this filter holds back 4 ms. And the output must not depend on how
the stream was cut: the coefficients are whole multiples of 2^-20, so sums of their products with 16-bit
samples are whole numbers and no order of summation can change a bit.

Design: Kaiser window (J. F. Kaiser, 1974) with beta 8, about 80 dB of stop band; see
:func:`_phases` for the length.
"""

from functools import lru_cache
from math import gcd
from typing import Final

import numpy as np
from numpy.typing import NDArray

from monitor.compiled import compiled
from monitor.timeline import RATE_HZ

_HALF_LENGTH: Final = 32
"""Filter length to each side, in samples of the slower of the two rates: 4 ms at 8 kHz."""
_BETA: Final = 8.0
_CUTOFF: Final = 0.96
"""Edge of the pass band (−6 dB) as a part of the slower rate's half."""
_UNIT: Final = 2**20
"""A weight of one."""

Samples = NDArray[np.int16]
Weights = NDArray[np.int32]


class Resampler:
    """One mono stream of signed 16-bit little-endian samples, any number at a time.

    ``n`` samples in give, with :meth:`flush`, ``n * to_hz // from_hz`` samples out, aligned with the
    input: no delay is added to the media time. Equal rates are passed through untouched.

    Args:
        from_hz: rate of what is pushed, 1 to 384000.
        to_hz: rate of what comes out.

    Raises:
        ValueError: a rate outside that range.
    """

    _kept: Samples

    def __init__(self, from_hz: int, to_hz: int = RATE_HZ) -> None:
        if not (1 <= from_hz <= 384_000 and 1 <= to_hz <= 384_000):
            raise ValueError(f"cannot resample from {from_hz} Hz to {to_hz} Hz")
        common = gcd(from_hz, to_hz)
        self._up, self._down = to_hz // common, from_hz // common
        self._same = from_hz == to_hz
        self._phases = np.zeros((1, 0), np.int32) if self._same else _phases(self._up, self._down)
        self._taps = self._phases.shape[1]
        self._restart()

    def push(self, pcm: bytes) -> bytes:
        """What can be said after these samples; the filter's look-ahead is kept for the next push.

        Raises:
            ValueError: an odd number of bytes.
        """
        samples = np.frombuffer(pcm, "<i2")
        if self._same:
            return pcm
        self._in += len(samples)
        self._kept = np.concatenate((self._kept, samples))
        # Output k lies at input k·down/up and needs taps/2 samples behind that.
        ready = self._in - self._taps // 2
        return self._filter(-(-ready * self._up // self._down) if ready > 0 else 0)

    def flush(self) -> bytes:
        """The rest of the stream; the next push begins a new one."""
        if self._same:
            return b""
        self._kept = np.concatenate((self._kept, np.zeros(self._taps // 2, np.int16)))
        rest = self._filter(self._in * self._up // self._down)
        self._restart()
        return rest

    def _restart(self) -> None:
        half = self._taps // 2
        self._in = self._out = 0
        self._kept = np.zeros(max(0, half - 1), np.int16)
        self._first = 1 - half
        """Input index of the first kept sample."""

    def _filter(self, until: int) -> bytes:
        """Output samples up to index ``until``."""
        count = max(0, until - self._out)
        # Outputs lie on a grid of `up` places an input sample, `down` places apart.
        begin = self._out * self._down // self._up - self._taps // 2 + 1 - self._first
        filtered = _filtered(self._kept[begin:], self._phases, self._out * self._down % self._up, self._down, count)
        self._out += count
        needed = self._out * self._down // self._up - self._taps // 2 + 1
        if needed > self._first:
            self._kept = self._kept[needed - self._first :].copy()
            self._first = needed
        return filtered.tobytes()


@compiled
def _filtered(samples: Samples, phases: Weights, phase: int, down: int, count: int) -> Samples:
    """So many output samples.

    Args:
        samples: those that the first is made of, and on.
        phases: shape (up, taps), see :func:`_phases`.
        phase: of the first.
        down: places from one to the next, ``up`` of which are a sample of the input.
        count: how many.
    """
    up, taps = phases.shape
    made = np.empty(count, np.int16)
    for index in range(count):
        place = phase + index * down
        near, weights = samples[place // up :], phases[place % up]
        total = np.int64(0)
        for tap in range(taps):
            total += np.int64(near[tap]) * np.int64(weights[tap])
        made[index] = min(max(np.rint(total / _UNIT), -32768.0), 32767.0)
    return made


@lru_cache(maxsize=16)
def _phases(up: int, down: int) -> Weights:
    """The filter for each of the ``up`` places an output sample can have between two input samples.

    Shape ``(up, taps)``; row ``p`` weighs the ``taps`` input samples around input position ``p / up``,
    of which ``taps / 2`` lie behind it, in parts of :data:`_UNIT`, to which every row sums, so that a level stays what
    it is.
    """
    slower = min(1.0, up / down)
    half = int(np.ceil(_HALF_LENGTH / slower))
    place = np.arange(1 - half, half + 1) - np.arange(up)[:, None] / up
    window = np.i0(_BETA * np.sqrt(np.maximum(0.0, 1 - (place / half) ** 2))) / np.i0(_BETA)
    weights = np.sinc(place * slower * _CUTOFF) * window
    return np.asarray(np.rint(weights / weights.sum(axis=1, keepdims=True) * _UNIT), np.int32)
