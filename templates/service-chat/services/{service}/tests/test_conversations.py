from collections.abc import Coroutine, Iterator
from typing import Any

import pytest
from anyio.from_thread import BlockingPortal, start_blocking_portal

from app.conversations import SqlConversations
from app.database import Database
from app.keys import ApiKeys
from app.settings import Settings
from intelligence.testing.conversation_store import ConversationStoreContract, Kept


class SqlKept:
    """`SqlConversations` in an event loop of its own."""

    def __init__(self, store: SqlConversations, portal: BlockingPortal, keys: list[str]) -> None:
        self.store = store
        self._portal = portal
        mine, theirs = ("_".join(key.split("_", 2)[:2]) for key in keys)
        self.keys = (mine, theirs)

    def __call__[R](self, work: Coroutine[Any, Any, R]) -> R:
        async def wait() -> R:
            return await work

        return self._portal.call(wait)


class TestSqlConversations(ConversationStoreContract):
    @pytest.fixture
    def kept(self, settings: Settings) -> Iterator[Kept]:
        database = Database(settings.database_url)
        with start_blocking_portal() as portal:
            keys = ApiKeys(database, settings.secret_key)
            issued = [portal.call(keys.issue, name, ["chat"]) for name in ("mine", "theirs")]
            yield SqlKept(SqlConversations(database), portal, issued)
            portal.call(database.close)
