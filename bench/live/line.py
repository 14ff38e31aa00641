"""One bench call as it lies on the line: utterances, pauses, faint noise, and where each phrase ends."""

import random
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import soxr
from live.material import Pcm, Utterance
from speech_corpus import LINE_HZ

from monitor.audio.g711 import decode_mulaw, encode_mulaw

FLOOR_DBFS = -66.0
"""The noise of a quiet telephone line."""
PAUSE_S = (1.5, 3.0)
"""Quiet after each utterance, drawn from this range."""
TAIL_S = 15.0
"""Quiet at the end: an answer that comes later than this counts as never."""


@dataclass(frozen=True, slots=True)
class Placed:
    """An utterance in a call: samples of the line."""

    utterance: Utterance
    start: int
    end: int
    """Just after the last sample of the phrase."""


@dataclass(frozen=True, slots=True)
class BenchCall:
    """One call: the agent speaks, the customer's side is quiet."""

    call_id: str
    offset_s: float
    """How long after the first call it begins, so that calls do not speak in step."""
    mulaw: bytes
    """The agent's side as it comes off the line, one byte a sample."""
    customer: bytes
    placed: tuple[Placed, ...]
    """The first is warm-up and not measured."""

    @property
    def seconds(self) -> float:
        """Its length."""
        return len(self.mulaw) / LINE_HZ

    def stereo(self) -> bytes:
        """Both sides, interleaved: what our server takes."""
        both = np.stack([np.frombuffer(self.mulaw, np.uint8), np.frombuffer(self.customer, np.uint8)], axis=1)
        return both.tobytes()

    def wide(self) -> bytes:
        """The agent's side as 16 kHz PCM: what speech recognisers take."""
        narrow = np.frombuffer(decode_mulaw(self.mulaw), np.int16)
        return soxr.resample(narrow, LINE_HZ, 16_000).tobytes()


def calls(material: Sequence[Utterance], count: int, utterances: int, *, tail_s: float = TAIL_S) -> list[BenchCall]:
    """``count`` calls of ``utterances`` measured utterances each, and one before them to warm up.

    No phrase comes twice in a call, so that a text that holds a phrase can only mean the one utterance.
    """
    most = len({item.phrase for item in material})
    if utterances + 1 > most:
        raise SystemExit(f"only {most} different phrases: {most - 1} utterances a call at most")
    return [_call(material, number, utterances + 1, tail_s) for number in range(count)]


def _call(material: Sequence[Utterance], number: int, utterances: int, tail_s: float) -> BenchCall:
    order = random.Random(f"call {number}")
    chosen: dict[str, Utterance] = {}
    for item in order.sample(list(material), len(material)):
        if not any(item.phrase in other.text or phrase in item.text for phrase, other in chosen.items()):
            chosen[item.phrase] = item
        if len(chosen) == utterances:
            break
    parts: list[Pcm] = [np.zeros(int(order.uniform(0.5, 1.0) * LINE_HZ), np.int16)]
    placed, at = [], len(parts[0])
    for item in chosen.values():
        pause = np.zeros(int(order.uniform(*PAUSE_S) * LINE_HZ), np.int16)
        placed.append(Placed(item, at, at + len(item.pcm)))
        parts += [item.pcm, pause]
        at += len(item.pcm) + len(pause)
    parts.append(np.zeros(int(tail_s * LINE_HZ), np.int16))
    agent = np.concatenate(parts)
    noise = np.random.default_rng(number).normal(scale=32768 * 10 ** (FLOOR_DBFS / 20), size=(2, len(agent)))
    heard = np.clip(agent + noise[0], -32768, 32767).astype("<i2")
    quiet = noise[1].astype("<i2")
    return BenchCall(
        call_id=f"bench-{number:03d}",
        offset_s=order.uniform(0.0, 5.0) if number else 0.0,
        mulaw=encode_mulaw(heard.tobytes()),
        customer=encode_mulaw(quiet.tobytes()),
        placed=tuple(placed),
    )
