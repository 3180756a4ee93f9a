"""Quotas over HTTP, by the tests that every edge of `intelligence` passes, and by command."""

from dataclasses import replace
from datetime import datetime
from unittest.mock import patch

import pytest
from django.core.management import CommandError, call_command
from pytest_django import DjangoAssertNumQueries
from wsgi_edge import Platform

from apps.ai import keys
from apps.ai.stores import DjangoUsageSink, record_of
from apps.api import engine as process
from apps.quotas import counting
from apps.quotas.models import KeyQuota
from intelligence.api.quotas import Quotas
from intelligence.engine import Engine
from intelligence.testing.edge import GUARD
from intelligence.testing.quotas import LimitedEdge, QuotaContract
from intelligence.usage import Usage

pytestmark = pytest.mark.django_db


def id_of(key: str) -> str:
    return "_".join(key.split("_", 2)[:2])


class Limited(Platform):
    def set_quota(self, key: str, tokens: int | None, requests: int | None) -> None:
        assert counting.put(id_of(key), tokens, requests)

    def use(self, key: str, usage: Usage, at: datetime) -> None:
        """As another process, of which this one's quotas do not hear."""
        with patch.object(counting, "quotas", Quotas()):
            record_of(replace(usage, key_id=id_of(key)), at).save()

    def record(self, key: str, usage: Usage) -> None:
        DjangoUsageSink().record(replace(usage, key_id=id_of(key)))


class TestQuotas(QuotaContract):
    @pytest.fixture
    def edge(self, engine: Engine, quotas: Quotas, monkeypatch: pytest.MonkeyPatch) -> LimitedEdge:
        monkeypatch.setattr(process, "engine", engine)
        monkeypatch.setattr(counting, "quotas", quotas)
        engine.start().result(GUARD)
        return Limited()


def test_a_request_asks_nothing_of_the_database(
    monkeypatch: pytest.MonkeyPatch, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    monkeypatch.setattr(counting, "quotas", Quotas())
    key_id = id_of(keys.issue("test", ["inference"]))
    with django_assert_num_queries(1):
        for _ in range(10):
            counting.admit(key_id)


def test_a_record_that_is_saved_again_counts_once() -> None:
    key_id = id_of(keys.issue("test", ["inference"]))
    assert counting.put(key_id, 100, 100)
    now = KeyQuota.objects.get().key.created_at
    record = record_of(Usage(key_id, "embeddings", "m", 7, 3, 1.5, 200), now)
    record.save()
    record.save()
    record_of(Usage(None, "embeddings", "m", 7, 3, 1.5, 200), now).save()
    found = counting.counts(key_id)
    assert found is not None
    assert (found.tokens, found.requests) == (10, 1)


def test_the_command_sets_and_lifts() -> None:
    key_id = id_of(keys.issue("test", ["inference"]))
    call_command("quota", key_id, "--tokens-a-month", "1000", "--requests-a-day", "0")
    row = KeyQuota.objects.get()
    assert (row.key_id, row.tokens_a_month, row.requests_a_day) == (key_id, 1000, 0)
    call_command("quota", key_id)
    assert not KeyQuota.objects.exists()
    with pytest.raises(CommandError, match="ak_nobody"):
        call_command("quota", "ak_nobody", "--requests-a-day", "5")
    with pytest.raises(CommandError, match="a number from 0"):
        call_command("quota", key_id, "--requests-a-day", "many")
