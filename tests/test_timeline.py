from hypothesis import given
from hypothesis import strategies as st

from monitor.timeline import BLOCK_MS, BLOCK_SAMPLES, RATE_HZ, clock, ms_at, samples_at

RATES = st.sampled_from([8_000, 11_025, 16_000, 22_050, 44_100, 48_000])


def test_a_block_is_a_whole_number_of_samples():
    assert ms_at(BLOCK_SAMPLES) == BLOCK_MS
    assert samples_at(BLOCK_MS) == BLOCK_SAMPLES


@given(st.integers(0, 10**10), RATES)
def test_time_of_a_total_is_never_off_by_a_millisecond(samples: int, rate_hz: int):
    assert 0 <= samples * 1000 - ms_at(samples, rate_hz) * rate_hz < rate_hz


@given(st.integers(0, 10**8), RATES)
def test_samples_before_a_time_lie_before_it(ms: int, rate_hz: int):
    assert ms_at(samples_at(ms, rate_hz), rate_hz) in (ms - 1, ms)


def test_two_hours_of_chunks_do_not_drift():
    assert ms_at(2 * 3600 * RATE_HZ) == 7_200_000


def test_clock_reads_as_people_write_it():
    assert clock(67_549) == "01:07.5"
    assert clock(0) == "00:00.0"
