"""How well each sample call can be heard: Whisper's words against the script, turn by turn.

``python samples/heard.py --weights DIR`` prints the table; ``--write`` puts it into ``README.md``.
The character error rate (CER) is edit distance over characters of the script, both in Simplified
characters without punctuation; the syllable error rate (SER) is the same over toneless pinyin with
the usual confusions folded, which is what matching by sound has to work with.
"""

import argparse
import json
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import av
import numpy as np
import soxr
from numpy.typing import NDArray
from rapidfuzz.distance import Levenshtein

from monitor.engines.whisper import WhisperSettings, load
from monitor.events import DecodeWanted
from monitor.frames import Pass, Side
from monitor.speech.engine import Engine
from monitor.text.reading import read
from monitor.timeline import RATE_HZ, Ms, samples_at

HERE = Path(__file__).resolve().parent
MARKS = ("<!-- heard -->", "<!-- /heard -->")
MARGIN_MS = 100


@dataclass(frozen=True, slots=True)
class Heard:
    """One call's words against its script."""

    name: str
    seconds: float
    turns: int
    voices: tuple[str, ...]
    cer: float
    ser: float

    @property
    def row(self) -> str:
        """A line of the table."""
        voices = ", ".join(voice.removeprefix("zf_").removeprefix("zm_") for voice in self.voices)
        return f"| `{self.name}` | {self.seconds:.0f} | {self.turns} | {voices} | {self.cer:.2f} | {self.ser:.2f} |"


def names() -> list[str]:
    """Every sample call."""
    return sorted(path.stem for path in (HERE / "scripts").glob("*.tsv"))


def turns(name: str) -> list[dict[str, str | int]]:
    """The script's turns with their true times."""
    loaded: list[dict[str, str | int]] = json.loads((HERE / "scripts" / f"{name}.json").read_text(encoding="utf-8"))
    return loaded


def channels(path: Path) -> NDArray[np.float32]:
    """The recording at 16 kHz: (channels, samples) in [-1, 1]."""
    with av.open(str(path)) as container:
        stream = container.streams.audio[0]
        packed = [frame.to_ndarray() for frame in container.decode(stream)]
        count, rate_hz = stream.channels, stream.rate
    planes = np.concatenate([part.reshape(-1, count).T for part in packed], axis=1)
    wide: NDArray[np.float32] = soxr.resample(planes.T.astype(np.float32) / 32768, rate_hz, RATE_HZ).T
    return wide


def listen(name: str, engine: Engine) -> Heard:
    """Decode each turn of a call from the recording and compare."""
    sound, script = channels(HERE / "calls" / f"{name}.flac"), turns(name)
    wanted = []
    for number, turn in enumerate(script):
        from_ms, to_ms = int(turn["from_ms"]) - MARGIN_MS, int(turn["to_ms"]) + MARGIN_MS
        channel = sound[1 if len(sound) > 1 and turn["side"] == "customer" else 0]
        stretch = channel[samples_at(from_ms) : samples_at(to_ms)]
        wanted.append(
            DecodeWanted(
                call_id=name,
                utterance_id=str(number),
                revision=1,
                decode=Pass.FINAL,
                side=Side(str(turn["side"])),
                from_ms=Ms(from_ms),
                to_ms=Ms(to_ms),
                pcm=(np.clip(stretch, -1, 1) * 32767).astype("<i2").tobytes(),
            )
        )
    wrong_chars = chars = wrong_syllables = syllables = 0
    for turn, heard in zip(script, engine.decode(wanted), strict=True):
        said, got = read(str(turn["text"])), read(heard.text)
        wrong_chars += Levenshtein.distance(said.plain, got.plain)
        chars += len(said.plain)
        sounds = [syllable.folded for syllable in said.syllables]
        wrong_syllables += Levenshtein.distance(sounds, [syllable.folded for syllable in got.syllables])
        syllables += len(sounds)
    voices = tuple(dict.fromkeys(str(turn["voice"]) for turn in script))
    seconds = sound.shape[1] / RATE_HZ
    return Heard(name, seconds, len(script), voices, wrong_chars / chars, wrong_syllables / syllables)


def table(heard: Iterable[Heard]) -> str:
    """The README's table."""
    head = "| call | s | turns | voices | CER | SER |\n|---|---|---|---|---|---|"
    return "\n".join([head, *(call.row for call in heard)])


def main() -> None:
    """Measure, print, and where asked write."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("names", nargs="*")
    parser.add_argument("--weights", type=Path, required=True, help="folder of the Whisper model")
    parser.add_argument("--write", action="store_true", help="write the table into README.md")
    options = parser.parse_args()
    engine = load(WhisperSettings(weights=options.weights))
    measured = table(listen(name, engine) for name in options.names or names())
    print(measured)
    if options.write:
        readme = HERE / "README.md"
        before, rest = readme.read_text(encoding="utf-8").split(MARKS[0])
        after = rest.split(MARKS[1])[1]
        readme.write_text(f"{before}{MARKS[0]}\n{measured}\n{MARKS[1]}{after}", encoding="utf-8")


if __name__ == "__main__":
    main()
