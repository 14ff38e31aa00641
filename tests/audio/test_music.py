from collections import deque

import numpy as np
import pytest

from monitor.audio.music import Music


def answers(periods: list[float | None], music: Music | None = None) -> list[bool]:
    """None: a block without sound; 0: a block without a pitch."""
    pitches = [(0.9, period) if period else (0.0 if period is None else 0.2, 1.0) for period in periods]
    return (music or Music()).blocks(np.array(pitches)).tolist()


def notes(count: int, seed: int = 0) -> list[float | None]:
    """Each of eight blocks, the pitch leaping from one to the next."""
    rng = np.random.default_rng(seed)
    return [float(period) for period in np.repeat(rng.uniform(50, 200, count), 8)]


def voice(blocks: int, seed: int = 0) -> list[float | None]:
    """Steps of one to three per cent, up and down."""
    rng = np.random.default_rng(seed)
    steps = rng.uniform(0.01, 0.03, blocks) * np.repeat(rng.choice([-1, 1], blocks // 5 + 1), 5)[:blocks]
    return [float(period) for period in 110 * np.exp(np.cumsum(steps - steps.mean()))]


def test_notes_are_music_after_half_a_second():
    """25 steps of pitch."""
    heard = answers(notes(20))
    assert not any(heard[:25])
    assert all(heard[40:])


def test_a_voice_is_not():
    """However long it speaks."""
    assert not any(answers(voice(2000)))


def test_one_note_sung_by_a_voice_is_not_enough():
    """«喂——» on one pitch for 0.4 s."""
    assert not any(answers([*voice(30), *[110.0] * 20, *voice(30, 1)]))


def test_who_speaks_after_the_music_is_heard_at_once():
    """After 0.1 to 0.2 s of voice, and then for good."""
    music = Music()
    assert answers(notes(20), music)[-1]
    heard = answers(voice(200), music)
    assert 4 <= heard.index(False) <= 8
    assert not any(heard[8:])


def test_a_melody_with_slides_is_still_music():
    """A few gliding steps between still ones."""
    slide = [100.0] * 6 + [101.5, 103.0, 104.5] + [106.0] * 6
    assert all(answers(slide * 20)[60:])


def test_a_long_voice_over_soft_music_ends_it():
    """Glides that never come five in six, but outweigh the notes in the end."""
    music = Music()
    answers(notes(20), music)
    mixed: list[float | None] = []
    for index in range(40):
        base = 100.0 * 1.02**index
        mixed += [base, base * 1.02, base * 1.04, base * 1.0401]
    heard = answers(mixed, music)
    assert heard[0]
    assert not any(heard[-20:])


def test_pauses_do_not_count_as_notes():
    """Blocks without sound or pitch part the steps and change nothing by themselves."""
    assert not any(answers([100.0, None, 150.0, 0] * 100))
    music = Music()
    assert answers(notes(20), music)[-1]
    assert all(answers([None] * 50, music))


def test_after_two_seconds_without_a_pitch_everything_is_forgotten():
    """The next call on the line begins afresh."""
    music = Music()
    assert answers(notes(20), music)[-1]
    assert answers([0] * 100, music)[-1] is False
    assert not any(answers(notes(3), music))


def plainly(periods: list[float | None]) -> list[bool]:
    """The same with a queue of steps, as one would write it down."""
    steps: deque[float] = deque(maxlen=50)
    before, since, playing, heard = None, 0, False, []
    for period in periods:
        since = 0 if period else since + 1
        if since >= 100:
            playing = False
            steps.clear()
        if period and before:
            steps.append(max(before, period) / min(before, period))
            still = sum(step < 1.004 for step in steps) / len(steps)
            glides = sum(1.004 <= step < 1.083 for step in list(steps)[-6:])
            if not playing:
                playing = len(steps) >= 25 and still >= 0.45
            elif still < 0.35 or glides >= 5:
                playing = False
                steps.clear()
        before = period
        heard.append(playing)
    return heard


@pytest.mark.parametrize("seed", range(4))
def test_the_loop_says_what_a_queue_says(seed):
    """Music, voices and pauses of any length in turn; taken in pieces."""
    rng, line = np.random.default_rng(seed), []
    for turn in range(30):
        line += [notes(rng.integers(1, 12), turn), voice(rng.integers(1, 80), turn), [None] * rng.integers(1, 120)][
            rng.integers(3)
        ]
    music = Music()
    heard = [answer for at in range(0, len(line), 7) for answer in answers(line[at : at + 7], music)]
    assert heard == plainly(line)
    assert len(set(heard)) == 2
