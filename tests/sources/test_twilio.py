import base64
import json
from typing import Any

import pytest

from monitor.audio import g711
from monitor.errors import AudioError
from monitor.frames import AudioFrame, Side
from monitor.sources.twilio import Start, Stop, TwilioStream

START = {
    "event": "start",
    "start": {
        "callSid": "CA1",
        "tracks": ["inbound", "outbound"],
        "customParameters": {"agent_id": "a1"},
        "mediaFormat": {"encoding": "audio/x-mulaw", "sampleRate": 8000, "channels": 1},
    },
}


def media(track: str, timestamp: object, size: int = 160, byte: int = 0x55) -> str:
    payload = base64.b64encode(bytes([byte]) * size).decode()
    return json.dumps({"event": "media", "media": {"track": track, "timestamp": str(timestamp), "payload": payload}})


def stream() -> TwilioStream:
    made = TwilioStream()
    made.begin({"inbound": Side.CUSTOMER, "outbound": Side.AGENT})
    return made


def test_the_start_says_what_comes() -> None:
    assert TwilioStream().take(json.dumps(START)) == Start(
        call_sid="CA1", tracks=("inbound", "outbound"), parameters={"agent_id": "a1"}
    )


def test_media_of_both_tracks_lie_on_their_own_timelines() -> None:
    made = stream()
    frames = [made.take(media(track, at)) for at in (0, 20, 40) for track in ("inbound", "outbound")]
    assert [(frame.side, frame.start, len(frame.pcm)) for frame in frames if isinstance(frame, AudioFrame)] == [
        (side, start, 320) for start in (0, 160, 320) for side in (Side.CUSTOMER, Side.AGENT)
    ]
    assert isinstance(frames[0], AudioFrame)
    assert frames[0].pcm == g711.decode_mulaw(b"\x55" * 160)


def test_jitter_moves_nothing_and_a_hole_does() -> None:
    made = stream()
    starts = []
    for at in (3, 19, 95, 60, 1_000, 1_020):
        frame = made.take(media("inbound", at))
        assert isinstance(frame, AudioFrame)
        starts.append(frame.start)
    assert starts == [0, 160, 320, 480, 8_000, 8_160]


def test_a_stream_may_begin_in_the_middle_of_a_call() -> None:
    made = TwilioStream()
    made.begin({"inbound": Side.CUSTOMER}, from_ms=5_000)
    frame = made.take(media("inbound", 0))
    assert isinstance(frame, AudioFrame)
    assert frame.start == 40_000


def test_what_says_nothing_about_the_call_is_passed_over() -> None:
    made = stream()
    for event in ("connected", "mark", "dtmf", "clear"):
        assert made.take(json.dumps({"event": event})) is None
    assert made.take(media("other", 0)) is None
    assert isinstance(made.take('{"event":"stop"}'), Stop)


def broken(**change: Any) -> str:
    return json.dumps({"event": "start", "start": {**START["start"], **change}})  # type: ignore[dict-item]


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("", "TEL-001"),
        ("hello", "TEL-001"),
        ("[1]", "TEL-001"),
        ("[" * 50_000, "TEL-001"),
        ('{"event":"dance"}', "TEL-001"),
        ('{"event":"start"}', "TEL-001"),
        (broken(tracks=None), "TEL-001"),
        (broken(customParameters=[1]), "TEL-001"),
        (broken(mediaFormat={"encoding": "audio/x-l16", "sampleRate": 8000, "channels": 1}), "TEL-002"),
        (broken(mediaFormat={"encoding": "audio/x-mulaw", "sampleRate": 16000, "channels": 1}), "TEL-002"),
        ('{"event":"media"}', "TEL-001"),
        (media("inbound", "soon"), "TEL-001"),
        (media("inbound", -1), "TEL-001"),
        (media("inbound", 10**12), "TEL-001"),
        ('{"event":"media","media":{"track":"inbound","timestamp":"0","payload":"%%%"}}', "TEL-001"),
    ],
)
def test_what_is_no_message_is_refused(text: str, code: str) -> None:
    with pytest.raises(AudioError, match=code):
        stream().take(text)
