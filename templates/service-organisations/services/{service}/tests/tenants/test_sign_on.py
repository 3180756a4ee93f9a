"""Tokens of an outside issuer, against a small one that listens here and signs with real keys."""

import asyncio
import hmac
import json
import logging
import secrets
import threading
from collections.abc import Callable, Iterator, Mapping
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from jwt.algorithms import ECAlgorithm, OKPAlgorithm, RSAAlgorithm
from pydantic import ValidationError

from app import sign_on
from app.models import utcnow
from app.sign_on import SignOn, SignOnSettings

from .conftest import Mailbox
from .world import PASSWORD, Client, Person, Tenant, World

AUDIENCE = "demo"
RSA = rsa.generate_private_key(public_exponent=65537, key_size=2048)
EC = ec.generate_private_key(ec.SECP256R1())
ED = ed25519.Ed25519PrivateKey.generate()
SHARED = secrets.token_bytes(32)


def public(key: Any, key_id: str) -> dict[str, Any]:
    algorithms: list[tuple[type[Any], Any]] = [
        (rsa.RSAPrivateKey, RSAAlgorithm),
        (ec.EllipticCurvePrivateKey, ECAlgorithm),
        (ed25519.Ed25519PrivateKey, OKPAlgorithm),
    ]
    (algorithm,) = [each for kind, each in algorithms if isinstance(key, kind)]
    return {**algorithm.to_jwk(key.public_key(), as_dict=True), "kid": key_id}


def oct_key(key_id: str) -> dict[str, Any]:
    """A secret that its issuer gave away, as if it were a public key."""
    encoded = jwt.utils.base64url_encode(SHARED).decode()
    return {"kty": "oct", "k": encoded, "alg": "HS256", "kid": key_id}


class Issuer:
    """Discovery and keys over HTTP on loopback; counts what it is asked."""

    def __init__(self) -> None:
        self.keys = [public(RSA, "rsa"), public(EC, "ec"), public(ED, "ed"), oct_key("shared")]
        self.away = False
        self.says: str | None = None  # in its discovery document, if not who it is
        self.asked: list[str] = []
        issuer = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                issuer.asked.append(self.path)
                body: object = {"keys": issuer.keys}
                if self.path == "/.well-known/openid-configuration":
                    body = {"issuer": issuer.says or issuer.url, "jwks_uri": f"{issuer.url}/keys"}
                self.send_response(500 if issuer.away else 200)
                self.end_headers()
                self.wfile.write(json.dumps(body).encode())

            def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - its name there
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}"

    def token(
        self,
        subject: str = "ada",
        *,
        key: Any = RSA,
        kid: str | None = "rsa",
        alg: str | None = "RS256",
        **claims: object,
    ) -> str:
        now = int(utcnow().timestamp())
        said = {"iss": self.url, "aud": AUDIENCE, "sub": subject, "exp": now + 60, **claims}
        left = {name: value for name, value in said.items() if value is not None}
        return jwt.encode(left, key, alg, headers={"kid": kid} if kid else {})


@pytest.fixture
def issuer() -> Iterator[Issuer]:
    issuer = Issuer()
    thread = threading.Thread(target=issuer.server.serve_forever, args=[0.01])
    thread.start()
    yield issuer
    issuer.server.shutdown()
    thread.join()
    issuer.server.server_close()


@pytest.fixture
def trusted(issuer: Issuer, world: World, monkeypatch: pytest.MonkeyPatch) -> Issuer:
    monkeypatch.setenv("OIDC_ISSUER", issuer.url)
    monkeypatch.setenv("OIDC_AUDIENCE", AUDIENCE)
    outside = SignOn(world.app.state.database, world.desk, SignOnSettings())
    world.app.state.callers.insert(1, outside.caller)
    return issuer


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Callable[[float], None]:
    """Seconds go by for who remembers the issuer's keys."""
    now = [1000.0]
    monkeypatch.setattr(sign_on, "monotonic", lambda: now[0])

    def go_by(seconds: float) -> None:
        now[0] += seconds

    return go_by


def subject() -> str:
    return secrets.token_hex(8)


async def me(client: Client) -> Mapping[str, Any]:
    found: Mapping[str, Any] = await client.get("/v1/account")
    return found


@pytest.mark.parametrize(
    ("key", "kid", "alg"), [(RSA, "rsa", "RS256"), (EC, "ec", "ES256"), (ED, "ed", "EdDSA")]
)
async def test_a_person_of_the_issuer_is_the_same_account_each_time(
    world: World, trusted: Issuer, key: Any, kid: str, alg: str
) -> None:
    who = subject()
    first, second, stranger = [
        await me(world.client(trusted.token(each, key=key, kid=kid, alg=alg)))
        for each in (who, who, subject())
    ]
    assert first == second
    assert first["email"].endswith("@sign-on.invalid")
    assert stranger["id"] != first["id"]


@pytest.mark.parametrize(
    "wrong",
    [
        {"aud": "another"},
        {"aud": None},
        {"iss": "https://another.example.com"},
        {"iss": None},
        {"exp": 1},
        {"exp": None},
        {"nbf": 4_000_000_000},
        {"sub": None},
        {"sub": ""},
        {"sub": "x" * 256},
        {"kid": None},
        {"kid": "unknown"},
        {"kid": "ec"},
        {"key": rsa.generate_private_key(public_exponent=65537, key_size=2048)},
        {"alg": "RS512"},
        {"alg": None, "key": None},
        {"alg": "HS256", "kid": "shared", "key": SHARED},
    ],
    ids=" ".join,
)
async def test_a_token_that_is_wrong_in_anything_opens_nothing(
    world: World, trusted: Issuer, wrong: dict[str, Any]
) -> None:
    assert await world.client(trusted.token()).status("GET", "/v1/models") == 200
    assert await world.client(trusted.token(**wrong)).status("GET", "/v1/models") == 401


async def test_a_public_key_is_not_taken_for_a_secret(world: World, trusted: Issuer) -> None:
    """RFC 8725 §2.1: whoever has the public key would sign with it."""
    pem = RSA.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    header = jwt.utils.base64url_encode(b'{"alg": "HS256", "kid": "rsa"}')
    signed = b".".join([header, trusted.token().split(".")[1].encode()])
    mac = jwt.utils.base64url_encode(hmac.digest(pem, signed, "sha256"))
    forged = b".".join([signed, mac]).decode()
    assert await world.client(forged).status("GET", "/v1/models") == 401


@pytest.mark.parametrize("token", ["x.y.z", "a" * 2000, "eyJhbGciOiJub25lIn0.e30."])
async def test_what_is_no_token_costs_the_issuer_nothing(
    world: World, trusted: Issuer, token: str
) -> None:
    assert await world.client(token).status("GET", "/v1/models") == 401
    assert trusted.asked == []


async def test_nobody_comes_from_outside_unless_an_issuer_is_set(
    world: World, issuer: Issuer
) -> None:
    assert await world.client(issuer.token()).status("GET", "/v1/models") == 401
    assert issuer.asked == []


async def test_keys_that_are_known_are_not_fetched_again(
    world: World, trusted: Issuer, clock: Callable[[float], None]
) -> None:
    for seconds in (0, 200, 99):
        clock(seconds)
        assert await world.client(trusted.token()).status("GET", "/v1/models") == 200
    assert trusted.asked == ["/.well-known/openid-configuration", "/keys"]
    clock(1)
    assert await world.client(trusted.token()).status("GET", "/v1/models") == 200
    assert trusted.asked.count("/keys") == 2


async def test_a_key_that_is_new_is_found_within_a_minute(
    world: World, trusted: Issuer, clock: Callable[[float], None]
) -> None:
    assert await world.client(trusted.token()).status("GET", "/v1/models") == 200
    rotated = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    trusted.keys = [public(rotated, "next")]
    new = world.client(trusted.token(key=rotated, kid="next"))
    clock(59)
    assert await new.status("GET", "/v1/models") == 401
    clock(1)
    assert await new.status("GET", "/v1/models") == 200
    assert await world.client(trusted.token()).status("GET", "/v1/models") == 401


async def test_made_up_key_ids_are_no_way_to_call_the_issuer(
    world: World, trusted: Issuer, clock: Callable[[float], None]
) -> None:
    for number in range(20):
        clock(1)
        token = trusted.token(kid=f"made up {number}")
        assert await world.client(token).status("GET", "/v1/models") == 401
    assert trusted.asked.count("/keys") == 1


async def test_while_the_issuer_is_away_its_keys_hold_for_an_hour(
    world: World, trusted: Issuer, clock: Callable[[float], None]
) -> None:
    client = world.client(trusted.token())
    assert await client.status("GET", "/v1/models") == 200
    trusted.away = True
    clock(3599)
    assert await client.status("GET", "/v1/models") == 200
    clock(61)
    assert await client.status("GET", "/v1/models") == 401
    trusted.away = False
    clock(60)
    assert await client.status("GET", "/v1/models") == 200


async def test_a_discovery_document_of_another_is_not_believed(
    world: World, trusted: Issuer, caplog: pytest.LogCaptureFixture
) -> None:
    trusted.says = "https://another.example.com"
    assert await world.client(trusted.token()).status("GET", "/v1/models") == 401
    assert "is of https://another.example.com" in caplog.text


@pytest.mark.parametrize("keys", [None, [], [{"kty": "made up"}]])
async def test_keys_that_are_none_open_nothing(
    world: World, trusted: Issuer, keys: list[dict[str, Any]]
) -> None:
    trusted.keys = keys
    assert await world.client(trusted.token()).status("GET", "/v1/models") == 401


async def test_the_address_of_its_keys_can_be_set(issuer: Issuer) -> None:
    jwks = sign_on.Jwks("https://unreachable.invalid", f"{issuer.url}/keys")
    assert await jwks.key("rsa") is not None
    assert issuer.asked == ["/keys"]


async def test_an_address_links_only_if_the_issuer_has_verified_it(
    world: World, trusted: Issuer
) -> None:
    ada = await world.person()
    email = ada.account.email
    guessed = trusted.token(subject(), email=email, email_verified=False)
    assert (await me(world.client(guessed)))["id"] != ada.account.id
    linked = trusted.token(subject(), email=email.upper(), email_verified=True)
    assert (await me(world.client(linked)))["id"] == ada.account.id


async def test_what_the_issuer_changes_is_told(
    world: World, trusted: Issuer, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO, "app.events")
    found = (await me(world.client(trusted.token(subject()))))["id"]
    told = [each.getMessage() for each in caplog.records if each.name == "app.events"]
    assert [each.partition(f" {found}")[0] for each in told] == [
        "account.created",
        "account.confirmed",
        "identity.linked",
    ]


async def test_who_signed_up_for_an_address_of_another_keeps_no_way_in(
    world: World, trusted: Issuer
) -> None:
    email = f"{subject()}@example.com"
    taken = await world.desk.accounts.create(email, PASSWORD)
    assert taken is not None
    token = trusted.token(subject(), email=email, email_verified=True)
    assert (await me(world.client(token)))["email"] == email
    assert await world.desk.accounts.sign_in(email, PASSWORD) is None


async def test_an_account_that_is_disabled_stays_out(world: World, trusted: Issuer) -> None:
    token = world.client(trusted.token(subject()))
    assert await world.desk.accounts.disable((await me(token))["email"])
    assert await token.status("GET", "/v1/models") == 401


async def test_claims_say_for_whom_a_person_acts_and_in_which_role(
    world: World, trusted: Issuer, acme: Tenant
) -> None:
    who, org = subject(), acme.organisation.id
    admin = world.client(trusted.token(who, org=org, role="admin"))
    assert (await me(admin))["key_id"] == acme.organisation.key_id
    assert await admin.status("GET", f"{acme.path}/keys") == 200
    member = world.client(trusted.token(who, org=org, role="owner"))
    assert await member.status("GET", f"{acme.path}/keys") == 403
    listed = {
        each["account_id"]: each for each in (await member.get(f"{acme.path}/members"))["data"]
    }
    found = listed[(await me(member))["id"]]
    assert (found["role"], found["by_issuer"]) == ("member", True)
    unknown = trusted.token(who, org="og_000000000000")
    assert await world.client(unknown).status("GET", "/v1/models") == 401


async def test_what_the_issuer_says_holds_for_the_token_that_says_so(
    world: World, trusted: Issuer, acme: Tenant
) -> None:
    ada = await world.person()
    claims: dict[str, Any] = {"email": ada.account.email, "email_verified": True}
    who = subject()
    inside = world.client(trusted.token(who, org=acme.organisation.id, **claims))
    assert await inside.status("GET", acme.path) == 200
    for client in (ada, world.client(trusted.token(who, **claims))):
        assert await client.status("GET", acme.path) == 404
        choice = {"organisation": acme.organisation.id}
        assert await client.status("PUT", "/v1/account/organisation", choice) in {403, 404}
    member = f"{acme.path}/members/{ada.account.id}"
    assert await acme.owner.status("PUT", member, {"role": "admin"}) == 403
    # Who comes no more is taken off the list; who does is on it again.
    assert await acme.admin.status("DELETE", member) == 204
    page = await acme.owner.get(f"{acme.path}/members")
    assert ada.account.id not in {each["account_id"] for each in page["data"]}
    assert await inside.status("GET", acme.path) == 200
    assert await acme.admin.status("DELETE", member) == 204


async def test_a_place_that_was_given_here_is_not_the_issuers_to_change(
    world: World, trusted: Issuer, acme: Tenant, mailbox: Mailbox
) -> None:
    email = acme.admin.account.email
    token = trusted.token(
        subject(), org=acme.organisation.id, role="member", email=email, email_verified=True
    )
    assert await world.client(token).status("GET", f"{acme.path}/keys") == 200
    assert (await acme.admin.get(acme.path))["role"] == "admin"


async def test_who_the_issuer_brought_stays_when_invited(
    world: World, trusted: Issuer, acme: Tenant, mailbox: Mailbox
) -> None:
    ada: Person = await world.person()
    claims: dict[str, Any] = {"email": ada.account.email, "email_verified": True}
    token = trusted.token(subject(), org=acme.organisation.id, **claims)
    assert await world.client(token).status("GET", acme.path) == 200
    body = {"email": ada.account.email}
    assert await acme.owner.status("POST", f"{acme.path}/invitations", body) == 201
    accept = {"token": mailbox.sent[-1][2]}
    assert await ada.status("POST", "/v1/invitations/accept", accept) == 200
    assert await ada.status("GET", acme.path) == 200


async def test_two_requests_of_a_new_person_at_once_make_one_account(
    world: World, trusted: Issuer
) -> None:
    client = world.client(trusted.token(subject()))
    first, second = await asyncio.gather(me(client), me(client))
    assert first == second


@pytest.mark.parametrize(
    ("variables", "says"),
    [
        ({"OIDC_ISSUER": "https://id.example.com"}, "OIDC_AUDIENCE"),
        ({"OIDC_ISSUER": "http://id.example.com", "OIDC_AUDIENCE": "demo"}, "https://"),
        ({"OIDC_ISSUER": "id.example.com", "OIDC_AUDIENCE": "demo"}, "https://"),
        (
            {
                "OIDC_ISSUER": "https://id.example.com",
                "OIDC_AUDIENCE": "demo",
                "OIDC_JWKS_URL": "http://id.example.com/keys",
            },
            "https://",
        ),
    ],
)
def test_an_issuer_that_cannot_be_believed_is_refused_at_start(
    monkeypatch: pytest.MonkeyPatch, variables: dict[str, str], says: str
) -> None:
    monkeypatch.setenv("APP_ENV", "production")
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    with pytest.raises(ValidationError, match=says):
        SignOnSettings()
