"""The sample clips as questions for an engine."""

import re
from pathlib import Path

import av
import numpy as np
import soxr

from monitor.events import DecodeWanted, VerifyWanted
from monitor.frames import Pass, Side
from monitor.text.reading import read
from monitor.timeline import Ms

ROOT = Path(__file__).resolve().parents[2]
CLIPS = ROOT / "samples" / "clips"
SAID = dict(line.split("\t")[::3] for line in (ROOT / "samples" / "clips.tsv").read_text().splitlines()[1:])


def clip(name: str) -> bytes:
    with av.open(str(CLIPS / f"{name}.flac")) as container:
        rate_hz = container.streams.audio[0].rate
        frames = [frame.to_ndarray().reshape(-1) for frame in container.decode(audio=0)]
    wave = np.concatenate(frames).astype(np.float32) / 32768
    return (soxr.resample(wave, rate_hz, 16_000) * 32767).astype("<i2").tobytes()


def wanted(pcm: bytes, *, utterance: str = "u", kind: Pass = Pass.FINAL, from_ms: int = 0) -> DecodeWanted:
    return DecodeWanted(
        call_id="c",
        utterance_id=utterance,
        revision=1,
        decode=kind,
        side=Side.AGENT,
        from_ms=Ms(from_ms),
        to_ms=Ms(from_ms + len(pcm) // 32),
        pcm=pcm,
    )


def check(pcm: bytes, text: str, heard: str, candidate: str, utterance: str = "u") -> VerifyWanted:
    start = text.index(heard)
    return VerifyWanted(
        call_id="c",
        request_id=candidate,
        utterance_id=utterance,
        revision=1,
        pcm=pcm,
        text=text,
        start=start,
        end=start + len(heard),
        candidate=candidate,
    )


def plain(text: str) -> str:
    return re.sub(r"\W", "", text)


def sound(text: str) -> list[str]:
    return [syllable.folded for syllable in read(text).syllables]
