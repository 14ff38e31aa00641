"""Build the sample calls from their scripts: ``TTS/.venv/bin/python samples/make.py --tts TTS [NAME...]``.

``TTS`` is a folder with a ``speak.py`` whose ``Speaker().say(text, voice, speed)`` gives mono float
samples at ``speak.MODEL_RATE``; run this with the Python that has its dependencies. For each
``scripts/NAME.tsv`` it writes ``calls/NAME.flac`` (8 kHz, agent left, customer right, every sample
through G.711 mu-law) and ``scripts/NAME.json``, the true times of the turns. The same TTS, script
and ``lines.toml`` give the same file: all noise comes from a generator seeded by the call's name.
"""

import argparse
import hashlib
import json
import sys
import tomllib
import zlib
from pathlib import Path
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt
import soundfile
import soxr

HERE = Path(__file__).resolve().parent
sys.path.append(str(HERE.parent))

from monitor.audio.g711 import decode_mulaw, encode_mulaw  # noqa: E402 - found beside us, not installed in the TTS's venv

Samples = npt.NDArray[np.float64]

RATE_HZ = 8_000
GAP_S = 0.4
SPEECH_DBFS = -25.0
"""Active speech level, about what ITU-T P.56 finds on telephone lines."""
PEAK = 0.95
BAND_HZ = (250.0, 3_500.0)
SIDES = ("agent", "customer")
BABBLE = (
    ("zf_xiaobei", "早上出门的时候还在下雨，中午太阳就出来了，下午又刮起了大风。"),
    ("zm_yunjian", "食堂今天的红烧鱼味道不错，就是排队的人太多，等了二十分钟。"),
    ("zf_xiaoxiao", "周末打算带孩子去动物园，听说那里新来了两只小熊猫。"),
    ("zm_yunxi", "楼下新开了一家书店，进去转了一圈，买了三本小说。"),
    ("zf_xiaoyi", "从这里坐地铁到火车站要换两次车，路上大概四十分钟。"),
    ("zm_yunyang", "昨天晚上的球赛踢得很精彩，最后三分钟连进两个球。"),
)


class Speaker(Protocol):
    """What is used of the TTS."""

    def say(self, text: str, voice: str, speed: float) -> npt.NDArray[np.float32]:
        """Mono samples at the model's rate."""
        ...


class Remembered:
    """A speaker whose sentences are kept in a folder, so that a changed noise or pause costs no synthesis."""

    def __init__(self, speaker: Speaker, folder: Path) -> None:
        self._speaker, self._folder = speaker, folder
        folder.mkdir(parents=True, exist_ok=True)

    def say(self, text: str, voice: str, speed: float) -> npt.NDArray[np.float32]:
        """The sentence, synthesised once."""
        path = self._folder / (hashlib.sha256(f"{voice} {speed} {text}".encode()).hexdigest()[:24] + ".npy")
        if not path.exists():
            np.save(path, self._speaker.say(text, voice, speed))
        kept: npt.NDArray[np.float32] = np.load(path)
        return kept


def read_script(path: Path) -> list[tuple[str, str, str, float, str]]:
    """Turns of a script: start as written, side, voice, speed, text."""
    turns = []
    for line in path.read_text(encoding="utf-8").splitlines():
        if line.strip() and not line.startswith("#"):
            start, side, voice, speed, text = line.split("\t")
            turns.append((start.strip(), side, voice, float(speed), text))
    return turns


def begin_s(start: str, after_s: float) -> float:
    """Seconds of the call at which a turn begins, ``after_s`` being the end of the turn before."""
    if not start:
        return after_s + GAP_S
    return after_s + float(start) if start.startswith("+") else float(start)


def telephone(samples: npt.NDArray[np.floating[Any]], rate_hz: int) -> Samples:
    """Speech as a telephone line carries it: 8 kHz, telephone band, levelled to one RMS."""
    line = soxr.resample(np.asarray(samples, dtype=np.float64), rate_hz, RATE_HZ)
    spectrum = np.fft.rfft(line)
    hz = np.fft.rfftfreq(len(line), 1 / RATE_HZ)
    low = 1 / (1 + (BAND_HZ[0] / np.maximum(hz, 1e-9)) ** 8)
    high = 1 / (1 + (hz / BAND_HZ[1]) ** 24)
    line = np.fft.irfft(spectrum * np.sqrt(low * high), len(line))
    return np.clip(at_level(line, SPEECH_DBFS), -PEAK, PEAK)


def at_level(samples: Samples, rms_dbfs: float) -> Samples:
    """The samples scaled to an RMS level."""
    return samples * (10 ** (rms_dbfs / 20) / float(np.sqrt(np.mean(samples**2))))


def pink(count: int, random: np.random.Generator) -> Samples:
    """Noise whose power falls by 3 dB an octave."""
    spectrum = np.fft.rfft(random.normal(size=count))
    hz = np.fft.rfftfreq(count, 1 / RATE_HZ)
    return np.fft.irfft(spectrum / np.sqrt(np.maximum(hz, 50.0)), count)


def hum(count: int) -> Samples:
    """Mains hum: 50 Hz with odd and even harmonics, falling."""
    seconds = np.arange(count) / RATE_HZ
    return np.sum([np.sin(2 * np.pi * 50 * n * seconds) / n for n in (1, 2, 3, 5, 7)], axis=0)


def knock(random: np.random.Generator) -> Samples:
    """A handset put down: 12 ms of noise that dies away."""
    count = int(0.012 * RATE_HZ)
    return random.normal(size=count) * np.exp(-np.arange(count) / (0.002 * RATE_HZ)) * 0.25


def babble(count: int, speaker: Speaker, rate_hz: int, random: np.random.Generator) -> Samples:
    """A room full of people: every voice of ``BABBLE`` twice, each looped from a place of its own."""
    room = np.zeros(count)
    for voice, text in BABBLE:
        speech = telephone(speaker.say(text, voice, 1.0), rate_hz)
        for _ in range(2):
            room += np.resize(np.roll(speech, int(random.integers(len(speech)))), count)
    return room


def noise(spec: dict[str, Any], count: int, speaker: Speaker, rate_hz: int, random: np.random.Generator) -> Samples:
    """Everything ``lines.toml`` puts on one side."""
    mixed = np.zeros(count)
    if "pink" in spec:
        mixed += at_level(pink(count, random), spec["pink"])
    if "hum" in spec:
        mixed += at_level(hum(count), spec["hum"])
    if "babble" in spec:
        mixed += at_level(babble(count, speaker, rate_hz, random), spec["babble"])
    for second in spec.get("knocks_s", ()):
        click = knock(random)
        first = int(second * RATE_HZ)
        mixed[first : first + len(click)] += click
    return mixed


def build(name: str, line: dict[str, Any], speaker: Speaker, rate_hz: int) -> float:
    """Write one call; return its length in seconds."""
    random = np.random.default_rng(zlib.crc32(name.encode()))
    placed: list[tuple[int, int, Samples]] = []
    turns = []
    after_s = 0.0
    for start, side, voice, speed, text in read_script(HERE / "scripts" / f"{name}.tsv"):
        speech = telephone(speaker.say(text, voice, speed), rate_hz)
        first = round(begin_s(start, after_s) * RATE_HZ)
        last = first + len(speech)
        after_s = last / RATE_HZ
        placed.append((SIDES.index(side), first, speech))
        turns.append(
            {
                "from_ms": first * 1000 // RATE_HZ,
                "to_ms": last * 1000 // RATE_HZ,
                "side": side,
                "voice": voice,
                "text": text,
            }
        )
    count = max(first + len(speech) for _, first, speech in placed) + int(line["tail_s"] * RATE_HZ)
    call = random.normal(size=(count, 2)) * 10 ** (line["floor_dbfs"] / 20)
    for channel, side in enumerate(SIDES):
        call[:, channel] += noise(line.get(side, {}), count, speaker, rate_hz, random)
    for channel, first, speech in placed:
        call[first : first + len(speech), channel] += speech
    if line.get("mono"):
        call = call.sum(axis=1, keepdims=True)
    soundfile.write(
        HERE / "calls" / f"{name}.flac", on_the_line(call), RATE_HZ, subtype="PCM_16", compression_level=1.0
    )
    times = HERE / "scripts" / f"{name}.json"
    times.write_text(json.dumps(turns, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")
    return count / RATE_HZ


def build_clips(speaker: Speaker, rate_hz: int, floor_dbfs: float) -> None:
    """Write ``clips/NAME.flac`` for every line of ``clips.tsv``: one sentence, mono, 0.3 s of quiet around it."""
    (HERE / "clips").mkdir(exist_ok=True)
    for line in (HERE / "clips.tsv").read_text(encoding="utf-8").splitlines():
        if line.startswith("#"):
            continue
        name, voice, speed, text = line.split("\t")
        clip = np.pad(telephone(speaker.say(text, voice, float(speed)), rate_hz), int(0.3 * RATE_HZ))
        clip += np.random.default_rng(zlib.crc32(name.encode())).normal(size=len(clip)) * 10 ** (floor_dbfs / 20)
        soundfile.write(HERE / "clips" / f"{name}.flac", on_the_line(clip), RATE_HZ, subtype="PCM_16")
        print(f"clip {name}: {len(clip) / RATE_HZ:.1f} s")


def on_the_line(samples: Samples) -> npt.NDArray[np.int16]:
    """Samples in [-1, 1] as 16 bits that have been through G.711 mu-law."""
    linear = np.round(np.clip(samples, -1, 1) * 32767).astype("<i2")
    return np.frombuffer(decode_mulaw(encode_mulaw(linear.tobytes())), dtype="<i2").reshape(samples.shape)


def main() -> None:
    """Build the named calls, or everything."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("names", nargs="*", help="calls to build (default: every script, and the clips)")
    parser.add_argument("--tts", type=Path, required=True, help="folder that holds speak.py")
    parser.add_argument("--cache", type=Path, help="keep synthesised sentences here")
    options = parser.parse_args()
    sys.path.insert(0, str(options.tts))
    import speak  # type: ignore[import-not-found]  # the caller's, known only by its folder

    speaker: Speaker = speak.Speaker()
    if options.cache:
        speaker = Remembered(speaker, options.cache)
    lines = tomllib.loads((HERE / "lines.toml").read_text(encoding="utf-8"))
    names = options.names or sorted(path.stem for path in (HERE / "scripts").glob("*.tsv"))
    (HERE / "calls").mkdir(exist_ok=True)
    for name in names:
        seconds = build(name, {**lines["defaults"], **lines.get(name, {})}, speaker, speak.MODEL_RATE)
        print(f"{name}: {seconds:.1f} s")
    if not options.names:
        build_clips(speaker, speak.MODEL_RATE, lines["defaults"]["floor_dbfs"])


if __name__ == "__main__":
    main()
