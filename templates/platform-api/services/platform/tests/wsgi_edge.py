"""The platform by requests, as its callers and its operator see it."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from datetime import datetime
from threading import current_thread, main_thread

from django.db import connections
from django.test import Client

from apps.ai import keys
from apps.ai.models import UsageRecord
from intelligence.testing.edge import NONE, Answer
from intelligence.testing.usage_sink import usage_of
from intelligence.usage import Usage


class Platform:
    """An `intelligence.testing.edge.Edge`."""

    def __init__(self) -> None:
        self._client = Client(raise_request_exception=False)

    def call(
        self, method: str, path: str, content: bytes = b"", headers: Mapping[str, str] = NONE
    ) -> Answer:
        kind = headers.get("Content-Type", "")
        response = self._client.generic(method, path, content, kind, headers=headers)
        if current_thread() is not main_thread():  # whose connections a test's end closes
            connections.close_all()
        return Answer(response.status_code, response.headers, response.content)

    def issue_key(self, scope: str, name: str = "test") -> str:
        return keys.issue(name, [scope])

    def recorded(self, key: str) -> Sequence[Usage]:
        rows = UsageRecord.objects.filter(key_id="_".join(key.split("_", 2)[:2])).order_by("id")
        return [usage_of(row) for row in rows]

    def put_down(self, key: str, usage: Usage, at: datetime, cost_nano: int | None) -> None:
        record = UsageRecord(**asdict(usage), created_at=at, cost_nano=cost_nano)
        record.key_id = "_".join(key.split("_", 2)[:2])
        record.save()
