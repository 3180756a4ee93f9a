"""The page that asks the AI service, with and without one."""

import httpx2
import pytest
from django.core.exceptions import ImproperlyConfigured
from django.test import Client
from pytest_django import Settings

from apps.accounts.models import User
from apps.ai.models import UsageRecord
from apps.ai_client.client import AiClient
from apps.classify import asking, seeds
from apps.core.signals import server_starts

KEY = "ak_platform_0123456789abcdef0123456789abcdef"
TEXT = "My card was charged twice."
FORM = {"text": TEXT, "labels": "a payment, a delivery"}
SCORES = [{"label": "a payment", "score": 0.9}, {"label": "a delivery", "score": 0.1}]
ANSWER = {"data": [{"index": 0, "scores": SCORES}], "model": "m", "usage": {"total_tokens": 7}}


class Service:
    """What the platform finds at the other end; None is nobody."""

    def __init__(self) -> None:
        self.response: httpx2.Response | None = None
        self.requests: list[httpx2.Request] = []

    def __call__(self, request: httpx2.Request) -> httpx2.Response:
        self.requests.append(request)
        if self.response is None:
            raise httpx2.ConnectError("nobody")
        return self.response


@pytest.fixture
def service(monkeypatch: pytest.MonkeyPatch) -> Service:
    service = Service()
    transport = httpx2.MockTransport(service)
    client = AiClient("http://ai.test", KEY, transport=transport, pause=lambda _: None)
    monkeypatch.setattr(asking, "client", lambda: client)
    return service


@pytest.fixture
def user(client: Client, db: None) -> User:
    user = User.objects.create_user("ada@example.com", is_staff=True)
    client.force_login(user)
    return user


def test_a_stranger_is_sent_to_the_login(client: Client, service: Service, db: None) -> None:
    response = client.post("/classify/", FORM)
    assert response.status_code == 302
    assert "login" in response["Location"]
    assert service.requests == []


def test_the_empty_page_asks_nobody(client: Client, user: User, service: Service) -> None:
    assert client.get("/classify/").status_code == 200
    assert service.requests == []


def test_scores_are_shown_and_the_call_is_recorded(
    client: Client, user: User, service: Service
) -> None:
    service.response = httpx2.Response(200, json=ANSWER)
    response = client.post("/classify/", FORM, headers={"X-Request-ID": "abc"})
    page = response.content.decode()
    assert response.status_code == 200
    assert page.index("a payment</th><td>0.90") < page.index("a delivery</th><td>0.10")
    assert service.requests[0].headers["X-Request-ID"] == "abc"
    usage = UsageRecord.objects.get()
    assert (usage.operation, usage.model, usage.status) == ("classify", "m", 200)
    assert (usage.input_tokens, usage.output_tokens, usage.user) == (7, 0, user)
    assert usage.latency_ms > 0


def test_without_the_service_the_page_says_what_is_missing_and_keeps_the_text(
    client: Client, user: User, service: Service, caplog: pytest.LogCaptureFixture
) -> None:
    response = client.post("/classify/", FORM)
    page = response.content.decode()
    assert response.status_code == 503
    assert "The AI service does not answer" in page
    assert TEXT in page
    usage = UsageRecord.objects.get()
    assert (usage.model, usage.status, usage.input_tokens) == ("unknown", 503, 0)
    assert usage.user == user
    assert "nobody answers" in caplog.text
    assert TEXT not in caplog.text
    assert KEY not in caplog.text


def test_it_recovers_by_itself(client: Client, user: User, service: Service) -> None:
    assert client.post("/classify/", FORM).status_code == 503
    service.response = httpx2.Response(200, json=ANSWER)
    response = client.post("/classify/", FORM)
    assert response.status_code == 200
    assert "does not answer" not in response.content.decode()


def test_what_the_service_cannot_read_is_the_users_to_mend(
    client: Client, user: User, service: Service
) -> None:
    service.response = httpx2.Response(422, json={"detail": "600 tokens are too many"})
    response = client.post("/classify/", FORM)
    assert response.status_code == 200
    assert "600 tokens are too many" in response.content.decode()
    assert not UsageRecord.objects.exists()


@pytest.mark.parametrize(
    "changes",
    [
        {"text": ""},
        {"text": "x" * 4001},
        {"labels": "one"},
        {"labels": "same, same"},
        {"labels": ", ".join(map(str, range(33)))},
        {"labels": "a, " + "b" * 101},
    ],
)
def test_a_form_that_cannot_be_right_is_not_sent(
    client: Client, user: User, service: Service, changes: dict[str, str]
) -> None:
    page = client.post("/classify/", FORM | changes).content.decode()
    assert "errorlist" in page
    assert service.requests == []


@pytest.mark.parametrize(
    ("url", "key", "named"),
    [
        ("", KEY, "AI_SERVICE_URL"),
        ("ai.example.com", KEY, "AI_SERVICE_URL"),
        ("https://ai.example.com", "", "AI_SERVICE_KEY"),
        ("https://ai.example.com", "change-me", "AI_SERVICE_KEY"),
        ("https://ai.example.com", "too-short", "AI_SERVICE_KEY"),
    ],
)
def test_a_server_does_not_start_without_the_service_s_address_and_a_key(
    settings: Settings, url: str, key: str, named: str
) -> None:
    settings.AI_SERVICE_URL, settings.AI_SERVICE_KEY = url, key
    with pytest.raises(ImproperlyConfigured, match=named) as caught:
        server_starts.send(sender=None)
    assert "too-short" not in str(caught.value)


def test_a_server_starts_and_asks_by_its_settings(settings: Settings) -> None:
    settings.AI_SERVICE_URL, settings.AI_SERVICE_KEY = "https://ai.example.com", KEY
    server_starts.send(sender=None)
    assert "/classify/  asks https://ai.example.com" in seeds.seed()
    asking.client.cache_clear()
    assert isinstance(asking.client(), AiClient)
    asking.client.cache_clear()
