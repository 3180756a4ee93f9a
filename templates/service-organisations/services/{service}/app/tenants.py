"""Who calls for an organisation, and what each role may: whatever a caller keeps is the tenant's.

An organisation has an API key of its own that nobody can send, as accounts do. Usage, limits and
all that is kept go by that key, or by the organisation's id where they go by a name: whoever calls
for it, a member or a key that its admins issued, finds the same and nothing of another's. A person
who calls for no organisation is a tenant of one.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from app.accounts import Person
from app.keys import Caller


class MemberRole(StrEnum):
    """In the order of what they may."""

    MEMBER = "member"
    ADMIN = "admin"
    OWNER = "owner"


class Act(StrEnum):
    USE = "use"  # the AI, and all that the organisation keeps; see who belongs to it
    DELETE = "delete"  # of what it keeps
    MANAGE = "manage"  # its name, members, invitations and keys
    OWN = "own"  # make owners and unmake them, end it


MAY: Mapping[MemberRole, frozenset[Act]] = {
    MemberRole.MEMBER: frozenset({Act.USE}),
    MemberRole.ADMIN: frozenset({Act.USE, Act.DELETE, Act.MANAGE}),
    MemberRole.OWNER: frozenset(Act),
}


@dataclass(frozen=True, slots=True)
class Member(Person):
    """Who signed in, and for whom.

    Attributes:
        organisation_id: None for oneself.
        role: in the organisation; of what is one's own one is the owner.
        session_id: None of a token that another issuer signed.
    """

    organisation_id: str | None
    role: MemberRole
    session_id: str | None

    def may(self, scope: str, method: str) -> bool:
        act = Act.DELETE if method == "DELETE" else Act.USE
        return scope in self.scopes and act in MAY[self.role]


@dataclass(frozen=True, slots=True)
class OrganisationKey(Caller):
    """A machine that calls for an organisation, by a key that an admin of it issued."""

    sent_id: str

    @property
    def actor(self) -> str:
        return self.sent_id
