"""Routes that block: admitted at the door, waiting for the model in a thread of the server."""

from concurrent.futures import Future

from django.http import HttpRequest

from apps.ai.stores import DjangoUsageSink
from apps.api import engine as process
from apps.api.metrics import metrics
from intelligence.api.metrics import CountedUsage
from intelligence.errors import Expired
from intelligence.usage import UsageSink

sink: UsageSink[None] = CountedUsage(DjangoUsageSink(), metrics)


def admitted(_: HttpRequest) -> None:
    """Refuses what finds the queue full before its key is looked up and its body read."""
    process.engine.admit()


def result_of[R](future: Future[R]) -> R:
    """Cancels at the deadline what still waits; what runs is paid for, and so waited for.

    That a client has left does not show under WSGI.
    """
    timeout = process.engine.timeout
    try:
        return future.result(timeout)
    except TimeoutError as error:
        if future.cancel():
            raise Expired(timeout) from error
        return future.result()
