"""What every `intelligence.conversations.ConversationStore` keeps."""

from collections.abc import Coroutine
from typing import Any, Protocol

import pytest

from intelligence.conversations import Citation, ConversationStore, Entry


class Kept(Protocol):
    """A store, and an event loop to ask it in."""

    @property
    def store(self) -> ConversationStore: ...

    @property
    def keys(self) -> tuple[str, str]:
        """The ids of two API keys that are stored."""
        ...

    def __call__[R](self, work: Coroutine[Any, Any, R]) -> R:
        """Waits for a coroutine of the store's."""
        ...


QUESTION = Entry("user", "How long does a refund take?")
ANSWER = Entry(
    "assistant",
    "Five days. [1]",
    model="extractive",
    prompt="answer-1",
    citations=(Citation(1, "refunds", "Refunds", "https://example.com/refunds", "Five days."),),
)


class ConversationStoreContract:
    """Inherit it and give the fixture `kept`."""

    @pytest.fixture
    def kept(self) -> Kept:
        raise NotImplementedError("the class that inherits this says what is under test")

    @pytest.fixture
    def store(self, kept: Kept) -> ConversationStore:
        return kept.store

    @pytest.fixture
    def mine(self, kept: Kept) -> str:
        return kept.keys[0]

    @pytest.fixture
    def theirs(self, kept: Kept) -> str:
        return kept.keys[1]

    def test_what_was_said_is_kept_in_order(
        self, kept: Kept, store: ConversationStore, mine: str
    ) -> None:
        id_ = kept(store.begin(mine, [QUESTION, ANSWER]))
        assert kept(store.append(mine, id_, [Entry("user", "By card?"), ANSWER]))
        expected = [QUESTION, ANSWER, Entry("user", "By card?"), ANSWER]
        for last, entries in ((10, expected), (2, expected[-2:])):
            found = kept(store.get(mine, id_, last=last))
            assert found is not None
            assert (found[0].id, found[1]) == (id_, entries)

    def test_a_conversation_changes_when_something_is_said(
        self, kept: Kept, store: ConversationStore, mine: str
    ) -> None:
        id_ = kept(store.begin(mine, [QUESTION]))
        (before,) = kept(store.all(mine, before=None, limit=10))
        assert kept(store.append(mine, id_, [ANSWER]))
        (after,) = kept(store.all(mine, before=None, limit=10))
        assert before.created_at == after.created_at <= before.changed_at < after.changed_at

    def test_the_newest_are_listed_first_a_page_at_a_time(
        self, kept: Kept, store: ConversationStore, mine: str
    ) -> None:
        ids = [kept(store.begin(mine, [QUESTION])) for _ in range(3)]
        listed = kept(store.all(mine, before=None, limit=10))
        assert {each.id for each in listed} == set(ids)
        assert [each.id for each in listed] == sorted(ids, reverse=True)
        first, *rest = listed
        assert kept(store.all(mine, before=None, limit=1)) == [first]
        assert kept(store.all(mine, before=first.id, limit=10)) == rest

    def test_a_conversation_that_is_deleted_is_gone(
        self, kept: Kept, store: ConversationStore, mine: str
    ) -> None:
        id_ = kept(store.begin(mine, [QUESTION, ANSWER]))
        assert kept(store.delete(mine, id_))
        assert kept(store.get(mine, id_, last=1)) is None
        assert not kept(store.append(mine, id_, [ANSWER]))
        assert not kept(store.delete(mine, id_))

    def test_for_others_it_is_not_there(
        self, kept: Kept, store: ConversationStore, mine: str, theirs: str
    ) -> None:
        id_ = kept(store.begin(mine, [QUESTION]))
        assert kept(store.get(theirs, id_, last=1)) is None
        assert kept(store.all(theirs, before=None, limit=10)) == []
        assert not kept(store.append(theirs, id_, [ANSWER]))
        assert not kept(store.delete(theirs, id_))
        found = kept(store.get(mine, id_, last=10))
        assert found is not None
        assert found[1] == [QUESTION]
