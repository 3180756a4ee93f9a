"""Traces and metrics by OpenTelemetry, where OTEL_EXPORTER_OTLP_ENDPOINT says where they go.

FastAPI itself makes the span of a request, and takes W3C's `traceparent`. Here is what the use of a
model adds, by the conventions for generative AI
(https://opentelemetry.io/docs/specs/semconv/gen-ai/): never what was asked or answered.

The SDK, which the extra `telemetry` installs, sends in threads of its own from a bounded queue.
What nobody takes is dropped, and no request waits for it.
"""

import asyncio
import os
from collections.abc import AsyncGenerator, Awaitable
from contextlib import asynccontextmanager
from functools import partial
from threading import Thread
from time import time_ns
from typing import TYPE_CHECKING

from fastapi import FastAPI
from fastapi.telemetry import TelemetryConfig
from opentelemetry.trace import SpanKind, StatusCode
from starlette.types import Scope

from app.settings import ROOT, Settings
from intelligence import backend
from intelligence.usage import Usage, UsageSink

if TYPE_CHECKING:
    from opentelemetry.sdk.metrics import MeterProvider
    from opentelemetry.sdk.trace import TracerProvider

PROBES = {"/livez", "/readyz"}
OPERATIONS = {"chat": "chat"}  # as the conventions call them; the others embed
FLUSH_TIMEOUT = 2.0  # seconds
FIRST_FAILURE = 500  # an HTTP status; a client that leaves is none

# The buckets that the conventions advise.
SECONDS = [0.01 * 2**power for power in range(14)]
FIRST_SECONDS = [
    0.001, 0.005, 0.01, 0.02, 0.04, 0.06, 0.08, 0.1, 0.25, 0.5, 0.75, 1.0, 2.5, 5.0, 7.5, 10.0
]  # fmt: skip
TOKENS = [4**power for power in range(14)]


class Telemetry:
    """Where spans and metrics go."""

    def __init__(self, tracers: "TracerProvider", meters: "MeterProvider") -> None:
        self._tracers = tracers
        self._meters = meters
        self.of_fastapi = TelemetryConfig(
            tracer_provider=tracers,
            meter_provider=meters,
            logs=False,
            operation_spans=False,
            auto_configure=False,
            exclude=is_probe,
        )
        self.tracer = tracers.get_tracer("app")
        meter = meters.get_meter("app")
        self.durations = meter.create_histogram(
            "gen_ai.client.operation.duration",
            "s",
            "From the submission to the result.",
            explicit_bucket_boundaries_advisory=SECONDS,
        )
        self.tokens = meter.create_histogram(
            "gen_ai.client.token.usage",
            "{token}",
            "Read (input) and written (output).",
            explicit_bucket_boundaries_advisory=TOKENS,
        )
        self.first_tokens = meter.create_histogram(
            "gen_ai.server.time_to_first_token",
            "s",
            "Of what is streamed.",
            explicit_bucket_boundaries_advisory=FIRST_SECONDS,
        )

    def close(self, seconds: float) -> None:
        """Sends what is left, and gives up on it after that time."""

        def send() -> None:
            self._tracers.shutdown()
            self._meters.shutdown()

        sending = Thread(target=send, name="telemetry", daemon=True)
        sending.start()
        sending.join(seconds)


class TracedUsage:
    """A sink before another: a span and metrics for each use of a model."""

    def __init__(self, sink: UsageSink[Awaitable[None]], telemetry: Telemetry) -> None:
        self._sink = sink
        self._telemetry = telemetry

    async def record(self, usage: Usage) -> None:
        if usage.input_tokens + usage.output_tokens:  # else no model ran
            self._tell(usage)
        await self._sink.record(usage)

    def _tell(self, usage: Usage) -> None:
        """In the span of the request, which is the current one."""
        telemetry, operation = self._telemetry, OPERATIONS.get(usage.operation, "embeddings")
        provider = backend.provider(os.environ, embeds=operation == "embeddings")
        common = {
            "gen_ai.operation.name": operation,
            "gen_ai.provider.name": provider,
            "gen_ai.request.model": usage.model,
            "gen_ai.response.model": usage.model,
        }
        tokens = {"input": usage.input_tokens, "output": usage.output_tokens}
        failed = {"error.type": str(usage.status)} if usage.status >= FIRST_FAILURE else {}
        end = time_ns()
        span = telemetry.tracer.start_span(
            f"{operation} {usage.model}",
            kind=SpanKind.INTERNAL if provider == backend.IN_PROCESS else SpanKind.CLIENT,
            attributes={
                **common,
                **failed,
                **{f"gen_ai.usage.{kind}_tokens": count for kind, count in tokens.items()},
            },
            start_time=end - round(usage.latency_ms * 1_000_000),
        )
        telemetry.durations.record(usage.latency_ms / 1000, common | failed)
        for kind, count in tokens.items():
            if count:
                telemetry.tokens.record(count, common | {"gen_ai.token.type": kind})
        if usage.first_token_ms is not None:
            seconds = usage.first_token_ms / 1000
            span.set_attribute("gen_ai.response.time_to_first_chunk", seconds)
            telemetry.first_tokens.record(seconds, common)
        if failed:
            span.set_status(StatusCode.ERROR)
        span.end(end)


def is_probe(scope: Scope) -> bool:
    return scope.get("path") in PROBES


def configured(settings: Settings) -> Telemetry | None:
    """None without an endpoint. The SDK itself reads the other OTEL_ variables."""
    if not settings.otel_exporter_otlp_endpoint:
        return None
    from opentelemetry.exporter.otlp.proto.http.metric_exporter import OTLPMetricExporter
    from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
    from opentelemetry.sdk.metrics import MeterProvider
    from opentelemetry.sdk.metrics.export import PeriodicExportingMetricReader
    from opentelemetry.sdk.resources import Resource
    from opentelemetry.sdk.trace import TracerProvider
    from opentelemetry.sdk.trace.export import BatchSpanProcessor

    endpoint = settings.otel_exporter_otlp_endpoint.rstrip("/")
    name = os.environ.get("OTEL_SERVICE_NAME") or ROOT.name
    resource = Resource.create({"service.name": name})
    tracers = TracerProvider(resource=resource, shutdown_on_exit=False)
    tracers.add_span_processor(BatchSpanProcessor(OTLPSpanExporter(f"{endpoint}/v1/traces")))
    reader = PeriodicExportingMetricReader(OTLPMetricExporter(f"{endpoint}/v1/metrics"))
    return Telemetry(tracers, MeterProvider([reader], resource, shutdown_on_exit=False))


def install(app: FastAPI, telemetry: Telemetry | None) -> None:
    if telemetry is None:
        return
    app.state.usage_watchers.append(partial(TracedUsage, telemetry=telemetry))

    @asynccontextmanager
    async def sent(_: FastAPI) -> AsyncGenerator[None]:
        try:
            yield
        finally:
            await asyncio.to_thread(telemetry.close, FLUSH_TIMEOUT)

    app.state.resources.append(sent)
