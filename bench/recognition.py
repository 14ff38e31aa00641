"""Errors and cost of recognition by setting: window, beams, batch size, line condition.

    .venv/bin/python bench/recognition.py CORPUS --variant full --variant floor_ms=4000,margin_ms=2000

CORPUS is a folder with ``manifest.jsonl`` (``file``, ``text``) or ``manifest.csv`` (``file``, ``kind``,
``transcript``). A variant is a comma-separated list of fields of ``WindowPolicy``, ``DecodePolicy`` or
``WhisperSettings`` and their values; ``full`` is the 30 s window. Prints one Markdown row a variant:
character error rate, error rate of toneless syllables with the usual confusions folded (what the
matching on sound sees), CPU and wall seconds per second of speech. One lane, so that CPU seconds are
the work itself; wall times on a shared machine wander.
"""

import argparse
import csv
import json
import random
import re
import sys
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, fields, replace
from pathlib import Path
from typing import Any

import numpy as np
import soxr
from faster_whisper.audio import decode_audio
from pypinyin import Style, lazy_pinyin
from rapidfuzz.distance import Levenshtein
from tqdm import tqdm
from written import heading

from monitor.engines.runtime import load_model
from monitor.engines.simplified import simplified
from monitor.engines.stages import record
from monitor.engines.whisper import DecodePolicy, WhisperEngine, WhisperSettings
from monitor.engines.window import WindowPolicy
from monitor.events import DecodeWanted
from monitor.frames import Pass, Side
from monitor.timeline import RATE_HZ, Ms

_DIGITS = str.maketrans("0123456789", "零一二三四五六七八九")
_GROWING_MS = (700, 1200, 1700, 2900, 4900, 8200)
"""A live call asks every 0.5 s, and when two fifths are new."""
_FOLDS = ((r"^zh", "z"), (r"^ch", "c"), (r"^sh", "s"), (r"^n(?=[aeiouv])", "l"), (r"ng$", "n"))


@dataclass(frozen=True)
class Sentence:
    """One recording and what is said in it."""

    name: str
    pcm: bytes
    text: str

    @property
    def seconds(self) -> float:
        """Length."""
        return len(self.pcm) / 2 / RATE_HZ


def main() -> int:
    """Run and print the table."""
    args = _arguments()
    sentences = [
        Sentence(name, _line(decode_audio(str(path)), args, name), text)
        for name, path, text in _sample(list(_entries(args.corpus)), args.limit)
    ]
    spoken_s = sum(sentence.seconds for sentence in sentences)
    print(
        f"{len(sentences)} sentences, {spoken_s:.0f} s, SNR {args.snr or 'clean'}, batch {args.batch}", file=sys.stderr
    )
    print(heading(), end="\n\n")
    print("| variant | CER | syllables wrong | CPU s / s | wall s / s | empty | stages s / s |\n" + 7 * "|---" + "|")
    for name in args.variant or ["default"]:
        settings = _settings(name, args)
        engine = WhisperEngine(load_model(settings), settings)
        _measure(name, engine, sentences, args)
    return 0


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("corpus", type=Path)
    parser.add_argument("--weights", type=Path, default=Path("models/base"))
    parser.add_argument("--variant", action="append")
    parser.add_argument("--limit", type=int, default=0, help="so many sentences, drawn by seed (0: all)")
    parser.add_argument("--batch", type=int, default=1)
    parser.add_argument("--decode", choices=["partial", "final"], default="final")
    parser.add_argument(
        "--growing", action="store_true", help="hear each as it grows too, as the partials of a live call"
    )
    parser.add_argument("--snr", type=float, default=0.0, help="add noise at so many dB (0: none)")
    parser.add_argument("--noise", type=Path, help="a folder of noise recordings; without it, white noise")
    parser.add_argument("--wide", action="store_true", help="keep the full band instead of 8 kHz mu-law")
    parser.add_argument(
        "--lead-ms", type=int, default=200, help="line silence put before and after, as endpointing does"
    )
    parser.add_argument("--out", type=Path, help="write every sentence with what was heard, as JSON lines")
    return parser.parse_args()


def _entries(corpus: Path) -> Iterator[tuple[str, Path, str]]:
    if (corpus / "manifest.jsonl").exists():
        for line in (corpus / "manifest.jsonl").read_text().splitlines():
            row = json.loads(line)
            yield row["file"], corpus / row["file"], row["text"]
        return
    with (corpus / "manifest.csv").open(newline="") as file:
        for row in csv.DictReader(file):
            if row["transcript"] and "speech" in row["kind"]:
                yield row["file"], corpus / row["file"], row["transcript"]


def _sample(entries: list[tuple[str, Path, str]], limit: int) -> list[tuple[str, Path, str]]:
    return random.Random(1).sample(entries, limit) if 0 < limit < len(entries) else entries


def _line(wave: np.ndarray, args: argparse.Namespace, name: str) -> bytes:
    """The recording as it leaves a telephone line: noise, 8 kHz, mu-law, and back to 16 kHz."""
    lead = np.zeros(RATE_HZ * args.lead_ms // 1000, np.float32)
    wave = np.concatenate([lead, wave, lead])
    rng = np.random.default_rng(sum(name.encode()))
    noise = rng.standard_normal(len(wave)).astype(np.float32)
    if args.noise:
        files = sorted(path for path in args.noise.iterdir() if path.suffix in (".flac", ".wav", ".ogg"))
        bed = decode_audio(str(files[int(rng.integers(len(files)))]))
        start = int(rng.integers(max(1, len(bed) - len(wave))))
        noise = np.resize(bed[start:], len(wave))
    power, bed_power = float(np.mean(wave[len(lead) : -len(lead) or None] ** 2)), float(np.mean(noise**2)) + 1e-12
    level_db = -args.snr if args.snr else -60.0
    wave = wave + noise * np.sqrt(power / bed_power * 10 ** (level_db / 10))
    if not args.wide:
        narrow = soxr.resample(wave, RATE_HZ, 8000)
        companded = np.sign(narrow) * np.log1p(255 * np.minimum(1, np.abs(narrow))) / np.log(256)
        companded = np.round(companded * 127) / 127
        wave = soxr.resample(np.sign(companded) * (256 ** np.abs(companded) - 1) / 255, 8000, RATE_HZ)
    return (np.clip(wave, -1, 1) * 32767).astype("<i2").tobytes()


def _settings(variant: str, args: argparse.Namespace) -> WhisperSettings:
    settings = WhisperSettings(weights=args.weights, lanes=1)
    if variant == "default":
        return settings
    for item in variant.split(","):
        if item == "full":
            item = "floor_ms=30000"
        key, _, value = item.partition("=")
        for part in ("window", "decode", ""):
            owner = getattr(settings, part) if part else settings
            if key in {field.name for field in fields(owner)}:
                changed = replace(owner, **{key: _value(value)})
                settings = replace(settings, **{part: changed}) if part else changed
                break
        else:
            names = [field.name for kind in (WindowPolicy, DecodePolicy, WhisperSettings) for field in fields(kind)]
            raise SystemExit(f"no setting {key}; there are {', '.join(names)}")
    return settings


def _value(text: str) -> Any:
    try:
        return json.loads(text)
    except ValueError:
        return text


def _beginning(wanted: DecodeWanted, ms: int) -> DecodeWanted | None:
    """The partial when so much has been said."""
    if ms >= wanted.to_ms:
        return None
    pcm = wanted.pcm[: 2 * RATE_HZ * ms // 1000]
    return replace(wanted, decode=Pass.PARTIAL, to_ms=Ms(ms), pcm=pcm)


def _measure(name: str, engine: WhisperEngine, sentences: Sequence[Sentence], args: argparse.Namespace) -> None:
    wanted = [
        DecodeWanted(
            call_id=f"{name}/{sentence.name}",
            utterance_id="u",
            revision=1,
            decode=Pass(args.decode),
            side=Side.AGENT,
            from_ms=Ms(0),
            to_ms=Ms(round(1000 * sentence.seconds)),
            pcm=sentence.pcm,
        )
        for sentence in sentences
    ]
    batches: dict[Any, list[list[int]]] = {}
    for index, item in enumerate(wanted):
        runs = batches.setdefault(engine.shape(item), [[]])
        if len(runs[-1]) == args.batch:
            runs.append([])
        runs[-1].append(index)
    engine.decode(wanted[:1])
    heard: dict[int, Any] = {}
    cpu, wall = time.process_time(), time.perf_counter()
    with record() as stages:
        for batch in tqdm([run for runs in batches.values() for run in runs], desc=name, disable=None):
            if args.growing:
                for ms in _GROWING_MS:
                    if partials := [part for i in batch if (part := _beginning(wanted[i], ms))]:
                        engine.decode(partials)
            for index, hypothesis in zip(batch, engine.decode([wanted[i] for i in batch]), strict=True):
                heard[index] = hypothesis
    cpu, wall = time.process_time() - cpu, time.perf_counter() - wall
    spoken_s = sum(sentence.seconds for sentence in sentences)
    wrong = chars = wrong_syllables = syllables = empty = 0
    for index, sentence in enumerate(sentences):
        said, text = plain(sentence.text), plain(heard[index].text)
        wrong, chars = wrong + Levenshtein.distance(text, said), chars + len(said)
        sounds = sound(said)
        wrong_syllables, syllables = (
            wrong_syllables + Levenshtein.distance(sound(text), sounds),
            syllables + len(sounds),
        )
        empty += not text
    share = " ".join(f"{key} {seconds / spoken_s:.4f}" for key, seconds in stages.items())
    print(
        f"| {name} | {wrong / chars:.4f} | {wrong_syllables / syllables:.4f} "
        f"| {cpu / spoken_s:.4f} | {wall / spoken_s:.4f} | {empty} | {share} |",
        flush=True,
    )
    if args.out:
        with args.out.open("a") as file:
            for index, sentence in enumerate(sentences):
                row = {"variant": name, "file": sentence.name, "said": sentence.text, "heard": heard[index].text}
                row |= {"confidence": heard[index].confidence, "dropped": heard[index].dropped}
                print(json.dumps(row, ensure_ascii=False), file=file)


def plain(text: str) -> str:
    """Simplified characters alone, digits spelt out."""
    return re.sub(r"[\W_]+", "", simplified(text)).lower().translate(_DIGITS)


def sound(text: str) -> list[str]:
    """Toneless syllables with the usual confusions folded."""
    syllables = lazy_pinyin(text, style=Style.NORMAL)
    for pattern, new in _FOLDS:
        syllables = [re.sub(pattern, new, syllable) for syllable in syllables]
    return syllables


if __name__ == "__main__":
    sys.exit(main())
