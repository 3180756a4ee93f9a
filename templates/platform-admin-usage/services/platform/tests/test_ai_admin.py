"""Usage and its users in the admin."""

from collections.abc import Callable

import pytest
from django.test import Client
from django.urls import reverse

from apps.ai.models import UsageRecord

pytestmark = pytest.mark.django_db

LIST = "admin:ai_usagerecord_changelist"


def test_usage_is_listed_with_its_user_and_found_by_it(
    admin_client: Client, ask: Callable[[int], UsageRecord]
) -> None:
    for number in (1, 2):
        ask(number)
    page = admin_client.get(reverse(LIST), {"q": "user-1@"}).content.decode()
    assert "user-1@example.com" in page
    assert "user-2@example.com" not in page


def test_usage_is_neither_made_nor_changed_nor_deleted_by_hand(
    admin_client: Client, ask: Callable[[int], UsageRecord]
) -> None:
    record = ask(1)
    url = reverse("admin:ai_usagerecord_change", args=[record.pk])
    assert admin_client.get(url).status_code == 200
    assert admin_client.post(url, {"input_tokens": 0}).status_code == 403
    for page, args in (("add", []), ("delete", [record.pk])):
        url = reverse(f"admin:ai_usagerecord_{page}", args=args)
        assert admin_client.get(url).status_code == 403
