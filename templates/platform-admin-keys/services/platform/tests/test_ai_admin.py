"""API keys and their usage in the admin."""

from collections.abc import Callable

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from apps.ai.models import ApiKey, UsageRecord

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def record(ask: Callable[[int], UsageRecord]) -> UsageRecord:
    return ask(1)


def test_a_key_is_revoked_once_and_its_digest_shown_never(admin_client: Client) -> None:
    url = reverse("admin:ai_apikey_changelist")
    action = {"action": "revoke", "_selected_action": ["ak_1"]}
    admin_client.post(url, action)
    revoked = ApiKey.objects.get(pk="ak_1").revoked_at
    assert revoked is not None
    assert revoked <= timezone.now()
    admin_client.post(url, action)
    assert ApiKey.objects.get(pk="ak_1").revoked_at == revoked
    page = admin_client.get(reverse("admin:ai_apikey_change", args=["ak_1"])).content.decode()
    assert "Caller 1" in page
    assert ApiKey.objects.get(pk="ak_1").digest not in page


def test_usage_is_listed_with_its_cost(
    admin_client: Client, ask: Callable[..., UsageRecord]
) -> None:
    ask(1, cost_nano=140_000_000)
    page = admin_client.get(reverse("admin:ai_usagerecord_changelist")).content.decode()
    assert "0.14 EUR" in page
    assert "unknown" in page  # of the one before


@pytest.mark.parametrize("model", ["ai_apikey", "ai_usagerecord"])
def test_records_are_neither_made_nor_deleted_by_hand(
    admin_client: Client, record: UsageRecord, model: str
) -> None:
    pk = record.key_id if model == "ai_apikey" else record.pk
    assert admin_client.get(reverse(f"admin:{model}_add")).status_code == 403
    assert admin_client.get(reverse(f"admin:{model}_delete", args=[pk])).status_code == 403
