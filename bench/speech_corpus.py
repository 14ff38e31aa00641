"""A folder of speech to measure on: sentences with what must fire, and recordings of real people.

``sentences/manifest.jsonl`` has a line for each recording: ``file``, ``text``, ``rule`` (id), ``fires``
(must a warning of at least minor severity come?), ``severity``, ``voice``, ``speed``.
``real/manifest.csv`` has the columns ``file``, ``kind`` (``noise`` or a kind of speech), ``duration_s``,
``transcript``, ``source``. Either half may be missing.
"""

import csv
import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import av
import numpy as np
import soxr
from numpy.typing import NDArray

Samples = NDArray[np.float64]
LINE_HZ = 8_000


@dataclass(frozen=True, slots=True)
class Sentence:
    """One recorded sentence and what must come of it."""

    name: str
    path: Path | None
    """None: text alone."""
    text: str
    rule: str
    fires: bool
    severity: str = ""
    voice: str = ""


@dataclass(frozen=True, slots=True)
class Recording:
    """One recording of real speech: whatever fires on it is a false alarm, unless the transcript says otherwise."""

    name: str
    path: Path
    transcript: str
    seconds: float
    source: str


def sentences(corpus: Path) -> list[Sentence]:
    """The sentences of a corpus folder, or of a ``.jsonl`` of texts with ``text``, ``rule`` and ``fires``."""
    manifest = corpus / "sentences" / "manifest.jsonl" if corpus.is_dir() else corpus
    if not manifest.exists():
        return []
    found = []
    for number, line in enumerate(manifest.read_text(encoding="utf-8").splitlines(), 1):
        row = json.loads(line)
        path = manifest.parent / row["file"] if "file" in row else None
        name = f"{manifest.stem}:{number}" if path is None else row["file"]
        found.append(
            Sentence(name, path, row["text"], row["rule"], row["fires"], row.get("severity", ""), row.get("voice", ""))
        )
    return found


def recordings(corpus: Path) -> list[Recording]:
    """The real speech of a corpus folder."""
    return [
        Recording(
            row["file"], corpus / "real" / row["file"], row["transcript"], float(row["duration_s"]), row["source"]
        )
        for row in _rows(corpus)
        if row["kind"] != "noise"
    ]


def noises(corpus: Path) -> list[Path]:
    """The noise recordings of a corpus folder, without music on hold: nobody speaks over that."""
    rows = [row for row in _rows(corpus) if row["kind"] == "noise"]
    return [corpus / "real" / row["file"] for row in rows if "moh" not in row["file"]]


def _rows(corpus: Path) -> Iterator[dict[str, str]]:
    manifest = corpus / "real" / "manifest.csv"
    if corpus.is_dir() and manifest.exists():
        with manifest.open(newline="", encoding="utf-8") as file:
            yield from csv.DictReader(file)


def load(path: Path) -> Samples:
    """A mono recording in [-1, 1] at the rate of a telephone line."""
    with av.open(str(path)) as container:
        resampler = av.AudioResampler(format="flt", layout="mono")
        stream = container.streams.audio[0]
        rate_hz = stream.rate
        parts = [out.to_ndarray()[0] for frame in container.decode(stream) for out in resampler.resample(frame)]
        parts += [out.to_ndarray()[0] for out in resampler.resample(None)]
    wave: Samples = np.concatenate(parts).astype(np.float64)
    return wave if rate_hz == LINE_HZ else soxr.resample(wave, rate_hz, LINE_HZ)
