"""Organisations in SQL: who belongs to them in which role, who is invited, which keys are theirs.

Whatever takes an owner away locks the organisation first, so that of two who leave at once one
stays. An invitation is a token of which the hash is kept; it is used up in the transaction that
makes the member.
"""

import hmac
import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from pydantic import SecretStr
from sqlalchemy import (
    Enum,
    ForeignKey,
    Select,
    String,
    UniqueConstraint,
    delete,
    func,
    select,
    update,
)
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import Mapped, mapped_column

from app.account_store import Account, SignIn
from app.database import Database
from app.events import happened
from app.models import ApiKey, Base, utcnow
from app.tenants import MAY, Act, MemberRole

INVITATION = timedelta(days=7)
MOST = 100  # organisations of an owner; invitations and keys of an organisation
KEYS = "ok_"  # what the ids of organisations' keys begin with, and no others

RoleName = Enum(
    MemberRole,
    native_enum=False,
    length=10,
    values_callable=lambda roles: [each.value for each in roles],
)


class NotAllowed(Exception):  # noqa: N818 - what happened
    """The role that asks may not do this."""


class LastOwner(Exception):  # noqa: N818
    """Nobody would be left who may end the organisation or make another owner."""


class TooMany(Exception):  # noqa: N818
    """There are `MOST` of them."""


class Organisation(Base):
    """Attributes:
    key_id: under which its usage is recorded and what it keeps is found.
    """

    __tablename__ = "organisation"

    id: Mapped[str] = mapped_column(String(20), primary_key=True)
    name: Mapped[str] = mapped_column(String(100))
    key_id: Mapped[str] = mapped_column(ForeignKey(ApiKey.id), unique=True)
    created_at: Mapped[datetime] = mapped_column(default=utcnow)


class Membership(Base):
    """Attributes:
    by_issuer: an outside issuer says so, and it holds with a token of that issuer alone.
    """

    __tablename__ = "membership"

    organisation_id: Mapped[str] = mapped_column(
        ForeignKey(Organisation.id, ondelete="CASCADE"), primary_key=True
    )
    account_id: Mapped[str] = mapped_column(
        ForeignKey(Account.id, ondelete="CASCADE"), primary_key=True, index=True
    )
    role: Mapped[MemberRole] = mapped_column(RoleName)
    by_issuer: Mapped[bool] = mapped_column(default=False)
    since: Mapped[datetime] = mapped_column(default=utcnow)


class Invitation(Base):
    """Attributes:
    email: whose account may accept it, with small letters.
    digest: of the token that the mail holds.
    """

    __tablename__ = "invitation"
    __table_args__ = (UniqueConstraint("organisation_id", "email"),)

    id: Mapped[str] = mapped_column(String(20), primary_key=True)
    organisation_id: Mapped[str] = mapped_column(ForeignKey(Organisation.id, ondelete="CASCADE"))
    email: Mapped[str] = mapped_column(String(254))
    role: Mapped[MemberRole] = mapped_column(RoleName)
    digest: Mapped[str] = mapped_column(String(64), unique=True)
    created_at: Mapped[datetime] = mapped_column(default=utcnow)
    expires_at: Mapped[datetime]


class KeyOfOrganisation(Base):
    """Written once: a key never changes hands."""

    __tablename__ = "organisation_key"

    key_id: Mapped[str] = mapped_column(ForeignKey(ApiKey.id), primary_key=True)
    organisation_id: Mapped[str] = mapped_column(
        ForeignKey(Organisation.id, ondelete="CASCADE"), index=True
    )


class SignInFor(Base):
    """For which organisation a session acts; one without acts for its person."""

    __tablename__ = "sign_in_for"

    sign_in_id: Mapped[str] = mapped_column(
        ForeignKey(SignIn.id, ondelete="CASCADE"), primary_key=True
    )
    organisation_id: Mapped[str] = mapped_column(
        ForeignKey(Organisation.id, ondelete="CASCADE"), index=True
    )


@dataclass(frozen=True, slots=True)
class Place:
    """Somebody's, in an organisation."""

    organisation: Organisation
    role: MemberRole
    by_issuer: bool


@dataclass(frozen=True, slots=True)
class Belonging:
    """A member, as others see it."""

    account_id: str
    email: str
    role: MemberRole
    by_issuer: bool
    since: datetime


class Organisations:
    def __init__(self, database: Database, secret_key: SecretStr) -> None:
        self._database = database
        self._secret_key = secret_key.get_secret_value().encode()

    async def create(self, account_id: str, name: str) -> Organisation:
        """With its first owner. Raises TooMany."""
        owned = select(func.count()).where(
            Membership.account_id == account_id, Membership.role == MemberRole.OWNER
        )
        key_id, organisation_id = (f"{kind}_{secrets.token_hex(6)}" for kind in ("ak", "og"))
        # No key hashes to this: nobody can send it.
        key = ApiKey(id=key_id, name=organisation_id, digest=secrets.token_hex(32), scopes="")
        organisation = Organisation(id=organisation_id, name=name, key_id=key_id)
        async with self._database.session() as session:
            if (await session.scalar(owned) or 0) >= MOST:
                raise TooMany
            session.add(key)
            await session.flush()
            session.add(organisation)
            await session.flush()
            session.add(
                Membership(
                    organisation_id=organisation_id, account_id=account_id, role=MemberRole.OWNER
                )
            )
            happened(session, "organisation.founded", organisation_id)
        return organisation

    async def all(self) -> Sequence[tuple[Organisation, int]]:
        """Each with how many owners it has."""
        owners = (
            select(func.count())
            .where(
                Membership.organisation_id == Organisation.id, Membership.role == MemberRole.OWNER
            )
            .scalar_subquery()
        )
        query = select(Organisation, owners).order_by(Organisation.id)
        async with self._database.reading() as session:
            return [(each, count or 0) for each, count in await session.execute(query)]

    async def make_owner(self, organisation_id: str, account_id: str) -> bool:
        """Whoever they were there before. False if there is no such organisation."""
        async with self._database.session() as session:
            if await session.get(Organisation, organisation_id, with_for_update=True) is None:
                return False
            await session.merge(
                Membership(
                    organisation_id=organisation_id,
                    account_id=account_id,
                    role=MemberRole.OWNER,
                    by_issuer=False,
                )
            )
            happened(session, "member.owner", f"{organisation_id}/{account_id}")
        return True

    async def of(self, account_id: str) -> Sequence[Place]:
        query = (
            select(Organisation, Membership.role, Membership.by_issuer)
            .join(Membership, Membership.organisation_id == Organisation.id)
            .where(Membership.account_id == account_id)
            .order_by(Organisation.id)
        )
        async with self._database.reading() as session:
            return [Place(*row) for row in await session.execute(query)]

    async def place(self, account_id: str, organisation_id: str) -> Place | None:
        """None to who does not belong to it, and if there is none."""
        async with self._database.reading() as session:
            return await _place(session, account_id, organisation_id)

    async def rename(self, organisation: Organisation, name: str) -> None:
        async with self._database.session() as session:
            row = await session.get_one(Organisation, organisation.id)
            row.name = name
            happened(session, "organisation.renamed", organisation.id)

    async def end(self, organisation_id: str) -> Sequence[str]:
        """Members, invitations and sessions that act for it go, its keys are revoked. Gives the
        ids of these, for who remembers them."""
        acting = select(SignInFor.sign_in_id).where(SignInFor.organisation_id == organisation_id)
        async with self._database.session() as session:
            revoked = [each.id for each in await session.scalars(_keys(organisation_id))]
            await session.execute(
                update(ApiKey).where(ApiKey.id.in_(revoked)).values(revoked_at=utcnow())
            )
            await session.execute(delete(SignIn).where(SignIn.id.in_(acting)))
            await session.execute(delete(Organisation).where(Organisation.id == organisation_id))
            for key_id in revoked:
                happened(session, "key.revoked", key_id)
            happened(session, "organisation.ended", organisation_id)
        return revoked

    async def members(self, organisation_id: str, after: str, limit: int) -> Sequence[Belonging]:
        """By account id."""
        query = (
            select(
                Account.id, Account.email, Membership.role, Membership.by_issuer, Membership.since
            )
            .join(Membership, Membership.account_id == Account.id)
            .where(Membership.organisation_id == organisation_id, Account.id > after)
            .order_by(Account.id)
            .limit(limit)
        )
        async with self._database.reading() as session:
            return [Belonging(*row) for row in await session.execute(query)]

    async def change(
        self, organisation_id: str, account_id: str, role: MemberRole, by: MemberRole
    ) -> bool:
        """False if there is no such member. Raises NotAllowed and LastOwner."""
        async with self._database.session() as session:
            membership = await _locked(session, organisation_id, account_id)
            if membership is None:
                return False
            owners = MemberRole.OWNER in {role, membership.role}
            if membership.by_issuer or (owners and Act.OWN not in MAY[by]):
                raise NotAllowed
            if role is not MemberRole.OWNER:
                await _another_owner(session, membership)
            membership.role = role
            happened(session, f"member.{role}", f"{organisation_id}/{account_id}")
        return True

    async def remove(self, organisation_id: str, account_id: str, by: MemberRole | None) -> bool:
        """Ends the sessions of theirs that act for it. False if there is no such member.

        A place that an outside issuer gave is made anew by its next token.

        Args:
            by: None if they leave on their own.

        Raises NotAllowed and LastOwner.
        """
        acting = select(SignInFor.sign_in_id).where(SignInFor.organisation_id == organisation_id)
        async with self._database.session() as session:
            membership = await _locked(session, organisation_id, account_id)
            if membership is None:
                return False
            if membership.role is MemberRole.OWNER and by is not None and Act.OWN not in MAY[by]:
                raise NotAllowed
            await _another_owner(session, membership)
            await session.delete(membership)
            await session.execute(
                delete(SignIn).where(SignIn.account_id == account_id, SignIn.id.in_(acting))
            )
            happened(session, "member.removed", f"{organisation_id}/{account_id}")
        return True

    async def invite(
        self, organisation_id: str, email: str, role: MemberRole
    ) -> tuple[Invitation, str]:
        """In place of one that the address had. Gives its token, too. Raises TooMany."""
        token = secrets.token_urlsafe(32)
        invitation = Invitation(
            id=f"in_{secrets.token_hex(6)}",
            organisation_id=organisation_id,
            email=email.strip().lower(),
            role=role,
            digest=self._digest(token),
            expires_at=utcnow() + INVITATION,
        )
        of_it = Invitation.organisation_id == organisation_id
        async with self._database.session() as session:
            await _lock(session, organisation_id)
            await session.execute(
                delete(Invitation).where(
                    of_it,
                    (Invitation.email == invitation.email) | (Invitation.expires_at <= utcnow()),
                )
            )
            if (await session.scalar(select(func.count()).where(of_it)) or 0) >= MOST:
                raise TooMany
            session.add(invitation)
            happened(session, "invitation.made", f"{organisation_id}/{invitation.id}")
        return invitation, token

    async def invitations(self, organisation_id: str) -> Sequence[Invitation]:
        """Those that can be accepted, oldest first."""
        query = (
            select(Invitation)
            .where(Invitation.organisation_id == organisation_id, Invitation.expires_at > utcnow())
            .order_by(Invitation.created_at, Invitation.id)
        )
        async with self._database.reading() as session:
            return (await session.scalars(query)).all()

    async def withdraw(self, organisation_id: str, invitation_id: str) -> bool:
        """False if there is no such invitation."""
        query = (
            delete(Invitation)
            .where(Invitation.organisation_id == organisation_id, Invitation.id == invitation_id)
            .returning(Invitation.id)
        )
        async with self._database.session() as session:
            if await session.scalar(query) is None:
                return False
            happened(session, "invitation.withdrawn", f"{organisation_id}/{invitation_id}")
        return True

    async def accept(self, account: Account, token: str) -> Place | None:
        """Once, by the account of that address. None if it is no such token, or holds no more.

        Who belongs to it already stays in the role.
        """
        query = (
            delete(Invitation)
            .where(
                Invitation.digest == self._digest(token),
                Invitation.email == account.email,
                Invitation.expires_at > utcnow(),
            )
            .returning(Invitation.organisation_id, Invitation.role)
        )
        async with self._database.session() as session:
            invited = (await session.execute(query)).one_or_none()
            if invited is None:
                return None
            key = invited.organisation_id, account.id
            there = await session.get(Membership, key)
            if there is None:
                session.add(
                    Membership(
                        organisation_id=invited.organisation_id,
                        account_id=account.id,
                        role=invited.role,
                    )
                )
            elif there.by_issuer:
                there.role, there.by_issuer = invited.role, False
            await session.flush()
            happened(session, "member.joined", f"{invited.organisation_id}/{account.id}")
            return await _place(session, account.id, invited.organisation_id)

    async def add_key(self, organisation_id: str, key_id: str) -> None:
        async with self._database.session() as session:
            session.add(KeyOfOrganisation(key_id=key_id, organisation_id=organisation_id))
            happened(session, "organisation.key", f"{organisation_id}/{key_id}")

    async def keys(self, organisation_id: str) -> Sequence[ApiKey]:
        """Those that were not revoked, oldest first."""
        async with self._database.reading() as session:
            return (await session.scalars(_keys(organisation_id))).all()

    async def of_key(self, key_id: str) -> Organisation | None:
        query = (
            select(Organisation)
            .join(KeyOfOrganisation, KeyOfOrganisation.organisation_id == Organisation.id)
            .where(KeyOfOrganisation.key_id == key_id)
        )
        async with self._database.reading() as session:
            return await session.scalar(query)

    async def act_for(self, account_id: str, sign_in_id: str, organisation_id: str | None) -> bool:
        """From now on the session acts for it. False if the session has ended."""
        async with self._database.session() as session:
            sign_in = await session.get(SignIn, sign_in_id, with_for_update=True)
            if sign_in is None or sign_in.account_id != account_id:
                return False
            await session.execute(delete(SignInFor).where(SignInFor.sign_in_id == sign_in_id))
            if organisation_id is not None:
                session.add(SignInFor(sign_in_id=sign_in_id, organisation_id=organisation_id))
        return True

    async def acted_for(self, sign_in_id: str) -> str | None:
        """The organisation that the session acts for, whether or not its person belongs to it."""
        async with self._database.reading() as session:
            row = await session.get(SignInFor, sign_in_id)
            return None if row is None else row.organisation_id

    async def told_by_issuer(
        self, account_id: str, organisation_id: str, role: MemberRole
    ) -> Place | None:
        """Their place by the word of an outside issuer, which changes none that was given here.

        None if there is no such organisation.
        """
        place = await self.place(account_id, organisation_id)
        if place is not None and (not place.by_issuer or place.role is role):
            return place
        async with self._database.session() as session:
            if await session.get(Organisation, organisation_id, with_for_update=True) is None:
                return None
            membership = await session.get(Membership, (organisation_id, account_id))
            if membership is None:
                session.add(
                    Membership(
                        organisation_id=organisation_id,
                        account_id=account_id,
                        role=role,
                        by_issuer=True,
                    )
                )
            elif membership.by_issuer:
                membership.role = role
            happened(session, f"member.{role}", f"{organisation_id}/{account_id}")
            await session.flush()
            return await _place(session, account_id, organisation_id)

    def _digest(self, token: str) -> str:
        return hmac.digest(self._secret_key, f"invitation:{token}".encode(), "sha256").hex()


async def _place(session: AsyncSession, account_id: str, organisation_id: str) -> Place | None:
    query = (
        select(Organisation, Membership.role, Membership.by_issuer)
        .join(Membership, Membership.organisation_id == Organisation.id)
        .where(Membership.account_id == account_id, Organisation.id == organisation_id)
    )
    row = (await session.execute(query)).one_or_none()
    return None if row is None else Place(*row)


async def _lock(session: AsyncSession, organisation_id: str) -> None:
    """On SQLite, where one transaction writes at a time, that is so already."""
    query = select(Organisation.id).where(Organisation.id == organisation_id).with_for_update()
    await session.execute(query)


async def _locked(
    session: AsyncSession, organisation_id: str, account_id: str
) -> Membership | None:
    await _lock(session, organisation_id)
    return await session.get(Membership, (organisation_id, account_id))


async def _another_owner(session: AsyncSession, membership: Membership) -> None:
    """Raises LastOwner if it is the only one of an owner."""
    if membership.role is not MemberRole.OWNER:
        return
    owners = select(func.count()).where(
        Membership.organisation_id == membership.organisation_id,
        Membership.role == MemberRole.OWNER,
    )
    if await session.scalar(owners) == 1:
        raise LastOwner


def _keys(organisation_id: str) -> Select[ApiKey]:
    return (
        select(ApiKey)
        .join(KeyOfOrganisation, KeyOfOrganisation.key_id == ApiKey.id)
        .where(KeyOfOrganisation.organisation_id == organisation_id, ApiKey.revoked_at.is_(None))
        .order_by(ApiKey.created_at, ApiKey.id)
    )
