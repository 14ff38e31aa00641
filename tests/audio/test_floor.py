from itertools import pairwise

import numpy as np
import pytest

from monitor.audio.floor import NoiseFloor


def after(*runs: tuple[float, int]) -> tuple[float, float]:
    """Floor and quietest moment after so many blocks of each level, in dBFS."""
    return tuple(answers(NoiseFloor(), np.concatenate([np.full(blocks, level) for level, blocks in runs]))[-1])


def answers(floor: NoiseFloor, levels: np.ndarray) -> list[list[float]]:
    return floor.blocks(np.stack([10 ** (levels / 10), levels], axis=1)).tolist()


def test_follows_the_quietest_moment_of_three_seconds():
    """Words do not lift it; a noise that stays does, within 3.5 s."""
    assert after((-60, 100), (-20, 100))[0] == pytest.approx(-60)
    assert after((-60, 100), (-40, 175))[0] == pytest.approx(-40, abs=0.5)


def test_is_unknown_in_the_first_second():
    """A call may begin with a word; the quietest moment so far is told nevertheless."""
    assert after((-20, 50)) == (-96, pytest.approx(-20))
    assert after((-20, 51)) == pytest.approx((-20, -20))


def test_one_dip_is_not_the_floor():
    """Between two pulses a block may hold nothing."""
    assert after((-30, 100), (-60, 1))[0] > -41


def test_the_ring_says_what_all_levels_say():
    """The least of the half seconds that are not over 3 s old, whatever pieces they come in."""
    levels = np.random.default_rng(0).uniform(-96, 0, 900)
    smooth = [levels[0]]
    for level in levels[1:]:
        smooth.append(smooth[-1] + (level - smooth[-1]) / 3)
    expected = []
    for at in range(900):
        quietest = min(smooth[max(0, at // 25 - 5) * 25 : at + 1])
        expected.append([quietest if at >= 50 else -96.0, quietest])
    floor = NoiseFloor()
    places = [0, 1, 4, 40, 41, 333, 900]
    assert [answer for begin, end in pairwise(places) for answer in answers(floor, levels[begin:end])] == expected
