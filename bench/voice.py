"""What is taken for speech and what is missed, without any recogniser; and which stream formats are suspected.

    .venv/bin/python bench/voice.py CORPUS [--clips 120] [--write docs/voice.md]

Speech: recordings of CORPUS (``speech_corpus.py``) over the telephone lines of ``telephone.py``, at two
levels. A block of the clean recording within 22 dB of its loudest counts as speech; it is *missed* when no
decoded audio holds it. *Late* is how long after the last of it the eager decode is asked for.
Noise and music on hold at three levels, and the tones of telephone exchanges: utterances that would be
decoded for each minute of it. Formats: every recording sent as what it is and as what it is not.
"""

import argparse
import datetime
import platform
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import product
from pathlib import Path

import numpy as np
from speech_corpus import LINE_HZ, Samples, load, noises, recordings, sentences
from telephone import LEAD_S, LINES, sent

from monitor.audio import g711
from monitor.audio.resample import Resampler
from monitor.audio.vad import Voice
from monitor.frames import Pass
from monitor.sources.plausibility import Plausibility
from monitor.speech.endpoint import Ask, Closed, Endpointer, EndpointPolicy, Move
from monitor.timeline import BLOCK_MS

MARKS = ("<!-- voice -->", "<!-- /voice -->")
BLOCK = LINE_HZ * BLOCK_MS // 1000
SPEECH_RANGE_DB = 22
TONES = {
    "ringback 450 Hz, 1 s on 4 s off": ((450,), 1.0, 4.0),
    "busy 450 Hz, 0.35 s": ((450,), 0.35, 0.35),
    "dial tone 450 Hz": ((450,), 60.0, 0.0),
    "DTMF 0.1 s": ((770, 1336), 0.1, 0.1),
    "beep 1000 Hz, 0.3 s": ((1000,), 0.3, 1.7),
    "ringback 440+480 Hz": ((440, 480), 2.0, 4.0),
    "fax 1100 Hz, 0.5 s": ((1100,), 0.5, 3.0),
}


@dataclass(frozen=True, slots=True)
class Heard:
    """What the endpointer made of a recording."""

    finals: list[Ask]
    eager_ms: list[int]
    """When eager decodes were asked for."""


def hear(pcm: bytes) -> Heard:
    """8 kHz PCM through resampler, voice activity and endpointer."""
    resampler, voice, endpointer = Resampler(LINE_HZ), Voice(), Endpointer(EndpointPolicy())
    wide = resampler.push(pcm) + resampler.flush()
    finals: list[Ask] = []
    asks: list[Ask] = []
    eager_ms: list[int] = []

    def take(moves: Sequence[Move]) -> None:
        for move in moves:
            match move:
                case Ask():
                    asks.append(move)
                    if move.decode is Pass.EAGER:
                        eager_ms.append(move.to_ms)
                case Closed(revision=revision):
                    finals.extend(ask for ask in asks if ask.revision == revision)
                    asks.clear()

    for begin in range(0, len(wide) - 639, 640):
        block = wide[begin : begin + 640]
        take(endpointer.block(block, voice.block(block)))
    take(endpointer.close())
    return Heard(finals, eager_ms)


def at_level(wave: Samples, level_dbfs: float) -> Samples:
    """The recording with this RMS."""
    return wave * (10 ** (level_dbfs / 20) / np.sqrt(np.mean(wave**2)))


def speech_blocks(wave: Samples) -> np.ndarray:
    """Which 20 ms blocks of a clean recording hold speech."""
    power = np.square(wave[: len(wave) // BLOCK * BLOCK]).reshape(-1, BLOCK).mean(axis=1)
    return power > np.quantile(power, 0.95) / 10 ** (SPEECH_RANGE_DB / 10)


def speech_table(clips: dict[str, Samples], noise: list[Path]) -> Iterator[str]:
    """One row for each line condition and level."""
    yield "| line | level | speech missed | clips lost | late p50 / p95 ms | utterances a clip |"
    yield "|---|---|---|---|---|---|"
    for line, level in product(LINES.values(), (-24, -38)):
        missed = total = lost = utterances = 0
        late = []
        for name, clip in clips.items():
            speech = speech_blocks(clip)
            heard = hear(sent(at_level(clip, level), line, name, noise))
            first = round(LEAD_S * 1000) // BLOCK_MS
            covered = np.zeros(first + len(speech) + 500, bool)
            for ask in heard.finals:
                covered[ask.from_ms // BLOCK_MS : ask.to_ms // BLOCK_MS] = True
            here = covered[first : first + len(speech)][speech]
            missed, total = missed + int((~here).sum()), total + len(here)
            lost += not here.any()
            utterances += len(heard.finals)
            end_ms = (first + int(np.flatnonzero(speech)[-1]) + 1) * BLOCK_MS
            late += [heard.eager_ms[-1] - end_ms] if heard.eager_ms else []
        p50, p95 = np.quantile(late, (0.5, 0.95))
        yield (
            f"| {line.name} | {level} dBFS | {missed / total:.1%} | {lost} of {len(clips)} "
            f"| {p50:.0f} / {p95:.0f} | {utterances / len(clips):.2f} |"
        )


def noise_table(corpus: Path) -> Iterator[str]:
    """One row for each recording of noise or music, and each tone."""
    yield "| no speech | " + " | ".join(f"{level} dBFS" for level in (-45, -35, -25)) + " |"
    yield "|---|---|---|---|"
    for path in sorted((corpus / "real" / "noise").glob("*.flac")):
        wave = load(path)[: LINE_HZ * 60]
        yield f"| {path.stem.removeprefix('noise__')} | " + " | ".join(_rates(wave, (-45, -35, -25))) + " |"
    time = np.arange(LINE_HZ * 60) / LINE_HZ
    for name, (frequencies, on_s, off_s) in TONES.items():
        wave = sum(np.sin(2 * np.pi * hz * time) for hz in frequencies) * (time % (on_s + off_s) < on_s)
        yield f"| {name} | " + " | ".join(_rates(wave, (-45, -35, -25))) + " |"


def _rates(wave: Samples, levels: Sequence[float]) -> Iterator[str]:
    hiss = np.random.default_rng(0).normal(0, 10 ** (-66 / 20), len(wave))
    for level in levels:
        pcm = np.rint(np.clip(at_level(wave, level) + hiss, -1, 1) * 32767).astype("<i2").tobytes()
        finals = hear(g711.decode_alaw(g711.encode_alaw(pcm))).finals
        busy_ms = sum(ask.to_ms - ask.from_ms for ask in finals)
        minutes = len(wave) / LINE_HZ / 60
        yield f"{len(finals) / minutes:.1f}/min, {busy_ms / 600 / minutes:.0f} %" if finals else "none"


def format_table(clips: dict[str, Samples], corpus: Path) -> Iterator[str]:
    """Suspicions of streams of some 15 s: one voice, or two sides."""
    names = list(clips)
    talk = [np.concatenate([clips[name] for name in names[at : at + 4]]) for at in range(0, len(names) - 3, 4)]
    rest = [load(path)[: LINE_HZ * 30] for path in sorted((corpus / "real" / "noise").glob("*.flac"))]
    encode = {
        "pcm16": lambda pcm: pcm,
        "mulaw": g711.encode_mulaw,
        "alaw": g711.encode_alaw,
    }
    yield "| sent as | declared as | speech suspected | noise and music suspected |"
    yield "|---|---|---|---|"
    for actual, declared in product(encode, encode):
        found = []
        for streams in (talk, rest):
            hits = count = 0
            for at, wave in enumerate(streams):
                for level, sides in product((-45, -24, -10), (1, 2)):
                    left = at_level(wave, level)
                    right = np.resize(at_level(streams[at - 1], level - 6), len(left))
                    both = left if sides == 1 else np.stack([left, right], axis=1).ravel()
                    data = encode[actual](np.rint(np.clip(both, -1, 1) * 32767).astype("<i2").tobytes())
                    hits += Plausibility(declared, sides).suspect(data) is not None
                    count += 1
            found.append(f"{hits} of {count}")
        yield f"| {actual} | {declared} | " + " | ".join(found) + " |"


def main() -> None:
    """Measure and print, or write between the marks of a page."""
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("corpus", type=Path)
    arguments.add_argument("--clips", type=int, default=120, help="recordings of speech, half of them synthetic")
    arguments.add_argument("--write", type=Path, help="a page whose part between the marks is replaced")
    options = arguments.parse_args()
    random = np.random.default_rng(0)
    real = [item.path for item in recordings(options.corpus)]
    made = [item.path for item in sentences(options.corpus) if item.path is not None]
    paths = [
        path for group in (real, made) for path in random.permutation(np.array(group, object))[: options.clips // 2]
    ]
    clips = {path.name: load(path) for path in paths}
    seconds = sum(map(len, clips.values())) / LINE_HZ
    lines = [
        f"{datetime.datetime.now(datetime.UTC):%Y-%m-%d}, Python {platform.python_version()}, {len(clips)} recordings, "
        f"{seconds:.0f} s: `bench/voice.py CORPUS --clips {options.clips}`",
        "",
        *speech_table(clips, noises(options.corpus)),
        "",
        *noise_table(options.corpus),
        "",
        *format_table(clips, options.corpus),
    ]
    table = "\n".join(lines)
    print(table)
    if options.write:
        page = options.write.read_text(encoding="utf-8")
        before, rest = page.split(MARKS[0])
        page = f"{before}{MARKS[0]}\n{table}\n{MARKS[1]}{rest.split(MARKS[1])[1]}"
        options.write.write_text(page, encoding="utf-8")


if __name__ == "__main__":
    main()
