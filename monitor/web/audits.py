"""Uploaded recordings, judged one audit after the other in a process of its own.

A process of its own because recordings want the whole machine and calls must not wait for them: it
runs at low priority, can be ended at any time, and what breaks it leaves the server standing. It says
how far it is by JSON lines on its stdout (:mod:`monitor.commands.audit_worker`).
"""

import asyncio
import json
import logging
import os
import secrets
import shutil
import sys
from contextlib import suppress
from pathlib import Path
from typing import Any, Final

from monitor.config import Settings
from monitor.errors import InputError
from monitor.sinks import audits as rows
from monitor.sinks.store import Store

log = logging.getLogger(__name__)

SAVE_S: Final = 1.0
"""Progress is written to the store at most this often."""

_LINE_BYTES: Final = 1 << 20


class Audits:
    """The queue of audits and the one that runs."""

    def __init__(self, store: Store, settings: Settings) -> None:
        self._store, self._settings = store, settings
        self.folder = settings.data / "audits"
        self._queue: asyncio.Queue[str] = asyncio.Queue()
        self._running: dict[str, list[dict[str, Any]]] = {}
        """Files of the audit that runs, fresher than the store has them."""
        self._process: asyncio.subprocess.Process | None = None
        self._cancelled: set[str] = set()
        self._worker: asyncio.Task[None] | None = None

    async def start(self) -> None:
        """Go on with what an earlier process left."""
        for audit_id in await self._store.read(rows.open_audits):
            self._queue.put_nowait(audit_id)
        self._worker = asyncio.create_task(self._work())

    async def stop(self) -> None:
        """End the worker; its audit is taken up again at the next start."""
        if self._worker is not None:
            self._worker.cancel()
            with suppress(asyncio.CancelledError):
                await self._worker

    def new_folder(self) -> tuple[str, Path]:
        """An id, and where its uploads go."""
        audit_id = secrets.token_hex(8)
        uploads = self.folder / audit_id / "uploads"
        uploads.mkdir(parents=True, mode=0o700)
        return audit_id, uploads

    async def add(self, audit_id: str, by: str, options: dict[str, Any], files: list[dict[str, Any]]) -> None:
        """Queue an audit whose uploads are in place."""
        await self._store.change(rows.add_audit, audit_id, by, options, files)
        self._queue.put_nowait(audit_id)

    async def get(self, audit_id: str) -> dict[str, Any]:
        """An audit as it stands.

        Raises:
            InputError: ``API-002``, there is none.
        """
        found = await self._store.read(rows.get_audit, audit_id)
        if found is None:
            raise InputError("there is no such audit", where=audit_id, code="API-002")
        return self._shown(found)

    async def newest(self, limit: int) -> list[dict[str, Any]]:
        """The newest audits."""
        return [self._shown(found) for found in await self._store.read(rows.list_audits, limit)]

    async def remove(self, audit_id: str) -> None:
        """Cancel an audit if it has not finished, and delete everything of it.

        Raises:
            InputError: ``API-002``, there is none.
        """
        await self.get(audit_id)
        self._cancelled.add(audit_id)
        self._terminate(audit_id)
        await self._store.change(rows.delete_audit, audit_id)
        await self._delete(audit_id)

    def _terminate(self, audit_id: str) -> None:
        if audit_id in self._running and self._process is not None:
            with suppress(ProcessLookupError):
                self._process.terminate()

    async def _delete(self, audit_id: str) -> None:
        await asyncio.to_thread(shutil.rmtree, self.folder / audit_id, ignore_errors=True)

    def _shown(self, audit: dict[str, Any]) -> dict[str, Any]:
        files = self._running.get(audit["audit_id"], audit["files"])
        return audit | {"files": files, "progress": round(_progress(files, audit["status"]), 4)}

    # ── the worker ───────────────────────────────────────────────────────────────────────────────

    async def _work(self) -> None:
        while True:
            audit_id = await self._queue.get()
            if audit_id in self._cancelled:
                continue
            try:
                await self._run(audit_id)
            except asyncio.CancelledError:
                raise
            except Exception as error:  # the next audit is not to suffer
                log.exception("audit %s", audit_id)
                with suppress(Exception):
                    await self._store.change(rows.set_audit, audit_id, status="failed", error=str(error))
            finally:
                self._running.pop(audit_id, None)

    async def _run(self, audit_id: str) -> None:
        audit = await self._store.read(rows.get_audit, audit_id)
        if audit is None:
            return
        files = audit["files"]
        self._running[audit_id] = files
        await self._store.change(rows.set_audit, audit_id, status="running")
        job = self.folder / audit_id / "job.json"
        job.write_text(json.dumps({"settings": self._settings.model_dump(mode="json"), **audit["options"]}))
        job.chmod(0o600)
        self._process = await asyncio.create_subprocess_exec(
            sys.executable, "-m", "monitor", "audit-worker", str(job),
            stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE, limit=_LINE_BYTES, preexec_fn=_lower,
        )  # fmt: skip
        if audit_id in self._cancelled:  # while the worker was being made
            self._terminate(audit_id)
        try:
            said = asyncio.create_task(_tail(self._process.stderr))
            await self._listen(audit_id, files, self._process.stdout)
            status = await self._process.wait()
            error = await said
        finally:
            if self._process.returncode is None:
                self._process.kill()
                await self._process.wait()
            self._process = None
        if audit_id in self._cancelled:
            await self._delete(audit_id)  # what the worker made until it ended
            return
        done = status == 0
        await self._store.change(
            rows.set_audit,
            audit_id,
            status="done" if done else "failed",
            files=files,
            error="" if done else error or f"the worker ended with status {status}",
        )

    async def _listen(self, audit_id: str, files: list[dict[str, Any]], stdout: asyncio.StreamReader | None) -> None:
        assert stdout is not None
        by_name = {file["file"]: file for file in files}
        saved = asyncio.get_running_loop().time()
        async for line in stdout:
            said = json.loads(line)
            by_name[said.pop("file")].update(said)
            now = asyncio.get_running_loop().time()
            if "status" in said or now - saved > SAVE_S:
                saved = now
                await self._store.change(rows.set_audit, audit_id, files=files)


def _progress(files: list[dict[str, Any]], status: str) -> float:
    if status == "done" or not files:
        return 1.0
    total = 0.0
    for file in files:
        if file["status"] in ("done", "failed"):
            total += 1
        elif file.get("duration_ms"):
            total += min(1.0, file.get("done_ms", 0) / file["duration_ms"])
    return total / len(files)


def _lower() -> None:
    os.nice(10)


async def _tail(stream: asyncio.StreamReader | None) -> str:
    """The last line that was said on stderr, everything read."""
    assert stream is not None
    last = b""
    with suppress(ValueError):  # a line without end
        async for line in stream:
            last = line.strip() or last
    return last.decode(errors="replace")[:2_000]
