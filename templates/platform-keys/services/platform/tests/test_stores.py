from collections.abc import Sequence

import pytest
from django.utils import timezone

from apps.ai.models import ApiKey, UsageRecord
from apps.ai.stores import DjangoUsageSink
from intelligence.testing.usage_sink import PRICES, Store, UsageSinkContract, usage_of
from intelligence.usage import Usage


class DjangoStore:
    def __init__(self, key_id: str) -> None:
        self.key_id = key_id

    def record(self, usage: Usage) -> None:
        DjangoUsageSink(PRICES).record(usage)

    def recorded(self, key_id: str | None) -> Sequence[Usage]:
        return [usage_of(row) for row in UsageRecord.objects.filter(key_id=key_id).order_by("id")]

    def costs(self, key_id: str | None) -> Sequence[int | None]:
        rows = UsageRecord.objects.filter(key_id=key_id).order_by("id")
        return list(rows.values_list("cost_nano", flat=True))


# A foreign key is checked at the end of a transaction, and the sink's must end.
@pytest.mark.django_db(transaction=True)
class TestDjangoUsageSink(UsageSinkContract):
    @pytest.fixture
    def store(self, transactional_db: None) -> Store:
        ApiKey.objects.create(id="ak_test", name="test", digest="0" * 64)
        return DjangoStore("ak_test")


@pytest.mark.django_db
def test_usage_has_the_time_at_which_it_was_written() -> None:
    before = timezone.now()
    DjangoUsageSink().record(Usage(None, "embeddings", "timed", 7, 0, 1.5, 200))
    assert before <= UsageRecord.objects.get(model="timed").created_at <= timezone.now()
