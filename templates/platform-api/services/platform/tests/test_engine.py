import atexit
import sys
from collections.abc import Callable, Iterator
from importlib import import_module

import pytest
from django.conf import settings
from django.core.exceptions import ImproperlyConfigured
from django.test import Client

from apps.api import engine as process
from apps.core import health
from apps.core.signals import server_starts
from intelligence.engine import Engine
from intelligence.errors import ModelError, NotReady
from intelligence.testing.embedder import MadeUpEmbedder


@pytest.fixture
def at_exit(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[Callable[[], None]]]:
    """What the process would do at its end."""
    registered: list[Callable[[], None]] = []
    monkeypatch.setattr(
        atexit, "register", lambda each, *arguments: registered.append(lambda: each(*arguments))
    )
    yield registered
    for each in registered:
        each()


@pytest.fixture
def made_up(monkeypatch: pytest.MonkeyPatch) -> Engine:
    """The process's engine, not started."""
    engine = Engine(MadeUpEmbedder)
    monkeypatch.setattr(process, "engine", engine)
    monkeypatch.setattr(health, "CHECKS", [*health.CHECKS])
    return engine


@pytest.mark.django_db
def test_a_server_is_ready_when_its_model_is_and_drains_it_at_its_end(
    client: Client, monkeypatch: pytest.MonkeyPatch, at_exit: list[Callable[[], None]]
) -> None:
    monkeypatch.setattr(process, "engine", Engine(MadeUpEmbedder))
    response = client.get("/readyz")
    assert (response.status_code, response.json()["detail"]) == (503, "the model is not warm")
    assert client.get("/livez").status_code == 200
    server_starts.send(sender=None)
    assert client.get("/readyz").status_code == 200
    last = process.engine.embed(["last"])
    (drain,) = at_exit
    drain()
    assert last.result().tokens == 1
    with pytest.raises(NotReady):
        process.engine.embed(["too late"])


@pytest.mark.django_db
@pytest.mark.usefixtures("at_exit")
@pytest.mark.parametrize(
    ("threads", "asking", "loaded"),
    [(None, [], True), (None, ["app"], True), (10, [], False), (10, ["app"], True)],
)
def test_a_server_loads_the_model_if_it_serves_what_asks_it_and_is_ready_then(
    client: Client,
    monkeypatch: pytest.MonkeyPatch,
    made_up: Engine,
    threads: int | None,
    asking: list[str],
    loaded: bool,
) -> None:
    monkeypatch.setattr(process, "IN_THREADS", asking)
    assert client.get("/readyz").status_code == 503
    server_starts.send(sender=None, threads=threads)
    assert made_up.ready is loaded
    assert client.get("/readyz").status_code == 200


@pytest.mark.usefixtures("at_exit")
@pytest.mark.parametrize(
    ("threads", "setting", "most"), [(None, 0, 64), (10, 0, 4), (None, 7, 7), (10, 7, 7)]
)
def test_as_many_requests_may_wait_as_the_server_bears_or_the_setting_says(
    monkeypatch: pytest.MonkeyPatch,
    made_up: Engine,
    threads: int | None,
    setting: int,
    most: int,
) -> None:
    monkeypatch.setattr(settings, "INFERENCE_QUEUE", setting)
    monkeypatch.setattr(process, "IN_THREADS", ["app"])
    made_up.max_queue = setting or process.QUEUE
    server_starts.send(sender=None, threads=threads)
    assert made_up.max_queue == most


def test_the_engine_keeps_the_deadline_that_is_set() -> None:
    assert process.engine.timeout == settings.INFERENCE_TIMEOUT


def test_runs_leave_threads_to_the_pages() -> None:
    assert settings.THREADS / 2 > process.RUNS


def test_a_setting_of_the_model_that_cannot_be_used_is_refused_as_any_other(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("INFERENCE_THREADS", "two")
    monkeypatch.delitem(sys.modules, "config.settings.inference", raising=False)
    with pytest.raises(ImproperlyConfigured, match="INFERENCE_THREADS must be a whole number"):
        import_module("config.settings.inference")


def test_a_model_that_cannot_be_loaded_stops_the_server(
    monkeypatch: pytest.MonkeyPatch, at_exit: list[Callable[[], None]]
) -> None:
    def load() -> MadeUpEmbedder:
        raise ModelError("model.onnx", "missing", "reinstall")

    monkeypatch.setattr(process, "engine", Engine(load))
    with pytest.raises(ModelError, match=r"model\.onnx: missing; reinstall"):
        server_starts.send(sender=None)
