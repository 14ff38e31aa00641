"""The server: its parts put together, started and stopped in order."""

import asyncio
import contextlib
import logging
import socket
import threading
from collections.abc import AsyncIterator
from dataclasses import dataclass

import uvicorn
from fastapi import FastAPI

from monitor import wiring
from monitor.config import Settings
from monitor.engines.batcher import Batcher, Trace
from monitor.errors import ConfigError, MonitorError, RuleFault, RuntimeFault
from monitor.live import Live, LivePolicy, Surroundings
from monitor.rules.match import Matcher
from monitor.session import SessionPolicy
from monitor.sinks import retention
from monitor.sinks.entry import Stored
from monitor.sinks.feed import Scope, read_events
from monitor.sinks.hub import Hub
from monitor.sinks.metrics import Metrics
from monitor.sinks.recordings import Recorder, delete
from monitor.sinks.store import Store
from monitor.speech import ear
from monitor.speech.engine import Engine
from monitor.web.app import build_app
from monitor.web.audiosocket import Switchboard
from monitor.web.audits import Audits
from monitor.web.parts import Parts
from monitor.web.rulebook import Load, Rulebook, warm_up

log = logging.getLogger(__name__)

FRAME_BYTES = 1 << 20
"""The largest websocket message that is taken."""

SWEEP_S = 3600.0
"""How often what is past its time is deleted."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Given:
    """What the server is made from, beside its settings."""

    engine: Engine
    load_rules: Load
    matcher: Matcher
    faults: tuple[RuleFault, ...] = ()
    session: SessionPolicy


def create_app(settings: Settings, given: Given) -> FastAPI:
    """The application; everything starts and stops with its lifespan."""

    @contextlib.asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        async with contextlib.AsyncExitStack() as stack:
            try:
                app.state.parts = await stack.enter_async_context(_running(settings, given))
            except BaseException as error:
                app.state.startup_error = error  # uvicorn only logs it
                raise
            yield

    return build_app(settings, lifespan)


@contextlib.asynccontextmanager
async def _running(settings: Settings, given: Given) -> AsyncIterator[Parts]:
    metrics = Metrics()
    store = Store(settings.data, settings.store.url, observe=metrics.observe)

    async def read_back(scope: Scope, after: int, limit: int) -> list[Stored]:
        return await store.read(read_events, scope, after=after, limit=limit)

    hub = Hub(read_back)
    batcher = Batcher(
        given.engine,
        max_batch=settings.engine.max_batch,
        brief_when_busy=settings.engine.brief_when_busy,
        observe=lambda trace: _observe(metrics, trace),
    )
    recorder = Recorder(settings.data / "recordings") if settings.recordings.keep else None
    wording = wiring.wording(settings)
    surroundings = Surroundings(
        store=store,
        decoder=batcher,
        metrics=metrics,
        policy=live_policy(settings),
        session=given.session,
        model=given.engine.name,
        recorder=recorder,
        wording=wording,
    )
    live = Live(given.matcher, surroundings)
    audits = Audits(store, settings)
    parts = Parts(
        settings=settings,
        store=store,
        hub=hub,
        live=live,
        batcher=batcher,
        metrics=metrics,
        rulebook=Rulebook(given.load_rules, given.matcher, list(given.faults)),
        audits=audits,
        recorder=recorder,
    )
    _watch(parts)
    async with contextlib.AsyncExitStack() as stack:
        await store.start(hub.publish)
        stack.push_async_callback(store.stop)
        if wording is not None:
            stack.push_async_callback(wording.close)
        hub.start(store.cursor)
        if recorder is not None:
            recorder.start()
            stack.push_async_callback(asyncio.to_thread, recorder.stop)
        await asyncio.to_thread(ear.warm_up)
        await asyncio.to_thread(warm_up, given.matcher)
        await batcher.start()
        stack.push_async_callback(batcher.stop)
        await live.start()
        stack.push_async_callback(live.stop)
        await audits.start()
        stack.push_async_callback(audits.stop)
        if settings.audiosocket.enabled:
            idle_s = settings.live.give_up_s + settings.live.reconnect_s
            parts.switchboard = Switchboard(live, settings.audiosocket, settings.host, idle_s)
            await parts.switchboard.start()
            stack.push_async_callback(parts.switchboard.stop)
        sweeping = asyncio.create_task(_sweep(parts))
        stack.callback(sweeping.cancel)
        yield parts


def live_policy(settings: Settings) -> LivePolicy:
    """The limits of live calls, from the settings."""
    live = settings.live
    return LivePolicy(
        max_calls=live.max_calls,
        stall_s=live.stall_s,
        give_up_s=live.give_up_s,
        reconnect_s=live.reconnect_s,
        drain_s=live.drain_s,
    )


def uvicorn_server(app: FastAPI, settings: Settings) -> uvicorn.Server:
    """A server for ``app``: no access log of its own (addresses may hold tokens), no compression of audio."""
    return uvicorn.Server(
        uvicorn.Config(
            app,
            host=settings.host,
            port=settings.port,
            log_level="warning",
            access_log=False,
            ws="websockets-sansio",
            ws_max_size=FRAME_BYTES,
            ws_per_message_deflate=False,
            timeout_graceful_shutdown=5,
            server_header=False,
        )
    )


def _watch(parts: Parts) -> None:
    metrics = parts.metrics
    metrics.calls_live.set_function(lambda: len(parts.live))
    metrics.watch("monitor_store_backlog", "Events not yet on disk", lambda: parts.store.backlog)
    metrics.watch("monitor_sockets", "Event sockets open", lambda: len(parts.hub))
    metrics.watch("monitor_sockets_behind", "Event sockets catching up from the store", lambda: parts.hub.behind)
    metrics.watch(
        "monitor_recording_lost_frames",
        "Frames that could not be recorded",
        lambda: parts.recorder.lost if parts.recorder else 0,
    )
    metrics.watch_engine(parts.batcher.stats)


def _observe(metrics: Metrics, trace: Trace) -> None:
    metrics.observe("queue", trace.queue_s)
    metrics.observe("engine", trace.run_s)


async def _sweep(parts: Parts) -> None:
    """Delete what is past its time, now and every hour."""
    settings = parts.settings
    while True:
        try:
            cutoffs = [settings.recordings.days] + ([settings.store.days] if settings.store.days else [])
            await _forget_recordings(parts, retention.ago(min(cutoffs)))
            if settings.store.days:
                while await parts.store.change(retention.forget_calls, retention.ago(settings.store.days)):
                    pass
            for audit_id in await parts.store.read(retention.old_audits, retention.ago(settings.audits.days)):
                await parts.audits.remove(audit_id)
            await parts.store.change(retention.forget_access)
        except MonitorError as error:
            log.error("cannot delete what is past its time: %s", error)
        await asyncio.sleep(SWEEP_S)


async def _forget_recordings(parts: Parts, before: str) -> None:
    while gone := await parts.store.change(retention.forget_recordings, before):
        for recording in gone:
            await asyncio.to_thread(delete, parts.settings.data / "recordings", recording)


def listening_socket(host: str, port: int) -> socket.socket:
    """A bound socket, so that a port that is taken is known before anything starts.

    Raises:
        ConfigError: ``CFG-005``, the address cannot be had.
    """
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listening = socket.socket(family, socket.SOCK_STREAM)
    listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listening.bind((host, port))
    except OSError as error:
        listening.close()
        raise ConfigError(
            f"cannot listen: {error.strerror or error}", where=f"{host}:{port}", code="CFG-005", hint="--port 8001"
        ) from None
    return listening


class Background:
    """A server in a thread with a loop of its own: for commands that are its client as well, and for tests."""

    def __init__(self, settings: Settings, given: Given) -> None:
        self._app = create_app(settings, given)
        self._socket = listening_socket(settings.host, settings.port)
        self._server = uvicorn_server(self._app, settings)
        self._thread = threading.Thread(target=self._run, name="server", daemon=True)
        self._ready = threading.Event()
        self._error: BaseException | None = None
        host, port = self._socket.getsockname()[:2]
        self.url = f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"

    def start(self) -> None:
        """Return once it takes connections.

        Raises:
            MonitorError: what kept it from starting.
        """
        self._thread.start()
        self._ready.wait()
        if self._error is not None:
            raise self._error

    def stop(self) -> None:
        """Close every socket, write what waits, end the thread."""
        self._server.should_exit = True
        self._thread.join()
        self._socket.close()

    def _run(self) -> None:
        try:
            asyncio.run(self._serve())
        except SystemExit:  # uvicorn's way to say that it did not start
            self._error = self._error or startup_error(self._app, self._server)
        finally:
            self._ready.set()  # whatever happened, nobody waits for ever

    async def _serve(self) -> None:
        serving = asyncio.create_task(self._server.serve([self._socket]))
        started = asyncio.create_task(self._wait_started(serving))
        await started
        self._error = startup_error(self._app, self._server)
        self._ready.set()
        await serving

    async def _wait_started(self, serving: "asyncio.Task[None]") -> None:
        while not self._server.started and not serving.done():
            await asyncio.sleep(0.01)


def startup_error(app: FastAPI, server: uvicorn.Server) -> BaseException | None:
    """Why the server did not start; None when it did."""
    if server.started:
        return None
    error: BaseException | None = getattr(app.state, "startup_error", None)
    return error or RuntimeFault("the server did not start; its log says why")
