import json
import subprocess
import sys

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from monitor.frames import AudioFrame, AudioLoss, Side
from monitor.speech.ear import LONGEST_HOLE_MS, Ear
from monitor.speech.endpoint import EndpointPolicy
from monitor.timeline import Ms

A = Side.AGENT


@pytest.fixture
def ear() -> Ear:
    return Ear(A, EndpointPolicy())


def frame(start: int, pcm: bytes, rate_hz: int = 16_000) -> AudioFrame:
    return AudioFrame(side=A, start=start, pcm=pcm, rate_hz=rate_hz)


def steps(ear: Ear) -> list:
    return [ear.step() for _ in range(ear.ready)]


@settings(max_examples=20)
@given(cuts=st.lists(st.integers(1, 3_000), min_size=1, max_size=8), rate_hz=st.sampled_from([8_000, 16_000, 44_100]))
def test_whatever_the_cuts_the_blocks_are_the_same(voice, cuts, rate_hz):
    pcm = voice(1_000, rate_hz)
    whole, cut = Ear(A, EndpointPolicy()), Ear(A, EndpointPolicy())
    whole.push(frame(0, pcm, rate_hz))
    at = turn = 0
    while 2 * at < len(pcm):
        size = cuts[turn % len(cuts)]
        cut.push(frame(at, pcm[2 * at : 2 * (at + size)], rate_hz))
        at, turn = at + size, turn + 1
    whole.finish()
    cut.finish()
    assert steps(whole) == steps(cut)
    assert whole.taken_ms == 1_000


def test_a_jump_is_a_hole_and_time_goes_on(ear, voice):
    ear.push(frame(0, voice(100)))
    ear.push(frame(16_000, voice(100)))
    ear.finish()
    heard = steps(ear)
    holes = [it.hole for it in heard if it.hole]
    assert [(hole.from_ms, hole.to_ms, hole.reason) for hole in holes] == [(100, 1_000, "jump")]
    assert ear.taken_ms == 1_100


def test_a_jump_of_less_than_a_block_is_filled(ear, voice):
    ear.push(frame(0, voice(100)))
    ear.push(frame(1_700, voice(100)))
    ear.finish()
    assert not [it for it in steps(ear) if it.hole]
    assert ear.taken_ms == 200


def test_overlap_is_dropped(ear, voice):
    ear.push(frame(0, voice(100)))
    ear.push(frame(800, voice(100)))
    ear.push(frame(0, voice(100)))
    assert ear.heard_ms == 140


def test_a_loss_in_the_past_takes_nothing_back(ear, voice):
    ear.push(frame(0, voice(100)))
    ear.lose(AudioLoss(side=A, from_ms=Ms(0), to_ms=Ms(50), reason="late"))
    assert ear.heard_ms == 100


def test_a_timestamp_beyond_reason_is_not_a_hole(ear, voice):
    ear.push(frame(0, voice(100)))
    ear.push(frame((LONGEST_HOLE_MS + 1_000_000) * 16, voice(100)))
    ear.finish()
    assert not [it for it in steps(ear) if it.hole]
    assert ear.taken_ms == 200


def test_the_rate_may_change(ear, voice):
    ear.push(frame(0, voice(100)))
    ear.push(frame(800, voice(100, 8_000), 8_000))
    ear.finish()
    assert ear.heard_ms == 200


def test_half_a_sample_is_dropped(ear):
    ear.push(frame(0, bytes(641)))
    assert ear.heard_ms == 20


def test_a_block_of_a_hole_is_neither_voice_nor_quiet(ear):
    ear.lose(AudioLoss(side=A, from_ms=Ms(0), to_ms=Ms(60), reason="reconnect"))
    heard = steps(ear)
    assert [it.voiced for it in heard] == [False, False, False]
    assert ear.level.level_dbfs is None


LIVE = """
import json
import numpy as np
from monitor.audio import floor, level, music, pitch, resample, spectrum, tone, vad
from monitor.frames import AudioFrame, Side
from monitor.speech import ear
from monitor.speech.endpoint import EndpointPolicy

loops = [
    function
    for module in (floor, level, music, pitch, resample, spectrum, tone, vad)
    for function in vars(module).values()
    if hasattr(function, "py_func")
]
ear.warm_up()
warm = [len(loop.signatures) for loop in loops]
pcm = (9000 * np.sin(np.arange(16000) * 0.12 + 9 * np.sin(np.arange(16000) * 0.002))).astype("<i2").tobytes()
side, voiced = ear.Ear(Side.AGENT, EndpointPolicy()), 0
for at in range(0, 8000, 480):
    side.push(AudioFrame(side=Side.AGENT, start=at, pcm=pcm[2 * at : 2 * (at + 480)], rate_hz=8_000))
    voiced += sum(side.step().voiced for _ in range(side.ready))
print(json.dumps({"warm": sum(warm), "later": sum(len(loop.signatures) for loop in loops) - sum(warm), "voiced": voiced}))
"""


def test_a_warm_process_compiles_nothing_more_in_a_call():
    """All loops run for the first block, with the types that every later one has."""
    run = subprocess.run([sys.executable, "-c", LIVE], capture_output=True, text=True, check=True)
    said = json.loads(run.stdout)
    assert said["warm"] >= 9
    assert said["later"] == 0
    assert said["voiced"] > 0
