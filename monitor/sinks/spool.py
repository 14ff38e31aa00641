"""Events that no database would take before the server had to stop, kept in a file for the next start."""

import json
import logging
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

from monitor.errors import InputError
from monitor.events import from_json, to_json
from monitor.sinks.entry import Entry
from monitor.sinks.tables import timestamp
from monitor.sinks.writer import Writer

log = logging.getLogger(__name__)


class Spool:
    """A folder of such files; usually there is none."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def keep(self, entries: Sequence[Entry]) -> Path:
        """Write entries down, one JSON line each; where they are."""
        self._folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        path = self._folder / f"{timestamp().replace(':', '')}.jsonl"
        with path.open("w", encoding="utf-8") as file:
            for entry in entries:
                file.write(json.dumps({"agent_id": entry.agent_id, **to_json(entry.event)}, ensure_ascii=False) + "\n")
        return path

    def empty_into(self, writer: Writer) -> None:
        """Hand everything to a running writer and delete each file once it has been written."""
        for path in sorted(self._folder.glob("*.jsonl")):
            entries = []
            for line in path.read_text(encoding="utf-8").splitlines():
                with suppress(ValueError, KeyError, InputError):  # the machine stopped in the middle of a line
                    data = json.loads(line)
                    entries.append(Entry(from_json(data), data.pop("agent_id")))
            writer.put(entries)
            writer.job(lambda _: None).result()
            path.unlink()
            log.warning("%d events of %s are in the database now", len(entries), path)
