from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest

from monitor.errors import AudioError
from monitor.frames import AudioFrame, AudioLoss, Side
from monitor.sources.files import Recording, open_recording, recordings

A, C, U = Side.AGENT, Side.CUSTOMER, Side.UNKNOWN


def read(recording: Recording) -> tuple[dict[Side, bytes], list[AudioLoss]]:
    """All sound of each side, and all losses; checks what every frame promises."""
    sound = dict.fromkeys(recording.sides, b"")
    losses, front = [], 0
    with recording:
        for item in recording:
            assert item.from_ms >= front
            front = item.from_ms
            if isinstance(item, AudioLoss):
                losses.append(item)
            else:
                assert isinstance(item, AudioFrame)
                assert 0 < item.to_ms - item.from_ms <= 20
                assert item.rate_hz == recording.rate_hz
                sound[item.side] += item.pcm
    return sound, losses


def pitch(pcm: bytes, rate_hz: int) -> int:
    """The strongest frequency, to 10 Hz."""
    power = np.abs(np.fft.rfft(np.frombuffer(pcm, "<i2")[: rate_hz // 2 * 2].astype(float), rate_hz))
    return round(float(power.argmax()), -1)


FORMATS = [
    ("call.wav", "pcm_s16le", 8000),
    ("call.wav", "pcm_s16le", 11_025),
    ("call.wav", "pcm_s16le", 44_100),
    ("call.wav", "pcm_s24le", 48_000),
    ("call.wav", "pcm_f32le", 16_000),
    ("call.wav", "pcm_u8", 8000),
    ("call.wav", "pcm_mulaw", 8000),
    ("call.wav", "pcm_alaw", 8000),
    ("call.flac", "flac", 16_000),
    ("call.mp3", "libmp3lame", 8000),
    ("call.mp3", "libmp3lame", 44_100),
    ("call.m4a", "aac", 16_000),
    ("call.ogg", "libopus", 48_000),
    ("call.webm", "libopus", 48_000),
]


@pytest.mark.parametrize(("name", "codec", "rate_hz"), FORMATS)
@pytest.mark.parametrize("channels", [1, 2])
def test_every_usual_format_is_read(record, name, codec, rate_hz, channels):
    """Right channel to the right side, right length, at the recording's own rate."""
    path = record(name, codec, rate_hz=rate_hz, channels=channels)
    recording = open_recording(path, mono_side=C)
    assert recording.sides == ((A, C) if channels == 2 else (C,))
    assert recording.rate_hz == rate_hz
    assert recording.duration_ms == pytest.approx(2000, abs=130)
    sound, losses = read(recording)
    assert losses == []
    assert [pitch(sound[side], rate_hz) for side in recording.sides] == [300, 500][:channels]
    assert len(sound[recording.sides[0]]) / 2 / rate_hz == pytest.approx(2.0, abs=0.15)


def test_pcm_comes_through_unchanged(record):
    """Bit for bit, side by side, with every sample once and in its place."""
    samples = np.random.default_rng(0).integers(-32768, 32768, (8001, 2)).astype(np.int16)
    recording = open_recording(record("call.wav", samples=samples), layout=(C, A))
    frames = list(recording)
    assert [frame.side for frame in frames[:4]] == [C, A, C, A]
    for channel, side in enumerate((C, A)):
        own = [frame for frame in frames if frame.side is side]
        assert b"".join(frame.pcm for frame in own) == samples[:, channel].astype("<i2").tobytes()
        assert all(left.start + len(left.pcm) // 2 == right.start for left, right in pairwise(own))
        assert {len(frame.pcm) for frame in own[:-1]} == {320}


def test_a_mono_recording_is_nobodys_unless_told(record):
    """An unknown side is never charged to the agent."""
    assert open_recording(record("call.wav", channels=1)).sides == (U,)


@pytest.mark.parametrize("rate_hz", [4000, 96_000])
def test_odd_rates_are_brought_to_16_khz(record, rate_hz):
    """With the same length and the same sound."""
    recording = open_recording(record("call.wav", rate_hz=rate_hz, channels=1))
    sound, _ = read(recording)
    assert recording.rate_hz == 16_000
    assert len(sound[U]) / 2 == pytest.approx(32_000, abs=2)
    assert pitch(sound[U], 16_000) == 300


def test_the_name_does_not_matter(record):
    """Recorders invent suffixes."""
    path = record("call.wav")
    odd = path.rename(path.with_name("call.v3"))
    assert read(open_recording(odd))[1] == []


def test_a_recording_that_breaks_off_says_what_is_missing(record):
    """What is there is given; the rest, up to the declared end, is a loss on each side."""
    path = record("call.wav", seconds=4)
    path.write_bytes(path.read_bytes()[: 44 + 34 + 2 * 4 * 8000])
    recording = open_recording(path)
    assert recording.duration_ms == 4000
    sound, losses = read(recording)
    end = len(sound[A]) // 16
    assert 1990 <= end <= 2010
    assert losses == [AudioLoss(side=side, from_ms=end, to_ms=4000, reason="truncated") for side in (A, C)]


def test_damage_in_the_middle_is_a_hole(record):
    """The sound behind it keeps its place."""
    path = record("call.flac", "flac", seconds=8, samples=None)
    data = bytearray(path.read_bytes())
    third = len(data) // 3
    data[third : third + len(data) // 8] = np.random.default_rng(0).bytes(len(data) // 8)
    path.write_bytes(data)
    sound, losses = read(open_recording(path))
    assert {loss.reason for loss in losses} == {"damaged"}
    missing_ms = sum(loss.to_ms - loss.from_ms for loss in losses if loss.side is A)
    assert 300 < missing_ms < 4000
    assert len(sound[A]) / 16 + missing_ms == pytest.approx(8000, abs=2)


@pytest.mark.parametrize(
    ("content", "code"),
    [
        (b"", "AUD-005"),
        (b"hello, this is a text file\n" * 50, "AUD-002"),
        (np.random.default_rng(0).bytes(30_000), "AUD-002"),
        (b"#EXTM3U\n#EXT-X-TARGETDURATION:1\n#EXTINF:1,\nfile:///etc/passwd\n", "AUD-002"),
        (b"ffconcat version 1.0\nfile call.wav\n", "AUD-002"),
    ],
    ids=["empty", "text", "random", "playlist", "concat"],
)
def test_what_is_not_audio_is_refused_by_code(tmp_path, content, code):
    """In Chinese, with the file's name; and nothing else is opened on its behalf."""
    path = tmp_path / "call.wav"
    path.write_bytes(content)
    with pytest.raises(AudioError, match=r"call\.wav: [一-鿿]") as caught:
        open_recording(path)
    assert caught.value.code == code


def test_a_header_without_sound_is_empty(record):
    """The recorder was started and stopped."""
    path = record("call.wav")
    path.write_bytes(path.read_bytes()[:78])
    with pytest.raises(AudioError) as caught:
        open_recording(path)
    assert caught.value.code == "AUD-005"


def test_six_channels_are_too_many(record):
    """Nobody could say whose voice is where."""
    with pytest.raises(AudioError, match="6 声道") as caught:
        open_recording(record("call.wav", channels=6))
    assert caught.value.code == "AUD-003"


def test_missing_folder_and_forbidden_files_are_told_apart(tmp_path, record, monkeypatch):
    """Each has its code; permission is faked, since tests may run as root."""
    with pytest.raises(AudioError) as missing:
        open_recording(tmp_path / "nowhere.wav")
    with pytest.raises(AudioError) as folder:
        open_recording(tmp_path)
    path = record("call.wav")

    def forbid(*_: object) -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(Path, "open", forbid)
    with pytest.raises(AudioError) as forbidden:
        open_recording(path)
    assert [caught.value.code for caught in (missing, folder, forbidden)] == ["AUD-006", "AUD-007", "AUD-008"]


def test_closing_gives_the_file_back(record):
    """Also when nobody iterated, and twice."""
    recording = open_recording(record("call.wav"))
    recording.close()
    recording.close()
    assert recording._container._file.closed


class TestRecordings:
    def test_folders_give_their_recordings_in_order(self, tmp_path):
        """Known suffixes in any case, folders below, nothing hidden."""
        names = ["b/2.WAV", "b/1.mp3", "a.flac", "notes.txt", ".hidden.wav", ".git/x.wav", "b/._1.mp3"]
        for name in names:
            (tmp_path / name).parent.mkdir(exist_ok=True)
            (tmp_path / name).touch()
        found = recordings([tmp_path])
        assert [str(path.relative_to(tmp_path)) for path in found] == ["a.flac", "b/1.mp3", "b/2.WAV"]

    def test_named_files_are_taken_as_named_and_once(self, tmp_path):
        """Whatever their suffix; a folder that holds them too adds nothing."""
        for name in ("x.v3", "a.wav"):
            (tmp_path / name).touch()
        asked = [tmp_path / "x.v3", tmp_path / "a.wav", tmp_path, tmp_path / "x.v3"]
        assert recordings(asked) == [tmp_path / "x.v3", tmp_path / "a.wav"]

    def test_what_is_not_there_is_an_error(self, tmp_path):
        """Before anything is audited."""
        with pytest.raises(AudioError) as caught:
            recordings([tmp_path / "nowhere"])
        assert caught.value.code == "AUD-006"

    def test_a_folder_without_recordings_is_an_error(self, tmp_path):
        """Rather than an audit of nothing; the known suffixes are named."""
        (tmp_path / "notes.txt").touch()
        with pytest.raises(AudioError, match=r"\.wav") as caught:
            recordings([tmp_path])
        assert caught.value.code == "AUD-009"

    def test_a_folder_that_may_not_be_read(self, tmp_path, monkeypatch):
        """Permission is faked, since tests may run as root."""

        def forbid(_: Path) -> None:
            raise PermissionError(13, "Permission denied")

        monkeypatch.setattr(Path, "iterdir", forbid)
        with pytest.raises(AudioError) as caught:
            recordings([tmp_path])
        assert caught.value.code == "AUD-008"
