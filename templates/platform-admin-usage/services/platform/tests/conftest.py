from collections.abc import Callable

import pytest

from apps.accounts.models import User
from apps.ai.models import UsageRecord

type Ask = Callable[..., UsageRecord]


@pytest.fixture
def ask(db: None) -> Ask:
    """Records one call, by the user of that number."""

    def record(number: int, **changes: object) -> UsageRecord:
        user, _created = User.objects.get_or_create(email=f"user-{number}@example.com")
        fields: dict[str, object] = {
            "user": user,
            "operation": "classify",
            "model": "m",
            "input_tokens": 3,
            "output_tokens": 0,
            "latency_ms": 1.5,
            "status": 200,
        }
        return UsageRecord.objects.create(**fields | changes)

    return record
