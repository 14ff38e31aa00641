"""Aligning phrases with an utterance, syllable by syllable, all of them in one go.

Semi-global alignment after Needleman and Wunsch (1970): a phrase must be used up, the utterance need not. What
each operation costs is :mod:`monitor.rules.sound`'s to say.

Before a phrase is aligned it must pass two sieves: enough of its syllables stand in the utterance, in place, and
its syllables, each wherever it is cheapest, come to no more than is thinkable.
"""

from typing import Final

import numpy as np
from numpy.typing import NDArray

from monitor.compiled import compiled

NEAR: Final = 2
"""Diagonals to either side that an alignment may wander to."""
_EVEN: Final = 1e-9
"""Costs closer than this are the same cost, summed in another order."""

Ints = NDArray[np.int32]
Floats = NDArray[np.float64]


@compiled
def align(
    starts: Ints,
    owners: Ints,
    spelling: Ints,
    length: Ints,
    needs: Ints,
    most: Floats,
    missing: Floats,
    heard: Ints,
    extra: Floats,
    unlike: Floats,
) -> tuple[Ints, Floats, Ints, Ints]:
    """The phrases that may have been heard: (phrase, cost, first character, character behind the last) of each.

    Args:
        starts: (names + 1), where each syllable's phrases begin in ``owners``.
        owners: the phrases that hold a syllable, once for each place in them.
        spelling: (phrases, longest), the syllables of each phrase.
        length: (phrases), how many it has.
        needs: (phrases), how many must stand in the utterance on one diagonal, give or take :data:`NEAR`.
        most: (phrases), the highest cost that is thinkable.
        missing: (names), what it costs to leave a syllable out.
        heard: (characters, 2), the two syllables that a character may be; -1: one that no phrase has, or the same.
        extra: (characters), what it costs to have a character that the phrase has not.
        unlike: (characters, names), what it costs to hear a character as a syllable.
    """
    characters = len(heard)
    lacking = needs.copy()
    enough = np.empty(len(length), np.int32)
    count = 0
    for at in range(characters):
        for name in heard[at]:
            if name >= 0:
                for place in range(starts[name], starts[name + 1]):
                    phrase = owners[place]
                    lacking[phrase] -= 1
                    if lacking[phrase] == 0:
                        enough[count] = phrase
                        count += 1
    cheapest = missing.copy()
    for at in range(characters):
        for name in range(len(cheapest)):
            cheapest[name] = min(cheapest[name], unlike[at, name])
    # where each syllable was heard: the last place, and before each place the one before it
    last, before = np.full(len(missing), -1, np.int32), np.empty(2 * characters, np.int32)
    for place in range(2 * characters):
        name = heard[place // 2, place % 2]
        if name >= 0:
            before[place], last[name] = last[name], place

    found = np.empty(count, np.int32)
    costs = np.empty(count, np.float64)
    firsts = np.empty(count, np.int32)
    ends = np.empty(count, np.int32)
    kept = 0
    diagonals = np.empty(spelling.shape[1] * characters, np.int32)
    cost, first = np.empty(characters + 1), np.empty(characters + 1, np.int32)
    for phrase in enough[:count]:
        names = spelling[phrase, : length[phrase]]
        least = 0.0
        for name in names:
            least += cheapest[name]
            if least > most[phrase]:
                break
        if least > most[phrase] or not _in_place(names, last, before, needs[phrase], diagonals):
            continue
        if not _fill(names, missing, extra, unlike, cheapest, most[phrase] - least, cost, first):
            continue
        end = 0
        for at in range(1, characters + 1):
            if cost[at] < cost[end] - _EVEN:
                end = at
        if cost[end] <= most[phrase]:
            found[kept], costs[kept], firsts[kept], ends[kept] = phrase, cost[end], first[end], end
            kept += 1
    order = np.argsort(found[:kept])
    return found[order], costs[order], firsts[order], ends[order]


@compiled
def _in_place(names: Ints, last: Ints, before: Ints, needs: int, diagonals: Ints) -> bool:
    """Whether ``needs`` of the syllables stand in the utterance within :data:`NEAR` of a diagonal that one is on."""
    count = 0
    for index in range(len(names)):
        place = last[names[index]]
        while place >= 0:
            diagonals[count] = place // 2 - index
            count += 1
            place = before[place]
    if count < needs:
        return False
    for middle in diagonals[:count]:
        near = 0
        for diagonal in diagonals[:count]:
            near += -NEAR <= diagonal - middle <= NEAR
        if near >= needs:
            return True
    return False


@compiled
def _fill(
    names: Ints,
    missing: Floats,
    extra: Floats,
    unlike: Floats,
    cheapest: Floats,
    spare: float,
    cost: Floats,
    first: Ints,
) -> bool:
    """Of each end in the utterance, the least ``cost`` of all ``names`` and the ``first`` character it is paid for.

    Of equal ways one that hears a character as a syllable is taken, then one that leaves a syllable out. False, and
    given up, when every way costs more than the ``cheapest`` that its syllables can cost and ``spare`` on top.
    """
    for at in range(len(cost)):
        cost[at], first[at] = 0.0, at
    for name in names:
        before, begun = cost[0], first[0]  # of the place before, without this syllable
        cost[0] += missing[name]
        least = cost[0]
        for at in range(len(extra)):
            best, start = before + unlike[at, name], begun
            before, begun = cost[at + 1], first[at + 1]
            if before + missing[name] < best - _EVEN:
                best, start = before + missing[name], begun
            if cost[at] + extra[at] < best - _EVEN:
                best, start = cost[at] + extra[at], first[at]
            cost[at + 1], first[at + 1] = best, start
            least = min(least, best)
        spare += cheapest[name]
        if least > spare + _EVEN:
            return False
    return True
