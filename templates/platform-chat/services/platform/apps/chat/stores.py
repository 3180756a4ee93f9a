"""Conversations in SQL: an `intelligence.conversations.ConversationStore`."""

from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

from django.db import transaction
from django.db.models import QuerySet
from django.utils import timezone

from apps.chat import models
from apps.chat.models import Message
from apps.core.threads import query
from intelligence.conversations import Citation, Conversation, Entry, new_id


class DjangoConversations:
    """No connection outlives a call of it."""

    async def begin(self, key_id: str, entries: Sequence[Entry]) -> str:
        conversation = models.Conversation(id=new_id(), key_id=key_id)

        @transaction.atomic
        def keep() -> None:
            conversation.save(force_insert=True)
            _say(conversation.id, entries)

        await query(keep)
        return conversation.id

    async def append(self, key_id: str, conversation_id: str, entries: Sequence[Entry]) -> bool:
        @transaction.atomic
        def keep() -> bool:
            if not _of(key_id).filter(id=conversation_id).update(changed_at=timezone.now()):
                return False
            _say(conversation_id, entries)
            return True

        return await query(keep)

    async def get(
        self, key_id: str, conversation_id: str, *, last: int
    ) -> tuple[Conversation, Sequence[Entry]] | None:
        row = await query(_of(key_id).filter(id=conversation_id).first)
        if row is None:
            return None
        newest_first = Message.objects.filter(conversation=row).order_by("-id")[:last]
        said = [_entry(each) for each in reversed(await query(list, newest_first))]
        return _conversation(row), said

    async def all(self, key_id: str, *, before: str | None, limit: int) -> Sequence[Conversation]:
        rows = _of(key_id).order_by("-id")
        if before is not None:
            rows = rows.filter(id__lt=before)
        return [_conversation(row) for row in await query(list, rows[:limit])]

    async def delete(self, key_id: str, conversation_id: str) -> bool:
        deleted, _ = await query(_of(key_id).filter(id=conversation_id).delete)
        return deleted > 0


def _of(key_id: str) -> QuerySet[models.Conversation]:
    """The conversations of one API key: for others there are none."""
    return models.Conversation.objects.filter(key=key_id)


def _say(conversation_id: str, entries: Sequence[Entry]) -> None:
    Message.objects.bulk_create(
        Message(
            conversation_id=conversation_id,
            role=each.role,
            content=each.content,
            model=each.model,
            prompt=each.prompt,
            citations=[asdict(citation) for citation in each.citations],
        )
        for each in entries
    )


def _entry(row: Message) -> Entry:
    citations = tuple(Citation(**each) for each in row.citations)
    role: Any = row.role  # a `Role`, as it was given
    return Entry(role, row.content, row.model, row.prompt, citations)


def _conversation(row: models.Conversation) -> Conversation:
    return Conversation(row.id, row.created_at, row.changed_at)
