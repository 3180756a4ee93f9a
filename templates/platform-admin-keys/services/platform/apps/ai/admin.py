"""API keys and what they used. Both are records: read, not edited. A key can be revoked.

Keys are issued by `just key issue`, which shows a key once.
"""

from typing import Any

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils import timezone

from apps.ai.models import ApiKey, UsageRecord
from apps.ai.stores import PRICES
from apps.backoffice.records import RecordAdmin


@admin.register(ApiKey)
class ApiKeyAdmin(RecordAdmin):
    list_display = (
        "id",
        "name",
        "scopes",
        "created_at",
        "expires_at",
        "revoked_at",
        "last_used_at",
    )
    search_fields = ("id", "name")
    ordering = ("-created_at",)
    exclude = ("digest",)
    actions = ("revoke",)

    @admin.action(description="Revoke the selected keys", permissions=["change"])
    def revoke(self, request: HttpRequest, keys: QuerySet[ApiKey]) -> None:
        for key in keys.filter(revoked_at=None):
            key.revoked_at = timezone.now()
            key.save(update_fields=["revoked_at"])
            self.log_change(request, key, "Revoked.")


@admin.register(UsageRecord)
class UsageRecordAdmin(RecordAdmin):
    list_display = (
        "created_at",
        "key_id",
        "operation",
        "model",
        "input_tokens",
        "output_tokens",
        "cost",
        "latency_ms",
        "status",
    )
    list_filter = ("operation", "status", "created_at")
    search_fields = ("=key__id",)
    ordering = ("-id",)

    @admin.display
    def cost(self, record: UsageRecord) -> str:
        return PRICES.shown(record.cost_nano)

    def has_change_permission(self, _request: HttpRequest, _obj: Any = None) -> bool:
        return False
