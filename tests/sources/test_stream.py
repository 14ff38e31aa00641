from collections import deque
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitor.audio import g711
from monitor.errors import AudioError, InputError
from monitor.frames import AudioFrame, Side
from monitor.intake import Packet
from monitor.sources.stream import MESSAGE_BYTES, PacketAssembler, StreamFormat

A, C, U = Side.AGENT, Side.CUSTOMER, Side.UNKNOWN


@pytest.mark.parametrize(
    ("query", "form", "sample_bytes"),
    [
        (("pcm16", "8000", "agent,customer"), StreamFormat("pcm16", 8000, (A, C)), 4),
        (("mulaw", "8000", "customer,agent"), StreamFormat("mulaw", 8000, (C, A)), 2),
        (("alaw", "16000", "agent"), StreamFormat("alaw", 16_000, (A,)), 1),
        (("pcm16", "44100", "unknown"), StreamFormat("pcm16", 44_100, (U,)), 2),
        (("pcm16", "48000", "customer"), StreamFormat("pcm16", 48_000, (C,)), 2),
        (("pcm16", "11025", "customer"), StreamFormat("pcm16", 11_025, (C,)), 2),
    ],
)
def test_what_the_contract_allows(query, form, sample_bytes):
    """Formats, rates, one side or two."""
    assert StreamFormat.parse(*query) == form
    assert form.sample_bytes == sample_bytes


@pytest.mark.parametrize(
    ("query", "code"),
    [
        (("opus", "8000", "agent"), "AUD-010"),
        (("PCM16", "8000", "agent"), "AUD-010"),
        (("", "8000", "agent"), "AUD-010"),
        (("pcm16", "7999", "agent"), "AUD-011"),
        (("pcm16", "48025", "agent"), "AUD-011"),
        (("pcm16", "8001", "agent"), "AUD-011"),
        (("pcm16", "8000.0", "agent"), "AUD-011"),
        (("pcm16", "-8000", "agent"), "AUD-011"),
        (("pcm16", "８０００", "agent"), "AUD-011"),
        (("pcm16", "9" * 5000, "agent"), "AUD-011"),
        (("pcm16", "", "agent"), "AUD-011"),
        (("pcm16", "8000", ""), "AUD-012"),
        (("pcm16", "8000", "agent,agent"), "AUD-012"),
        (("pcm16", "8000", "agent,customer,unknown"), "AUD-012"),
        (("pcm16", "8000", "agent, customer"), "AUD-012"),
        (("pcm16", "8000", "left,right"), "AUD-012"),
    ],
)
def test_anything_else_is_refused_by_code(query, code):
    """As bad input, shortened to what fits a log line."""
    with pytest.raises(InputError) as caught:
        StreamFormat.parse(*query)
    assert caught.value.code == code
    assert len(str(caught.value)) < 200


def apart(packets: list[Packet]) -> list[AudioFrame]:
    return [frame for packet in packets for frame in packet.frames()]


def joined(frames: list[AudioFrame], side: Side) -> bytes:
    own = [frame for frame in frames if frame.side is side]
    assert all(left.start + len(left.pcm) // 2 == right.start for left, right in pairwise(own))
    return b"".join(frame.pcm for frame in own)


@given(
    coding=st.sampled_from(["pcm16", "mulaw", "alaw"]),
    layout=st.sampled_from(["agent,customer", "customer,agent", "agent"]),
    cuts=st.lists(st.integers(0, 900), max_size=12),
    rest=st.integers(0, 3),
)
def test_any_cutting_gives_the_same_sound(coding, layout, cuts, rest):
    """Odd byte counts and empty messages too; and the sound is the sound that was sent."""
    form = StreamFormat.parse(coding, "8000", layout)
    samples = np.random.default_rng(0).integers(-3000, 3000, (sum(cuts), len(form.sides))).astype("<i2")
    encode = {"pcm16": bytes, "mulaw": g711.encode_mulaw, "alaw": g711.encode_alaw}[coding]
    data = encode(samples.tobytes())[: sum(cuts)]
    whole = PacketAssembler(form)
    wanted = apart(whole.push(data) + whole.flush())
    pieces, packets, at = PacketAssembler(form), [], 0
    for cut in cuts:
        packets += pieces.push(data[at : at + cut])
        at += cut
    assert all(packet.samples % 160 == 0 for packet in packets)
    frames = apart(packets + pieces.flush())
    sent = samples[: len(data) // form.sample_bytes]
    decode = {"pcm16": bytes, "mulaw": g711.decode_mulaw, "alaw": g711.decode_alaw}[coding]
    for channel, side in enumerate(form.sides):
        assert joined(frames, side) == joined(wanted, side) == decode(encode(sent[:, channel].tobytes()))


def test_whole_blocks_do_not_wait():
    """20 ms of both sides arrive as a message: a frame of each, at once."""
    frames = apart(PacketAssembler(StreamFormat("pcm16", 8000, (A, C))).push(bytes(640)))
    assert [(frame.side, frame.from_ms, frame.to_ms) for frame in frames] == [(A, 0, 20), (C, 0, 20)]


def test_a_connection_begins_where_the_last_one_ended():
    """Media time goes on after a reconnect."""
    stream = PacketAssembler(StreamFormat("mulaw", 8000, (A,)), 61_240)
    packets = stream.push(bytes([255] * 160)) + stream.push(bytes([255] * 160))
    assert [(packet.start, packet.from_ms, packet.to_ms) for packet in packets] == [
        (489_920, 61_240, 61_260),
        (490_080, 61_260, 61_280),
    ]


def test_a_part_of_a_sample_at_the_end_is_dropped():
    """Half of the customer's last sample."""
    stream = PacketAssembler(StreamFormat("pcm16", 8000, (A, C)))
    assert stream.push(bytes(4 * 10 + 3)) == []
    assert [len(frame.pcm) for frame in apart(stream.flush())] == [20, 20]
    assert stream.flush() == []


def test_a_message_too_large_is_refused():
    """Before it is looked at; a large one that is allowed is taken."""
    stream = PacketAssembler(StreamFormat("pcm16", 48_000, (A, C)))
    assert [packet.samples for packet in stream.push(bytes(MESSAGE_BYTES))] == [MESSAGE_BYTES // 4 // 960 * 960]
    with pytest.raises(AudioError) as caught:
        stream.push(bytes(MESSAGE_BYTES + 1))
    assert caught.value.code == "AUD-013"


def test_a_format_that_cannot_be_right_is_refused():
    """Mu-law at 8 kHz, declared as 16 kHz PCM, says so instead of giving no text for an hour."""
    time = np.arange(40_000) / 8000
    voice = 4000 * np.sin(2 * np.pi * 170 * time) * (1 + np.sin(2 * np.pi * 4 * time))
    data = g711.encode_mulaw(np.rint(voice).astype("<i2").tobytes())
    stream = PacketAssembler(StreamFormat("pcm16", 16_000, (A,)))
    messages = [data[begin : begin + 160] for begin in range(0, len(data), 160)]
    with pytest.raises(AudioError, match=r"pcm16, 1 side, but .* mu-law, 1 side$") as caught:
        deque(map(stream.push, messages), maxlen=0)
    assert caught.value.code == "AUD-014"
