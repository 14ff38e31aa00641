"""How much of an utterance is settled while it is still being spoken.

LocalAgreement-2 (Liu et al. 2020, «Low-Latency Sequence-to-Sequence Speech Recognition and
Translation by Partial Hypothesis Selection»; used for Whisper by Macháček et al. 2023): what two
successive hypotheses have in common at their beginning is taken as said.
"""

import unicodedata


class Agreement:
    """Local agreement over the hypotheses of one utterance."""

    def __init__(self) -> None:
        self._before: list[str] = []
        self._settled = 0

    def push(self, text: str) -> int:
        """How many leading characters of ``text`` are stable.

        Punctuation and spaces are ignored in the comparison, and case is folded, but counted in
        the answer. What was once settled is never unsettled: when a later hypothesis differs
        inside the settled part, the answer still covers as many words of it as before.
        """
        places = [index for index, char in enumerate(text) if _counts(char)]
        now = [text[index].casefold() for index in places]
        common = 0
        for mine, theirs in zip(now, self._before, strict=False):
            if mine != theirs:
                break
            common += 1
        self._before = now
        self._settled = max(self._settled, common)
        covered = min(self._settled, len(places))
        return places[covered - 1] + 1 if covered else 0


def _counts(char: str) -> bool:
    return unicodedata.category(char)[0] in "LN"
