"""How much an API key may use: tokens a month and requests a day, in UTC.

What was used is stored, for all processes. A process remembers for seconds what it read, and adds
what it let in and used itself since, so that a request asks nothing of the database.
"""

from collections import OrderedDict
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from math import ceil
from threading import Lock
from typing import Literal, Self

from pydantic import BaseModel, Field

from intelligence.api.problems import Problem, phrase
from intelligence.api.rate_limits import RateLimited

REFRESH = timedelta(seconds=5)

type Name = Literal["tokens a month", "requests a day"]


@dataclass(frozen=True, slots=True)
class Quota:
    """Attributes:
    used: of `limit`, in the month or day that ends at `resets_at`.
    """

    name: Name
    limit: int
    used: int
    resets_at: datetime


@dataclass(frozen=True, slots=True)
class Counts:
    """What is stored of a key, as its quotas are reckoned from it.

    Attributes:
        tokens_a_month, requests_a_day: None: any number.
        month: the first day of the one that `tokens` are of.
        day: the one that `requests` are of.
    """

    tokens_a_month: int | None
    requests_a_day: int | None
    tokens: int
    requests: int
    month: date
    day: date

    def quotas(self, now: datetime) -> list[Quota]:
        """Those that are set. What an earlier month or day used counts no more."""
        month, day = periods(now)
        found = []
        if self.tokens_a_month is not None:
            used = self.tokens if self.month >= month else 0
            following = (month + timedelta(days=31)).replace(day=1)
            found.append(Quota("tokens a month", self.tokens_a_month, used, _midnight(following)))
        if self.requests_a_day is not None:
            used = self.requests if self.day >= day else 0
            following = day + timedelta(days=1)
            found.append(Quota("requests a day", self.requests_a_day, used, _midnight(following)))
        return found


def periods(now: datetime) -> tuple[date, date]:
    """The first day of the month, and the day."""
    day = now.astimezone(UTC).date()
    return day.replace(day=1), day


def _midnight(day: date) -> datetime:
    return datetime.combine(day, time.min, UTC)


class QuotaExceeded(RateLimited):
    """The key has used up what it may. Nothing was computed."""

    def __init__(self, quota: Quota, now: datetime) -> None:
        self.quota = quota
        super().__init__(0, max(1, ceil((quota.resets_at - now).total_seconds())))

    def __str__(self) -> str:
        quota = self.quota
        until = quota.resets_at.isoformat()
        return f"the quota of {quota.limit} {quota.name} is used up until {until}"


class QuotaProblem(Problem):
    """Problem details with what a program can act on."""

    quota: Name
    limit: int
    resets_at: datetime

    @classmethod
    def exceeded(cls, error: QuotaExceeded) -> Self:
        quota = error.quota
        return cls(
            title=phrase(429),
            status=429,
            detail=str(error),
            quota=quota.name,
            limit=quota.limit,
            resets_at=quota.resets_at,
        )


class QuotaBody(BaseModel):
    quota: Name
    limit: int
    used: int
    left: int = Field(description="0 also where the last answer went beyond the limit.")
    resets_at: datetime = Field(description="When it begins anew.")

    @classmethod
    def of(cls, quota: Quota) -> Self:
        return cls(
            quota=quota.name,
            limit=quota.limit,
            used=quota.used,
            left=max(0, quota.limit - quota.used),
            resets_at=quota.resets_at,
        )


class QuotaList(BaseModel):
    object: Literal["list"] = "list"
    data: list[QuotaBody] = Field(description="Without any the key uses what it likes.")

    @classmethod
    def of(cls, quotas: Sequence[Quota]) -> Self:
        return cls(data=[QuotaBody.of(each) for each in quotas])


@dataclass(slots=True)
class _Known:
    """Of a key: what was read, and what this process let in and used since."""

    read_at: datetime
    quotas: Sequence[Quota] = ()
    requests: int = 0
    tokens: int = 0


class Quotas:
    """What a process knows of its callers' quotas. May be shared by threads.

    Args:
        refresh: for how long it goes by what it has read.
        most: how many keys are remembered, the latest used.
    """

    def __init__(
        self,
        refresh: timedelta = REFRESH,
        clock: Callable[[], datetime] = lambda: datetime.now(UTC),
        most: int = 100_000,
    ) -> None:
        self._refresh = refresh
        self._clock = clock
        self._most = most
        self._known: OrderedDict[str, _Known] = OrderedDict()
        self._lock = Lock()

    def due(self, key_id: str) -> bool:
        """Whether the caller has to read what is stored, and `learn` it. Of those who come at once
        one has, unless nothing is known yet."""
        with self._lock:
            now, known = self._clock(), self._known.get(key_id)
            if known is None:
                return True
            reset = any(now >= quota.resets_at for quota in known.quotas)
            if not reset and timedelta(0) <= now - known.read_at < self._refresh:
                return False
            known.read_at = now
            return True

    def learn(self, key_id: str, counts: Counts | None) -> None:
        """Args: counts: as stored; None: the key has no quota."""
        with self._lock:
            now = self._clock()
            self._known[key_id] = _Known(now, counts.quotas(now) if counts else ())
            self._known.move_to_end(key_id)
            if len(self._known) > self._most:
                self._known.popitem(last=False)

    def admit(self, key_id: str) -> None:
        """Counts one request. Raises QuotaExceeded."""
        with self._lock:
            known = self._known.get(key_id)
            if known is None:
                return  # forgotten since `learn`: one of very many
            now = self._clock()
            for quota in known.quotas:
                more = known.tokens if quota.name == "tokens a month" else known.requests
                if quota.used + more >= quota.limit and now < quota.resets_at:
                    raise QuotaExceeded(quota, now)
            known.requests += 1

    def used(self, key_id: str, tokens: int) -> None:
        """By this process, since what is stored was read."""
        with self._lock:
            if known := self._known.get(key_id):
                known.tokens += tokens
