"""No double charge: the same words cost once, however many rules and ways found them."""

from collections.abc import Iterable
from typing import Final

from monitor.rules.hit import Found, rank

_SURENESS: Final = {"literal": 0, "word": 0, "pattern": 0, "pinyin": 2, "acoustic": 2, "meaning": 3}


def charge(found: Iterable[Found]) -> list[tuple[Found, tuple[str, ...]]]:
    """What is charged, in the order it was said, each with the ids of the rules it stands for.

    Places that share words are one charge: the most severe rule's, by its surest evidence; the other
    rules are named in it. One rule is charged once in an utterance, so a phrase said twice in one
    breath counts once. What needs the audio is kept apart from what does not, and given up where it
    shares any word with a sure hit.
    """
    ordered = sorted(found, key=lambda item: (item.start, -item.end, item.rule.id, item.phrase))
    sure = _merge([item for item in ordered if not item.needs_audio])
    charged = [winner for winner, _ in sure]
    rules = {item.rule.id for item in charged} | {rule for _, also in sure for rule in also}
    asked = [
        item
        for item in ordered
        if item.needs_audio and item.rule.id not in rules and not any(_touch(item, other) for other in charged)
    ]
    unsure = _merge(asked)
    return sorted([*sure, *unsure], key=lambda pair: (pair[0].start, pair[0].rule.id))


def _merge(items: list[Found]) -> list[tuple[Found, tuple[str, ...]]]:
    direct = [item for item in items if item.match != "meaning"]
    indirect = [
        item for item in items if item.match == "meaning" and not any(_overlap(item, other) for other in direct)
    ]
    groups: list[list[Found]] = []
    for item in sorted([*direct, *indirect], key=_strength):
        home = next((group for group in groups if _belongs(item, group)), None)
        if home is None:
            groups.append([item])
        else:
            home.append(item)
    merged = []
    for group in groups:
        winner = group[0]
        also = dict.fromkeys(item.rule.id for item in group if item.rule.id != winner.rule.id)
        merged.append((winner, tuple(also)))
    return merged


def _belongs(item: Found, group: list[Found]) -> bool:
    """Whether an item is of the charged rule, or shares words with any place where that rule was broken."""
    leader = group[0].rule.id
    return item.rule.id == leader or any(_overlap(other, item) for other in group if other.rule.id == leader)


def _strength(item: Found) -> tuple[bool, int, int, float, int, int, str]:
    """Best first: what counts, the most severe, the surest, the longest.

    Of likenesses in sound the one that rests on most syllables is surest: nine much alike say more than five alike.
    """
    trial, severity = rank(item.rule)
    length = item.end - item.start
    weight = item.score * length if item.match == "pinyin" else item.score
    return (trial, severity, _SURENESS[item.match], -weight, -length, item.start, item.rule.id)


def _touch(left: Found, right: Found) -> bool:
    return left.start < right.end and right.start < left.end


def _overlap(left: Found, right: Found) -> bool:
    """Whether two places share at least half of the shorter one."""
    shared = min(left.end, right.end) - max(left.start, right.start)
    return shared * 2 >= min(left.end - left.start, right.end - right.start) and shared > 0
