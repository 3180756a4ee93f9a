"""Conversations in SQL: an `intelligence.conversations.ConversationStore`."""

from collections.abc import Sequence
from dataclasses import asdict
from datetime import datetime
from typing import Annotated, Any, cast

from fastapi import Depends
from sqlalchemy import (
    JSON,
    BigInteger,
    CursorResult,
    ForeignKey,
    Index,
    Integer,
    String,
    Text,
    delete,
    select,
    update,
)
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from app.database import Database, DatabaseDep
from app.models import ApiKey, Base, utcnow
from intelligence.conversations import Citation, Conversation, Entry, new_id
from intelligence.generation.ports import Role


class ConversationRecord(Base):
    """Whose it is, and when something was said last."""

    __tablename__ = "conversation"
    __table_args__ = (Index(None, "key_id", "id"),)

    id: Mapped[str] = mapped_column(String(40), primary_key=True)
    key_id: Mapped[str] = mapped_column(ForeignKey(ApiKey.id))
    created_at: Mapped[datetime] = mapped_column(default=utcnow)
    changed_at: Mapped[datetime] = mapped_column(default=utcnow)


class MessageRecord(Base):
    """An `Entry`; the order of the ids is that of the conversation."""

    __tablename__ = "message"
    __table_args__ = (Index(None, "conversation_id", "id"),)

    id: Mapped[int] = mapped_column(BigInteger().with_variant(Integer, "sqlite"), primary_key=True)
    conversation_id: Mapped[str] = mapped_column(
        ForeignKey(ConversationRecord.id, ondelete="CASCADE")
    )
    role: Mapped[Role] = mapped_column(String(20))
    content: Mapped[str] = mapped_column(Text)
    model: Mapped[str | None] = mapped_column(String(100))
    prompt: Mapped[str | None] = mapped_column(String(100))
    citations: Mapped[list[dict[str, Any]]] = mapped_column(
        JSON().with_variant(JSONB(), "postgresql")
    )
    created_at: Mapped[datetime] = mapped_column(default=utcnow)


class SqlConversations:
    def __init__(self, database: Database) -> None:
        self._database = database

    async def begin(self, key_id: str, entries: Sequence[Entry]) -> str:
        conversation = ConversationRecord(id=new_id(), key_id=key_id)
        async with self._database.session() as session:
            session.add(conversation)
            await session.flush()
            session.add_all(_records(conversation.id, entries))
        return conversation.id

    async def append(self, key_id: str, conversation_id: str, entries: Sequence[Entry]) -> bool:
        said = (
            update(ConversationRecord)
            .where(ConversationRecord.id == conversation_id, ConversationRecord.key_id == key_id)
            .values(changed_at=utcnow())
        )
        async with self._database.session() as session:
            if not _count(await session.execute(said)):
                return False
            session.add_all(_records(conversation_id, entries))
            return True

    async def get(
        self, key_id: str, conversation_id: str, *, last: int
    ) -> tuple[Conversation, Sequence[Entry]] | None:
        newest_first = (
            select(MessageRecord)
            .where(MessageRecord.conversation_id == conversation_id)
            .order_by(MessageRecord.id.desc())
            .limit(last)
        )
        async with self._database.reading() as session:
            row = await session.get(ConversationRecord, conversation_id)
            if row is None or row.key_id != key_id:
                return None
            said = (await session.scalars(newest_first)).all()
        return _conversation(row), [_entry(each) for each in reversed(said)]

    async def all(self, key_id: str, *, before: str | None, limit: int) -> Sequence[Conversation]:
        query = (
            select(ConversationRecord)
            .where(ConversationRecord.key_id == key_id)
            .order_by(ConversationRecord.id.desc())
            .limit(limit)
        )
        if before is not None:
            query = query.where(ConversationRecord.id < before)
        async with self._database.reading() as session:
            rows = (await session.scalars(query)).all()
        return [_conversation(row) for row in rows]

    async def delete(self, key_id: str, conversation_id: str) -> bool:
        gone = delete(ConversationRecord).where(
            ConversationRecord.id == conversation_id, ConversationRecord.key_id == key_id
        )
        async with self._database.session() as session:
            return bool(_count(await session.execute(gone)))


def _count(result: object) -> int:
    """How many rows a statement changed."""
    return cast("CursorResult[Any]", result).rowcount


def _records(conversation_id: str, entries: Sequence[Entry]) -> list[MessageRecord]:
    return [
        MessageRecord(
            conversation_id=conversation_id,
            role=each.role,
            content=each.content,
            model=each.model,
            prompt=each.prompt,
            citations=[asdict(citation) for citation in each.citations],
        )
        for each in entries
    ]


def _entry(row: MessageRecord) -> Entry:
    citations = tuple(Citation(**each) for each in row.citations)
    return Entry(row.role, row.content, row.model, row.prompt, citations)


def _conversation(row: ConversationRecord) -> Conversation:
    return Conversation(row.id, row.created_at, row.changed_at)


async def get_conversations(database: DatabaseDep) -> SqlConversations:
    return SqlConversations(database)


ConversationsDep = Annotated[SqlConversations, Depends(get_conversations)]
