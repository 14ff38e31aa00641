"""Voices are synthetic here."""

import numpy as np
import pytest

from monitor.audio import g711
from monitor.sources.plausibility import Plausibility, Reading

ENCODE = {
    "pcm16": lambda pcm: pcm.astype("<i2").tobytes(),
    "pcm16-be": lambda pcm: pcm.astype(">i2").tobytes(),
    "float32": lambda pcm: (pcm / 32768).astype("<f4").tobytes(),
    "mulaw": lambda pcm: g711.encode_mulaw(pcm.astype("<i2").tobytes()),
    "alaw": lambda pcm: g711.encode_alaw(pcm.astype("<i2").tobytes()),
}
DECLARABLE = ["pcm16", "mulaw", "alaw"]


def voice(seconds: float = 12, hz: float = 150, size: float = 3000, seed: int = 0, bright: float = 0.2) -> np.ndarray:
    """A buzz with formants, in syllables, at 8 kHz, with a little line noise; ``bright``: the second formant."""
    rng = np.random.default_rng(seed)
    time = np.arange(round(8000 * seconds)) / 8000
    phase = 2 * np.pi * np.cumsum(hz * (1 + 0.1 * np.sin(2 * np.pi * 2.3 * time))) / 8000
    buzz = sum(
        np.sin(n * phase) * (1 / (1 + ((n * hz - 500) / 150) ** 2) + 0.2 / (1 + ((n * hz - 1500) / 200) ** 2))
        for n in range(2, int(3400 / hz))
    )
    return size * buzz * np.clip(np.sin(2 * np.pi * 3 * time), 0, 1) + rng.normal(0, 8, len(time))


def two(left: np.ndarray, right: np.ndarray) -> np.ndarray:
    return np.stack([left, right], axis=1).ravel()


def verdict(pcm: np.ndarray, actual: str, declared: str, sides: int = 1) -> Reading | None:
    """What comes of the stream in messages of 20 ms."""
    data = ENCODE[actual](np.clip(np.rint(pcm), -32768, 32767))
    watch = Plausibility(declared, sides)
    for begin in range(0, len(data), 320):
        other = watch.suspect(data[begin : begin + 320])
        if other is not None:
            return other
    return None


LAWS = {"mulaw", "alaw"}
MISTAKES = [
    (actual, declared)
    for actual in ENCODE
    for declared in DECLARABLE
    if actual != declared and not {actual, declared} <= LAWS
]


@pytest.mark.parametrize(("actual", "declared"), MISTAKES)
@pytest.mark.parametrize("sides", [1, 2])
def test_a_wrong_declaration_is_noticed_and_the_right_one_named(actual, declared, sides):
    """Every coding taken for every other, one side and two."""
    pcm = voice() if sides == 1 else two(voice(), voice(hz=220, seed=1))
    assert verdict(pcm, actual, declared, sides) == Reading(actual, sides)


@pytest.mark.parametrize("actual", sorted(LAWS))
@pytest.mark.parametrize("sides", [1, 2])
def test_one_law_taken_for_the_other_is_noticed_on_a_soft_voice(actual, sides):
    """The two laws are close relatives: a loud voice stays smooth in both, and can be understood in both."""
    pcm = voice(size=300) if sides == 1 else two(voice(size=300), voice(size=300, hz=220, seed=1))
    assert verdict(pcm, actual, (LAWS - {actual}).pop(), sides) == Reading(actual, sides)


@pytest.mark.parametrize("coding", DECLARABLE)
def test_two_sides_declared_as_one_are_noticed(coding):
    """Neighbouring samples belong to different voices."""
    pcm = two(voice(), voice(hz=220, seed=1) * 0.1)
    assert verdict(pcm, coding, coding, 1) == Reading(coding, 2)


SOUNDS = {
    "voice": voice(),
    "soft voice": voice(size=60),
    "clipped voice": voice(size=200_000),
    "voice with an offset": voice() + 3000,
    "white noise": np.random.default_rng(0).normal(0, 2000, 96_000),
    "loud noise": np.random.default_rng(0).normal(0, 30_000, 96_000),
    "faint noise": np.random.default_rng(0).normal(0, 1, 96_000),
    "hiss": np.diff(np.random.default_rng(0).normal(0, 2000, 96_001)),
    "silence": np.zeros(96_000),
    "one level": np.full(96_000, 12_345),
    "low tone": 8000 * np.sin(2 * np.pi * 450 * np.arange(96_000) / 8000),
    "high tone": 8000 * np.sin(2 * np.pi * 3800 * np.arange(96_000) / 8000),
    "square": 20_000 * np.sign(np.sin(2 * np.pi * 100 * np.arange(96_000) / 8000)),
    "clicks": 20_000.0 * (np.arange(96_000) % 100 == 0),
    "random bytes": np.random.default_rng(0).integers(-32768, 32768, 96_000),
}


@pytest.mark.parametrize("coding", DECLARABLE)
@pytest.mark.parametrize("sound", SOUNDS)
@pytest.mark.parametrize("other", ["none", "silent", "same", "noise"])
def test_what_is_declared_rightly_is_never_suspected(sound, coding, other):
    """However quiet, noisy, clipped or odd it is."""
    pcm = SOUNDS[sound].astype(float)
    right = {"silent": np.zeros(len(pcm)), "same": pcm, "noise": np.random.default_rng(1).normal(0, 30, len(pcm))}
    if other == "none":
        assert verdict(pcm, coding, coding) is None
    else:
        assert verdict(two(pcm, right[other]), coding, coding, 2) is None


def test_silence_first_is_no_excuse():
    """Nothing can be told before somebody speaks; then it is."""
    pcm = np.concatenate([np.zeros(80_000), voice()])
    assert verdict(pcm, "mulaw", "pcm16") == Reading("mulaw", 1)


def test_a_stream_that_is_cleared_is_not_looked_at_again():
    """Its later noises are its own; and nothing is kept."""
    watch = Plausibility("pcm16", 1)
    assert watch.suspect(ENCODE["pcm16"](voice(4))) is None
    assert watch.suspect(ENCODE["mulaw"](voice(12))) is None
    assert not watch._bytes


def test_the_watch_ends_by_itself():
    """A minute of noise in either direction decides nothing, and nothing is kept afterwards."""
    watch = Plausibility("pcm16", 1)
    noise = ENCODE["pcm16"](np.random.default_rng(0).normal(0, 2000, 8000 * 70))
    assert watch.suspect(noise) is None
    assert not watch._bytes
    assert watch.suspect(ENCODE["mulaw"](voice(12))) is None


def test_readings_say_what_they_are():
    """As the sender will read it."""
    assert str(Reading("mulaw", 2)) == "G.711 mu-law, 2 sides"
