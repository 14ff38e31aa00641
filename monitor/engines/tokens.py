"""Between text and the token ids of one loaded model."""

import json
from codecs import getincrementaldecoder
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

import tokenizers

from monitor.engines.pieces import SPECIALS, mandarin_ids, piece_bytes
from monitor.engines.simplified import simplified
from monitor.errors import WeightsError

_REPLACEMENT: Final = "\ufffd"


@dataclass(frozen=True, slots=True)
class Spelt:
    """Whole characters made of one or more tokens: ``tokens[start:end]`` of the sequence."""

    text: str
    start: int
    end: int


class Tokens:
    """The tokenizer of one model, cut to the tokens a Mandarin call needs or whole.

    ``ids`` are the tokenizer file's own numbers; everywhere else a token is its index in ``ids``,
    which is its row in the loaded model.

    Raises:
        WeightsError: ``WGT-007``, the file is not a Whisper tokenizer.

    """

    def __init__(self, tokenizer_json: bytes, *, mandarin_only: bool) -> None:
        try:
            spec: dict[str, Any] = json.loads(tokenizer_json)
            ordinary = {number: piece_bytes(spelling) for spelling, number in _plain(spec).items()}
            specials = {item["content"]: int(item["id"]) for item in spec["added_tokens"]}
            self._tokenizer = tokenizers.Tokenizer.from_buffer(tokenizer_json)
        except (ValueError, KeyError, TypeError) as error:
            raise WeightsError(f"tokenizer.json is not Whisper's: {error!r}", code="WGT-007") from None
        if mandarin_only:
            self.ids = sorted(mandarin_ids(ordinary) + [specials[name] for name in SPECIALS if name in specials])
        else:
            self.ids = sorted([*ordinary, *specials.values()])
        self._row = {number: row for row, number in enumerate(self.ids)}
        self._bytes = {self._row[number]: piece for number, piece in ordinary.items() if number in self._row}
        self._byte_row = {piece[0]: row for row, piece in self._bytes.items() if len(piece) == 1}
        try:
            control = {name: self._row[specials[f"<|{name}|>"]] for name in _CONTROL}
            nobody = specials.get("<|nospeech|>") or specials["<|nocaptions|>"]  # as newer and older models call it
        except KeyError as error:
            raise WeightsError(f"tokenizer.json has no token {error}", code="WGT-007") from None
        self.end = control["endoftext"]
        self.nobody = self._row[nobody]
        self.start = [control["startoftranscript"], control["zh"], control["transcribe"]]
        self.no_timestamps = control["notimestamps"]
        self.previous = control["startofprev"]

    def encode(self, text: str) -> list[int]:
        """The tokens of ``text``; a piece that the model has lost is spelt in single bytes."""
        rows: list[int] = []
        encoded = self._tokenizer.encode(text, add_special_tokens=False)
        for number, spelling in zip(encoded.ids, encoded.tokens, strict=True):
            row = self._row.get(number)
            rows += [row] if row is not None else [self._byte_row[byte] for byte in piece_bytes(spelling)]
        return rows

    def decode(self, rows: Sequence[int]) -> str:
        """The text of the tokens; control tokens and cut characters say nothing."""
        joined = b"".join(self._bytes.get(row, b"") for row in rows)
        return joined.decode(errors="replace").replace(_REPLACEMENT, "")

    def prompt(self, before: str = "") -> list[int]:
        """What a transcript begins with, after the text ``before`` if there is one."""
        lead = [self.previous, *self.encode(before)] if before else []
        return [*lead, *self.start, self.no_timestamps]

    def likeness(self, rows: Sequence[int]) -> tuple[str, bytes]:
        """What is the same for texts that differ in script and punctuation only.

        Its characters, simplified, and the bytes of one that is not finished.
        """
        reader = getincrementaldecoder("utf-8")(errors="ignore")
        text = reader.decode(b"".join(self._bytes.get(row, b"") for row in rows))
        return simplified("".join(char for char in text if char.isalnum())), reader.getstate()[0]

    def spell(self, rows: Sequence[int]) -> list[Spelt]:
        """The tokens grouped into whole characters, in order; broken bytes are left out."""
        groups: list[Spelt] = []
        start, pending = 0, b""
        for index, row in enumerate(rows):
            pending += self._bytes.get(row, b"")
            try:
                text = pending.decode()
            except UnicodeDecodeError:
                if len(pending) < 8:  # no cut is longer; what is, is damage
                    continue
                text = pending.decode(errors="replace").replace(_REPLACEMENT, "")
            if text:
                groups.append(Spelt(text, start, index + 1))
            start, pending = index + 1, b""
        return groups

    def renumber(self, config: dict[str, Any]) -> dict[str, Any]:
        """CTranslate2's ``config.json`` with its token lists in the loaded model's rows."""
        lists = ("suppress_ids", "suppress_ids_begin", "lang_ids")
        moved = {
            key: [self._row[number] for number in config[key] if number in self._row] for key in lists if key in config
        }
        return {**config, **moved}

    def names(self) -> list[str]:
        """What each row is called in CTranslate2's vocabulary file."""
        spelt = {number: spelling for spelling, number in self._tokenizer.get_vocab(with_added_tokens=True).items()}
        return [spelt[number] for number in self.ids]


_CONTROL: Final = ("endoftext", "startoftranscript", "zh", "transcribe", "notimestamps", "startofprev")


def _plain(spec: dict[str, Any]) -> dict[str, int]:
    """The tokenizer's ordinary tokens: those that stand for text."""
    special = {item["content"] for item in spec["added_tokens"]}
    return {spelling: number for spelling, number in spec["model"]["vocab"].items() if spelling not in special}
