"""What the server is made of, for the routes to find."""

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from starlette.requests import HTTPConnection

from monitor.config import Settings
from monitor.live import Live
from monitor.sinks.hub import Hub
from monitor.sinks.metrics import Metrics
from monitor.sinks.recordings import Recorder
from monitor.sinks.store import Store
from monitor.web.throttle import Throttle

if TYPE_CHECKING:
    from monitor.engines.batcher import Batcher
    from monitor.web.audiosocket import Switchboard
    from monitor.web.audits import Audits
    from monitor.web.rulebook import Rulebook


@dataclass(slots=True, kw_only=True)
class Parts:
    """Everything that lives as long as the server does."""

    settings: Settings
    store: Store
    hub: Hub
    live: Live
    batcher: "Batcher"
    metrics: Metrics
    rulebook: "Rulebook"
    audits: "Audits"
    recorder: Recorder | None
    switchboard: "Switchboard | None" = None
    """Where Asterisk connects, if it may."""
    throttle: Throttle = field(default_factory=Throttle)


def parts_of(connection: HTTPConnection) -> Parts:
    """The parts of the server that this request or socket came to."""
    parts: Any = connection.app.state.parts
    assert isinstance(parts, Parts)
    return parts
