import json
import logging
import sys

import httpx2
import pytest

from app import logs
from app.logs import JsonFormatter
from app.settings import Settings


def line(**details: object) -> dict[str, object]:
    record = logging.makeLogRecord({"name": "app", "levelname": "INFO", "msg": "hello", **details})
    text = JsonFormatter().format(record)
    assert "\n" not in text
    parsed: dict[str, object] = json.loads(text)
    return parsed


def test_a_line_has_what_was_passed_and_leaves_out_what_is_unknown() -> None:
    written = line(path="/livez", status=200, key_id=None)
    assert written.pop("time")
    assert written == {
        "level": "INFO",
        "logger": "app",
        "message": "hello",
        "path": "/livez",
        "status": 200,
    }


def test_an_exception_stays_on_its_line() -> None:
    try:
        raise ValueError("broken")
    except ValueError:
        assert "ValueError: broken" in str(line(exc_info=sys.exc_info())["exception"])


@pytest.mark.parametrize(("app_env", "is_json"), [("production", True), ("development", False)])
def test_production_writes_json_and_development_text(app_env: str, *, is_json: bool) -> None:
    root = logging.getLogger()
    before = root.handlers[:], root.level
    try:
        settings = Settings.model_validate({"app_env": app_env, "secret_key": "x" * 32})
        logs.configure(settings)
        assert isinstance(root.handlers[0].formatter, JsonFormatter) is is_json
    finally:
        root.handlers[:], root.level = before


async def test_a_request_leaves_one_line_with_its_id_and_no_query(
    client: httpx2.AsyncClient, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.INFO, "app.access"):
        await client.get("/livez?token=secret", headers={"X-Request-ID": "from-the-caller"})
    # The client of the test writes a line too, with the whole URL.
    (line,) = [each.getMessage() for each in caplog.records if each.name == "app.access"]
    assert line == "GET /livez 200"
