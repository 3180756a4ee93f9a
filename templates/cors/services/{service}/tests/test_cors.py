import httpx2
import pytest
from pydantic import ValidationError

from app.cors import CorsSettings
from app.main import create_app
from app.settings import Settings
from intelligence.engine import Engine

PREFLIGHT = {
    "Origin": "https://shop.example.com",
    "Access-Control-Request-Method": "POST",
    "Access-Control-Request-Headers": "authorization,content-type",
}


async def preflight(settings: Settings) -> httpx2.Response:
    app = create_app(settings, Engine(lambda: pytest.fail("no model is needed")))
    transport = httpx2.ASGITransport(app)
    async with httpx2.AsyncClient(transport=transport, base_url="http://test") as client:
        return await client.options("/v1/anything", headers=PREFLIGHT)


async def test_no_origin_is_allowed_unless_named(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CORS_ORIGINS", "")
    response = await preflight(settings)
    assert "access-control-allow-origin" not in response.headers


async def test_a_named_origin_may_send_a_key_but_no_cookie(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CORS_ORIGINS", "http://localhost:5173, https://shop.example.com")
    response = await preflight(settings)
    assert response.headers["access-control-allow-origin"] == "https://shop.example.com"
    assert "authorization" in response.headers["access-control-allow-headers"].lower()
    assert "access-control-allow-credentials" not in response.headers


@pytest.mark.parametrize(
    "origins", ["*", "https://*.example.com", "shop.example.com", "https://a/b"]
)
def test_wildcards_and_what_is_no_origin_are_refused(
    monkeypatch: pytest.MonkeyPatch, origins: str
) -> None:
    monkeypatch.setenv("CORS_ORIGINS", origins)
    with pytest.raises(ValidationError):
        CorsSettings()
