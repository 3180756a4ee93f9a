"""Remembers for seconds that a key was usable: a busy caller costs a look-up now and then, and of
requests that find nothing remembered one asks for all.

What is remembered is the digest, never the key. A key that this process revokes or replaces is
forgotten at once; one that another process or command revokes may go on for `KEY_CACHE_SECONDS`.
"""

import asyncio
from collections import OrderedDict
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from fastapi import FastAPI
from pydantic import Field, SecretStr
from pydantic_settings import BaseSettings, SettingsConfigDict

from app.database import Database
from app.keys import LAST_USED_RESOLUTION, ApiKeys, Caller
from app.models import utcnow
from app.settings import Settings

MAX_KEYS = 1000


class KeyCacheSettings(BaseSettings):
    model_config = SettingsConfigDict(env_ignore_empty=True, frozen=True)

    key_cache_seconds: float = Field(default=10, ge=0, le=60)


@dataclass(frozen=True, slots=True)
class Found:
    caller: Caller
    since: datetime
    until: datetime

    def holds(self, at: datetime) -> bool:
        """False also if the clock was set back: nothing is remembered for longer than meant."""
        return self.since <= at < self.until


class RememberedKeys(ApiKeys):
    def __init__(
        self,
        database: Database,
        secret_key: SecretStr,
        lifetime: timedelta,
        max_keys: int = MAX_KEYS,
    ) -> None:
        super().__init__(database, secret_key)
        self._lifetime = lifetime
        self._max_keys = max_keys
        self._found: OrderedDict[str, Found] = OrderedDict()  # the latest used comes last
        self._under_way: dict[str, asyncio.Task[Caller | None]] = {}

    async def find(self, key: str) -> Caller | None:
        digest, now = self._digest(key), utcnow()
        found = self._found.get(digest)
        if found is not None and found.holds(now):
            self._found.move_to_end(digest)
            return found.caller
        if (look_up := self._under_way.get(digest)) is None:
            # What it brings back after `_forget` goes where nobody looks any more.
            under_way = self._under_way
            look_up = asyncio.create_task(self._look_up(digest, self._found))
            look_up.add_done_callback(lambda _: under_way.pop(digest))
            under_way[digest] = look_up
        return await asyncio.shield(look_up)  # others wait for it, too

    async def _look_up(self, digest: str, remembered: OrderedDict[str, Found]) -> Caller | None:
        now = utcnow()
        row = await self._use(digest)
        if row is None:
            remembered.pop(digest, None)
            return None
        # Until its use has to be written again at the latest, or until it expires.
        ends = [now + self._lifetime, (row.last_used_at or now) + LAST_USED_RESOLUTION]
        if row.expires_at is not None:
            ends.append(row.expires_at)
        caller = Caller.of(row)
        remembered[digest] = Found(caller, now, min(ends))
        remembered.move_to_end(digest)
        if len(remembered) > self._max_keys:
            remembered.popitem(last=False)
        return caller

    async def put(self, *args: Any, **kwargs: Any) -> bool:
        try:
            return await super().put(*args, **kwargs)
        finally:
            self._forget()

    async def revoke(self, key_id: str) -> bool:
        try:
            return await super().revoke(key_id)
        finally:
            self._forget()

    def _forget(self) -> None:
        self._found, self._under_way = OrderedDict(), {}


def install(app: FastAPI, settings: Settings) -> None:
    if seconds := KeyCacheSettings().key_cache_seconds:
        app.state.keys = RememberedKeys(
            app.state.database, settings.secret_key, timedelta(seconds=seconds)
        )
