"""The application: routes, error answers, headers, static files."""

from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from importlib.metadata import version

from fastapi import FastAPI
from fastapi.middleware.cors import CORSMiddleware
from fastapi.staticfiles import StaticFiles

from monitor.config import Settings
from monitor.web import audiosocket, ingest, pages, problems, sockets, telephony
from monitor.web.api import audits, calls, rules, session, status, warnings
from monitor.web.limits import Limits, SecurityHeaders

Lifespan = Callable[[FastAPI], AbstractAsyncContextManager[None]]


def build_app(settings: Settings, lifespan: Lifespan) -> FastAPI:
    """Routes and middleware; ``lifespan`` puts the parts into ``app.state``."""
    app = FastAPI(
        title="Speech compliance monitor",
        version=version("call-monitor"),
        lifespan=lifespan,
        docs_url=None,  # its page loads scripts from another host
        redoc_url=None,
    )
    problems.handle(app)
    for module in (session, calls, warnings, rules, audits, status, ingest, telephony, audiosocket, sockets, pages):
        app.include_router(module.router)
    app.mount("/static", StaticFiles(directory=pages.STATIC), name="static")
    app.add_middleware(Limits, upload_bytes=settings.audits.max_mb * 1_000_000)
    if settings.access.origins:
        app.add_middleware(
            CORSMiddleware,
            allow_origins=list(settings.access.origins),
            allow_methods=["GET", "POST", "DELETE"],
            allow_headers=["Authorization", "Content-Type"],
        )
    app.add_middleware(SecurityHeaders, frames=settings.access.frames)
    return app
