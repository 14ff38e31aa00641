"""What the rest of the program asks of a speech engine.

An engine is blocking and deterministic: what it answers does not depend on which utterances happen
to share the batch, apart from rounding inside the arithmetic kernels. ``lanes`` says how many calls
may run at once from different threads; with one lane it need not be safe for threads at all.
"""

from collections.abc import Hashable, Sequence
from typing import Protocol

from monitor.events import DecodeWanted, VerifyWanted
from monitor.frames import Hypothesis, Verdict


class Engine(Protocol):
    """Turns speech into words, and says how well words fit speech."""

    @property
    def name(self) -> str:
        """What ``call.started`` shows as the model, e.g. ``whisper-base int8 cpu``."""
        ...

    @property
    def lanes(self) -> int:
        """How many calls may run at once."""
        ...

    def shape(self, wanted: DecodeWanted) -> Hashable:
        """Requests of equal shape are computed together; others only one after the other."""
        ...

    def decode(self, batch: Sequence[DecodeWanted]) -> list[Hypothesis]:
        """One hypothesis for each entry, in order.

        An empty batch gives an empty list; speechless or very short audio gives an empty text.

        Raises:
            EngineError: the engine failed; with ``retryable`` the same batch may be tried once more.

        """
        ...

    def verify(self, batch: Sequence[VerifyWanted]) -> list[Verdict]:
        """One verdict for each entry, in order; see :attr:`monitor.frames.Verdict.llr`.

        Raises:
            EngineError: as for :meth:`decode`.

        """
        ...
