import atexit
import socket
import sys
from contextlib import ExitStack
from importlib import import_module
from urllib.error import URLError
from urllib.request import urlopen

import pytest
from django.core.exceptions import ImproperlyConfigured
from django.test import Client
from pytest_django import Settings

from apps.ai import keys
from apps.api import engine as process
from apps.api import metrics
from intelligence.engine import Engine
from intelligence.testing.embedder import MadeUpEmbedder
from intelligence.usage import Usage

GUARD = 10.0  # seconds, against a hang


@pytest.fixture
def port(settings: Settings) -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        port: int = listener.getsockname()[1]
    settings.METRICS_PORT = port
    return port


def scraped(port: int) -> str:
    with urlopen(f"http://127.0.0.1:{port}/metrics", timeout=GUARD) as response:
        text: str = response.read().decode()
        return text


def figure(text: str, name: str) -> float:
    """0 where it was not counted yet: this process's other tests count, too."""
    return next((float(line.rpartition(" ")[2]) for line in text.splitlines() if name in line), 0)


@pytest.mark.django_db
def test_requests_are_counted_by_route_and_tokens_by_operation(
    port: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    engine = Engine(MadeUpEmbedder)
    monkeypatch.setattr(process, "engine", engine)
    engine.start().result(GUARD)
    headers = {"Authorization": f"Bearer {keys.issue('test', [])}"}
    usage = Usage(None, "tested", MadeUpEmbedder.model, 6, 0, 1.0, 200)
    wanted = {
        'http_requests_total{method="GET",route="/v1/models",status="200"}': 2,
        'http_requests_total{method="GET",route="",status="404"}': 1,
        'http_request_duration_seconds_count{method="GET",route="/v1/models"}': 2,
        'inference_tokens_total{direction="input",operation="tested"}': 12,
        "inference_batch_size_count": 2,
        "inference_batch_size_sum": 2,
    }
    with metrics.metrics.served("127.0.0.1", port):
        before = scraped(port)
        client = Client(headers=headers)
        for _ in range(2):
            assert client.get("/v1/models").status_code == 200
            engine.embed(["two words"]).result(GUARD)
            metrics.metrics.used(usage)
        client.get("/v1/nowhere")
        after = scraped(port)
    engine.close(GUARD)
    assert {name: figure(after, name) - figure(before, name) for name in wanted} == wanted


def test_the_server_listens_until_it_ends(port: int, monkeypatch: pytest.MonkeyPatch) -> None:
    with ExitStack() as at_exit:
        monkeypatch.setattr(atexit, "register", at_exit.callback)
        metrics.start()
        assert "inference_queue_depth" in scraped(port)
    with pytest.raises(URLError):
        scraped(port)


@pytest.mark.django_db
def test_the_public_port_shows_nothing(client: Client, port: int) -> None:
    assert client.get("/metrics").status_code == 404


def test_without_a_port_nothing_listens_or_is_measured(
    settings: Settings, port: int, client: Client
) -> None:
    settings.METRICS_PORT = 0
    metrics.start()
    client.get("/livez")
    with pytest.raises(URLError):
        scraped(port)


def test_several_processes_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("METRICS_PORT", "9100")
    monkeypatch.setenv("WEB_CONCURRENCY", "2")
    monkeypatch.delitem(sys.modules, "config.settings.inference", raising=False)
    with pytest.raises(ImproperlyConfigured, match="METRICS_PORT is one process's, not 2"):
        import_module("config.settings.inference")
