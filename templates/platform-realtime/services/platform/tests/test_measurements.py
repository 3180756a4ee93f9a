"""Measurements in SQL, by the tests that every store of `intelligence` passes."""

from collections.abc import Coroutine
from typing import Any

import asgi_edge
import pytest

from apps.ai import keys
from apps.realtime.stores import DjangoMeasurements
from intelligence.testing.measurement_store import (
    Clock,
    Kept,
    MeasurementStoreContract,
)


class DjangoKept:
    def __init__(self) -> None:
        self.clock = Clock()
        self.store = DjangoMeasurements(self.clock)
        issued = [keys.issue(name, ["measurements"]) for name in ("mine", "theirs")]
        mine, theirs = ("_".join(key.split("_", 2)[:2]) for key in issued)
        self.keys = (mine, theirs)

    def __call__[R](self, work: Coroutine[Any, Any, R]) -> R:
        return asgi_edge.run(work)


@pytest.mark.django_db
class TestDjangoMeasurements(MeasurementStoreContract):
    """On SQLite, or TEST_DATABASE_URL."""

    @pytest.fixture
    def kept(self) -> Kept:
        return DjangoKept()
