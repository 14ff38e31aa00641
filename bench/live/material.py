"""What is said in a bench call: sentences that end in a phrase that must be warned about.

From the sample calls, or from a corpus folder as in ``bench/speech_corpus.py``. A phrase shorter than
two seconds is put behind a harmless sentence of the same voice, as people say them.
"""

import json
import random
import re
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import av
import numpy as np
import yaml
from numpy.typing import NDArray
from speech_corpus import LINE_HZ, Samples, load, sentences

Pcm = NDArray[np.int16]

LONG_ENOUGH_S = 2.0
JOIN_S = 0.15
"""Between the harmless sentence and the phrase: shorter than any pause that ends something."""
_LEFT_OUT = ("noise-", "mono-", "silent-")
"""Calls with noise or both voices in one channel, and those that are about silence and not about words."""
_REMARK = re.compile(r"[（(“\"]")
"""A sentence with a remark in it is not one that anybody says like that."""
_BREAK = re.compile(r"[，。？！、；（）,.?!;()]+")


@dataclass(frozen=True, slots=True)
class Utterance:
    """One sentence and the phrase at its end."""

    name: str
    text: str
    phrase: str
    rules: tuple[str, ...]
    """Any of these may be what it is charged under."""
    pcm: Pcm
    """8 kHz; its last sample is the last that can be heard of the phrase."""

    @property
    def seconds(self) -> float:
        """Its length."""
        return len(self.pcm) / LINE_HZ

    @property
    def phrase_s(self) -> float:
        """About how long the phrase takes: its share of the characters."""
        return self.seconds * len(self.phrase) / max(len(self.phrase), len(_plain(self.text)))


@dataclass(frozen=True, slots=True)
class Spoken:
    """One sentence as it was recorded; ``phrase`` and ``rules`` are empty where nothing need be warned about."""

    name: str
    text: str
    phrase: str
    rules: tuple[str, ...]
    voice: str
    wave: Samples


def material(source: Path, *, seed: int = 1) -> list[Utterance]:
    """Every utterance of a source, shuffled by ``seed``.

    Args:
        source: a folder with ``scripts``, ``calls`` and ``expected`` (the samples), or a corpus folder with
            ``sentences/manifest.jsonl`` or ``manifest.jsonl``.
        seed: of order and pairing.
    """
    order = random.Random(seed)
    everything = spoken(source)
    harmless = defaultdict(list)
    for item in everything:
        if not item.phrase and len(item.wave) < 4 * LINE_HZ:
            harmless[item.voice].append(item)
    found = []
    for item in everything:
        if not item.phrase:
            continue
        before = None
        if len(item.wave) < LONG_ENOUGH_S * LINE_HZ and harmless[item.voice]:
            before = order.choice(harmless[item.voice])
        found.append(_utterance(item, before))
    order.shuffle(found)
    if not found:
        raise SystemExit(f"{source}: no sentences that end in a phrase to be warned about")
    return found


def spoken(source: Path) -> list[Spoken]:
    """Every sentence of a source, in its order."""
    return list(_of_calls(source) if (source / "scripts").is_dir() else _of_corpus(source))


def last_clause(text: str) -> str:
    """What stands behind the last pause of a sentence; all of it if that is shorter than four characters."""
    clauses = [clause for clause in _BREAK.split(text) if clause]
    return clauses[-1] if clauses and len(clauses[-1]) >= 4 else "".join(clauses)


def audible(wave: Samples, *, below_peak_db: float = 35.0) -> Samples:
    """The wave without quiet at its ends: blocks of 10 ms that are so far below the loudest."""
    step = LINE_HZ // 100
    blocks = wave[: len(wave) // step * step].reshape(-1, step)
    power = np.sqrt((blocks**2).mean(axis=1))
    loud = np.flatnonzero(power > power.max() * 10 ** (-below_peak_db / 20))
    return wave[loud[0] * step : (loud[-1] + 1) * step]


def _utterance(item: Spoken, before: Spoken | None) -> Utterance:
    wave, text = item.wave, item.text
    if before is not None:
        wave = np.concatenate([before.wave, np.zeros(int(JOIN_S * LINE_HZ)), item.wave])
        text = f"{before.text}{text}"
    pcm = np.round(np.clip(wave, -1, 1) * 32767).astype(np.int16)
    return Utterance(item.name, text, item.phrase, item.rules, pcm)


def _of_calls(samples: Path) -> Iterator[Spoken]:
    """The agent's turns in the sample calls, cut out by their true times."""
    for script in sorted((samples / "scripts").glob("*.json")):
        if script.stem.startswith(_LEFT_OUT):
            continue
        turns = json.loads(script.read_text(encoding="utf-8"))
        expected = yaml.safe_load((samples / "expected" / f"{script.stem}.yaml").read_text(encoding="utf-8"))
        wave = _agent(samples / "calls" / f"{script.stem}.flac")
        for number, turn in enumerate(turns, 1):
            if turn["side"] != "agent":
                continue
            wrong = [it for it in expected.get("warnings") or () if it.get("turn") == number and "say" in it]
            at_end = [it for it in wrong if _plain(turn["text"]).endswith(_plain(it["say"]))]
            if wrong and not at_end:
                continue
            cut = wave[turn["from_ms"] * LINE_HZ // 1000 : turn["to_ms"] * LINE_HZ // 1000]
            phrase, rules = ("", ()) if not at_end else (_plain(at_end[-1]["say"]), _names(at_end[-1]["rule"]))
            yield Spoken(f"{script.stem}:{number}", turn["text"], phrase, rules, turn["voice"], audible(cut))


def _of_corpus(corpus: Path) -> Iterator[Spoken]:
    manifest = corpus / "manifest.jsonl"
    for item in sentences(manifest if manifest.exists() else corpus):
        if item.path is not None and (not item.fires or item.severity != "hint"):
            phrase = last_clause(item.text) if item.fires else ""
            if _REMARK.search(item.text) or (item.fires and len(phrase) < 3):
                continue
            yield Spoken(item.name, item.text, phrase, (item.rule,), item.voice, audible(load(item.path)))


def _agent(call: Path) -> Samples:
    """The left channel of a sample call, which is at the line's rate."""
    with av.open(str(call)) as container:
        parts = [frame.to_ndarray().reshape(-1, 2)[:, 0] for frame in container.decode(audio=0)]
    return np.concatenate(parts).astype(np.float64) / 32768


def _names(rule: str | list[str]) -> tuple[str, ...]:
    return (rule,) if isinstance(rule, str) else tuple(rule)


def _plain(text: str) -> str:
    return _BREAK.sub("", text)
