"""Who asked the AI service, and what it cost. These are records: read, not written."""

from typing import Any

from django.contrib import admin
from django.http import HttpRequest

from apps.ai.models import UsageRecord
from apps.ai.stores import PRICES
from apps.backoffice.records import RecordAdmin


@admin.register(UsageRecord)
class UsageRecordAdmin(RecordAdmin):
    list_display = (
        "created_at",
        "user",
        "operation",
        "model",
        "input_tokens",
        "output_tokens",
        "cost",
        "latency_ms",
        "status",
    )
    list_filter = ("operation", "status", "created_at")
    search_fields = ("user__email",)
    ordering = ("-id",)

    @admin.display
    def cost(self, record: UsageRecord) -> str:
        return PRICES.shown(record.cost_nano)

    def has_change_permission(self, _request: HttpRequest, _obj: Any = None) -> bool:
        return False
