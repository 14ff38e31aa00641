"""Traditional characters to Simplified: Whisper writes either, as it likes."""

from functools import cache
from typing import Any


@cache
def _converter() -> Any:
    from opencc import OpenCC

    return OpenCC("t2s")


def simplified(text: str) -> str:
    """``text`` in Simplified characters."""
    converted: str = _converter().convert(text)
    return converted
