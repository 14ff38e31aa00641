"""Audio in, encoder states out: what the decoder looks at.

There are two ways. :class:`WholeWindow` is CTranslate2's own: the audio is padded with silence to the window and all
of it is encoded. :class:`RememberedSilence` encodes what was said and a little behind it, and knows the rest.

Most of a window is padding: three seconds of speech in the 30 that Whisper was trained on. The states of the
padding hardly depend on what was said before it, so those of an earlier run will do: keys and values of every layer
for attention to look at, and final states for the decoder. Neighbouring positions of silence are alike, so one in
:data:`STRIDE` stands for the others, with its weight. Nine tenths of the work are then left out, and the context is
still that of the full window (docs/performance.md, The encoder).
"""

from collections.abc import Sequence
from functools import lru_cache
from pathlib import Path
from typing import Any, Final, Protocol

import numpy as np
from numpy.typing import NDArray

from monitor.audio.g711 import decode_mulaw
from monitor.audio.resample import Resampler
from monitor.engines.cpu import exact_bytes
from monitor.engines.encoder_graph import EDGE_ROWS, Shape, encoder_graph
from monitor.engines.features import LogMel
from monitor.engines.libraries import session, taken_out, view
from monitor.engines.model_file import variables
from monitor.engines.nodes import Weights
from monitor.engines.stages import stage
from monitor.engines.window import STATE_MS
from monitor.timeline import RATE_HZ, ms_at

LOUDEST: Final = 1.25
"""Every utterance is brought to this loudness (log-mel, on Whisper's scale): its silence then is the remembered one."""
BEHIND_MS: Final = 1_000
"""So much silence behind the speech is really encoded: the decoder learns from it that the speech is over."""
LONGEST_MS: Final = 6_000
"""Longer speech is encoded with all of its window: it has context enough, and silence behind it is not the remembered
one any more (behind 12 s of speech the decoder stopped in mid-sentence)."""
STEP_ROWS: Final = 10
STRIDE: Final = 8
REFERENCE_S: Final = (1, 2, 3)
"""Silence is remembered as it is behind so much speech; behind more it is as behind the longest."""
_REFERENCE: Final = Path(__file__).with_name("reference.ulaw")
"""Three seconds of synthetic speech on a telephone line: G.711 mu-law, 8 kHz."""

States = NDArray[np.float32]


class Encoder(Protocol):
    """Blocking and pure; may be called from several threads at once."""

    def state_ms(self, window_ms: int) -> int:
        """Time that one state of a window of so much time stands for."""
        ...

    def __call__(self, pieces: Sequence[bytes], window_ms: int) -> States:
        """States of every piece of 16 kHz PCM in a window of so much time: (pieces, time / :meth:`state_ms`, width).

        Raises:
            RuntimeError: the library failed.
        """
        ...


class WholeWindow:
    """CTranslate2's encoder: everything is padded to the window and encoded together."""

    def __init__(self, model: Any, features: LogMel) -> None:
        """``model``: ``ctranslate2.models.Whisper``."""
        self._model, self._features = model, features

    def state_ms(self, window_ms: int) -> int:
        """See :class:`Encoder`."""
        return STATE_MS

    def __call__(self, pieces: Sequence[bytes], window_ms: int) -> States:
        """See :class:`Encoder`."""
        with stage("features"):
            features = np.stack([self._features(pcm, window_ms) for pcm in pieces])
        return np.array(self._model.encode(view(features), to_cpu=True))


class RememberedSilence:
    """An encoder that does not listen to silence."""

    def __init__(self, weights: Weights) -> None:
        """Build the graph and listen to the silence once (a second or two).

        Raises:
            KeyError: ``weights`` are not those of a Whisper model as CTranslate2 names them.
        """
        bits = 8 if exact_bytes() else 7
        self._session = session(encoder_graph(weights, bits=bits))
        self._whole = session(encoder_graph(weights, bits=bits, remembers=False))
        self._shape = Shape.of(weights)
        self._features = LogMel(self._shape.mel_bins)
        nothing = np.zeros((1, 0, self._shape.width), np.float32)
        self._nothing = {
            f"{kind}_{layer}": nothing for kind in ("keys", "values") for layer in range(self._shape.layers)
        }
        pcm = _reference()
        self._memories = [self._listen(pcm[: 2 * RATE_HZ * seconds]) for seconds in REFERENCE_S]

    def state_ms(self, window_ms: int) -> int:
        """See :class:`Encoder`."""
        return STATE_MS

    def __call__(self, pieces: Sequence[bytes], window_ms: int) -> States:
        """See :class:`Encoder`."""
        return np.stack([self._encode(pcm, window_ms // STATE_MS) for pcm in pieces])

    def _encode(self, pcm: bytes, window: int) -> States:
        audio_ms = ms_at(len(pcm) // 2)
        window = min(window, self._shape.positions)
        if audio_ms > LONGEST_MS:
            return self._run(self._whole, pcm, window, {}, ["states"])[0]
        rows = min(-(-(audio_ms + BEHIND_MS) // (STATE_MS * STEP_ROWS)) * STEP_ROWS, window)
        memory = self._memory(rows)
        spoken = self._run(self._session, pcm, rows, _weighed(memory.behind(rows), rows), ["states"])
        return np.concatenate([*spoken, memory.states[rows:window]])

    def _run(
        self, session: Any, pcm: bytes, rows: int, behind: dict[str, States], wanted: Sequence[str]
    ) -> list[States]:
        """What is ``wanted`` of so many rows of speech, ``behind`` which are other inputs."""
        with stage("features"):
            mel = self._features(pcm, (rows + EDGE_ROWS) * STATE_MS, loudest=LOUDEST)[None]
        try:
            return [values[0] for values in session.run(wanted, {"mel": mel, **behind})]
        except Exception as error:  # ONNX Runtime's errors have no base of their own
            raise RuntimeError(str(error)) from error

    def _memory(self, rows: int) -> "_Memory":
        """That of the most reference speech that ends well before encoding does."""
        ends_ms = rows * STATE_MS - BEHIND_MS // 2
        fitting = [it for it, s in zip(self._memories, REFERENCE_S, strict=True) if 1000 * s <= ends_ms]
        return fitting[-1] if fitting else self._memories[0]

    def _listen(self, pcm: bytes) -> "_Memory":
        """A full window of it, all of it encoded."""
        rows = self._shape.positions
        wanted = ["states", *(f"own_{name}" for name in self._nothing)]
        states, *own = self._run(self._session, pcm, rows, _weighed(self._nothing, rows), wanted)
        kept = {
            name: values[None, STRIDE // 2 :: STRIDE].copy() for name, values in zip(self._nothing, own, strict=True)
        }
        return _Memory(states, kept)


class Joined:
    """Another encoder's states, neighbours as one: their mean.

    The decoder looks at every state for every token, and at 20 ms each a syllable has ten of them. Half as many tell
    it as much and cost half. In the long windows of passages every state is itself: joined they are heard worse
    (docs/performance.md, Joined states).
    """

    def __init__(self, encoder: Encoder, of: int, *, below_ms: int) -> None:
        """``of``: so many neighbours become one, in windows of less than ``below_ms``."""
        self._encoder, self._of, self._below_ms = encoder, of, below_ms

    def state_ms(self, window_ms: int) -> int:
        """See :class:`Encoder`."""
        return self._encoder.state_ms(window_ms) * self._joins(window_ms)

    def __call__(self, pieces: Sequence[bytes], window_ms: int) -> States:
        """See :class:`Encoder`. What of the window does not fill a state is left out."""
        states, of = self._encoder(pieces, window_ms), self._joins(window_ms)
        if of == 1:
            return states
        count, rows, width = len(states), states.shape[1] // of, states.shape[2]
        joined: States = states[:, : rows * of].reshape(count, rows, of, width).mean(axis=2)
        return joined

    def _joins(self, window_ms: int) -> int:
        return self._of if window_ms < self._below_ms else 1


class _Memory:
    """What the encoder makes of the silence behind some speech."""

    def __init__(self, states: States, kept: dict[str, States]) -> None:
        self.states, self._kept = states, kept

    def behind(self, rows: int) -> dict[str, States]:
        """Keys and values of the remembered positions from ``rows`` on."""
        first = max(0, -(-(rows - STRIDE // 2) // STRIDE))
        return {name: values[:, first:] for name, values in self._kept.items()}


def remembering(model_bin: bytes) -> RememberedSilence | None:
    """The encoder of CTranslate2's ``model.bin``, see :func:`monitor.engines.libraries.taken_out`."""
    return taken_out("encoder", lambda: RememberedSilence(variables(model_bin, "encoder/")))


def _weighed(behind: dict[str, States], rows: int) -> dict[str, States]:
    return {"weight": _weight(rows, behind["keys_0"].shape[1]), **behind}


@lru_cache(maxsize=64)
def _weight(rows: int, remembered: int) -> States:
    weight = np.zeros((1, 1, rows, rows + remembered), np.float32)
    weight[..., rows:] = np.log(STRIDE)
    return weight


def _reference() -> bytes:
    line = Resampler(8_000)
    return line.push(decode_mulaw(_REFERENCE.read_bytes())) + line.flush()
