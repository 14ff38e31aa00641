"""Whisper base's encoder that remembers silence, held against the one that listens to all of it."""

from collections.abc import Sequence
from dataclasses import replace

import ctranslate2
import numpy as np
import pytest
from spoken import clip, wanted

from monitor.engines.encoder import Joined, RememberedSilence, WholeWindow, remembering
from monitor.engines.features import LogMel
from monitor.engines.policy import WhisperSettings
from monitor.engines.whisper import WhisperEngine, load
from monitor.engines.window import FULL_MS

WINDOW_MS = 10_000


@pytest.fixture(scope="module")
def remembered(settings: WhisperSettings) -> RememberedSilence:
    made = remembering((settings.weights / "model.bin").read_bytes())
    assert made is not None
    return made


@pytest.fixture(scope="module")
def whole(settings: WhisperSettings) -> WholeWindow:
    model = ctranslate2.models.Whisper(str(settings.weights), compute_type="float32", intra_threads=2)
    return WholeWindow(model, LogMel(80))


def alike(one: np.ndarray, other: np.ndarray) -> float:
    """Mean cosine of the rows."""
    return float(np.mean((one * other).sum(-1) / np.linalg.norm(one, axis=-1) / np.linalg.norm(other, axis=-1)))


@pytest.mark.whisper
@pytest.mark.parametrize("name", ["not-my-job", "greeting", "warranty-card"])
def test_speech_is_heard_as_in_the_full_window(remembered: RememberedSilence, whole: WholeWindow, name: str) -> None:
    """More than by CTranslate2 in a window as short as the one that is really encoded."""
    pcm = clip(name)
    rows = len(pcm) // 640
    full = whole([pcm], FULL_MS)[0][:rows]
    ours, short = remembered([pcm], WINDOW_MS)[0][:rows], whole([pcm], (rows + 50) * 20)[0][:rows]
    assert alike(ours, full) > 0.95
    assert alike(ours, full) > alike(short, full)


@pytest.mark.whisper
def test_the_window_is_as_long_as_was_asked(remembered: RememberedSilence) -> None:
    pcm = clip("greeting")
    assert remembered([pcm, pcm[:32_000]], WINDOW_MS).shape == (2, 500, 512)
    assert remembered([pcm], 2_000).shape == (1, 100, 512), "audio beyond it is left out"
    assert remembered([b""], WINDOW_MS).shape == (1, 500, 512)
    assert remembered([bytes(32 * 40_000)], FULL_MS).shape == (1, 1_500, 512)


@pytest.mark.whisper
def test_each_piece_is_heard_by_itself(remembered: RememberedSilence) -> None:
    pieces = [clip("greeting"), clip("not-my-job")]
    for piece, states in zip(pieces, remembered(pieces, WINDOW_MS), strict=True):
        np.testing.assert_array_equal(states, remembered([piece], WINDOW_MS)[0])


@pytest.mark.whisper
def test_the_volume_does_not_matter(remembered: RememberedSilence) -> None:
    pcm = clip("greeting")
    quiet = (np.frombuffer(pcm, "<i2") // 4).astype("<i2").tobytes()
    assert alike(remembered([quiet], WINDOW_MS)[0], remembered([pcm], WINDOW_MS)[0]) > 0.98


@pytest.mark.whisper
def test_the_engine_hears_with_it(engine: WhisperEngine, settings: WhisperSettings) -> None:
    assert isinstance(engine._encoder, Joined)
    assert isinstance(engine._encoder._encoder, RememberedSilence)
    (heard,) = engine.decode([wanted(clip("not-my-job"), utterance="remembered")])
    assert heard.text


class Ramp:
    """Every state is its own number."""

    def state_ms(self, window_ms: int) -> int:
        return 20

    def __call__(self, pieces: Sequence[bytes], window_ms: int) -> np.ndarray:
        rows = np.arange(window_ms // 20, dtype=np.float32)
        return np.tile(rows[:, None], (len(pieces), 1, 4))


def test_neighbours_become_their_mean() -> None:
    joined = Joined(Ramp(), 2, below_ms=20_000)
    assert joined.state_ms(200) == 40
    states = joined([b"", b""], 200)
    assert (states.shape, states.dtype) == ((2, 5, 4), np.float32)
    assert states[1, :, 0].tolist() == [0.5, 2.5, 4.5, 6.5, 8.5]
    assert Joined(Ramp(), 3, below_ms=20_000)([b""], 200).shape == (1, 3, 4), "what does not fill a state is left out"


def test_in_long_windows_every_state_is_itself() -> None:
    joined = Joined(Ramp(), 2, below_ms=20_000)
    assert joined.state_ms(20_000) == 20
    assert joined([b""], 20_000)[0, :, 0].tolist() == list(range(1_000))


@pytest.mark.whisper
def test_words_keep_their_times_when_states_are_joined(settings: WhisperSettings) -> None:
    """Within two states of what single states tell; no word is lost."""
    engines = [load(replace(settings, join_states=join)) for join in (1, 2)]
    for name in ("greeting", "not-my-job", "go-find-whoever"):
        single, joined = (engine.decode([wanted(clip(name))])[0] for engine in engines)
        times = [{word.text: word.from_ms for word in heard.words} for heard in (single, joined)]
        both = times[0].keys() & times[1].keys()
        assert len(both) >= 0.8 * len(times[0])
        assert float(np.median([abs(times[0][text] - times[1][text]) for text in both])) <= 80


def test_weights_of_another_kind_leave_it_to_the_library(caplog: pytest.LogCaptureFixture) -> None:
    assert remembering(b"GGUF and so on") is None
    assert "CTranslate2's is used" in caplog.text
