"""What happens to keys, accounts and data that somebody may have to answer for.

Each event is a line of the log once its transaction is committed. A feature may keep it as well, in
that transaction: then nothing happens without its record.
"""

import logging
from collections.abc import Callable
from contextvars import ContextVar
from dataclasses import asdict, dataclass

from sqlalchemy import event
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import Session

from app.logs import request_id

logger = logging.getLogger("app.events")

# The id of the key or account that calls; COMMAND for `python -m app`; None for a stranger.
actor: ContextVar[str | None] = ContextVar("actor", default=None)
COMMAND = "command"


@dataclass(frozen=True, slots=True)
class Event:
    """Attributes:
    action: what happened, such as `key.revoked`.
    subject: the id of what it happened to.
    actor: who did it, see `actor`.
    request_id: in which request.
    """

    action: str
    subject: str
    actor: str | None
    request_id: str | None


# Each keeps an event in the session that it is given: complete when the features are imported.
KEEPERS: list[Callable[[AsyncSession, Event], None]] = []


def happened(session: AsyncSession, action: str, subject: str) -> None:
    """To be called in the transaction that does it."""
    told = Event(action, subject, actor.get(), request_id.get())
    for keep in KEEPERS:
        keep(session, told)

    def tell(_: Session) -> None:
        details = {name: value for name, value in asdict(told).items() if name != "request_id"}
        logger.info("%(action)s %(subject)s by %(actor)s", details, extra=details)

    event.listen(session.sync_session, "after_commit", tell, once=True)
