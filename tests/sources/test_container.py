import av
import numpy as np
import pytest

from monitor.errors import AudioError
from monitor.sources.container import Container


def runs(container: Container) -> list[tuple[int, int]]:
    """Where sound begins and ends, neighbours joined."""
    out: list[tuple[int, int]] = []
    for start, samples in container:
        if out and out[-1][1] == start:
            out[-1] = out[-1][0], start + len(samples)
        else:
            out.append((start, start + len(samples)))
    container.close()
    return out


def test_samples_are_counted_from_the_first_one(record):
    """Timestamps that do not begin at nought (MP3, streams) are no silence."""
    assert runs(Container(record("call.wav"))) == [(0, 16_000)]
    begin, end = runs(Container(record("call.mp3", "libmp3lame")))[0]
    assert begin == 0
    assert end == pytest.approx(16_000, abs=1200)


def test_a_leap_in_time_is_a_hole(record):
    """Matroska keeps timestamps: one second in, half a second is missing."""
    assert runs(Container(record("call.mka", "pcm_s16le", skip=(1.0, 0.5)))) == [(0, 8000), (12_000, 20_000)]


def test_a_small_leap_is_rounding(record):
    """Up to 60 ms; samples are counted."""
    assert runs(Container(record("call.mka", "pcm_s16le", skip=(1.0, 0.05)))) == [(0, 16_000)]


def test_codecs_that_pause_are_quiet_in_the_leap(record):
    """Opus sends nothing while nobody speaks: that is silence, not damage."""
    container = Container(record("call.mka", "libopus", rate_hz=48_000, skip=(1.0, 3.0)))
    pieces = dict(iter(container))
    total = sum(len(samples) for samples in pieces.values())
    assert total == pytest.approx(5 * 48_000, abs=3000)
    assert all(start + len(samples) <= total for start, samples in pieces.items())
    middle = np.concatenate(list(pieces.values()))[2 * 48_000 : 3 * 48_000]
    assert not middle.any()


def test_a_leap_while_resampling_loses_nothing(record):
    """What the conversion holds back belongs before the hole."""
    path = record("call.mka", "pcm_s16le", rate_hz=96_000, skip=(1.0, 0.5))
    (first, second) = runs(Container(path))
    assert first == (0, pytest.approx(16_000, abs=40))
    assert second == (pytest.approx(24_000, abs=40), pytest.approx(40_000, abs=80))


def test_a_file_that_changes_in_the_middle_goes_on(record, tmp_path):
    """Two MP3 files put together, the second mono and at another rate."""
    first = record("1.mp3", "libmp3lame", rate_hz=16_000)
    second = record("2.mp3", "libmp3lame", rate_hz=24_000, channels=1)
    both = tmp_path / "both.mp3"
    both.write_bytes(first.read_bytes() + second.read_bytes())
    container = Container(both)
    assert (container.channels, container.rate_hz) == (2, 16_000)
    begin, end = runs(container)[0]
    assert begin == 0
    assert end > 3.5 * 16_000


def test_a_film_without_sound(tmp_path):
    """A container that FFmpeg reads and that holds no audio."""
    path = tmp_path / "film.mp4"
    with av.open(str(path), "w") as container:
        stream = container.add_stream("mpeg4", rate=10)
        stream.width = stream.height = 32
        stream.pix_fmt = "yuv420p"
        container.mux(stream.encode(av.VideoFrame(32, 32, "yuv420p")))
        container.mux(stream.encode(None))
    with pytest.raises(AudioError) as caught:
        Container(path)
    assert caught.value.code == "AUD-004"


def test_sound_that_cannot_be_decoded_is_not_called_empty(record):
    """A FLAC header, then nonsense."""
    path = record("call.flac", "flac")
    data = path.read_bytes()
    sound = data.index(b"\xff\xf8", 8000)  # the sync code of the first frame, behind 8 kB of padding
    path.write_bytes(data[:sound] + b"\xff\xf8" + np.random.default_rng(1).bytes(3000))
    with pytest.raises(AudioError) as caught:
        Container(path)
    assert caught.value.code == "AUD-002"


def test_an_error_leaves_no_file_open(tmp_path, monkeypatch):
    """Also for what is refused after it was opened."""
    path = tmp_path / "call.wav"
    path.write_bytes(b"nonsense")
    opened = []
    original = type(path).open

    def remember(self, *args):
        opened.append(original(self, *args))
        return opened[-1]

    monkeypatch.setattr(type(path), "open", remember)
    with pytest.raises(AudioError):
        Container(path)
    assert [file.closed for file in opened] == [True]
