from unittest.mock import AsyncMock

import pytest

from app.__main__ import main
from app.keys import ApiKeys
from app.platform import store

KEY = "the-platform-s-own-key"


@pytest.fixture(autouse=True)
def development(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DEV_API_KEY", "only-for-tests")
    monkeypatch.delenv("AI_SERVICE_KEY", raising=False)


def keys(capsys: pytest.CaptureFixture[str]) -> dict[str, list[str]]:
    """What `keys list` says of each key, by its id."""
    capsys.readouterr()
    assert main(["keys", "list"]) == 0
    lines = [line.split("\t") for line in capsys.readouterr().out.splitlines()]
    return {key_id: said for key_id, *said in lines}


def test_the_platform_gets_a_key_that_opens_inference_and_no_more(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AI_SERVICE_KEY", KEY)
    assert main(["seed"]) == main(["seed"]) == 0
    assert KEY not in capsys.readouterr().out
    assert keys(capsys)["ak_platform"] == ["usable", "never used", "inference", "platform"]


def test_a_revoked_key_is_told_and_not_stored_again(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AI_SERVICE_KEY", "revoked-in-tests")
    assert main(["seed"]) == main(["keys", "revoke", "ak_platform"]) == 0
    with pytest.raises(SystemExit, match="AI_SERVICE_KEY was revoked"):
        main(["seed"])
    assert keys(capsys)["ak_platform"][0] == "revoked"


async def test_without_a_platform_nobody_gets_one() -> None:
    stored = AsyncMock(spec=ApiKeys)
    await store(stored)
    stored.put.assert_not_awaited()
