"""Fixtures for many tests: a voice made of numbers, and calls laid out on a timeline."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from functools import lru_cache

import numpy as np
import pytest
from hypothesis import settings

from monitor.engines.scripted import Line, ScriptedEngine
from monitor.frames import AudioFrame, Hangup, Input, Side
from monitor.timeline import Ms, samples_at

settings.register_profile("untimed", deadline=None)  # the first example may be the one that compiles
settings.load_profile("untimed")


@lru_cache(maxsize=64)
def voice(ms: int, rate_hz: int = 16_000, seed: int = 1, dbfs: float = -22.0) -> bytes:
    """A vowel-like sound, int16: harmonics of a gliding pitch under two moving formants."""
    rng = np.random.default_rng(seed)
    count = samples_at(ms, rate_hz)
    at = np.arange(count) / rate_hz
    pitch = 140 + 30 * np.sin(2 * np.pi * 1.7 * at) + 10 * np.sin(2 * np.pi * 0.6 * at)
    phase = 2 * np.pi * np.cumsum(pitch) / rate_hz
    first = 500 + 300 * np.sin(2 * np.pi * 2.3 * at)
    second = 1500 + 500 * np.sin(2 * np.pi * 1.9 * at + 1)
    sound = 0.01 * rng.standard_normal(count)
    for harmonic in range(1, 24):
        hz = harmonic * pitch
        weight = np.exp(-(((hz - first) / 150) ** 2)) + 0.6 * np.exp(-(((hz - second) / 250) ** 2)) + 0.02
        sound += weight * np.sin(harmonic * phase)
    sound *= 0.55 + 0.45 * np.sin(2 * np.pi * 4 * at)
    sound *= 10 ** (dbfs / 20) * 32768 / np.sqrt(np.mean(sound**2))
    return np.clip(sound, -32768, 32767).astype("<i2").tobytes()


@dataclass
class Scene:
    """A call to be: who speaks when, and what; the rest is a faint hiss."""

    rate_hz: int = 16_000
    sides: tuple[Side, ...] = (Side.AGENT, Side.CUSTOMER)
    lines: list[Line] = field(default_factory=list)
    length_ms: int = 0

    def say(self, side: Side, from_ms: int, to_ms: int, text: str) -> "Scene":
        """``text`` empty: a sound that holds no words."""
        self.lines.append(Line(side=side, from_ms=Ms(from_ms), to_ms=Ms(to_ms), text=text))
        self.length_ms = max(self.length_ms, to_ms)
        return self

    def until(self, ms: int) -> "Scene":
        self.length_ms = ms
        return self

    def pcm(self, side: Side) -> bytes:
        rng = np.random.default_rng(7)
        sound = (rng.standard_normal(samples_at(self.length_ms, self.rate_hz)) * 8).astype("<i2")
        for number, line in enumerate(self.lines):
            if line.side is side:
                start = samples_at(line.from_ms, self.rate_hz)
                spoken = np.frombuffer(voice(line.to_ms - line.from_ms, self.rate_hz, number % 5), "<i2")
                sound[start : start + len(spoken)] += spoken[: len(sound) - start]
        return sound.tobytes()

    def engine(self) -> ScriptedEngine:
        return ScriptedEngine([line for line in self.lines if line.text])

    def inputs(self, cuts: Iterable[int] = (), hangup: Hangup | None = None) -> Iterator[Input]:
        """Frames cut after ``cuts`` samples in turn (the last size again and again; default 20 ms)."""
        sizes = list(cuts) or [samples_at(20, self.rate_hz)]
        sound = {side: self.pcm(side) for side in self.sides}
        total = samples_at(self.length_ms, self.rate_hz)
        at = turn = 0
        while at < total:
            size = sizes[min(turn, len(sizes) - 1)]
            for side in self.sides:
                yield AudioFrame(side=side, start=at, pcm=sound[side][2 * at : 2 * (at + size)], rate_hz=self.rate_hz)
            at, turn = at + size, turn + 1
        yield hangup or Hangup()


@pytest.fixture(name="voice", scope="session")
def voice_fixture():
    """``voice(ms, rate_hz, seed, dbfs) -> bytes``."""
    return voice


@pytest.fixture
def scene():
    """``scene(rate_hz=…)`` gives an empty :class:`Scene`."""
    return Scene
