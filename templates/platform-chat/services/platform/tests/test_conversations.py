from collections.abc import Coroutine
from typing import Any

import asgi_edge
import pytest

from apps.ai import keys
from apps.chat.stores import DjangoConversations
from intelligence.testing.conversation_store import ConversationStoreContract, Kept


class DjangoKept:
    def __init__(self) -> None:
        self.store = DjangoConversations()
        issued = [keys.issue(name, ["chat"]) for name in ("mine", "theirs")]
        mine, theirs = ("_".join(key.split("_", 2)[:2]) for key in issued)
        self.keys = (mine, theirs)

    def __call__[R](self, work: Coroutine[Any, Any, R]) -> R:
        return asgi_edge.run(work)


@pytest.mark.django_db
class TestDjangoConversations(ConversationStoreContract):
    @pytest.fixture
    def kept(self) -> Kept:
        return DjangoKept()
