"""`/admin`: API keys and usage for whoever holds a key with the scope `admin`, on sqladmin.

There are no user accounts: signing in with such a key opens a session of a few hours, a signed
cookie that names the key. The key is looked up again on every request, so revoking it ends its
sessions at once. Keys are made by `python -m app keys issue` alone, so no page ever shows one.

sqladmin checks neither the origin of a request nor a token, and runs its actions on GET. Here GET
changes nothing, and `Perimeter` refuses what another site makes a browser send.
"""

import hmac
from datetime import datetime
from pathlib import Path
from typing import ClassVar
from urllib.parse import urlsplit

from fastapi import FastAPI
from sqladmin import Admin, ModelView, action, expose
from sqladmin.authentication import AuthenticationBackend, login_required
from sqlalchemy import select
from starlette.datastructures import Headers, MutableHeaders
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import PlainTextResponse, RedirectResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from app.database import Database
from app.events import actor, happened
from app.keys import SCOPES, ApiKeys
from app.models import ApiKey, UsageRecord, utcnow
from app.settings import Settings
from intelligence.api.rate_limits import RateLimited, RateLimits

SCOPE = "admin"
SESSION_SECONDS = 4 * 60 * 60
TRIES_OF_A_CLIENT = 10  # a minute: each is recorded
SAFE_METHODS = {"GET", "HEAD", "OPTIONS"}
# Styles, scripts and fonts come from sqladmin's package, its icons also from data: URLs. The charts
# are drawn with attributes, so nothing inline is needed.
CONTENT_SECURITY_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; font-src 'self'; "
    "img-src 'self' data:; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)

SCOPES.add(SCOPE)


class KeySession(AuthenticationBackend):
    """Lets a usable key with the scope `admin` in, and lets its session last while it is one."""

    def __init__(self, settings: Settings, keys: ApiKeys, database: Database) -> None:
        # A key of its own: what is signed here is of no use where SECRET_KEY hashes.
        secret = settings.secret_key.get_secret_value().encode()
        super().__init__(
            hmac.digest(secret, b"admin session", "sha256").hex(),
            session_cookie="admin_session",
            path="/admin",
            max_age=SESSION_SECONDS,
            same_site="strict",
            https_only=settings.app_env == "production",
        )
        self._keys = keys
        self._database = database
        self._of_a_client = RateLimits(TRIES_OF_A_CLIENT)

    async def login(self, request: Request) -> Response | bool:
        try:
            self._of_a_client.take(request.client.host if request.client else "")
        except RateLimited as error:
            retry = {"Retry-After": str(error.retry_after)}
            return PlainTextResponse("Too many tries: wait a minute.", 429, retry)
        form = await request.form()
        caller = await self._keys.find(str(form.get("key", "")).strip())
        request.session.clear()
        allowed = caller is not None and SCOPE in caller.scopes
        async with self._database.session() as session:
            action = "admin.signed_in" if allowed else "admin.refused"
            happened(session, action, caller.key_id if caller else "nobody")
        if caller is None or not allowed:
            return False
        request.session["key_id"] = caller.key_id
        return True

    async def logout(self, request: Request) -> bool:
        request.session.clear()
        return False  # leads back to the login

    async def authenticate(self, request: Request) -> bool:
        key_id = request.session.get("key_id")
        if key_id is None:
            return False
        async with self._database.reading() as session:
            row = await session.get(ApiKey, key_id)
        if row is None or not row.usable(utcnow()) or SCOPE not in row.scopes.split():
            return False
        request.state.key_id = key_id  # for the log
        actor.set(key_id)
        return True


class Perimeter:
    """Refuses writes that come from another origin, and says what pages may load.

    Cross-origin is told as in Go's `http.CrossOriginProtection`: by Sec-Fetch-Site, which every
    browser sends over TLS and on localhost, else by comparing Origin with Host. What sends neither
    is no browser, and carries no cookie that its user does not know of.
    """

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        async def respond(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                headers["Content-Security-Policy"] = CONTENT_SECURITY_POLICY
                if not scope["path"].startswith("/admin/statics/"):
                    headers["Cache-Control"] = "no-store"
            await send(message)

        inner = self.app
        if scope["method"] not in SAFE_METHODS and cross_origin(Headers(scope=scope)):
            inner = PlainTextResponse("This request came from another site.", 403)
        await inner(scope, receive, respond)


def cross_origin(headers: Headers) -> bool:
    if site := headers.get("sec-fetch-site"):
        return site not in ("same-origin", "none")
    origin = headers.get("origin")
    return origin is not None and urlsplit(origin).netloc != headers.get("host")


class ReadOnly(ModelView):
    can_create = False
    can_edit = False
    can_delete = False
    can_export = False
    page_size = 25
    column_type_formatters: ClassVar = {
        **ModelView.column_type_formatters,
        datetime: lambda moment: f"{moment:%Y-%m-%d %H:%M}",
        float: lambda number: f"{number:.1f}",
    }


class ApiKeyView(ReadOnly, model=ApiKey):
    name = "API key"
    name_plural = "API keys"
    icon = "fa-solid fa-key"
    # All but the digest.
    column_list: ClassVar = [
        ApiKey.id,
        ApiKey.name,
        ApiKey.scopes,
        ApiKey.created_at,
        ApiKey.last_used_at,
        ApiKey.expires_at,
        ApiKey.revoked_at,
    ]
    column_details_list = column_list
    column_labels: ClassVar = {
        ApiKey.id: "ID",
        ApiKey.name: "Name",
        ApiKey.scopes: "Scopes",
        ApiKey.created_at: "Issued (UTC)",
        ApiKey.last_used_at: "Last used",
        ApiKey.expires_at: "Expires",
        ApiKey.revoked_at: "Revoked",
    }
    column_searchable_list: ClassVar = [ApiKey.id, ApiKey.name]
    column_sortable_list: ClassVar = [ApiKey.name, ApiKey.created_at, ApiKey.last_used_at]
    column_default_sort: ClassVar = (ApiKey.created_at, True)

    @action("revoke", "Revoke …", add_in_list=True)
    async def ask(self, request: Request) -> Response:
        """What is about to be revoked, and a form that does it."""
        chosen = request.query_params.get("pks", "").split(",")
        database: Database = request.app.state.database
        async with database.reading() as session:
            found = await session.scalars(select(ApiKey).where(ApiKey.id.in_(chosen)))
            keys = [key for key in found if key.revoked_at is None]
        context = {
            "title": "Revoke",
            "keys": keys,
            "own": request.state.key_id,
            "view": self,
        }
        return await self.templates.TemplateResponse(request, "revoke.html", context)

    @expose("/revoke", methods=["POST"])
    async def revoke(self, request: Request) -> Response:
        form = await request.form()
        keys: ApiKeys = request.app.state.keys
        for key_id in form.getlist("id"):
            await keys.revoke(str(key_id))
        return RedirectResponse(request.url_for("admin:list", identity=self.identity), 303)


def cost(record: UsageRecord, _: object, request: Request) -> str:
    shown: str = request.app.state.prices.shown(record.cost_nano)
    return shown


class UsageView(ReadOnly, model=UsageRecord):
    name = "Usage record"
    name_plural = "Usage"
    icon = "fa-solid fa-list"
    column_list: ClassVar = [
        UsageRecord.created_at,
        UsageRecord.key_id,
        UsageRecord.operation,
        UsageRecord.model,
        UsageRecord.input_tokens,
        UsageRecord.output_tokens,
        UsageRecord.cost_nano,
        UsageRecord.latency_ms,
        UsageRecord.status,
    ]
    column_details_list: ClassVar = [UsageRecord.id, *column_list, UsageRecord.first_token_ms]
    column_labels: ClassVar = {
        UsageRecord.id: "ID",
        UsageRecord.created_at: "Time (UTC)",
        UsageRecord.key_id: "API key",
        UsageRecord.operation: "Operation",
        UsageRecord.model: "Model",
        UsageRecord.input_tokens: "Tokens read",
        UsageRecord.output_tokens: "Tokens written",
        UsageRecord.cost_nano: "Cost",
        UsageRecord.latency_ms: "Latency (ms)",
        UsageRecord.first_token_ms: "First words (ms)",
        UsageRecord.status: "Status",
    }
    column_formatters: ClassVar = {UsageRecord.cost_nano: cost}
    column_formatters_detail: ClassVar = column_formatters
    column_searchable_list: ClassVar = [UsageRecord.key_id, UsageRecord.operation]
    column_sortable_list: ClassVar = [UsageRecord.created_at]
    column_default_sort: ClassVar = (UsageRecord.id, True)


class ServiceAdmin(Admin):
    @login_required
    async def index(self, request: Request) -> Response:
        """The first page of the menu."""
        return RedirectResponse(self._menu.items[0].url(request))


def install(app: FastAPI, settings: Settings) -> None:
    database: Database = app.state.database
    admin = ServiceAdmin(
        app,
        database.engine,
        title=app.title,
        favicon_url="data:,",  # none, rather than a request for one that is not there
        templates_dir=str(Path(__file__).with_name("templates")),
        middlewares=[Middleware(Perimeter)],
        authentication_backend=KeySession(settings, app.state.keys, database),
    )
    admin.admin.state = app.state  # what a view sees as `request.app` is sqladmin's application
    admin.add_view(ApiKeyView)
    admin.add_view(UsageView)
    app.state.admin = admin
    app.state.pages.append("/admin")
