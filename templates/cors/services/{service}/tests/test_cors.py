import httpx2
import pytest
from fastapi import FastAPI
from pydantic import ValidationError

from app.cors import CorsSettings
from app.main import create_app
from app.settings import Settings
from intelligence.engine import Engine

SHOP = "https://shop.example.com"


def an_app(settings: Settings) -> FastAPI:
    return create_app(settings, Engine(lambda: pytest.fail("no model is needed")))


async def preflight(
    app: FastAPI, path: str = "/v1/anything", method: str = "POST", named: str = "Authorization"
) -> httpx2.Response:
    headers = {
        "Origin": SHOP,
        "Access-Control-Request-Method": method,
        "Access-Control-Request-Headers": named,
    }
    transport = httpx2.ASGITransport(app)
    async with httpx2.AsyncClient(transport=transport, base_url="http://test") as client:
        return await client.options(path, headers=headers)


async def test_no_origin_is_allowed_unless_named(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CORS_ORIGINS", "")
    response = await preflight(an_app(settings))
    assert "access-control-allow-origin" not in response.headers


async def test_a_named_origin_may_send_a_key_but_no_cookie(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CORS_ORIGINS", f"http://localhost:5173, {SHOP}")
    response = await preflight(an_app(settings))
    assert response.headers["access-control-allow-origin"] == SHOP
    assert "authorization" in response.headers["access-control-allow-headers"].lower()
    assert "access-control-allow-credentials" not in response.headers


async def test_all_that_is_documented_may_be_sent(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CORS_ORIGINS", SHOP)
    app = an_app(settings)
    refused = []
    for path, methods in app.openapi()["paths"].items():
        for method, operation in methods.items():
            parameters = operation.get("parameters", [])
            named = [each["name"] for each in parameters if each["in"] == "header"]
            response = await preflight(
                app, path, method.upper(), ",".join(["Authorization", "Content-Type", *named])
            )
            if response.status_code != 200:
                refused.append((method, path, response.text))
    assert refused == []


@pytest.mark.parametrize(
    "origins", ["*", "https://*.example.com", "shop.example.com", "https://a/b"]
)
def test_wildcards_and_what_is_no_origin_are_refused(
    monkeypatch: pytest.MonkeyPatch, origins: str
) -> None:
    monkeypatch.setenv("CORS_ORIGINS", origins)
    with pytest.raises(ValidationError):
        CorsSettings()
