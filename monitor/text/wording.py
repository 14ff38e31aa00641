"""The language in which rules describe wordings: regular expressions with synonym classes.

``{不归|不是}{我|我们}{管|负责}``  one of several; may be nested, may be empty (``{的|}``)
``{@拒绝}``, ``{@拒绝|没门}``        a class of ``classes.yaml`` by name
``{事=@事项}``, ``{what=发票|小票}``  the same, remembered as a slot for the rewrite

Everything else is a regular expression of Python's ``re``, with its own ``{2,4}``. Patterns are
matched on the lean form of an utterance (see :mod:`monitor.text.reading`), so 您 and 你, 咱 and 我,
fillers and stutters are the same to them, and they need not say so. A pattern that names ``，``,
``。`` or ``？`` sees punctuation; any other does not.
"""

import re
from collections.abc import Mapping
from functools import cache
from typing import Final

from monitor.text.reading import HESITATION, RHOTIC, SAME

_COUNT: Final = re.compile(r"\{\d*,?\d*\}")
_SLOT: Final = re.compile(r"([A-Za-z_\u4e00-\u9fff][A-Za-z0-9_\u4e00-\u9fff]*)=")
_CLASS: Final = re.compile(r"@([^@|{}]+)(?=[|}])")
_FILLERS: Final = "".join(sorted(HESITATION))
_ONLY_LATER: Final = re.compile(rf"\|(?:[{_FILLERS}]|(?<!干)嘛)+(?=[|}}])")
_ONLY_FIRST: Final = re.compile(rf"\{{[{_FILLERS}]+\|")
_SOUNDS: Final = re.compile(rf"(?:[{_FILLERS}]|(?<!干)嘛)[?*+]?")
_RHOTIC_END: Final = re.compile(rf"(?<=[{''.join(sorted(RHOTIC))}])儿[?*+]?")
_DEPTH: Final = 8


class PatternError(ValueError):
    """A pattern that cannot be understood; the text says why."""


def expand(written: str, classes: Mapping[str, str], depth: int = 0) -> str:
    """``written`` with classes and slots turned into plain ``re`` syntax, its characters folded.

    Raises:
        PatternError: unknown class, unbalanced brace, classes that name each other in a circle.
    """
    if depth > _DEPTH:
        raise PatternError("classes name each other in a circle")
    written = _without_hesitations(written)
    out: list[str] = []
    opened = 0
    index = 0
    while index < len(written):
        character = written[index]
        if character == "\\":
            out.append(written[index : index + 2])
            index += 2
            continue
        if character == "{":
            if count := _COUNT.match(written, index):
                out.append(count.group())
                index = count.end()
                continue
            index = _open(written, index + 1, out)
            opened += 1
            continue
        if character == "@" and opened and (name := _CLASS.match(written, index)) and out[-1][-1] in ":>|":
            if name.group(1) not in classes:
                raise PatternError(f"no class {name.group(1)!r} in classes.yaml")
            out.append(expand(classes[name.group(1)], classes, depth + 1))
            index = name.end()
            continue
        if character == "}":
            if not opened:
                raise PatternError(f"'}}' without '{{' at character {index + 1}")
            opened -= 1
            out.append(")")
        else:
            out.append(SAME.get(character, character))
        index += 1
    if opened:
        raise PatternError("'{' is never closed")
    return "".join(out)


def _without_hesitations(written: str) -> str:
    """Hesitations are not in lean text: left out of wordings, and alternatives that are nothing else go."""
    written = _ONLY_FIRST.sub("{", _ONLY_LATER.sub("", written))
    return _RHOTIC_END.sub("", _SOUNDS.sub("", written))


def _open(written: str, index: int, out: list[str]) -> int:
    if slot := _SLOT.match(written, index):
        out.append(f"(?P<{slot.group(1)}>")
        return slot.end()
    out.append("(?:")
    return index


def compile_pattern(written: str, classes: Mapping[str, str]) -> re.Pattern[str]:
    """``written`` as a compiled expression.

    Raises:
        PatternError: it is not a pattern, or it would match nothing at all everywhere.
    """
    return compile_source(expand(written, classes))


@cache
def compile_source(source: str) -> re.Pattern[str]:
    """An expanded pattern as a compiled expression; the same source is compiled once in a process.

    Raises:
        PatternError: it is not an expression, or it matches the empty text.
    """
    try:
        compiled = re.compile(source)
    except (re.error, OverflowError) as error:
        raise PatternError(str(error)) from None
    if compiled.match("") is not None:
        raise PatternError("it matches the empty text")
    return compiled
