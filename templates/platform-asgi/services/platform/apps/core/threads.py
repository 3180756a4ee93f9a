"""The database, asked by a coroutine."""

from collections.abc import Callable

from asgiref.sync import sync_to_async
from django.db import connections


async def query[**P, R](work: Callable[P, R], *args: P.args, **kwargs: P.kwargs) -> R:
    """Runs `work` in the request's thread. The connection that it used goes back at once.

    Django gives it back at the end of a request, and a stream may be open for minutes.
    """

    def done() -> R:
        try:
            return work(*args, **kwargs)
        finally:
            for each in connections.all(initialized_only=True):
                if not each.in_atomic_block:  # as a test's is, around all that it does
                    each.close_if_unusable_or_obsolete()

    return await sync_to_async(done)()
