"""The client, against a service that is played by a function."""

import ast
import json
import logging
import sys
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from http import HTTPStatus
from pathlib import Path
from threading import Event, Semaphore

import httpx2
import pytest
from django.conf import settings

from apps.ai_client import client as module
from apps.ai_client.client import (
    PAUSE,
    WAITING,
    AiClient,
    Classified,
    Refused,
    Score,
    Unavailable,
)

KEY = "ak_platform_0123456789abcdef0123456789abcdef"
ANSWER = {
    "data": [
        {
            "index": 0,
            "scores": [{"label": "a", "score": 0.75}, {"label": "b", "score": 0.25}],
        }
    ],
    "model": "m",
    "usage": {"prompt_tokens": 7, "total_tokens": 7},
}


type Step = httpx2.Response | type[httpx2.TransportError]


class Service:
    """Answers one step after the other, and remembers what it was asked."""

    def __init__(self, *steps: Step) -> None:
        self.steps = list(steps)
        self.requests: list[httpx2.Request] = []
        self.pauses: list[float] = []
        transport = httpx2.MockTransport(self.answer)
        self.client = AiClient("http://ai.test", KEY, transport=transport, pause=self.pauses.append)

    def answer(self, request: httpx2.Request) -> httpx2.Response:
        self.requests.append(request)
        step = self.steps.pop(0)
        if isinstance(step, httpx2.Response):
            return step
        raise step("it broke")

    def classify(self) -> Classified:
        return self.client.classify(["text"], ["a", "b"], request_id="abc")


def ok() -> httpx2.Response:
    return httpx2.Response(200, json=ANSWER)


def test_the_answer_is_read_and_the_request_says_who_asks() -> None:
    service = Service(ok())
    assert service.classify() == Classified([[Score("a", 0.75), Score("b", 0.25)]], 7, "m")
    [request] = service.requests
    assert (request.method, str(request.url)) == ("POST", "http://ai.test/v1/classify")
    assert request.headers["Authorization"] == f"Bearer {KEY}"
    assert request.headers["X-Request-ID"] == "abc"
    assert json.loads(request.content) == {"texts": ["text"], "labels": ["a", "b"]}
    timeout = request.extensions["timeout"]
    assert all(0 < seconds <= 10 for seconds in timeout.values())


@pytest.mark.parametrize(
    "first",
    [
        lambda: httpx2.ConnectError,
        lambda: httpx2.RemoteProtocolError,
        lambda: httpx2.Response(502),
        lambda: httpx2.Response(503),
        lambda: httpx2.Response(504),
    ],
)
def test_a_passing_failure_is_asked_once_more_after_a_pause(first: Callable[[], Step]) -> None:
    service = Service(first(), ok())
    assert service.classify().model == "m"
    [pause] = service.pauses
    assert PAUSE[0] <= pause <= PAUSE[1]


@pytest.mark.parametrize(
    ("steps", "status"),
    [
        ((httpx2.ConnectError, httpx2.ConnectError), 503),
        ((httpx2.Response(503), httpx2.Response(503)), 503),
        ((httpx2.ConnectError, httpx2.ReadTimeout), 504),
        ((httpx2.ReadTimeout,), 504),
        ((httpx2.Response(503, headers={"Retry-After": "1"}),), 503),
        ((httpx2.Response(500),), 503),
        ((httpx2.Response(401),), 503),
        ((httpx2.Response(403),), 503),
        ((httpx2.Response(404),), 503),
        ((httpx2.Response(200, text="<html>"),), 503),
        ((httpx2.Response(200, json={"data": []}),), 503),
        ((httpx2.Response(200, json=[]),), 503),
    ],
)
def test_what_is_no_answer_is_one_error_after_no_more_than_these_calls(
    steps: tuple[Step, ...], status: int
) -> None:
    service = Service(*steps)
    with pytest.raises(Unavailable) as caught:
        service.classify()
    assert caught.value.status == status
    assert service.steps == []


def test_a_service_that_hangs_holds_a_few_threads_and_not_all() -> None:
    release, hanging = Event(), Semaphore(0)

    def hang(_: httpx2.Request) -> httpx2.Response:
        hanging.release()
        release.wait(60)
        return ok()

    client = AiClient("http://ai.test", KEY, transport=httpx2.MockTransport(hang))
    with ThreadPoolExecutor(WAITING) as threads:
        try:
            held = [threads.submit(client.classify, ["text"], ["a", "b"]) for _ in range(WAITING)]
            for _ in held:
                assert hanging.acquire(timeout=60)
            with pytest.raises(Unavailable, match=f"{WAITING} calls wait"):
                client.classify(["text"], ["a", "b"])
        finally:
            release.set()
        assert [each.result(60).model for each in held] == ["m"] * WAITING
    assert client.classify(["text"], ["a", "b"]).model == "m"


def test_as_many_calls_wait_as_leave_threads_to_the_rest() -> None:
    assert WAITING <= settings.THREADS / 2


def test_it_works_again_when_the_service_does() -> None:
    service = Service(httpx2.ConnectError, httpx2.ConnectError, ok())
    with pytest.raises(Unavailable):
        service.classify()
    assert service.classify().model == "m"


@pytest.mark.parametrize(
    ("body", "said"),
    [
        ({"detail": "too much", "errors": [{"message": "too long"}]}, "too long"),
        ({"detail": "too much", "errors": None}, "too much"),
        ({}, "Unprocessable"),
        ([], "Unprocessable"),
    ],
)
def test_input_that_is_refused_is_not_sent_again_and_says_why(body: object, said: str) -> None:
    service = Service(httpx2.Response(422, json=body))
    with pytest.raises(Refused, match=said):
        service.classify()
    assert service.pauses == []


def test_the_key_is_in_no_log_and_no_error(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    service = Service(ok(), httpx2.Response(401), httpx2.ConnectError, httpx2.ConnectError)
    service.classify()
    for _ in range(2):
        with pytest.raises(Unavailable) as caught:
            service.classify()
        logging.getLogger("test").error("%r", caught.value, exc_info=caught.value)
    assert caplog.records
    assert KEY not in caplog.text
    assert KEY not in repr(vars(service.client))


def test_the_package_can_be_moved_to_another_project() -> None:
    allowed = {*sys.stdlib_module_names, "httpx2"}
    for path in Path(module.__file__).parent.glob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            names = [each.name for each in node.names] if isinstance(node, ast.Import) else []
            if isinstance(node, ast.ImportFrom):
                assert node.level == 0
                names = [node.module or ""]
            assert {name.split(".")[0] for name in names} <= allowed, path


def test_a_timeout_has_a_status_of_its_own() -> None:
    assert Unavailable("late", HTTPStatus.GATEWAY_TIMEOUT).status == 504
