from collections.abc import Callable

import pytest

from apps.ai.models import ApiKey, UsageRecord

type Ask = Callable[..., UsageRecord]


@pytest.fixture
def ask(db: None) -> Ask:
    """Records one request, by the key of that number."""

    def record(number: int, **changes: object) -> UsageRecord:
        known = {"name": f"Caller {number}", "digest": f"{number:064}"}
        key, _created = ApiKey.objects.get_or_create(known, id=f"ak_{number}")
        fields: dict[str, object] = {
            "key": key,
            "operation": "embeddings",
            "model": "m",
            "input_tokens": 3,
            "output_tokens": 0,
            "latency_ms": 1.5,
            "status": 200,
        }
        return UsageRecord.objects.create(**fields | changes)

    return record
