"""Does a text hold a phrase? By sound: toneless syllables, the usual confusions folded, a few edits allowed."""

from functools import lru_cache

from monitor.text.reading import read


@lru_cache(maxsize=4096)
def syllables(text: str) -> tuple[str, ...]:
    """The sound of a text."""
    return tuple(syllable.folded for syllable in read(text).syllables)


def holds(text: str, phrase: str) -> bool:
    """``phrase`` is somewhere in ``text``, with no edit below four syllables, one below eight, else two."""
    wanted = syllables(phrase)
    limit = 0 if len(wanted) < 4 else 1 if len(wanted) < 8 else 2
    return distance(wanted, syllables(text)) <= limit


def distance(wanted: tuple[str, ...], sounds: tuple[str, ...]) -> int:
    """Fewest edits that turn ``wanted`` into some stretch of ``sounds`` (Sellers' algorithm)."""
    row = [0] * (len(sounds) + 1)
    for i, syllable in enumerate(wanted, 1):
        last, row = row, [i]
        for j, sound in enumerate(sounds, 1):
            row.append(min(last[j] + 1, row[j - 1] + 1, last[j - 1] + (syllable != sound)))
    return min(row)
