"""Where utterances begin and end, and when it is worth asking the engine what was said.

Fed whole 20 ms blocks with the answer of :mod:`monitor.audio.vad` for each, so nothing depends on how the audio was cut
on its way here. Times in :class:`Opened` and :class:`Closed` are those of the speech; times in
:class:`Ask` are those of its audio, which also holds a little of the quiet around it.
"""

from collections import deque
from dataclasses import dataclass
from typing import Final

import numpy as np

from monitor.audio.vad import Block
from monitor.errors import ConfigError
from monitor.frames import Pass
from monitor.speech.hysteresis import HANG, LOOK_BACK, Hysteresis
from monitor.timeline import BLOCK_BYTES, BLOCK_MS, BLOCK_SAMPLES, Ms

_LULL: Final = 5
"""A cut is made in the middle of the quietest 5 blocks in a row."""


@dataclass(frozen=True, slots=True, kw_only=True)
class EndpointPolicy:
    """All in milliseconds; each counts in whole blocks of 20 ms.

    Raises:
        ConfigError: ``CFG-010``, figures that contradict each other.
    """

    partial_every_ms: int = 500
    """A partial decode is asked for after this much new speech …"""
    partial_share: float = 0.4
    """… and no sooner than this share of the utterance is new: each hears all of it once more."""
    eager_pause_ms: int = 200
    """A pause after which a decode of final quality is asked for."""
    close_pause_ms: int = 500
    """A pause that ends the utterance."""
    max_ms: int = 12_000
    """The longest audio of one Ask. From three quarters of it on, an eager pause ends the utterance."""
    min_speech_ms: int = 120
    """An utterance with less voice than this is dismissed: a cough, a knock, never decoded."""
    pre_roll_ms: int = 200
    """Audio before the speech that the engine hears too: soft onsets (s, h, f) begin before the voice."""
    tail_ms: int = 200
    """Audio after the speech that the engine hears too."""

    def __post_init__(self) -> None:
        times = (self.partial_every_ms, self.eager_pause_ms, self.close_pause_ms, self.min_speech_ms)
        if min(times) < BLOCK_MS or min(self.pre_roll_ms, self.tail_ms) < 0:
            raise ConfigError("endpoint times must be at least 20 ms, margins at least 0", code="CFG-010")
        if min(self.eager_pause_ms, self.close_pause_ms) < HANG * BLOCK_MS:
            raise ConfigError("a pause is at least 100 ms: shorter ones are inside words", code="CFG-010")
        if not 0 <= self.partial_share <= 1:
            raise ConfigError("partial_share is a share, 0 to 1", code="CFG-010")
        if self.max_ms < 4 * max(*times, self.pre_roll_ms):
            raise ConfigError("max_ms must be at least 4 times each of the other endpoint times", code="CFG-010")


@dataclass(frozen=True, slots=True)
class Opened:
    """Speech began, dated back to its first voiced block."""

    from_ms: Ms


@dataclass(frozen=True, slots=True)
class Ask:
    """A decode is wanted of ``pcm``, which runs from ``from_ms`` to ``to_ms``: the utterance so far."""

    revision: int
    """1, 2 … within the utterance."""
    decode: Pass
    from_ms: Ms
    to_ms: Ms
    pcm: bytes


@dataclass(frozen=True, slots=True)
class Closed:
    """The utterance is over: speech from ``from_ms`` to ``to_ms``."""

    from_ms: Ms
    to_ms: Ms
    revision: int
    """The Ask whose answer is final; 0: dismissed, too short to be speech."""


Move = Opened | Ask | Closed


class Endpointer:
    """One side of a call. Holds at most one utterance of ``max_ms``."""

    def __init__(self, policy: EndpointPolicy) -> None:
        self._partial_every = policy.partial_every_ms // BLOCK_MS
        self._partial_share = policy.partial_share
        self._eager_pause = policy.eager_pause_ms // BLOCK_MS
        self._close_pause = policy.close_pause_ms // BLOCK_MS
        self._max = policy.max_ms // BLOCK_MS
        self._min_speech = policy.min_speech_ms // BLOCK_MS
        self._pre_roll = policy.pre_roll_ms // BLOCK_MS
        self._tail = policy.tail_ms // BLOCK_MS
        # All positions below count blocks from the start of the call.
        self._hears = Hysteresis()
        self._heard_to = 0
        """End of the audio that was given to the engine in earlier utterances."""
        self._recent: deque[tuple[bytes, bool]] = deque(maxlen=self._pre_roll + LOOK_BACK)
        self._utterance: _Utterance | None = None

    @property
    def voiced(self) -> bool:
        """Whether there is speech now. With hysteresis: single blocks do not change it."""
        return self._hears.speech

    @property
    def settled_ms(self) -> Ms:
        """Up to here it is decided whether there is speech. Never goes back."""
        return _ms(self._hears.settled)

    @property
    def open_from_ms(self) -> Ms | None:
        """Where the open utterance's speech began; None when none is open."""
        return None if self._utterance is None else _ms(self._utterance.speech_from)

    @property
    def speech_to_ms(self) -> Ms:
        """End of the last voiced block that belongs to speech; 0 before any."""
        return _ms(self._hears.speech_to)

    def block(self, block: Block) -> list[Move]:
        """Take the next block."""
        pcm, power, voiced = block
        self._recent.append((pcm, voiced))
        begun = self._hears.block(power, voiced)
        moves: list[Move] = []
        utterance = self._utterance
        if utterance is not None:
            utterance.add(pcm, voiced)
        elif begun is not None:
            utterance = self._open(begun)
            moves.append(Opened(_ms(begun)))
        if utterance is not None:
            moves += self._follow(utterance)
        return moves

    def close(self) -> list[Move]:
        """End what is open; the call is over or a hole begins."""
        moves: list[Move] = []
        if self._utterance is not None:
            moves = self._close(self._utterance)
        self._hears.stop()
        return moves

    def skip(self, to_ms: int) -> list[Move]:
        """Jump over a hole that ends at ``to_ms``. What lay before it does not touch what follows."""
        moves = self.close()
        self._hears.skip(to_ms // BLOCK_MS)
        self._heard_to = self._hears.now
        self._recent.clear()
        return moves

    def _open(self, begun: int) -> "_Utterance":
        now = self._hears.now
        # Audio that an earlier Ask held is not heard again, unless this speech began in it.
        first = max(begun - self._pre_roll, min(begun, self._heard_to), now - len(self._recent))
        self._utterance = _Utterance(first, begun)
        for place, (pcm, voiced) in enumerate(list(self._recent)[first - now :], first):
            # The unvoiced onset is speech too; what of it was taken for voice decides nothing.
            self._utterance.add(pcm, voiced or place >= begun)
        return self._utterance

    def _follow(self, utterance: "_Utterance") -> list[Move]:
        """What one more block of an open utterance calls for."""
        moves: list[Move] = []
        worth = utterance.voice_blocks >= self._min_speech
        if self._hears.speech:
            utterance.news += 1
            due = max(self._partial_every, self._partial_share * utterance.blocks)
            if worth and utterance.news >= due:
                moves.append(utterance.ask(Pass.PARTIAL, self._hears.now))
        pause = self._hears.now - self._hears.speech_to
        if pause >= self._eager_pause and worth and utterance.covered_to != self._hears.speech_to:
            moves.append(utterance.ask(Pass.EAGER, self._hears.now))
            utterance.covered_to = self._hears.speech_to
        long = utterance.blocks >= self._max * 3 // 4 and self._hears.settled == self._hears.now
        if pause >= (self._eager_pause if long else self._close_pause):
            moves += self._close(utterance)
        elif utterance.blocks >= self._max:
            moves += self._cut(utterance)
        return moves

    def _close(self, utterance: "_Utterance") -> list[Move]:
        self._utterance = None
        if utterance.voice_blocks < self._min_speech:
            return [Closed(_ms(utterance.speech_from), self.speech_to_ms, 0)]
        moves: list[Move] = []
        if utterance.covered_to != self._hears.speech_to:
            moves.append(utterance.ask(Pass.FINAL, min(self._hears.now, self._hears.speech_to + self._tail)))
        self._heard_to = utterance.asked_to
        return [*moves, Closed(_ms(utterance.speech_from), self.speech_to_ms, utterance.revision)]

    def _cut(self, utterance: "_Utterance") -> list[Move]:
        """End the utterance at its quietest recent point and go on with the rest as a new one."""
        at = utterance.quietest(self._max // 3, self._min_speech, self._hears.speech_to)
        rest = utterance.split(at)
        self._utterance, self._heard_to = rest, at
        return [
            utterance.ask(Pass.FINAL, at),
            Closed(_ms(utterance.speech_from), _ms(utterance.last_voice + 1), utterance.revision),
            Opened(_ms(rest.speech_from)),
        ]


class _Utterance:
    """Audio of one utterance so far and what has been asked about it."""

    def __init__(self, first: int, speech_from: int) -> None:
        self.first = first
        """Block with which the audio begins."""
        self.speech_from = speech_from
        self.revision = 0
        self.covered_to = -1
        """End of the speech that the last eager Ask held."""
        self.asked_to = first
        """End of the audio of the last Ask."""
        self.news = 0
        """Blocks of speech since the last Ask."""
        self._pcm = bytearray()
        self._voice = bytearray()
        """1 for each voiced block, 0 for the others."""

    @property
    def blocks(self) -> int:
        return len(self._voice)

    @property
    def voice_blocks(self) -> int:
        return self._voice.count(1)

    @property
    def last_voice(self) -> int:
        return self.first + self._voice.rindex(1)

    def add(self, pcm: bytes, voiced: bool) -> None:
        self._pcm += pcm
        self._voice.append(voiced)

    def ask(self, decode: Pass, until: int) -> Ask:
        self.revision += 1
        self.news, self.asked_to = 0, until
        pcm = bytes(self._pcm[: (until - self.first) * BLOCK_BYTES])
        return Ask(self.revision, decode, _ms(self.first), _ms(until), pcm)

    def quietest(self, back: int, leave: int, speech_to: int) -> int:
        """The quietest place in the last ``back`` blocks that leaves ``leave`` blocks of speech behind it.

        Voice after ``speech_to`` has not proved to be speech: a click must not be all that is left.
        """
        begin = self.blocks - back
        speech = self._voice[: speech_to - self.first]
        places = [place for place, voice in enumerate(speech) if voice][-leave:]
        end = max(begin, places[0]) + 1
        near = np.frombuffer(self._pcm, "<i2")[(begin - _LULL // 2) * BLOCK_SAMPLES :].astype(np.float64)
        power = np.square(near).reshape(-1, BLOCK_SAMPLES).sum(axis=1)
        # lull[i] is around block begin + i; the cut falls before that block.
        lull = np.convolve(power, np.ones(_LULL), mode="valid")[: end - begin]
        quietest = np.flatnonzero(lull == lull.min())
        return self.first + begin + int(quietest[len(quietest) // 2])

    def split(self, at: int) -> "_Utterance":
        """Give everything from block ``at`` on to a new utterance."""
        count = at - self.first
        rest = _Utterance(at, at + self._voice[count:].index(1))
        rest._pcm, rest._voice = self._pcm[count * BLOCK_BYTES :], self._voice[count:]
        rest.news = rest.blocks
        del self._pcm[count * BLOCK_BYTES :], self._voice[count:]
        return rest


def _ms(block: int) -> Ms:
    return Ms(block * BLOCK_MS)
