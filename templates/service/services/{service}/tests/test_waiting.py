import asyncio

import httpx2
import pytest
from fastapi import FastAPI

from app import waiting
from app.waiting import Refusals
from intelligence.api.rate_limits import RateLimits
from intelligence.errors import Overloaded


@pytest.fixture
def slept(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """How long each refusal was held back, at one moment of a clock that stands still."""
    slept: list[float] = []

    async def sleep(seconds: float) -> None:
        slept.append(round(seconds, 6))

    monkeypatch.setattr(waiting, "monotonic", lambda: 1000.0)
    monkeypatch.setattr(asyncio, "sleep", sleep)
    return slept


async def test_refusals_leave_one_after_the_other(slept: list[float]) -> None:
    refusals = Refusals(a_second=100, longest=5)
    for _ in range(3):
        await refusals.turn()
    assert slept == [0.01, 0.02, 0.03]


async def test_no_refusal_is_held_back_for_longer_than_is_set(slept: list[float]) -> None:
    refusals = Refusals(a_second=100, longest=0.02)
    for _ in range(4):
        await refusals.turn()
    assert slept == [0.01, 0.02, 0.02, 0.02]


async def test_a_refusal_after_a_quiet_time_leaves_at_once(
    slept: list[float], monkeypatch: pytest.MonkeyPatch
) -> None:
    refusals = Refusals(a_second=100, longest=5)
    for _ in range(3):
        await refusals.turn()
    monkeypatch.setattr(waiting, "monotonic", lambda: 1001.0)
    await refusals.turn()
    assert slept[-1] == 0.01


async def test_what_is_too_much_waits_for_its_turn_to_be_refused(
    app: FastAPI,
    client: httpx2.AsyncClient,
    auth: dict[str, str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    turns: list[int] = []

    async def turn() -> None:
        turns.append(len(turns))

    async def full() -> None:
        raise Overloaded("full")

    monkeypatch.setattr(app.state.refusals, "turn", turn)
    app.add_api_route("/full", full)
    assert (await client.get("/full")).status_code == 503
    app.state.rate_limits = RateLimits(1)
    assert (await client.get("/v1/models", headers=auth)).status_code == 200
    assert len(turns) == 1
    assert (await client.get("/v1/models", headers=auth)).status_code == 429
    assert len(turns) == 2
