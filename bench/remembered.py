"""An engine whose answers are kept in a file: after a change of rules nothing is recognised twice.

The same audio, asked in the same way of the same model with the same settings, has the same answer
(engines are deterministic). What is kept is therefore keyed by all of that. The code of the engine is
not part of the key: after changing it, begin with a new folder.
"""

import hashlib
import json
import sqlite3
import threading
from collections.abc import Callable, Hashable, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from monitor.events import DecodeWanted, VerifyWanted
from monitor.frames import Hypothesis, Verdict, Word
from monitor.speech.engine import Engine
from monitor.timeline import Ms


class RememberedEngine:
    """See the module. The real engine is only loaded when something new is asked."""

    def __init__(self, name: str, settings: str, load: Callable[[], Engine], folder: Path) -> None:
        self.name, self.lanes = name, 1
        self._settings, self._load = settings, load
        self._engine: Engine | None = None
        folder.mkdir(parents=True, exist_ok=True)
        self._store = sqlite3.connect(folder / "answers.sqlite", check_same_thread=False)
        self._store.execute("CREATE TABLE IF NOT EXISTS answers (key TEXT PRIMARY KEY, answer TEXT NOT NULL)")
        self._turn = threading.Lock()
        self.asked = self.recognised = 0

    def shape(self, wanted: DecodeWanted) -> Hashable:
        """Everything can be answered together."""
        return 0

    def decode(self, batch: Sequence[DecodeWanted]) -> list[Hypothesis]:
        """As the engine did, or does."""
        with self._turn:
            keys = [self._key("decode", item.decode.value, item.agreed, item.pcm) for item in batch]
            answers = self._answers(keys, batch, lambda engine, items: [_said(it) for it in engine.decode(items)])
        return [
            item.answer(
                text=answer["text"],
                words=tuple(
                    Word(
                        text=word["text"],
                        from_ms=Ms(item.from_ms + word["from_ms"]),
                        to_ms=Ms(item.from_ms + word["to_ms"]),
                        probability=word["probability"],
                    )
                    for word in answer["words"]
                ),
                others=tuple(answer["others"]),
                confidence=answer["confidence"],
                dropped=answer["dropped"],
            )
            for item, answer in zip(batch, answers, strict=True)
        ]

    def verify(self, batch: Sequence[VerifyWanted]) -> list[Verdict]:
        """As the engine did, or does."""
        with self._turn:
            keys = [
                self._key("verify", f"{item.start} {item.end}", f"{item.text}\n{item.candidate}", item.pcm)
                for item in batch
            ]
            answers = self._answers(keys, batch, lambda engine, items: [it.llr for it in engine.verify(items)])
        return [Verdict(request_id=item.request_id, llr=llr) for item, llr in zip(batch, answers, strict=True)]

    def _answers(
        self, keys: list[str], batch: Sequence[Any], ask: Callable[[Engine, list[Any]], list[Any]]
    ) -> list[Any]:
        known: dict[str, Any] = {}
        for key in keys:
            row = self._store.execute("SELECT answer FROM answers WHERE key = ?", (key,)).fetchone()
            if row:
                known[key] = json.loads(row[0])
        new = {key: item for key, item in zip(keys, batch, strict=True) if key not in known}
        self.asked += len(batch)
        if new:
            self.recognised += len(new)
            self._engine = self._engine or self._load()
            for key, answer in zip(new, ask(self._engine, list(new.values())), strict=True):
                known[key] = answer
                self._store.execute(
                    "INSERT OR REPLACE INTO answers VALUES (?, ?)", (key, json.dumps(answer, ensure_ascii=False))
                )
            self._store.commit()
        return [known[key] for key in keys]

    def _key(self, what: str, how: str, text: str, pcm: bytes) -> str:
        head = "\0".join((self.name, self._settings, what, how, text)).encode()
        return hashlib.sha256(head + b"\0" + pcm).hexdigest()


def _said(heard: Hypothesis) -> dict[str, Any]:
    """What of an answer does not depend on who asked: times count from the utterance's start."""
    words = [
        {**asdict(word), "from_ms": word.from_ms - heard.from_ms, "to_ms": word.to_ms - heard.from_ms}
        for word in heard.words
    ]
    return {
        "text": heard.text,
        "words": words,
        "others": heard.others,
        "confidence": heard.confidence,
        "dropped": heard.dropped,
    }
