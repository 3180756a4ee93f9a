"""Accounts in the admin: who signed up, and who may sign in."""

from collections.abc import Sequence
from typing import ClassVar

from fastapi import FastAPI
from sqladmin import action, expose
from sqlalchemy import select
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from app.account_store import Account, Accounts
from app.admin import ReadOnly
from app.database import Database
from app.settings import Settings


class AccountView(ReadOnly, model=Account):
    name = "Account"
    name_plural = "Accounts"
    icon = "fa-solid fa-user"
    # All but the password's hash.
    column_list: ClassVar = [
        Account.id,
        Account.email,
        Account.key_id,
        Account.created_at,
        Account.confirmed_at,
        Account.disabled_at,
    ]
    column_details_list = column_list
    column_labels: ClassVar = {
        Account.id: "ID",
        Account.email: "Address",
        Account.key_id: "API key",
        Account.created_at: "Signed up (UTC)",
        Account.confirmed_at: "Confirmed",
        Account.disabled_at: "Disabled",
    }
    column_searchable_list: ClassVar = [Account.id, Account.email, Account.key_id]
    column_sortable_list: ClassVar = [Account.email, Account.created_at]
    column_default_sort: ClassVar = (Account.created_at, True)

    async def ask(self, request: Request, *, disable: bool) -> Response:
        """Who is about to be disabled or enabled, and a form that does it."""
        chosen = request.query_params.get("pks", "").split(",")
        accounts = await find(request.app.state.database, chosen, disabled=not disable)
        context = {
            "title": "Disable" if disable else "Enable",
            "accounts": accounts,
            "disable": disable,
            "view": self,
        }
        return await self.templates.TemplateResponse(request, "disable.html", context)

    @action("disable", "Disable …", add_in_list=True)
    async def ask_to_disable(self, request: Request) -> Response:
        return await self.ask(request, disable=True)

    @action("enable", "Enable …", add_in_list=True)
    async def ask_to_enable(self, request: Request) -> Response:
        return await self.ask(request, disable=False)

    @expose("/disable", methods=["POST"])
    async def disable(self, request: Request) -> Response:
        form = await request.form()
        accounts: Accounts = request.app.state.accounts.accounts
        change = accounts.disable if form.get("disable") else accounts.enable
        for email in form.getlist("email"):
            await change(str(email))
        return RedirectResponse(request.url_for("admin:list", identity=self.identity), 303)


async def find(database: Database, ids: Sequence[str], *, disabled: bool) -> Sequence[Account]:
    state = Account.disabled_at.is_not(None) if disabled else Account.disabled_at.is_(None)
    query = select(Account).where(Account.id.in_(ids), state).order_by(Account.email)
    async with database.reading() as session:
        return (await session.scalars(query)).all()


def install(app: FastAPI, _: Settings) -> None:
    app.state.admin.add_view(AccountView)
