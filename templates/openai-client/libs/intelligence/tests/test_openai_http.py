"""How a server is called, over a transport of the test's own; its clock moves by its pauses."""

import json
import logging
import random
import traceback
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from threading import Thread

import httpx2
import pytest

from intelligence import openai_http
from intelligence.errors import InputRefused, ModelError, Overloaded, SettingError
from intelligence.openai_http import Client, Server, Unavailable

KEY = "sk-hunter2-and-more"
URL = "https://models.test/v1"

type Reply = httpx2.Response | Exception


class Clock:
    def __init__(self) -> None:
        self.now = 1000.0
        self.pauses: list[float] = []

    def __call__(self) -> float:
        return self.now

    def sleep(self, seconds: float) -> None:
        self.pauses.append(seconds)
        self.now += seconds


@pytest.fixture(autouse=True)
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    clock = Clock()
    monkeypatch.setattr(openai_http, "monotonic", clock)
    monkeypatch.setattr(openai_http, "sleep", clock.sleep)
    monkeypatch.setattr(random, "uniform", lambda least, most: most)
    return clock


class Replies:
    """Replies in turn, the last one for ever; keeps what it was asked."""

    def __init__(self, *replies: Reply) -> None:
        self.asked: list[httpx2.Request] = []
        self._replies = list(replies)

    def __call__(self, request: httpx2.Request) -> httpx2.Response:
        self.asked.append(request)
        reply = self._replies.pop(0) if len(self._replies) > 1 else self._replies[0]
        if isinstance(reply, Exception):
            raise reply
        return httpx2.Response(reply.status_code, headers=reply.headers, content=reply.content)


def client(
    replies: Callable[[httpx2.Request], httpx2.Response], key: str = KEY, **variables: str
) -> Client:
    transport = httpx2.MockTransport(replies)
    return Client(Server(URL, key, 30, **variables), "EMBEDDING_MODEL", transport=transport)


def post(replies: Replies, key: str = KEY, **variables: str) -> object:
    asking = client(replies, key, **variables)
    return asking.post("/embeddings", {"input": ["hello"]}, asking.deadline())


OK = httpx2.Response(200, json={"fine": True})


def test_a_call_goes_below_the_base_url_with_the_key() -> None:
    replies = Replies(OK)
    assert post(replies) == {"fine": True}
    (request,) = replies.asked
    assert (request.method, str(request.url)) == ("POST", f"{URL}/embeddings")
    assert request.headers["Authorization"] == f"Bearer {KEY}"
    assert json.loads(request.content) == {"input": ["hello"]}
    assert request.extensions["timeout"]["connect"] == openai_http.CONNECT_TIMEOUT
    assert request.extensions["timeout"]["read"] == 30


def test_a_server_without_keys_is_sent_none() -> None:
    replies = Replies(OK)
    post(replies, key="")
    assert "Authorization" not in replies.asked[0].headers


@pytest.mark.parametrize(
    "failure",
    [
        httpx2.ConnectError("refused"),
        httpx2.ConnectTimeout("slow"),
        httpx2.ReadError("reset"),
        httpx2.RemoteProtocolError("closed"),
        *(httpx2.Response(status) for status in (429, 502, 503, 504)),
    ],
)
def test_what_another_try_may_mend_is_repeated_after_pauses_of_random_length(
    failure: Reply, clock: Clock
) -> None:
    replies = Replies(failure, failure, failure, OK)
    assert post(replies) == {"fine": True}
    assert clock.pauses == list(openai_http.PAUSES)


@pytest.mark.parametrize("failure", [httpx2.ConnectError("refused"), httpx2.Response(503)])
def test_repetitions_end(failure: Reply) -> None:
    replies = Replies(failure)
    with pytest.raises(Unavailable, match="the model is not available") as caught:
        post(replies)
    assert isinstance(caught.value, Overloaded)  # which every edge answers with 503
    assert len(replies.asked) == 1 + len(openai_http.PAUSES)


@pytest.mark.parametrize(
    ("failure", "error"),
    [
        (httpx2.ReadTimeout("slow"), Unavailable),
        (httpx2.WriteTimeout("slow"), Unavailable),
        (httpx2.Response(500), Unavailable),
        (httpx2.Response(400), InputRefused),
        (httpx2.Response(413), InputRefused),
        (httpx2.Response(422), InputRefused),
        (httpx2.Response(401), ModelError),
        (httpx2.Response(403), ModelError),
        (httpx2.Response(404), ModelError),
        (httpx2.Response(405), ModelError),
        (httpx2.Response(302, headers={"Location": "https://elsewhere.test"}), ModelError),
        (httpx2.Response(200, content=b"<html>"), ModelError),
    ],
)
def test_what_no_other_try_can_mend_is_not_repeated(failure: Reply, error: type[Exception]) -> None:
    replies = Replies(failure)
    with pytest.raises(error):
        post(replies)
    assert len(replies.asked) == 1


def test_a_short_retry_after_is_kept(clock: Clock) -> None:
    assert post(Replies(httpx2.Response(429, headers={"Retry-After": "3"}), OK)) == {"fine": True}
    assert clock.pauses == [3]


@pytest.mark.parametrize("value", ["6", "86400", "Wed, 21 Oct 2026 07:28:00 GMT"])
def test_a_long_one_is_no_reason_to_wait(value: str, clock: Clock) -> None:
    replies = Replies(httpx2.Response(503, headers={"Retry-After": value}))
    with pytest.raises(Unavailable):
        post(replies)
    assert (len(replies.asked), clock.pauses) == (1, [])


def test_all_repetitions_are_within_the_deadline(clock: Clock) -> None:
    def slow(request: httpx2.Request) -> httpx2.Response:
        left.append(request.extensions["timeout"]["read"])
        clock.now += 14
        return httpx2.Response(503)

    left: list[float] = []
    asking = client(slow)
    with pytest.raises(Unavailable):
        asking.post("/embeddings", {}, asking.deadline())
    assert left == [30, 15.75, 1.25]
    assert clock.now < 1000 + 30 + 14


def test_a_body_that_does_not_end_is_left_at_the_deadline(clock: Clock) -> None:
    def drip() -> Iterator[bytes]:
        while True:
            clock.now += 20
            yield b" "

    asking = client(lambda _: httpx2.Response(200, content=drip()))
    with pytest.raises(Unavailable, match="in time"):
        asking.post("/embeddings", {}, asking.deadline())
    assert clock.now == 1040


@pytest.mark.parametrize(
    ("status", "key", "names"),
    [
        (401, KEY, r"^OPENAI_API_KEY: not taken by the server \(401\); set the key"),
        (403, KEY, r"^OPENAI_API_KEY: not taken"),
        (401, "", r"^OPENAI_API_KEY: missing; set the key"),
        (404, KEY, r"^OPENAI_BASE_URL: no such path .* EMBEDDING_MODEL"),
        (405, KEY, r"^OPENAI_BASE_URL: it answered 405; is it"),
    ],
)
def test_a_wrong_setting_is_named(status: int, key: str, names: str) -> None:
    with pytest.raises(ModelError, match=names):
        post(Replies(httpx2.Response(status)), key)


@pytest.mark.parametrize(
    ("status", "error", "names"),
    [
        (401, ModelError, "MODELS_KEY: not taken"),
        (404, ModelError, "MODELS_URL: no such path"),
        (405, ModelError, "MODELS_URL: it answered 405"),
        (500, Unavailable, "the server of MODELS_URL is not available"),
    ],
)
def test_a_server_of_other_settings_is_known_by_them(
    status: int, error: type[Exception], names: str, caplog: pytest.LogCaptureFixture
) -> None:
    replies = Replies(httpx2.Response(status))
    with pytest.raises(error) as caught:
        post(replies, url_variable="MODELS_URL", key_variable="MODELS_KEY")
    assert names in f"{caught.value} {caplog.text}"


@pytest.mark.parametrize(
    ("answer", "message", "index"),
    [
        ({"error": {"message": "too long", "code": 400}}, "too long", None),
        ({"error": "too long"}, "too long", None),
        ({"object": "error", "message": "too long"}, "too long", None),
        ({"detail": "too long"}, "too long", None),
        (
            {
                "detail": "does not validate",
                "errors": [{"location": ["body", "input", 2], "message": "too long"}],
            },
            "too long",
            2,
        ),
        ({"errors": []}, "the model does not read this input", None),
        (["too long"], "the model does not read this input", None),
        ({"error": {"message": "x" * 1000}}, "x" * 300, None),
    ],
)
def test_a_refusal_is_in_the_servers_words(answer: object, message: str, index: int | None) -> None:
    with pytest.raises(InputRefused) as caught:
        post(Replies(httpx2.Response(400, json=answer)))
    assert (str(caught.value), caught.value.index) == (message, index)


def test_a_text_that_is_too_long_for_llama_cpp_is_no_failure_of_the_server() -> None:
    message = "input (1502 tokens) is too large to process. increase the physical batch size"
    said = {"error": {"code": 500, "message": message, "type": "server_error"}}
    with pytest.raises(InputRefused, match="1502 tokens"):
        post(Replies(httpx2.Response(500, json=said)))


@pytest.mark.parametrize(
    "failure",
    [
        httpx2.ConnectError("refused"),
        httpx2.ReadTimeout("slow"),
        *(httpx2.Response(status, text=KEY) for status in (400, 401, 404, 405, 500, 503)),
        httpx2.Response(400, json={"error": {"message": f"the key {KEY} is not valid"}}),
    ],
)
def test_the_key_is_in_no_error_log_or_repr(
    failure: Reply, caplog: pytest.LogCaptureFixture
) -> None:
    asking = client(Replies(failure))
    with caplog.at_level(logging.DEBUG), pytest.raises(Exception, match=r"\w") as caught:
        asking.post("/embeddings", {}, asking.deadline())
    shown = "".join(traceback.format_exception(caught.value))
    for text in (shown, caplog.text, repr(asking), repr(asking.server)):
        assert KEY not in text


def test_an_operator_reads_why_the_server_does_not_answer(
    caplog: pytest.LogCaptureFixture,
) -> None:
    with pytest.raises(Unavailable):
        post(Replies(httpx2.Response(500)))
    assert "the server of OPENAI_BASE_URL is not available: it answered 500" in caplog.text


@pytest.mark.parametrize(
    "url",
    [
        "",
        "models.test/v1",
        "ftp://models.test/v1",
        "https:///v1",
        "https://user:hunter2@models.test/v1",
        "https://models.test/v1?key=hunter2",
        "https://models.test/v1#hunter2",
        "https://models.test:port/v1",
    ],
)
def test_what_is_no_address_is_refused_and_not_repeated(url: str) -> None:
    with pytest.raises(SettingError, match=r"^OPENAI_BASE_URL must be") as refused:
        Server.configured({"OPENAI_BASE_URL": url})
    assert "hunter2" not in str(refused.value)


@pytest.mark.parametrize("key", ["sk hunter2", "sk-hunter2\n", "sk-hunter2-…"])
def test_what_is_no_key_is_refused_and_not_repeated(key: str) -> None:
    with pytest.raises(SettingError, match=r"^OPENAI_API_KEY must be") as refused:
        Server.configured({"OPENAI_BASE_URL": URL, "OPENAI_API_KEY": key})
    assert "hunter2" not in str(refused.value)


def test_a_server_is_described_by_the_environment() -> None:
    server = Server.configured({"OPENAI_BASE_URL": "http://Models.test:8000/v1"})
    assert server == Server("http://Models.test:8000/v1", "", 30)
    assert server.host == "models.test"
    with pytest.raises(SettingError, match=r"^OPENAI_TIMEOUT must be"):
        Server.configured({"OPENAI_BASE_URL": URL, "OPENAI_TIMEOUT": "0"})


class Once(BaseHTTPRequestHandler):
    """Closes each connection after its answer without a word, as a restarted server would."""

    protocol_version = "HTTP/1.1"

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers["Content-Length"]))
        self.send_response(200)
        self.send_header("Content-Length", "2")
        self.end_headers()
        self.wfile.write(b"{}")
        self.close_connection = True

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - its own name
        pass


def test_a_connection_that_ended_between_calls_is_replaced_and_a_proxy_is_not_asked(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """On sockets."""
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:9")
    with HTTPServer(("127.0.0.1", 0), Once) as listener:
        Thread(target=listener.serve_forever, daemon=True).start()
        server = Server(f"http://127.0.0.1:{listener.server_port}/v1", "", 30)
        asking = Client(server, "EMBEDDING_MODEL")
        answers = [asking.post("/embeddings", {}, asking.deadline()) for _ in range(3)]
        listener.shutdown()
    assert answers == [{}, {}, {}]
