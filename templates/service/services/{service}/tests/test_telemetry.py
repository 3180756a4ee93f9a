"""What reaches an OTLP receiver, and what does not."""

import asyncio
import json
import logging
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from importlib import util

import httpx2
import pytest
from fastapi import FastAPI
from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import (
    ExportMetricsServiceRequest,
)
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.trace.v1.trace_pb2 import Span
from pydantic import ValidationError

from app import telemetry
from app.logs import JsonFormatter
from app.main import create_app
from app.settings import ROOT, Settings
from intelligence.engine import Engine
from intelligence.testing.edge import GUARD
from intelligence.testing.embedder import MadeUpEmbedder
from intelligence.usage import Usage

TRACE, PARENT = "0af7651916cd43dd8448eb211c80319c", "b7ad6b7169203331"
STREAMED = Usage(None, "chat", "writer", 40, 5, 800.0, 200, 300.0)


class Receiver(ThreadingHTTPServer):
    """Of OTLP over HTTP; `let_go` is awaited before it answers."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Take)
        self.let_go = threading.Event()
        self.let_go.set()
        self.bodies: list[tuple[str, bytes]] = []

    @property
    def endpoint(self) -> str:
        return f"http://127.0.0.1:{self.server_port}"

    def spans(self) -> dict[str, Span]:
        requests = [
            ExportTraceServiceRequest.FromString(body)
            for path, body in self.bodies
            if path == "/v1/traces"
        ]
        return {
            span.name: span
            for request in requests
            for of_resource in request.resource_spans
            for of_scope in of_resource.scope_spans
            for span in of_scope.spans
        }

    def metrics(self) -> set[str]:
        requests = [
            ExportMetricsServiceRequest.FromString(body)
            for path, body in self.bodies
            if path == "/v1/metrics"
        ]
        return {
            metric.name
            for request in requests
            for of_resource in request.resource_metrics
            for of_scope in of_resource.scope_metrics
            for metric in of_scope.metrics
        }


class Take(BaseHTTPRequestHandler):
    server: Receiver

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        assert self.server.let_go.wait(GUARD)
        self.server.bodies.append((self.path, body))
        self.send_response(200)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *_: object) -> None:
        """Nothing."""


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with Receiver() as server:
        thread = threading.Thread(target=server.serve_forever, args=[0.01])
        thread.start()
        yield server
        server.let_go.set()
        server.shutdown()
        thread.join()


@pytest.fixture
def told(receiver: Receiver, monkeypatch: pytest.MonkeyPatch) -> FastAPI:
    """An app that tells the receiver; with a route of its own that uses a model."""
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", receiver.endpoint)
    app = create_app(Settings(), Engine(MadeUpEmbedder))

    @app.get("/parcels/{number}")
    async def parcel(number: int) -> int:
        await app.state.usage_sink.record(STREAMED)
        return number

    return app


def attributes(span: Span) -> dict[str, object]:
    return {
        each.key: getattr(each.value, str(each.value.WhichOneof("value")))
        for each in span.attributes
    }


async def get(app: FastAPI, path: str, **headers: str) -> httpx2.Response:
    transport = httpx2.ASGITransport(app)
    async with httpx2.AsyncClient(transport=transport, base_url="http://test") as client:
        return await client.get(path, headers=headers)


async def test_a_request_is_a_span_of_its_callers_trace_and_the_model_one_in_it(
    told: FastAPI, receiver: Receiver
) -> None:
    async with told.router.lifespan_context(told):
        traceparent = f"00-{TRACE}-{PARENT}-01"
        answer = await get(told, "/parcels/7?secret=s3cret", traceparent=traceparent)
        assert answer.status_code == 200
        await get(told, "/livez")
    spans = receiver.spans()
    assert spans.keys() == {"GET /parcels/{number}", "chat writer"}
    server, model = spans["GET /parcels/{number}"], spans["chat writer"]
    assert (server.trace_id.hex(), server.parent_span_id.hex()) == (TRACE, PARENT)
    assert attributes(server)["http.route"] == "/parcels/{number}"
    assert attributes(server)["http.response.status_code"] == 200
    assert (model.trace_id, model.parent_span_id) == (server.trace_id, server.span_id)
    assert attributes(model) == {
        "gen_ai.operation.name": "chat",
        "gen_ai.provider.name": "in-process",
        "gen_ai.request.model": "writer",
        "gen_ai.response.model": "writer",
        "gen_ai.usage.input_tokens": 40,
        "gen_ai.usage.output_tokens": 5,
        "gen_ai.response.time_to_first_chunk": 0.3,
    }
    assert model.end_time_unix_nano - model.start_time_unix_nano == 800_000_000
    assert receiver.metrics() >= {
        "http.server.request.duration",
        "gen_ai.client.operation.duration",
        "gen_ai.client.token.usage",
        "gen_ai.server.time_to_first_token",
    }
    assert all(ROOT.name.encode() in body for _, body in receiver.bodies)  # service.name


async def test_what_failed_says_so_and_what_ran_no_model_has_no_span(
    told: FastAPI, receiver: Receiver
) -> None:
    async with told.router.lifespan_context(told):
        record = told.state.usage_sink.record
        await record(Usage(None, "similar", "reader", 9, 0, 1.0, 500))
        await record(Usage(None, "measurements", "windows", 0, 0, 1.0, 202))
    (name, span), *others = receiver.spans().items()
    assert (name, others) == ("embeddings reader", [])
    assert attributes(span)["error.type"] == "500"
    assert span.status.code == span.status.STATUS_CODE_ERROR


async def test_the_log_names_the_trace(told: FastAPI, caplog: pytest.LogCaptureFixture) -> None:
    lines: list[str] = []

    class Written(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            lines.append(JsonFormatter().format(record))

    logger, handler = logging.getLogger("app.access"), Written()
    logger.addHandler(handler)
    with caplog.at_level(logging.INFO):
        async with told.router.lifespan_context(told):
            await get(told, "/parcels/7", traceparent=f"00-{TRACE}-{PARENT}-01")
            await get(told, "/livez")
    logger.removeHandler(handler)
    traces = {line["path"]: line.get("trace_id") for line in map(json.loads, lines)}
    assert traces == {"/parcels/7": TRACE, "/livez": None}


async def test_a_receiver_that_hangs_holds_up_neither_requests_nor_the_end(
    told: FastAPI, receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(telemetry, "FLUSH_TIMEOUT", 0.05)
    receiver.let_go.clear()
    async with asyncio.timeout(GUARD), told.router.lifespan_context(told):
        assert (await get(told, "/parcels/7")).status_code == 200
    assert receiver.bodies == []


async def test_without_an_endpoint_nothing_is_told(app: FastAPI, receiver: Receiver) -> None:
    assert (await get(app, "/v1/models")).status_code == 401
    assert telemetry.configured(Settings()) is None
    assert receiver.bodies == []


def test_an_endpoint_without_the_extra_is_refused_with_the_remedy(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", "http://127.0.0.1:4318")
    monkeypatch.setattr(util, "find_spec", lambda _: None)
    with pytest.raises(ValidationError, match="--extra telemetry"):
        Settings()


def test_an_endpoint_is_an_address(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", "collector:4318")
    with pytest.raises(ValidationError, match="http://"):
        Settings()
