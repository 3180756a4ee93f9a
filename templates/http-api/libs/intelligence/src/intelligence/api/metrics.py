"""What a process tells Prometheus, on a port of its own: the public one shows nothing of it.

Names and units follow https://prometheus.io/docs/practices/naming/. All figures are this process's.
"""

from collections.abc import Awaitable, Callable, Iterable, Iterator
from contextlib import contextmanager

from prometheus_client import (
    CollectorRegistry,
    Counter,
    Histogram,
    ProcessCollector,
    start_http_server,
)
from prometheus_client.core import GaugeMetricFamily, Metric, SummaryMetricFamily
from prometheus_client.registry import Collector

from intelligence.engine import Engine
from intelligence.usage import Usage, UsageSink

METHODS = frozenset({"DELETE", "GET", "HEAD", "OPTIONS", "PATCH", "POST", "PUT"})


class Metrics:
    """With a registry of its own, so that two of them in a process share nothing.

    Args:
        engine: gives the one whose queue and batches are shown.

    Attributes:
        registry: takes what else is shown.
    """

    def __init__(self, engine: Callable[[], Engine]) -> None:
        self.registry = registry = CollectorRegistry()
        self._requests = Counter(
            "http_requests", "Requests answered.", ["method", "route", "status"], registry=registry
        )
        self._durations = Histogram(
            "http_request_duration_seconds",
            "From the request to the end of the answer.",
            ["method", "route"],
            registry=registry,
        )
        self._tokens = Counter(
            "inference_tokens",
            "Tokens that models read (input) and wrote (output).",
            ["operation", "direction"],
            registry=registry,
        )
        self._first_tokens = Histogram(
            "inference_first_token_seconds",
            "From the submission to the first words of a streamed answer.",
            ["operation"],
            registry=registry,
        )
        registry.register(_EngineCollector(engine))
        ProcessCollector(registry=registry)

    def answered(self, method: str, route: str, status: int, seconds: float) -> None:
        """Args: `route` as in the code, with its parameters' names; empty if none was found."""
        method = method if method in METHODS else "other"  # a caller may make up any number
        self._requests.labels(method, route, str(status)).inc()
        self._durations.labels(method, route).observe(seconds)

    def used(self, usage: Usage) -> None:
        self._tokens.labels(usage.operation, "input").inc(usage.input_tokens)
        self._tokens.labels(usage.operation, "output").inc(usage.output_tokens)
        if usage.first_token_ms is not None:
            self._first_tokens.labels(usage.operation).observe(usage.first_token_ms / 1000)

    @contextmanager
    def served(self, host: str, port: int) -> Iterator[int]:
        """Listens while the block runs, and gives the port: of its own choice for 0."""
        server, thread = start_http_server(port, host, self.registry)
        try:
            yield server.server_port
        finally:
            server.shutdown()
            server.server_close()
            thread.join()


class CountedUsage[Done: Awaitable[None] | None]:
    """A sink before another: counts what was used and passes it on."""

    def __init__(self, sink: UsageSink[Done], metrics: Metrics) -> None:
        self._sink = sink
        self._metrics = metrics

    def record(self, usage: Usage) -> Done:
        self._metrics.used(usage)
        return self._sink.record(usage)


class _EngineCollector(Collector):
    def __init__(self, engine: Callable[[], Engine]) -> None:
        self._engine = engine

    def collect(self) -> Iterable[Metric]:
        engine = self._engine()
        yield GaugeMetricFamily(
            "inference_queue_depth", "Requests that wait for the model.", engine.queue_depth
        )
        yield SummaryMetricFamily(
            "inference_batch_size",
            "Requests that shared a run of the model: _count runs, _sum requests.",
            count_value=engine.batches,
            sum_value=engine.batched,
        )
