import pytest
from django.db import OperationalError, connection
from django.test import Client

from apps.core import health


@pytest.mark.django_db
def test_ready_is_told_to_a_probe_that_knows_neither_host_nor_tls(
    client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(health, "CHECKS", [health.database])
    response = client.get("/readyz", headers={"host": "10.0.0.7:8000"})
    assert (response.status_code, response.json()) == (200, {"status": "ok"})


@pytest.mark.django_db
def test_a_database_that_fails_makes_the_process_unready_not_dead(
    client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fails() -> None:
        raise OperationalError("gone")

    monkeypatch.setattr(connection, "cursor", fails)
    response = client.get("/readyz")
    assert (response.status_code, response["Content-Type"]) == (503, "application/problem+json")
    assert response.json()["detail"] == "the database does not answer"
    assert client.get("/livez").status_code == 200


@pytest.mark.django_db
def test_what_an_app_still_lacks_is_told(client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(health, "CHECKS", [*health.CHECKS, lambda: "the model is not warm"])
    assert client.get("/readyz").json()["detail"] == "the model is not warm"


def test_being_alive_touches_nothing(client: Client) -> None:
    """Without the mark `django_db` a query would fail the test."""
    assert client.get("/livez").json() == {"status": "ok"}
