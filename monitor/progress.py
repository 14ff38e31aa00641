"""A progress bar on stderr for what takes longer than a second."""

import sys
from types import TracebackType
from typing import Final, Self

from tqdm import tqdm

SHOWN_AFTER_S: Final = 1.0
_LOG_EVERY_S: Final = 10.0
"""Between two lines where stderr is a log and not a screen."""


class Bar:
    """One bar for each thing that is fetched, in turn: a ``Progress`` of :mod:`monitor.engines.weights`."""

    def __init__(self) -> None:
        self._bar: tqdm[None] | None = None
        self._what = ""

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._bar is not None:
            self._bar.close()

    def __call__(self, what: str, done: int, total: int | None) -> None:
        """Show that ``done`` of ``total`` bytes of ``what`` are here."""
        if self._bar is None or what != self._what:
            if self._bar is not None:
                self._bar.close()
            self._what = what
            self._bar = tqdm(
                total=total,
                desc=what,
                unit="B",
                unit_scale=True,
                delay=SHOWN_AFTER_S,
                mininterval=0.1 if sys.stderr.isatty() else _LOG_EVERY_S,
                file=sys.stderr,
            )
        self._bar.update(done - self._bar.n)
