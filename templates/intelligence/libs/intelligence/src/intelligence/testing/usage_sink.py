"""What every `intelligence.usage.UsageSink` keeps."""

import logging
from collections.abc import Sequence
from dataclasses import fields, replace
from datetime import date
from decimal import Decimal
from typing import Protocol

import pytest

from intelligence.prices import Price, Prices
from intelligence.usage import Usage

PRICES = Prices(
    "EUR",
    {
        "length": [Price(date.min, Decimal("0.02"), Decimal("0.5"))],
        "mystery": [Price(date.min, None, None)],
        "ours": [Price(date.min, Decimal(0), Decimal(0))],
    },
)


class Store(Protocol):
    """A sink that knows the prices `PRICES`, and the storage behind it."""

    key_id: str
    """A key that is stored; nothing has been put down to it."""

    def record(self, usage: Usage) -> None:
        """Through the sink; returns when it is stored, or lost."""
        ...

    def recorded(self, key_id: str | None) -> Sequence[Usage]:
        """What the storage holds for a key, oldest first."""
        ...

    def costs(self, key_id: str | None) -> Sequence[int | None]:
        """What each of them cost, as the storage holds it."""
        ...


def usage_of(row: object) -> Usage:
    """From a row of any framework, whose columns are named like the fields."""
    return Usage(**{each.name: getattr(row, each.name) for each in fields(Usage)})


class UsageSinkContract:
    """Inherit it and give the fixture `store`."""

    @pytest.fixture
    def store(self) -> Store:
        raise NotImplementedError("the class that inherits this says what is under test")

    @pytest.fixture
    def usage(self, store: Store) -> Usage:
        return Usage(
            key_id=store.key_id,
            operation="embeddings",
            model="length",
            input_tokens=7,
            output_tokens=0,
            latency_ms=1.5,
            status=200,
        )

    def test_usage_is_kept_as_it_was_given(self, store: Store, usage: Usage) -> None:
        store.record(usage)
        assert store.recorded(usage.key_id) == [usage]

    def test_each_request_is_kept_by_itself(self, store: Store, usage: Usage) -> None:
        failed = replace(usage, operation="classify", status=500)
        for each in (usage, failed, usage):
            store.record(each)
        assert store.recorded(usage.key_id) == [usage, failed, usage]

    def test_what_was_streamed_is_kept_with_the_time_to_its_first_words(
        self, store: Store, usage: Usage
    ) -> None:
        streamed = replace(usage, first_token_ms=0.75)
        store.record(streamed)
        assert store.recorded(usage.key_id) == [streamed]

    def test_a_request_costs_its_tokens_and_without_a_price_nobody_knows_what(
        self, store: Store, usage: Usage
    ) -> None:
        store.record(replace(usage, input_tokens=7, output_tokens=3))
        for model in ("mystery", "not in the table", "ours"):
            store.record(replace(usage, model=model))
        assert store.costs(usage.key_id) == [1640, None, None, 0]

    def test_a_call_of_the_systems_own_has_no_key(self, store: Store, usage: Usage) -> None:
        own = replace(usage, key_id=None, model="of the system's own")
        store.record(own)
        assert store.recorded(None)[-1] == own
        assert store.recorded(store.key_id) == []

    def test_a_failure_is_logged_and_does_not_fail_the_request(
        self, store: Store, usage: Usage, caplog: pytest.LogCaptureFixture
    ) -> None:
        with caplog.at_level(logging.ERROR):
            store.record(replace(usage, key_id="ak_nobody"))
        assert "input_tokens=7" in caplog.text
        assert store.recorded("ak_nobody") == []
