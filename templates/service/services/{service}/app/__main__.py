"""Commands beside the server: `python -m app --help`."""

import argparse
import asyncio
import os
import re
import sys
from collections.abc import AsyncGenerator, Sequence
from contextlib import asynccontextmanager
from datetime import timedelta
from pathlib import Path

import uvicorn
from pydantic import ValidationError
from sqlalchemy.exc import DBAPIError

from app import logs
from app.commands import COMMANDS, Command, opened
from app.events import COMMAND, actor
from app.keys import SCOPES, ApiKeys
from app.main import create_app
from app.models import ApiKey, utcnow
from app.settings import MIN_SECRET_LENGTH, Settings
from intelligence.api.contracts import drift, write

GRACEFUL_SHUTDOWN = 20  # seconds that running requests have after SIGTERM
MAX_NAME: int = ApiKey.name.type.length
MAX_DAYS = 3650
KEY_ID = re.compile(rf"ak_[a-z0-9]{{1,{ApiKey.id.type.length - 3}}}")


def serve(arguments: argparse.Namespace, settings: Settings) -> int:
    logs.configure(settings)
    uvicorn.run(
        "app.main:create_app",
        factory=True,
        host=settings.host,
        port=settings.port,
        reload=arguments.reload,
        reload_dirs=["app"] if arguments.reload else None,  # without, uvicorn warns of them
        forwarded_allow_ips=settings.forwarded_allow_ips,
        log_config=None,  # the root logger's format, which every worker configures
        access_log=False,  # app.middleware writes one that has the request's id
        server_header=False,
        timeout_graceful_shutdown=GRACEFUL_SHUTDOWN,
    )
    return 0


def contracts(arguments: argparse.Namespace, _: Settings) -> int:
    document = create_app().openapi()
    if not arguments.check:
        write(document, arguments.folder)
        return 0
    drifted = drift(document, arguments.folder)
    for name in drifted:
        print(f"{arguments.folder / name} differs from the code: `just contracts` rewrites it")
    return 1 if drifted else 0


@asynccontextmanager
async def stored_keys(settings: Settings) -> AsyncGenerator[ApiKeys]:
    try:
        async with opened(settings) as database:
            yield ApiKeys(database, settings.secret_key)
    except (DBAPIError, OSError) as error:
        reason = error.orig if isinstance(error, DBAPIError) else error
        sys.exit(f"the database refused: {reason}\n`alembic upgrade heads` makes its tables")


async def issue(arguments: argparse.Namespace, settings: Settings) -> int:
    expires_at = utcnow() + arguments.days if arguments.days else None
    async with stored_keys(settings) as keys:
        print(await keys.issue(arguments.name, arguments.scope, expires_at))
    print("Shown this once; what is stored is a hash.", file=sys.stderr)
    return 0


async def put(arguments: argparse.Namespace, settings: Settings) -> int:
    key = os.environ.get(arguments.variable, "")
    if len(key) < MIN_SECRET_LENGTH:
        print(
            f"{arguments.variable} needs at least {MIN_SECRET_LENGTH} random characters, "
            "for example of `openssl rand -hex 32`",
            file=sys.stderr,
        )
        return 1
    async with stored_keys(settings) as keys:
        if await keys.put(arguments.id, key, arguments.name, arguments.scope):
            return 0
    print(f"{arguments.id} was revoked: give {arguments.variable} another value", file=sys.stderr)
    return 1


async def list_all(_: argparse.Namespace, settings: Settings) -> int:
    async with stored_keys(settings) as keys:
        for key in await keys.all():
            state = "usable" if key.usable(utcnow()) else "revoked" if key.revoked_at else "expired"
            used = f"used {key.last_used_at:%Y-%m-%d %H:%M}" if key.last_used_at else "never used"
            print(key.id, state, used, key.scopes, key.name, sep="\t")
    return 0


async def revoke(arguments: argparse.Namespace, settings: Settings) -> int:
    async with stored_keys(settings) as keys:
        if await keys.revoke(arguments.id):
            print(f"revoked {arguments.id}", file=sys.stderr)
            return 0
    print(f"there is no key {arguments.id} to revoke", file=sys.stderr)
    return 1


async def seed(_: argparse.Namespace, settings: Settings) -> int:
    if settings.app_env == "production" or settings.dev_api_key is None:
        print("seeding takes APP_ENV=development and a DEV_API_KEY", file=sys.stderr)
        return 1
    key = settings.dev_api_key.get_secret_value()
    app = create_app(settings)
    async with stored_keys(settings) as keys:
        if not await keys.put("ak_development", key, "development", SCOPES):
            print("DEV_API_KEY was revoked: give it another value", file=sys.stderr)
            return 1
        for store in app.state.seeds:
            await store(keys)
    pages: list[str] = app.state.pages
    print(*(f"http://{settings.host}:{settings.port}{page}" for page in pages), sep="  ", end="  ")
    print(f"API key: {key}")
    return 0


def key_name(value: str) -> str:
    if not 1 <= len(name := value.strip()) <= MAX_NAME:
        raise argparse.ArgumentTypeError(f"takes 1 to {MAX_NAME} characters")
    return name


def key_id(value: str) -> str:
    if not KEY_ID.fullmatch(value):
        raise argparse.ArgumentTypeError("is `ak_` and up to 17 small letters or digits")
    return value


def lifetime(value: str) -> timedelta:
    if not value.isdecimal() or not 1 <= int(value) <= MAX_DAYS:
        raise argparse.ArgumentTypeError(f"takes a number of days, 1 to {MAX_DAYS}")
    return timedelta(days=int(value))


def parser() -> argparse.ArgumentParser:
    top = argparse.ArgumentParser(prog="python -m app")
    commands = top.add_subparsers(required=True, metavar="COMMAND")

    command = commands.add_parser("serve", help="start the server")
    command.add_argument("--reload", action="store_true", help="restart when the code changes")
    command.set_defaults(run=serve)

    command = commands.add_parser("openapi", help="write the API contracts, a file a tag")
    command.add_argument("folder", type=Path)
    command.add_argument("--check", action="store_true", help="write nothing, fail on a difference")
    command.set_defaults(run=contracts)

    command = commands.add_parser("seed", help="store DEV_API_KEY and say where to use it")
    command.set_defaults(run=seed)

    keys = commands.add_parser("keys", help="issue, store, list and revoke API keys")
    verbs = keys.add_subparsers(required=True, metavar="VERB")
    described = argparse.ArgumentParser(add_help=False)
    described.add_argument("--name", type=key_name, required=True, help="who it is for")
    described.add_argument(
        "--scope", required=True, action="append", choices=sorted(SCOPES), help="what it opens"
    )
    command = verbs.add_parser("issue", help="print a new key", parents=[described])
    command.add_argument("--days", type=lifetime, help="until it expires; default: never")
    command.set_defaults(run=issue)
    command = verbs.add_parser(
        "put", help="store a key that was made elsewhere", parents=[described]
    )
    command.add_argument("id", type=key_id, help="whose place it takes, such as ak_billing")
    command.add_argument("variable", help="the environment variable that holds the key")
    command.set_defaults(run=put)
    verbs.add_parser("list", help="all keys ever issued").set_defaults(run=list_all)
    command = verbs.add_parser("revoke", help="make a key useless at once")
    command.add_argument("id", help="what `list` shows, or the key up to its second underscore")
    command.set_defaults(run=revoke)

    for add in COMMANDS:
        add(commands)
    return top


def main(argv: Sequence[str] | None = None) -> int:
    arguments = parser().parse_args(argv)
    command: Command = arguments.run
    token = actor.set(COMMAND)
    try:
        outcome = command(arguments, Settings())
        return outcome if isinstance(outcome, int) else asyncio.run(outcome)
    except ValidationError as error:  # of a feature's settings too, which `create_app` reads
        for each in error.errors():
            variable = [str(part).upper() for part in each["loc"][:1]]
            print(*variable, each["msg"].removeprefix("Value error, "), sep=": ", file=sys.stderr)
        return 1
    finally:
        actor.reset(token)


if __name__ == "__main__":
    sys.exit(main())
