"""Twilio Media Streams: the messages of its websocket as audio frames. Pure: no socket, no clock.

After Twilio's "Media Streams - WebSocket Messages": JSON text with ``event`` ``connected``, ``start``, ``media``,
``dtmf``, ``mark`` or ``stop``; audio is G.711 mu-law at 8 kHz in base64, 20 ms a message, each track by itself,
with its place in milliseconds since the stream began.
"""

import base64
import binascii
import json
from dataclasses import dataclass
from typing import Any, Final

from monitor.audio import g711
from monitor.errors import AudioError
from monitor.frames import AudioFrame, Side
from monitor.timeline import samples_at

RATE_HZ: Final = 8_000
JITTER_MS: Final = 100
"""A message this much off its place is late or early, not a hole."""
_MESSAGE_CHARS: Final = 64 * 1024
_LONGEST_MS: Final = 24 * 3600 * 1000


@dataclass(frozen=True, slots=True, kw_only=True)
class Start:
    """What a stream says about itself before its first sound."""

    call_sid: str
    tracks: tuple[str, ...]
    """``inbound``: what Twilio hears on this leg; ``outbound``: what it plays to it."""
    parameters: dict[str, str]
    """``<Parameter>`` elements of the TwiML, all text."""


@dataclass(frozen=True, slots=True)
class Stop:
    """The stream, and with it the call, is over."""


class TwilioStream:
    """One websocket: messages in; the start, frames, and the stop out."""

    def __init__(self) -> None:
        self._sides: dict[str, Side] = {}
        self._at: dict[str, int] = {}
        self._begin = 0

    def begin(self, sides: dict[str, Side], from_ms: int = 0) -> None:
        """Say whose voice each track is and where in the call the stream begins."""
        self._begin = samples_at(from_ms, RATE_HZ)
        self._sides = dict(sides)
        self._at = dict.fromkeys(sides, self._begin)

    def take(self, text: str) -> Start | AudioFrame | Stop | None:
        """One message; None for those that say nothing about the call, and for tracks nobody asked for.

        Raises:
            AudioError: ``TEL-001``, not a message of a media stream; ``TEL-002``, not mu-law at 8 kHz.
        """
        message = _object(text)
        match message.get("event"):
            case "start":
                return _start(message.get("start"))
            case "media":
                return self._media(message.get("media"))
            case "stop":
                return Stop()
            case "connected" | "mark" | "dtmf" | "clear":
                return None
        raise AudioError("not a message of a media stream", hint=repr(text[:60]), code="TEL-001")

    def _media(self, media: Any) -> AudioFrame | None:
        try:
            track, place = str(media["track"]), int(media["timestamp"])
            pcm = g711.decode_mulaw(base64.b64decode(media["payload"], validate=True))
        except (TypeError, KeyError, ValueError, binascii.Error):
            raise AudioError("a media message without track, timestamp or payload", code="TEL-001") from None
        if track not in self._sides:
            return None
        if not 0 <= place <= _LONGEST_MS:
            raise AudioError(f"a timestamp of {place} ms", code="TEL-001")
        told = self._begin + samples_at(place, RATE_HZ)
        start = self._at[track]
        if abs(told - start) > samples_at(JITTER_MS, RATE_HZ):
            start = max(told, start)  # a hole; what is told again has been heard
        self._at[track] = start + len(pcm) // 2
        return AudioFrame(side=self._sides[track], start=start, pcm=pcm, rate_hz=RATE_HZ)


def _start(start: Any) -> Start:
    try:
        form = start["mediaFormat"]
        coding = (str(form["encoding"]), int(form["sampleRate"]), int(form["channels"]))
        parameters = {str(name): str(value) for name, value in (start.get("customParameters") or {}).items()}
        found = Start(call_sid=str(start["callSid"]), tracks=tuple(map(str, start["tracks"])), parameters=parameters)
    except (TypeError, KeyError, ValueError, AttributeError):
        raise AudioError("a start message without callSid, tracks or mediaFormat", code="TEL-001") from None
    if coding != ("audio/x-mulaw", RATE_HZ, 1):
        raise AudioError(f"media format {coding}", hint="audio/x-mulaw, 8000, 1", code="TEL-002")
    return found


def _object(text: str) -> dict[str, Any]:
    try:
        message = json.loads(text) if len(text) <= _MESSAGE_CHARS else None
    except (ValueError, RecursionError):
        message = None
    if not isinstance(message, dict):
        raise AudioError("not a JSON object", hint=repr(text[:60]), code="TEL-001")
    return message
