"""Recordings that are uploaded, and the reports on them."""

import asyncio
import json
import re
import shutil
from pathlib import Path
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Query, Request
from fastapi.responses import FileResponse, Response
from starlette.datastructures import UploadFile

from monitor.errors import InputError
from monitor.web.auth import Overseer, note
from monitor.web.parts import parts_of

router = APIRouter(prefix="/v1/audits", tags=["audits"])

FORMATS = "jsonl,json,csv,xlsx,html"
DOWNLOADS = ("report.json", "report.csv", "report.xlsx", "report.html")


@router.post("", status_code=202)
async def upload(request: Request, principal: Overseer) -> dict[str, Any]:
    """Multipart: ``files``, one or more; ``layout`` and ``side`` as for ``monitor audit``."""
    parts = parts_of(request)
    if not request.headers.get("content-type", "").startswith("multipart/form-data"):
        raise InputError("send multipart/form-data with files", code="API-001")
    async with request.form(max_files=parts.settings.audits.max_files, max_fields=20) as form:
        uploads = [item for item in form.getlist("files") + form.getlist("file") if isinstance(item, UploadFile)]
        uploads = [item for item in uploads if item.filename]
        if not uploads:
            raise InputError("there are no files", code="API-001", hint="a multipart field named files")
        options = {"layout": _layout(form.get("layout")), "side": _side(form.get("side"))}
        audit_id, folder = parts.audits.new_folder()
        try:
            files = await asyncio.to_thread(_save, uploads, folder)
        except OSError as error:
            shutil.rmtree(folder.parent, ignore_errors=True)
            raise InputError(f"the upload could not be kept: {error.strerror}", code="API-003") from None
    await parts.audits.add(audit_id, principal.who, options, files)
    note(request, principal, f"audit {audit_id}")
    return await _full(request, audit_id)


@router.get("")
async def audits(
    request: Request, principal: Overseer, limit: Annotated[int, Query(ge=1, le=200)] = 50
) -> dict[str, Any]:
    """The newest audits, newest first."""
    found = await parts_of(request).audits.newest(limit)
    return {"audits": [{name: value for name, value in audit.items() if name != "options"} for audit in found]}


@router.get("/{audit_id}")
async def audit(request: Request, principal: Overseer, audit_id: str) -> dict[str, Any]:
    """One audit; its report once it is done."""
    return await _full(request, audit_id)


@router.get("/{audit_id}/files/{name}")
async def download(
    request: Request,
    principal: Overseer,
    audit_id: str,
    name: Literal["report.json", "report.csv", "report.xlsx", "report.html"],
) -> Response:
    """A report as a file."""
    await parts_of(request).audits.get(audit_id)
    path = _out(request, audit_id) / name
    if not path.is_file():
        raise InputError("there is no such file yet", where=name, code="API-002")
    note(request, principal, "downloaded")
    # its own styles and scripts must not run as ours
    headers = {"Content-Security-Policy": "default-src 'none'; style-src 'unsafe-inline'; img-src data:; sandbox"}
    return FileResponse(path, filename=f"{audit_id}-{name}", headers=headers)


@router.get("/{audit_id}/calls/{file}")
async def recording_events(request: Request, principal: Overseer, audit_id: str, file: str) -> Response:
    """Every event of one recording."""
    audit = await parts_of(request).audits.get(audit_id)
    entry = next((entry for entry in audit["files"] if entry["file"] == file), None)
    if entry is None or not entry.get("events"):
        raise InputError("there is no such recording, or it has not been judged", where=file, code="API-002")
    text = await asyncio.to_thread((_out(request, audit_id) / "calls" / entry["events"]).read_text, encoding="utf-8")
    return Response(f'{{"events":[{",".join(text.splitlines())}],"next":null}}', media_type="application/json")


@router.delete("/{audit_id}", status_code=204)
async def remove(request: Request, principal: Overseer, audit_id: str) -> None:
    """Cancel it, if it has not finished, and delete everything of it."""
    await parts_of(request).audits.remove(audit_id)
    note(request, principal, f"deleted audit {audit_id}")


async def _full(request: Request, audit_id: str) -> dict[str, Any]:
    found = await parts_of(request).audits.get(audit_id)
    out = _out(request, audit_id)
    found["downloads"] = [name for name in DOWNLOADS if (out / name).is_file()]
    report = out / "report.json"
    found["report"] = json.loads(await asyncio.to_thread(report.read_text, "utf-8")) if report.is_file() else None
    del found["options"]
    return found


def _out(request: Request, audit_id: str) -> Path:
    return parts_of(request).audits.folder / audit_id / "out"


def _save(uploads: list[UploadFile], folder: Path) -> list[dict[str, Any]]:
    """Write the uploads under safe names; a name that comes again gets a number."""
    files, taken = [], set()
    for upload in uploads:
        name = stem = (
            re.sub(r"[^\w.\-~()（） ]+", "_", Path(upload.filename or "").name)[-120:].lstrip(".") or "recording"
        )
        number = 1
        while name in taken:
            number += 1
            name = f"{Path(stem).stem}~{number}{Path(stem).suffix}"
        taken.add(name)
        with (folder / name).open("wb") as target:
            shutil.copyfileobj(upload.file, target, 1 << 20)
        size = (folder / name).stat().st_size
        files.append(
            {"file": name, "bytes": size, "status": "queued", "done_ms": 0, "duration_ms": None, "error": None}
        )
    return files


def _layout(value: object) -> str:
    layout = value if isinstance(value, str) and value else "agent,customer"
    if sorted(layout.split(",")) != ["agent", "customer"]:
        raise InputError(f"layout: {layout[:40]}", code="API-001", hint="agent,customer or customer,agent")
    return layout


def _side(value: object) -> str:
    side = value if isinstance(value, str) else ""
    if side not in ("", "agent", "customer", "unknown"):
        raise InputError(f"side: {side[:40]}", code="API-001", hint="agent or customer")
    return side
