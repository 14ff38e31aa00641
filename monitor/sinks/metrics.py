"""Figures for Prometheus. One registry a server, so that several may live in one process (tests do)."""

from collections.abc import Callable, Iterator
from typing import Any, Final

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from monitor.events import Published
from monitor.events import Warning as WarningEvent

CONTENT_TYPE: Final = "text/plain; version=0.0.4; charset=utf-8"
_SECONDS: Final = (0.005, 0.01, 0.025, 0.05, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.8, 1.0, 1.5, 2.0, 3.0, 5.0, 10.0, 30.0)


class Metrics:
    """What the server counts. Safe to use from any thread."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        self.calls_live = Gauge("monitor_calls_live", "Calls being listened to", registry=self.registry)
        self.calls = Counter("monitor_calls", "Calls ended, by reason", ["reason"], registry=self.registry)
        self.audio = Counter("monitor_audio_seconds", "Audio taken in, both sides", registry=self.registry)
        self.events = Counter("monitor_events", "Events published, by kind", ["kind"], registry=self.registry)
        self.warnings = Counter(
            "monitor_warnings",
            "Warnings published, by rule",
            ["rule_id", "severity", "status"],
            registry=self.registry,
        )
        self.errors = Counter("monitor_errors", "Errors, by code", ["code"], registry=self.registry)
        self._lag = Histogram(
            "monitor_warning_lag_seconds",
            "From the arrival of the quote's last sample to publication",
            buckets=_SECONDS,
            registry=self.registry,
        )
        self._stages = Histogram(
            "monitor_stage_seconds",
            "Where the time goes: store, rules, engine stages",
            ["stage"],
            buckets=_SECONDS,
            registry=self.registry,
        )

    def observe(self, stage: str, seconds: float) -> None:
        """Time one stage took; ``lag`` is the lag of a warning."""
        if stage == "lag":
            self._lag.observe(seconds)
        else:
            self._stages.labels(stage).observe(seconds)

    def count(self, event: Published) -> None:
        """An event is on its way out."""
        self.events.labels(event.kind).inc()
        if isinstance(event, WarningEvent):
            self.warnings.labels(event.rule_id, event.severity, event.status).inc()

    def watch(self, name: str, what: str, read: Callable[[], float]) -> None:
        """A figure that is read when it is asked for."""
        Gauge(name, what, registry=self.registry).set_function(read)

    def watch_engine(self, stats: Callable[[], Any]) -> None:
        """The batcher's counters: queue depth, batch sizes, drops, seconds by stage."""
        self.registry.register(_Engine(stats))

    def text(self) -> bytes:
        """Everything, in Prometheus's text format 0.0.4."""
        return generate_latest(self.registry)


class _Engine(Collector):
    def __init__(self, stats: Callable[[], Any]) -> None:
        self._stats = stats

    def collect(self) -> Iterator[Metric]:
        stats = self._stats()
        depth = GaugeMetricFamily("monitor_engine_queue", "Requests waiting for the engine", labels=["kind"])
        for kind, count in stats.queued.items():
            depth.add_metric([kind], count)
        yield depth
        yield GaugeMetricFamily("monitor_engine_pressure", "0 idle, 1 overloaded", value=stats.pressure)
        for name, what, label, counts in (
            ("monitor_engine_done", "Requests answered", "kind", stats.done),
            ("monitor_engine_dropped", "Partials and overtaken eager decodes given up", "reason", stats.dropped),
            ("monitor_engine_batches", "Batches by size", "size", stats.batches),
            ("monitor_engine_stage_seconds", "Engine time by stage", "stage", stats.stage_s),
        ):
            family = CounterMetricFamily(name, what, labels=[label])
            for value, count in counts.items():
                family.add_metric([str(value)], count)
            yield family
        yield CounterMetricFamily("monitor_engine_brief", "Final words heard in short windows", value=stats.brief)
        yield CounterMetricFamily("monitor_engine_failures", "Requests the engine failed", value=stats.failures)
        yield CounterMetricFamily("monitor_engine_busy_seconds", "Engine time, all lanes", value=stats.busy_s)
