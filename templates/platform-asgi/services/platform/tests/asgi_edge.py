"""The platform on ASGI, as its callers and its operator see it."""

from collections.abc import Coroutine, Mapping, Sequence
from typing import Any

from asgiref.sync import async_to_sync
from django.http import StreamingHttpResponse
from django.test import AsyncClient

from apps.ai import keys
from apps.ai.models import UsageRecord
from intelligence.testing.edge import NONE, Answer
from intelligence.testing.usage_sink import usage_of
from intelligence.usage import Usage


def run[T](coroutine: Coroutine[Any, Any, T], /) -> T:
    async def awaited() -> T:
        return await coroutine

    return async_to_sync(awaited)()


class Platform:
    """An `intelligence.testing.edge.Edge`."""

    def call(
        self, method: str, path: str, content: bytes = b"", headers: Mapping[str, str] = NONE
    ) -> Answer:
        return run(self._call(method, path, content, headers))

    async def _call(
        self, method: str, path: str, content: bytes, headers: Mapping[str, str]
    ) -> Answer:
        client = AsyncClient(raise_request_exception=False)
        kind = headers.get("Content-Type", "")
        response: Any = await client.generic(method, path, content, kind, headers=headers)
        if isinstance(response, StreamingHttpResponse):
            content = b"".join([part async for part in response])
        else:
            content = response.content
        return Answer(response.status_code, response.headers, content)

    def issue_key(self, scope: str, name: str = "test") -> str:
        return keys.issue(name, [scope])

    def recorded(self, key: str) -> Sequence[Usage]:
        rows = UsageRecord.objects.filter(key_id="_".join(key.split("_", 2)[:2])).order_by("id")
        return [usage_of(row) for row in rows]
