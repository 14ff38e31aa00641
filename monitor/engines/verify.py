"""Does the audio hold a phrase? The recogniser is asked to spell it and says how hard it finds that.

Teacher forcing: the decoder is given the transcript token by token and reports the probability of
each (``ctranslate2.models.Whisper.align``), once as it was heard and once with the candidate in the
place of what was heard. The difference of the mean log probabilities is the verdict.
"""

import math
from collections.abc import Sequence
from typing import Final

from monitor.engines.tokens import Tokens
from monitor.events import VerifyWanted

_LEAST_PROBABILITY: Final = 1e-6


def rival_rows(tokens: Tokens, wanted: VerifyWanted) -> tuple[list[int], list[int]]:
    """The transcript with the candidate put in, and as heard, as tokens."""
    before, after = wanted.text[: wanted.start], wanted.text[wanted.end :]
    return tokens.encode(before + wanted.candidate + after), tokens.encode(wanted.text)


def mean_log(probabilities: Sequence[float]) -> float:
    """Mean natural logarithm of token probabilities; 0 for none."""
    if not probabilities:
        return 0.0
    return sum(math.log(max(_LEAST_PROBABILITY, p)) for p in probabilities) / len(probabilities)
