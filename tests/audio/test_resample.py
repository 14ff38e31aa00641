import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from monitor.audio.resample import Resampler

RATES = [8000, 11025, 12000, 22050, 24000, 32000, 44100, 48000]


def noise(samples: int, seed: int = 0) -> bytes:
    return np.random.default_rng(seed).integers(-32768, 32768, samples).astype("<i2").tobytes()


def sine(hz: float, rate_hz: int, seconds: float = 0.5, size: int = 16000) -> np.ndarray:
    return size * np.sin(2 * np.pi * hz * np.arange(int(rate_hz * seconds)) / rate_hz)


def through(resampler: Resampler, pcm: bytes) -> np.ndarray:
    return np.frombuffer(resampler.push(pcm) + resampler.flush(), "<i2").astype(float)


@settings(max_examples=40)
@given(rate=st.sampled_from([*RATES, 8001]), cuts=st.lists(st.integers(0, 700), max_size=12), seed=st.integers(0, 9))
def test_cutting_the_stream_changes_no_bit(rate, cuts, seed):
    """Any chunks, empty ones too, give the bytes of one push."""
    pcm = noise(sum(cuts) + 300, seed)
    pieces, at = [], 0
    stream = Resampler(rate)
    for cut in cuts:
        pieces.append(stream.push(pcm[2 * at : 2 * (at + cut)]))
        at += cut
    pieces += [stream.push(pcm[2 * at :]), stream.flush()]
    whole = Resampler(rate)
    assert b"".join(pieces) == whole.push(pcm) + whole.flush()


@pytest.mark.parametrize("rate", RATES)
@pytest.mark.parametrize("samples", [0, 1, 7, 1000, 40_001])
def test_media_time_is_kept(rate, samples):
    """n samples at one rate are n·to/from at the other, rounded down, whatever the length."""
    assert len(through(Resampler(rate), noise(samples))) == samples * 16_000 // rate


@pytest.mark.parametrize("rate", RATES)
@pytest.mark.parametrize("hz", [50, 440, 1000, 3400])
def test_a_sine_stays_that_sine(rate, hz):
    """Same frequency, phase and size to within 70 dB, away from both ends."""
    got = through(Resampler(rate), np.rint(sine(hz, rate)).astype("<i2").tobytes())
    wanted = sine(hz, 16_000)
    middle = slice(400, min(len(got), len(wanted)) - 400)
    error = got[middle] - wanted[middle]
    assert 10 * np.log10(np.mean(wanted[middle] ** 2) / np.mean(error**2)) > 70


def test_what_the_new_rate_cannot_hold_is_removed():
    """12 kHz in 48 kHz sound would fold to 4 kHz; at least 70 dB of it is gone."""
    got = through(Resampler(48_000), np.rint(sine(12_000, 48_000)).astype("<i2").tobytes())
    assert np.sqrt(np.mean(got[400:-400] ** 2)) < 16_000 / 2**0.5 / 10 ** (70 / 20)


def test_no_image_above_the_telephone_band():
    """3 kHz at 8 kHz has a mirror at 5 kHz; at 16 kHz it is 70 dB down."""
    got = through(Resampler(8000), np.rint(sine(3000, 8000)).astype("<i2").tobytes())[400:-400]
    power = np.abs(np.fft.rfft(got * np.hanning(len(got)))) ** 2
    bins = np.fft.rfftfreq(len(got), 1 / 16_000)
    assert power[np.abs(bins - 5000) < 50].max() < power.max() * 1e-7


def test_full_scale_does_not_wrap_around():
    """A square wave overshoots in any filter; it is clipped, not turned over."""
    square = np.where(np.arange(2000) // 40 % 2, 32767, -32768).astype("<i2")
    got = through(Resampler(8000), square.tobytes())
    inside = got.reshape(-1, 80)[5:-5, 20:60]
    assert (np.sign(inside) == np.sign(inside[:, :1])).all()
    assert np.abs(inside).min() > 25_000


@pytest.mark.parametrize(("rate", "wait_ms"), [(8000, 4.0), (16_000, 0.0), (44_100, 2.1), (48_000, 2.1)])
def test_little_is_held_back(rate, wait_ms):
    """What a warning waits for in here: 4 ms at 8 kHz."""
    pushed = rate // 10
    got = len(Resampler(rate).push(noise(pushed))) // 2
    assert 0 <= 100 - got / 16 <= wait_ms


def test_equal_rates_are_left_alone():
    """Not one bit changes, and nothing waits."""
    pcm = noise(500)
    stream = Resampler(16_000)
    assert stream.push(pcm) == pcm
    assert stream.flush() == b""


def test_after_a_flush_a_new_stream_begins():
    """Nothing of the old sound is heard in the new one."""
    used = Resampler(8000)
    through(used, noise(333, 1))
    assert np.array_equal(through(used, noise(500, 2)), through(Resampler(8000), noise(500, 2)))


def test_another_target_rate():
    """16 kHz down to 8 kHz, as a recording may be stored."""
    got = through(Resampler(16_000, 8000), np.rint(sine(1000, 16_000)).astype("<i2").tobytes())
    assert len(got) == 4000
    assert np.abs(got[200:-200] - sine(1000, 8000)[200:-200]).max() < 8


@pytest.mark.parametrize(("from_hz", "to_hz"), [(0, 16_000), (8000, 0), (-8000, 16_000), (400_000, 16_000)])
def test_impossible_rates_are_refused(from_hz, to_hz):
    """With both rates in the message."""
    with pytest.raises(ValueError, match=f"{from_hz} Hz to {to_hz} Hz"):
        Resampler(from_hz, to_hz)


@pytest.mark.parametrize("rate", [8000, 16_000])
def test_half_a_sample_is_refused(rate):
    """An odd byte count is a mistake of the caller."""
    with pytest.raises(ValueError, match="buffer size"):
        Resampler(rate).push(b"abc")


def test_a_long_stream_keeps_no_more_than_a_short_one():
    """What waits inside is the filter's length, however long the call."""
    stream = Resampler(8000)
    for _ in range(300):
        stream.push(noise(800))
    assert stream._kept.nbytes <= 8 * 128
