"""Organisations over HTTP: members and their roles, invitations, API keys, and for whom one acts.

Who does not belong to an organisation is told 404, as if there were none. What a role may is
`app.tenants.MAY`; it is looked up at each request here, while what a member asks of the AI goes by
an access token, which says it for minutes.
"""

import argparse
import secrets
import sys
from collections.abc import Callable, Coroutine, Mapping
from datetime import datetime, timedelta
from typing import Annotated, Any, Literal

from fastapi import (
    APIRouter,
    BackgroundTasks,
    Depends,
    FastAPI,
    HTTPException,
    Path,
    Query,
    Request,
)
from pydantic import AfterValidator, BaseModel, Field
from starlette.responses import Response

from app.account_store import Accounts, Passwords, Session
from app.accounts import (
    ACCESS,
    STAFF,
    AccountDep,
    CallerDep,
    Desk,
    Email,
    Person,
    Token,
    stale,
)
from app.commands import COMMANDS, Commands, opened
from app.keys import SCOPES, ApiKeys, Caller, refusal
from app.models import ApiKey, utcnow
from app.organisation_store import (
    INVITATION,
    KEYS,
    MOST,
    Belonging,
    Invitation,
    LastOwner,
    NotAllowed,
    Organisation,
    Organisations,
    Place,
    TooMany,
)
from app.problems import problem
from app.settings import Settings
from app.sign_on import SignOn, SignOnSettings
from app.tenants import MAY, Act, Member, MemberRole, OrganisationKey
from intelligence.api.problems import responses

REMEMBERED = 10_000  # keys of which a process knows whose they are
MAX_PAGE = 100
MAX_DAYS = 3650


def printable(value: str) -> str:
    """It stands in the subject of mail."""
    if not value.isprintable() or not value.strip():
        raise ValueError("a name has characters that can be seen, on one line")
    return value.strip()


def issuable(scopes: list[str]) -> list[str]:
    if unknown := set(scopes) - SCOPES | STAFF.intersection(scopes):
        raise ValueError(f"no key of an organisation has {', '.join(sorted(unknown))}")
    return scopes


Name = Annotated[str, Field(min_length=1, max_length=100), AfterValidator(printable)]
PLAIN = r"^[a-z0-9_]*$"  # what ids are made of, and what every database takes
Id = Annotated[str, Path(max_length=20, pattern=PLAIN)]


class NewOrganisation(BaseModel):
    name: Name


class NewInvitation(BaseModel):
    email: Email
    role: MemberRole = MemberRole.MEMBER


class NewRole(BaseModel):
    role: MemberRole


class Acceptance(BaseModel):
    token: Token = Field(description="From the mail.")


class ActFor(BaseModel):
    organisation: str | None = Field(
        max_length=20, pattern=PLAIN, description="Its id; null: yourself."
    )


class NewKey(BaseModel):
    name: Name
    scopes: Annotated[list[str], Field(min_length=1, max_length=20), AfterValidator(issuable)]
    days: int | None = Field(None, ge=1, le=MAX_DAYS, description="Until it expires.")


class OrganisationOut(BaseModel):
    id: str
    name: str
    role: MemberRole = Field(description="Yours.")
    key_id: str = Field(description="Under which its usage is recorded.")
    created_at: datetime

    @classmethod
    def of(cls, place: Place) -> "OrganisationOut":
        each = place.organisation
        return cls(
            id=each.id,
            name=each.name,
            role=place.role,
            key_id=each.key_id,
            created_at=each.created_at,
        )


class OrganisationList(BaseModel):
    data: list[OrganisationOut]


class MemberOut(BaseModel):
    account_id: str
    email: str
    role: MemberRole
    by_issuer: bool = Field(description="The identity provider says so and alone changes the role.")
    since: datetime

    @classmethod
    def of(cls, each: Belonging) -> "MemberOut":
        return cls(
            account_id=each.account_id,
            email=each.email,
            role=each.role,
            by_issuer=each.by_issuer,
            since=each.since,
        )


class MemberPage(BaseModel):
    data: list[MemberOut]
    next: str | None = Field(description="The `after` of the next page.")


class InvitationOut(BaseModel):
    id: str
    email: str
    role: MemberRole
    expires_at: datetime

    @classmethod
    def of(cls, each: Invitation) -> "InvitationOut":
        return cls(id=each.id, email=each.email, role=each.role, expires_at=each.expires_at)


class InvitationList(BaseModel):
    data: list[InvitationOut]


class KeyOut(BaseModel):
    id: str
    name: str
    scopes: list[str]
    created_at: datetime
    expires_at: datetime | None
    last_used_at: datetime | None

    @classmethod
    def of(cls, row: ApiKey) -> "KeyOut":
        return cls(
            id=row.id,
            name=row.name,
            scopes=row.scopes.split(),
            created_at=row.created_at,
            expires_at=row.expires_at,
            last_used_at=row.last_used_at,
        )


class KeyList(BaseModel):
    data: list[KeyOut]


class IssuedKey(BaseModel):
    id: str
    key: str = Field(description="Shown this once; what is stored is a hash.")


class AccessToken(BaseModel):
    access_token: str
    token_type: Literal["Bearer"] = "Bearer"  # noqa: S105 - no secret
    expires_in: int = Field(description="Seconds that it holds.")


class OrganisationDesk(Desk):
    """Tokens that say for whom a person acts, and keys of organisations."""

    def __init__(self, before: Desk, app: FastAPI, settings: Settings) -> None:
        super().__init__(before.accounts, before.settings, settings)
        self.organisations = Organisations(app.state.database, settings.secret_key)
        self._keys: Callable[[], ApiKeys] = lambda: app.state.keys
        self._of_keys: dict[str, Organisation] = {}

    async def claims(self, session: Session) -> Mapping[str, str]:
        """Raises HTTPException with 401 if its person belongs no longer where it acts."""
        chosen = await self.organisations.acted_for(session.id)
        if chosen is None:
            return await super().claims(session)
        place = await self.organisations.place(session.account.id, chosen)
        if place is None or place.by_issuer:
            await self.accounts.sign_out(session.refresh_token)
            raise HTTPException(401, "the session has ended: sign in")
        return self.claims_in(place, session.id)

    def claims_in(self, place: Place, session_id: str) -> Mapping[str, str]:
        return {
            "key": place.organisation.key_id,
            "scope": self.accounts.scopes,
            "org": place.organisation.id,
            "role": place.role,
            "session": session_id,
        }

    def person(self, claims: Mapping[str, str]) -> Person:
        organisation_id = claims.get("org")
        return Member(
            key_id=claims["key"],
            name=organisation_id or claims["sub"],
            scopes=frozenset(claims["scope"].split()),
            account_id=claims["sub"],
            organisation_id=organisation_id,
            role=MemberRole(claims.get("role", MemberRole.OWNER)),
            session_id=claims.get("session"),
        )

    async def of_key(self, key: str) -> Caller | None:
        """Who sent this API key; its organisation, if it is one of an organisation's."""
        found = await self._keys().find(key)
        if found is None or not found.key_id.startswith(KEYS):
            return found
        organisation = self._of_keys.get(found.key_id)
        if organisation is None:
            organisation = await self.organisations.of_key(found.key_id)
            if organisation is None:
                return None
            if len(self._of_keys) >= REMEMBERED:
                self._of_keys.clear()
            self._of_keys[found.key_id] = organisation
        return OrganisationKey(organisation.key_id, organisation.id, found.scopes, found.key_id)


async def get_desk(request: Request) -> OrganisationDesk:
    desk: OrganisationDesk = request.app.state.accounts
    return desk


DeskDep = Annotated[OrganisationDesk, Depends(get_desk)]


def needs(act: Act) -> Callable[..., Coroutine[Any, Any, Place]]:
    """A dependency that gives the caller's place in the organisation of the path.

    401 and 403 as everywhere, 404 to who does not belong to it, 403 if the role does not suffice.
    """

    async def place(
        organisation_id: Id, account: AccountDep, caller: CallerDep, desk: DeskDep
    ) -> Place:
        found = await desk.organisations.place(account.id, organisation_id)
        # What another issuer says holds for the call that says so.
        elsewhere = not isinstance(caller, Member) or caller.organisation_id != organisation_id
        if found is None or (found.by_issuer and elsewhere):
            raise unknown("organisation")
        if act not in MAY[found.role]:
            raise refusal(403, f"the role {found.role} may not do this", "insufficient_scope")
        return found

    return place


def unknown(what: str) -> HTTPException:
    return HTTPException(404, f"there is no such {what} here")


type Anyone = Annotated[Place, Depends(needs(Act.USE))]
type Manager = Annotated[Place, Depends(needs(Act.MANAGE))]
type Owner = Annotated[Place, Depends(needs(Act.OWN))]

router = APIRouter(
    prefix="/v1", tags=["organisations"], responses=responses(400, 401, 403, 413, 422, 429)
)
one = APIRouter(prefix="/organisations/{organisation_id}", responses=responses(404))


@router.post(
    "/organisations", summary="Found an organisation", status_code=201, responses=responses(409)
)
async def create_organisation(
    body: NewOrganisation, account: AccountDep, desk: DeskDep
) -> OrganisationOut:
    """You are its owner. `PUT /v1/account/organisation` acts for it."""
    organisation = await desk.organisations.create(account.id, body.name)
    return OrganisationOut.of(Place(organisation, MemberRole.OWNER, by_issuer=False))


@router.get("/organisations", summary="List your organisations")
async def list_organisations(account: AccountDep, desk: DeskDep) -> OrganisationList:
    """With your role in each."""
    places = await desk.organisations.of(account.id)
    return OrganisationList(data=[OrganisationOut.of(each) for each in places])


@router.put("/account/organisation", summary="Act for one of them", responses=responses(404))
async def act_for(
    body: ActFor, account: AccountDep, caller: CallerDep, desk: DeskDep
) -> AccessToken:
    """Another access token. The session goes on to act for it, when it is refreshed too."""
    session_id = caller.session_id if isinstance(caller, Member) else None
    if session_id is None:
        raise refusal(403, "the issuer of the token says for whom it is", "insufficient_scope")
    claims: Mapping[str, str] = {
        "key": account.key_id,
        "scope": desk.accounts.scopes,
        "session": session_id,
    }
    if body.organisation is not None:
        place = await desk.organisations.place(account.id, body.organisation)
        if place is None or place.by_issuer:
            raise unknown("organisation")
        claims = desk.claims_in(place, session_id)
    if not await desk.organisations.act_for(account.id, session_id, body.organisation):
        raise refusal(401, "the session has ended: sign in", "invalid_token")
    return AccessToken(
        access_token=desk.access.make(account.id, utcnow(), **claims),
        expires_in=int(ACCESS.total_seconds()),
    )


@router.post("/invitations/accept", summary="Accept an invitation")
async def accept_invitation(
    body: Acceptance, request: Request, account: AccountDep, desk: DeskDep
) -> OrganisationOut:
    """Once, signed in with the address that it went to. 422 tells not what is wrong."""
    desk.take(request)
    place = await desk.organisations.accept(account, body.token)
    if place is None:
        raise stale()
    return OrganisationOut.of(place)


@one.get("", summary="Show an organisation")
async def get_organisation(place: Anyone) -> OrganisationOut:
    """With your role."""
    return OrganisationOut.of(place)


@one.patch(
    "",
    summary="Rename an organisation",
)
async def rename_organisation(
    body: NewOrganisation, place: Manager, desk: DeskDep
) -> OrganisationOut:
    """Admins and owners."""
    await desk.organisations.rename(place.organisation, body.name)
    place.organisation.name = body.name
    return OrganisationOut.of(place)


@one.delete(
    "",
    summary="End an organisation",
    status_code=204,
)
async def end_organisation(place: Owner, request: Request, desk: DeskDep) -> None:
    """Owners. Its keys are revoked, and nobody reaches any more what it kept."""
    keys: ApiKeys = request.app.state.keys
    for key_id in await desk.organisations.end(place.organisation.id):
        await keys.revoke(key_id)  # so that this process forgets it, too


@one.get("/members", summary="List members")
async def list_members(
    place: Anyone,
    desk: DeskDep,
    after: Annotated[
        str, Query(max_length=20, pattern=PLAIN, description="`next` of the page before.")
    ] = "",
    limit: Annotated[int, Query(ge=1, le=MAX_PAGE, description="How many at most.")] = 20,
) -> MemberPage:
    """By account id."""
    found = await desk.organisations.members(place.organisation.id, after, limit + 1)
    more = found[limit - 1].account_id if len(found) > limit else None
    return MemberPage(data=[MemberOut.of(each) for each in found[:limit]], next=more)


@one.put(
    "/members/{account_id}",
    summary="Change a role",
    status_code=204,
    responses=responses(409),
)
async def change_role(body: NewRole, account_id: Id, place: Manager, desk: DeskDep) -> None:
    """Admins and owners; only owners make owners, or others of them. The last one stays."""
    changed = await desk.organisations.change(
        place.organisation.id, account_id, body.role, place.role
    )
    if not changed:
        raise unknown("member")


@one.delete(
    "/members/{account_id}",
    summary="Remove a member, or leave",
    status_code=204,
    responses=responses(409),
)
async def remove_member(account_id: Id, place: Anyone, account: AccountDep, desk: DeskDep) -> None:
    """Admins and owners; everyone may leave but the last owner. Access ends within minutes."""
    leaves = account_id == account.id
    if not leaves and Act.MANAGE not in MAY[place.role]:
        raise NotAllowed
    by = None if leaves else place.role
    if not await desk.organisations.remove(place.organisation.id, account_id, by):
        raise unknown("member")


@one.post(
    "/invitations",
    summary="Invite somebody",
    status_code=201,
    responses=responses(409),
)
async def create_invitation(
    body: NewInvitation, request: Request, place: Manager, desk: DeskDep, later: BackgroundTasks
) -> InvitationOut:
    """By mail, in place of one that the address had. Only owners invite owners."""
    desk.take(request, body.email)
    if body.role is MemberRole.OWNER and Act.OWN not in MAY[place.role]:
        raise NotAllowed
    invitation, token = await desk.organisations.invite(
        place.organisation.id, body.email, body.role
    )
    later.add_task(invite, desk, invitation, place.organisation.name, token)
    return InvitationOut.of(invitation)


@one.get(
    "/invitations",
    summary="List invitations",
)
async def list_invitations(place: Manager, desk: DeskDep) -> InvitationList:
    """Those that can be accepted."""
    found = await desk.organisations.invitations(place.organisation.id)
    return InvitationList(data=[InvitationOut.of(each) for each in found])


@one.delete(
    "/invitations/{invitation_id}",
    summary="Withdraw an invitation",
    status_code=204,
)
async def withdraw_invitation(invitation_id: Id, place: Manager, desk: DeskDep) -> None:
    """Its token is worth nothing from now on."""
    if not await desk.organisations.withdraw(place.organisation.id, invitation_id):
        raise unknown("invitation")


@one.post(
    "/keys",
    summary="Issue an API key",
    status_code=201,
    responses=responses(409),
)
async def issue_key(body: NewKey, place: Manager, request: Request, desk: DeskDep) -> IssuedKey:
    """For a machine that calls for the organisation."""
    if len(await desk.organisations.keys(place.organisation.id)) >= MOST:
        raise TooMany
    keys: ApiKeys = request.app.state.keys
    key_id = f"{KEYS}{secrets.token_hex(6)}"
    key = f"{key_id}_{secrets.token_urlsafe(32)}"
    expires_at = None if body.days is None else utcnow() + timedelta(days=body.days)
    await keys.put(key_id, key, body.name, set(body.scopes), expires_at)
    await desk.organisations.add_key(place.organisation.id, key_id)
    return IssuedKey(id=key_id, key=key)


@one.get("/keys", summary="List API keys")
async def list_keys(place: Manager, desk: DeskDep) -> KeyList:
    """Those that were not revoked."""
    found = await desk.organisations.keys(place.organisation.id)
    return KeyList(data=[KeyOut.of(each) for each in found])


@one.delete(
    "/keys/{key_id}",
    summary="Revoke an API key",
    status_code=204,
)
async def revoke_key(key_id: Id, place: Manager, request: Request, desk: DeskDep) -> None:
    """It is useless from now on."""
    own = await desk.organisations.keys(place.organisation.id)
    keys: ApiKeys = request.app.state.keys
    if key_id not in {each.id for each in own} or not await keys.revoke(key_id):
        raise unknown("key")


router.include_router(one)


async def invite(desk: Desk, invitation: Invitation, organisation: str, token: str) -> None:
    await desk.mail.send(
        invitation.email,
        f"Join {organisation}",
        f"{desk.settings.link('join', token)}\n\n"
        f"lets you join {organisation} as {invitation.role}, within {INVITATION.days} days, with "
        "an account of this address. If you do not expect it, ignore it.\n",
    )


def install(app: FastAPI, settings: Settings) -> None:
    desk = app.state.accounts = OrganisationDesk(app.state.accounts, app, settings)
    sign_on = SignOnSettings()
    # In place of those that know no organisation.
    app.state.callers = [desk.caller, desk.of_key]
    if sign_on.oidc_issuer is not None:
        app.state.callers.insert(1, SignOn(app.state.database, desk, sign_on).caller)
    app.include_router(router)

    @app.exception_handler(NotAllowed)
    async def not_allowed(_: Request, __: NotAllowed) -> Response:
        return problem(403, "that takes an owner, or is the identity provider's to change")

    @app.exception_handler(LastOwner)
    async def last_owner(_: Request, __: LastOwner) -> Response:
        return problem(409, "an organisation has an owner: make another one first")

    @app.exception_handler(TooMany)
    async def too_many(_: Request, __: TooMany) -> Response:
        return problem(409, f"there are {MOST} of them: end or revoke some first")


async def list_all(_: argparse.Namespace, settings: Settings) -> int:
    async with opened(settings) as database:
        for each, owners in await Organisations(database, settings.secret_key).all():
            sys.stdout.write(f"{each.id}\t{owners} owners\t{each.key_id}\t{each.name}\n")
    return 0


async def make_owner(arguments: argparse.Namespace, settings: Settings) -> int:
    async with opened(settings) as database:
        accounts = Accounts(database, settings.secret_key, Passwords(), ())
        account = await accounts.by_email(arguments.email)
        if account is None:
            sys.stderr.write(f"{arguments.email} has no account\n")
            return 1
        organisations = Organisations(database, settings.secret_key)
        if await organisations.make_owner(arguments.id, account.id):
            return 0
    sys.stderr.write(f"there is no organisation {arguments.id}\n")
    return 1


def add_commands(commands: Commands) -> None:
    verbs = commands.add_parser("organisations", help="who is there").add_subparsers(
        required=True, metavar="VERB"
    )
    verbs.add_parser("list", help="all of them, with their owners").set_defaults(run=list_all)
    command = verbs.add_parser("owner", help="make somebody one, where none is left")
    command.add_argument("id", help="of the organisation, og_…")
    command.add_argument("email", help="of an account")
    command.set_defaults(run=make_owner)


COMMANDS.append(add_commands)
