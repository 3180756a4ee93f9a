"""The audit log: who did what to keys, accounts and data.

An event is written in the transaction that it tells of, so neither is there without the other. Rows
are never changed, which the database holds as well; what is older than `retention.toml` says is
deleted.
"""

import argparse
import json
import sys
from datetime import UTC, date, datetime, time

from fastapi import FastAPI
from sqlalchemy import BigInteger, Index, Integer, String, or_, select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import Mapped, mapped_column

from app.commands import COMMANDS, Commands, opened
from app.events import KEEPERS, Event
from app.models import Base, utcnow
from app.settings import Settings


class AuditEvent(Base):
    """`app.events.Event`, with the time of its transaction."""

    __tablename__ = "audit_event"
    __table_args__ = (Index(None, "at"),)

    id: Mapped[int] = mapped_column(BigInteger().with_variant(Integer, "sqlite"), primary_key=True)
    at: Mapped[datetime] = mapped_column(default=utcnow)
    actor: Mapped[str | None] = mapped_column(String(60))
    action: Mapped[str] = mapped_column(String(60))
    subject: Mapped[str] = mapped_column(String(100))
    request_id: Mapped[str | None] = mapped_column(String(64))


def keep(session: AsyncSession, event: Event) -> None:
    session.add(
        AuditEvent(
            actor=event.actor,
            action=event.action,
            subject=event.subject,
            request_id=event.request_id,
        )
    )


def install(_: FastAPI, __: Settings) -> None:
    """Events are kept from the import on, also those of commands."""


async def show(arguments: argparse.Namespace, settings: Settings) -> int:
    """Oldest first, a JSON object a line (https://jsonlines.org), for jq or a SIEM."""
    query = select(AuditEvent).order_by(AuditEvent.id)
    if arguments.since is not None:
        since = datetime.combine(arguments.since, time(), UTC)
        query = query.where(AuditEvent.at >= since)
    if arguments.about is not None:
        subject = AuditEvent.subject.contains(arguments.about, autoescape=True)
        query = query.where(or_(AuditEvent.actor == arguments.about, subject))
    async with opened(settings) as database, database.reading() as session:
        async for event in await session.stream_scalars(query):
            sys.stdout.write(line(event) + "\n")
    return 0


def line(event: AuditEvent) -> str:
    return json.dumps(
        {
            "at": event.at.isoformat(timespec="milliseconds"),
            "actor": event.actor,
            "action": event.action,
            "subject": event.subject,
            "request_id": event.request_id,
        }
    )


def add_commands(commands: Commands) -> None:
    command = commands.add_parser("audit", help="who did what to keys, accounts and data")
    command.add_argument("--since", type=date.fromisoformat, help="a day (UTC), as 2026-01-31")
    command.add_argument("--about", metavar="ID", help="who it was, or what it was done to")
    command.set_defaults(run=show)


COMMANDS.append(add_commands)
KEEPERS.append(keep)
