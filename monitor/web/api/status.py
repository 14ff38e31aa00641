"""Whether the server lives, can work, and what it counts."""

from typing import Any

from fastapi import APIRouter, Request, Response
from fastapi.responses import JSONResponse

from monitor import events
from monitor.sinks.accounts import read_access
from monitor.sinks.figures import stats
from monitor.sinks.metrics import CONTENT_TYPE
from monitor.web.api.asked import Limit, Moment, today
from monitor.web.auth import Admin, Overseer
from monitor.web.parts import parts_of

router = APIRouter(tags=["status"])


@router.get("/healthz")
async def health() -> dict[str, str]:
    """The process runs and its loop turns."""
    return {"status": "ok"}


@router.get("/readyz")
async def ready(request: Request) -> JSONResponse:
    """It can take calls: the database writes, the engine answers, there are rules."""
    parts = parts_of(request)
    faults: dict[str, str] = {}
    if parts.store.failing:
        faults["store"] = parts.store.failing
    if parts.batcher.failed is not None:
        faults["engine"] = str(parts.batcher.failed)
    if not parts.rulebook.matcher.ruleset.rules:
        faults["rules"] = "no rules"
    body = {"ready": not faults, "faults": faults, "calls": len(parts.live), "rules": parts.rulebook.version}
    return JSONResponse(body, 503 if faults else 200)


@router.get("/metrics")
async def metrics(request: Request) -> Response:
    """For Prometheus."""
    return Response(parts_of(request).metrics.text(), media_type=CONTENT_TYPE)


@router.get("/v1/schema")
async def schema() -> dict[str, Any]:
    """JSON Schema of every event."""
    return events.schema()


@router.get("/v1/stats")
async def figures(request: Request, principal: Overseer, since: Moment = "") -> dict[str, Any]:
    """Figures since a moment; since midnight where none is given."""
    return await parts_of(request).store.read(stats, since or today())


@router.get("/v1/access")
async def access(request: Request, principal: Admin, limit: Limit = 100) -> dict[str, Any]:
    """Who did, or was refused, what; newest first."""
    return {"entries": await parts_of(request).store.read(read_access, limit)}
