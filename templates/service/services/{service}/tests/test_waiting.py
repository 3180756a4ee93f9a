import httpx2
import pytest
from fastapi import FastAPI

from intelligence.api.rate_limits import RateLimits
from intelligence.errors import Overloaded


async def test_what_is_too_much_is_held_back(
    app: FastAPI,
    client: httpx2.AsyncClient,
    auth: dict[str, str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    held: list[float] = []

    def hold(now: float) -> float:
        held.append(now)
        return 0

    async def full() -> None:
        raise Overloaded("full")

    monkeypatch.setattr(app.state.refusals, "hold", hold)
    app.add_api_route("/full", full)
    assert (await client.get("/full")).status_code == 503
    app.state.rate_limits = RateLimits(1)
    assert (await client.get("/v1/models", headers=auth)).status_code == 200
    assert len(held) == 1
    assert (await client.get("/v1/models", headers=auth)).status_code == 429
    assert len(held) == 2
