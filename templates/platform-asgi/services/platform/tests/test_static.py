"""Static files by either interface. On ASGI a warning of a blocking iterator would be an error."""

from typing import Any

import pytest
from asgiref.sync import async_to_sync
from django.test import AsyncClient, Client
from pytest_django import Settings

SCRIPT = "/static/ninja/swagger-ui-init.js"


@pytest.fixture(autouse=True)
def found_in_the_apps(settings: Settings) -> None:
    settings.WHITENOISE_USE_FINDERS = True


def on_asgi(path: str, **headers: str) -> Any:
    return async_to_sync(AsyncClient().get)(path, headers=headers)


def test_a_file_is_the_same_by_wsgi_and_by_asgi(client: Client) -> None:
    wsgi, asgi = client.get(SCRIPT), on_asgi(SCRIPT)
    assert (wsgi.status_code, asgi.status_code) == (200, 200)
    assert asgi.content == b"".join(wsgi)
    for name in ("Content-Type", "Content-Length", "Last-Modified", "Cache-Control"):
        assert asgi.headers[name] == wsgi.headers[name], name


def test_what_a_browser_has_is_not_sent_again() -> None:
    changed = on_asgi(SCRIPT).headers["Last-Modified"]
    again = on_asgi(SCRIPT, if_modified_since=changed)
    assert (again.status_code, again.content) == (304, b"")


def test_a_file_that_is_not_there_is_not_found() -> None:
    assert on_asgi("/static/gone.js").status_code == 404
