"""What every request gets: an id, a log line, headers that browsers obey."""

import json
import logging

import pytest
from asgiref.sync import async_to_sync
from django.http import HttpRequest, HttpResponse
from django.test import AsyncClient, Client
from django.urls import path

from apps.core.logs import JsonFormatter, request_id


def page(_: HttpRequest) -> HttpResponse:
    logging.getLogger("test").info("working")
    return HttpResponse("a page")


async def coroutine(_: HttpRequest) -> HttpResponse:
    return HttpResponse(request_id.get())


urlpatterns = [path("page", page), path("coroutine", coroutine)]

pytestmark = pytest.mark.urls(__name__)


@pytest.mark.parametrize("given", ["abc-1.2_3", "x" * 64])
def test_a_plain_request_id_is_kept(client: Client, given: str) -> None:
    assert client.get("/page", headers={"x-request-id": given})["X-Request-ID"] == given


def test_a_coroutine_has_the_id_of_its_request() -> None:
    response = async_to_sync(AsyncClient().get)("/coroutine", headers={"x-request-id": "abc"})
    assert (response["X-Request-ID"], response.content) == ("abc", b"abc")


@pytest.mark.parametrize("given", ["", "with space", "x" * 65, "a\tb"])
def test_another_one_is_replaced(client: Client, given: str) -> None:
    response = client.get("/page", headers={"x-request-id": given})
    assert response["X-Request-ID"] not in ("", given)


def test_the_access_log_tells_what_was_asked_and_no_query(
    client: Client, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.INFO, "apps.access"):
        client.get("/page?secret=1")
    (record,) = [each for each in caplog.records if each.name == "apps.access"]
    assert record.getMessage() == "GET /page 200"
    assert "secret" not in JsonFormatter().format(record)


def test_a_log_line_is_json_with_the_request_it_belongs_to() -> None:
    token = request_id.set("abc")
    try:
        record = logging.makeLogRecord(
            {"msg": "took %s", "args": (3,), "levelname": "INFO", "tokens": 7}
        )
        line = json.loads(JsonFormatter().format(record))
    finally:
        request_id.reset(token)
    assert (line["message"], line["tokens"], line["request_id"]) == ("took 3", 7, "abc")
    assert "exception" not in line


def test_an_exception_is_one_line_too() -> None:
    try:
        raise ValueError("broken")
    except ValueError as error:
        record = logging.makeLogRecord({"msg": "failed", "exc_info": (ValueError, error, None)})
    assert "ValueError: broken" in json.loads(JsonFormatter().format(record))["exception"]


def test_the_policy_allows_nothing_from_elsewhere_and_nothing_inline(client: Client) -> None:
    policy = client.get("/page")["Content-Security-Policy"]
    assert "default-src 'none'" in policy
    assert "unsafe" not in policy
    assert "http" not in policy


def test_nobody_may_frame_a_page(client: Client) -> None:
    response = client.get("/page")
    assert response["X-Frame-Options"] == "DENY"
    assert response["X-Content-Type-Options"] == "nosniff"


def test_an_unknown_host_is_refused(client: Client) -> None:
    assert client.get("/page", headers={"host": "evil.example.com"}).status_code == 400
