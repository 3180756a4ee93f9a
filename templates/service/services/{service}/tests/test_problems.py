import logging
from collections.abc import AsyncGenerator

import httpx2
import pytest
from fastapi import FastAPI, HTTPException
from pydantic import BaseModel, field_validator

from app.main import MAX_BODY


class Order(BaseModel):
    amount: int

    @field_validator("amount")
    @classmethod
    def even(cls, amount: int) -> int:
        if amount % 2:
            raise ValueError("an even number of shoes")
        return amount


@pytest.fixture(autouse=True)
def routes(app: FastAPI) -> None:
    @app.post("/orders")
    async def orders(order: Order) -> Order:
        return order

    @app.get("/orders/{number}")
    @app.delete("/orders/{number}")
    async def order(number: int) -> int:
        return number

    @app.get("/crash")
    async def crash() -> None:
        raise RuntimeError("the password is hunter2")

    @app.get("/teapot")
    async def teapot() -> None:
        raise HTTPException(418, "short and stout", {"X-Spout": "left"})


@pytest.mark.parametrize(
    ("method", "path", "content", "status", "title", "detail"),
    [
        ("GET", "/nowhere", None, 404, "Not Found", None),
        ("DELETE", "/orders", None, 405, "Method Not Allowed", None),
        ("POST", "/orders", b'{"amount": 1', 400, "Bad Request", "the body is not valid JSON"),
        ("POST", "/orders", b'"\xff"', 400, "Bad Request", "There was an error parsing the body"),
        ("GET", "/teapot", None, 418, "I'm a Teapot", "short and stout"),
        ("GET", "/crash", None, 500, "Internal Server Error", None),
    ],
)  # fmt: skip
async def test_every_error_is_a_problem(
    client: httpx2.AsyncClient,
    method: str,
    path: str,
    content: bytes | None,
    status: int,
    title: str,
    detail: str | None,
) -> None:
    headers = {"Content-Type": "application/json"}
    response = await client.request(method, path, content=content, headers=headers)
    assert response.headers["content-type"] == "application/problem+json"
    expected = {"type": "about:blank", "title": title, "status": status}
    assert response.json() == expected | ({"detail": detail} if detail else {})


@pytest.mark.parametrize(
    ("path", "allowed"), [("/orders/7", "DELETE, GET"), ("/orders", "POST"), ("/livez", "GET")]
)
async def test_another_method_is_told_which_are_right(
    client: httpx2.AsyncClient, path: str, allowed: str
) -> None:
    response = await client.request("PATCH", path)
    assert (response.status_code, response.headers["allow"]) == (405, allowed)


async def test_a_body_that_does_not_validate_names_the_place_and_repeats_no_input(
    client: httpx2.AsyncClient,
) -> None:
    response = await client.post("/orders", json={"amount": "hunter2"})
    assert response.status_code == 422
    assert response.json()["title"] == "Unprocessable Content"
    assert [error["location"] for error in response.json()["errors"]] == [["body", "amount"]]
    assert "hunter2" not in response.text


async def test_a_validator_speaks_for_itself(client: httpx2.AsyncClient) -> None:
    [error] = (await client.post("/orders", json={"amount": 1})).json()["errors"]
    assert error["message"] == "an even number of shoes"


@pytest.mark.parametrize("headers", [{}, {"Content-Type": "text/plain"}])
async def test_a_body_that_is_not_declared_as_json_is_told_how_to_be(
    client: httpx2.AsyncClient, headers: dict[str, str]
) -> None:
    response = await client.post("/orders", content=b'{"amount": 2}', headers=headers)
    assert response.status_code == 400
    assert "Content-Type: application/json" in response.json()["detail"]


async def test_headers_of_an_error_are_kept(client: httpx2.AsyncClient) -> None:
    assert (await client.get("/teapot")).headers["x-spout"] == "left"


async def in_chunks() -> AsyncGenerator[bytes]:
    for _ in range(MAX_BODY // 65536 + 1):
        yield b" " * 65536


@pytest.mark.parametrize("declared", [True, False])
async def test_a_body_over_the_limit_is_refused(client: httpx2.AsyncClient, declared: bool) -> None:
    content = b" " * (MAX_BODY + 1) if declared else in_chunks()
    response = await client.post(
        "/orders", content=content, headers={"Content-Type": "application/json"}
    )
    assert (response.status_code, response.json()["title"]) == (413, "Content Too Large")


async def test_a_body_at_the_limit_is_read(client: httpx2.AsyncClient) -> None:
    content = b'{"amount": 2}'.ljust(MAX_BODY)
    response = await client.post(
        "/orders", content=content, headers={"Content-Type": "application/json"}
    )
    assert response.json() == {"amount": 2}


@pytest.mark.parametrize("path", ["/livez", "/nowhere", "/crash"])
async def test_a_request_id_is_kept_or_made(client: httpx2.AsyncClient, path: str) -> None:
    kept = await client.get(path, headers={"X-Request-ID": "trace-1.a_b"})
    assert kept.headers["x-request-id"] == "trace-1.a_b"
    for hostile in ("", "a b", "x" * 65, "a\u2028b"):
        made = await client.get(path, headers=[(b"X-Request-ID", hostile.encode())])
        assert len(made.headers["x-request-id"]) == 32


async def test_headers_keep_browsers_safe(client: httpx2.AsyncClient) -> None:
    headers = (await client.get("/livez")).headers
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["content-security-policy"].startswith("default-src 'none'")
    assert "strict-transport-security" not in headers
    over_tls = await client.get("https://test/livez")
    assert "max-age" in over_tls.headers["strict-transport-security"]


async def test_a_request_is_logged_with_its_id_and_key_and_a_crash_with_its_trace(
    client: httpx2.AsyncClient, caplog: pytest.LogCaptureFixture, auth: dict[str, str]
) -> None:
    with caplog.at_level(logging.INFO, "app.access"):
        response = await client.get("/crash?token=hunter2", headers=auth)
    crash, access = (each for each in caplog.records if each.name == "app.access")
    assert crash.exc_info is not None
    assert (access.__dict__["path"], access.__dict__["status"]) == ("/crash", 500)
    assert "hunter2" not in access.getMessage()
    assert "hunter2" not in response.text
