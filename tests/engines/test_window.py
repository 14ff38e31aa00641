"""Encoder windows: long enough, in steps, never above 30 s."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitor.engines.window import FULL_MS, WindowPolicy
from monitor.errors import ConfigError

POLICY = WindowPolicy(floor_ms=4_000, margin_ms=2_000, step_ms=1_000)


@pytest.mark.parametrize(
    ("audio_ms", "window_ms"),
    [(0, 4_000), (2_000, 4_000), (2_001, 5_000), (6_500, 9_000), (28_500, 30_000), (60_000, 30_000)],
)
def test_windows(audio_ms: int, window_ms: int) -> None:
    assert POLICY.window_ms(audio_ms) == window_ms


def test_what_is_heard_briefly_has_a_floor_of_its_own() -> None:
    """It is heard again; what counts in the end gets the longer window."""
    policy = WindowPolicy(floor_ms=12_000, brief_floor_ms=6_000, margin_ms=4_000, brief_margin_ms=5_000, step_ms=2_000)
    assert [policy.window_ms(ms, brief=True) for ms in (500, 2_000, 5_000)] == [6_000, 8_000, 10_000]
    assert policy.window_ms(9_000, brief=True) == policy.window_ms(9_000), "never longer than the others"
    assert [policy.window_ms(ms) for ms in (500, 2_000, 5_000, 9_000)] == [12_000, 12_000, 12_000, 14_000]


@given(st.integers(0, 40_000), st.integers(20, 30_000), st.integers(0, 10_000), st.integers(1, 1_500))
def test_a_window_holds_the_audio_and_its_margin(audio_ms: int, floor_ms: int, margin_ms: int, steps: int) -> None:
    policy = WindowPolicy(floor_ms=floor_ms, margin_ms=margin_ms, step_ms=20 * steps)
    window_ms = policy.window_ms(audio_ms)
    assert min(FULL_MS, max(floor_ms, audio_ms + margin_ms)) <= window_ms <= FULL_MS
    assert window_ms % policy.step_ms == 0 or window_ms == FULL_MS


@pytest.mark.parametrize(
    "wrong",
    [
        {"floor_ms": 0},
        {"floor_ms": 30_001},
        {"brief_floor_ms": 0},
        {"margin_ms": -1},
        {"brief_margin_ms": -1},
        {"step_ms": 10},
    ],
)
def test_values_out_of_range_are_refused(wrong: dict[str, int]) -> None:
    with pytest.raises(ConfigError, match="ENG-011"):
        WindowPolicy(**wrong)
