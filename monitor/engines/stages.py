"""Where the time of one engine call goes, by stage.

An engine marks its stages with :func:`stage`; whoever calls it collects them with :func:`record`.
Without a collector a mark costs nothing that could be measured.
"""

import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar

_OPEN: ContextVar[dict[str, float] | None] = ContextVar("stages", default=None)


@contextmanager
def record() -> Iterator[dict[str, float]]:
    """Collect the seconds of every stage marked inside, in this thread."""
    seconds: dict[str, float] = {}
    token = _OPEN.set(seconds)
    try:
        yield seconds
    finally:
        _OPEN.reset(token)


@contextmanager
def stage(name: str) -> Iterator[None]:
    """The seconds inside count for ``name``; repeated stages add up."""
    seconds = _OPEN.get()
    if seconds is None:
        yield
        return
    begin = time.perf_counter()
    try:
        yield
    finally:
        seconds[name] = seconds.get(name, 0.0) + time.perf_counter() - begin


def merge(seconds: Mapping[str, float]) -> None:
    """Count what was collected in another thread for this one's collector."""
    open_here = _OPEN.get()
    if open_here is not None:
        for name, more in seconds.items():
            open_here[name] = open_here.get(name, 0.0) + more
