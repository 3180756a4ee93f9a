"""An OpenAI-compatible server and how it is called: OpenAI, vLLM, Ollama, llama.cpp, or another
process of this very service.

What is asked only computes and changes nothing, so it may be asked again: where nobody listens, or
the server has no time, after a pause of random length
(https://aws.amazon.com/builders-library/timeouts-retries-and-backoff-with-jitter/). A call that
timed out is not repeated: the model may be at it still.

The key stands in no log, error or repr. Redirects are not followed, and the proxies of the
environment are not used: the server of the settings is asked and no other.
"""

import json
import logging
import random
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from http import HTTPStatus
from time import monotonic, sleep
from typing import Any, Self
from weakref import finalize

import httpx2

from intelligence import environment
from intelligence.errors import InputRefused, ModelError, Overloaded, SettingError

CONNECTIONS = 16  # how many calls go on at a time; further ones wait in the engine's queue
CONNECT_TIMEOUT = 5.0  # seconds
PAUSES = (0.25, 0.5, 1.0)  # seconds at most, before each repetition
LONGEST_RETRY_AFTER = 5.0  # seconds; who is told to come back later than that gives up
UNREAD = "the model does not read this input"  # in place of words that may not be shown
MAX_MESSAGE = 300  # characters of the server's own words

NO_TIME = {
    HTTPStatus.TOO_MANY_REQUESTS,
    HTTPStatus.BAD_GATEWAY,
    HTTPStatus.SERVICE_UNAVAILABLE,
    HTTPStatus.GATEWAY_TIMEOUT,
}
INPUT_REFUSED = {
    HTTPStatus.BAD_REQUEST,
    HTTPStatus.CONTENT_TOO_LARGE,
    HTTPStatus.UNPROCESSABLE_CONTENT,
}
TOO_LONG_FOR_LLAMA = b"is too large to process"  # llama.cpp says it of a text, with status 500

logger = logging.getLogger(__name__)


class Unavailable(Overloaded):
    """The server does not answer, or has no time. Try again later."""


@dataclass(frozen=True, slots=True)
class Server:
    """Where the model is.

    Attributes:
        base_url: paths such as `/embeddings` are put behind it; most end in `/v1`.
        api_key: empty for a server that asks for none.
        timeout: about how many seconds a call may take, its repetitions and pauses included.
        url_variable: of the environment, which errors name; likewise `key_variable`.
    """

    base_url: str
    api_key: str = field(repr=False)
    timeout: float
    url_variable: str = "OPENAI_BASE_URL"
    key_variable: str = "OPENAI_API_KEY"

    @classmethod
    def configured(cls, environ: Mapping[str, str]) -> Self:
        """By OPENAI_BASE_URL, OPENAI_API_KEY and OPENAI_TIMEOUT. Raises SettingError."""
        base_url, api_key = environ.get("OPENAI_BASE_URL", ""), environ.get("OPENAI_API_KEY", "")
        if not _is_address(base_url):
            raise SettingError(
                "OPENAI_BASE_URL",
                "must be the address of an OpenAI-compatible API and hold no password, such as "
                "https://api.openai.com/v1",
            )
        if not (api_key.isascii() and api_key.isprintable()) or " " in api_key:
            raise SettingError("OPENAI_API_KEY", "must be what the server gave you, and no more")
        return cls(base_url, api_key, environment.number(environ, "OPENAI_TIMEOUT", 30))

    @property
    def host(self) -> str:
        """In lower case, as it is connected to."""
        return httpx2.URL(self.base_url).host


def _is_address(text: str) -> bool:
    try:
        url = httpx2.URL(text)
    except httpx2.InvalidURL:
        return False
    more = url.userinfo or url.query or url.fragment
    return url.scheme in ("http", "https") and bool(url.host) and not more


class Client:
    """Calls one server. May be shared by threads, as many as CONNECTIONS at a time.

    Args:
        setting: the variable that names the model.
    """

    def __init__(
        self, server: Server, setting: str, *, transport: httpx2.BaseTransport | None = None
    ) -> None:
        self.server = server
        self._setting = setting
        self._http = httpx2.Client(**options(server, CONNECTIONS), transport=transport)
        finalize(self, self._http.close)

    def deadline(self) -> float:
        """Of a call that begins now, on `monotonic`'s clock."""
        return monotonic() + self.server.timeout

    def post(self, path: str, body: Mapping[str, Any], deadline: float) -> Any:
        """The JSON of the answer.

        Raises:
            InputRefused: in the server's words.
            Unavailable: not answered in time, or by no repetition.
            ModelError: another answer, which a setting must be to blame for.
        """
        tries = Tries(self.server, deadline)
        while True:
            try:
                return self._once(path, body, deadline)
            except Again as again:
                pause = tries.pause(again)
            sleep(pause)

    def _once(self, path: str, body: Mapping[str, Any], deadline: float) -> Any:
        left = max(0.001, deadline - monotonic())
        timeout = httpx2.Timeout(left, connect=min(left, CONNECT_TIMEOUT))
        with (
            failures(self.server),
            self._http.stream("POST", path, json=body, timeout=timeout) as response,
        ):
            content = _read(response, deadline)
        if not response.is_success:
            raise failure(
                self.server, self._setting, response.status_code, content, retry_after(response)
            )
        try:
            return json.loads(content)
        except ValueError:
            raise not_compatible(self.server, "an answer is no JSON") from None


class Again(Exception):  # noqa: N818 - what to do
    """A call failed in a way in which the next may not.

    Attributes:
        after: seconds that the server wants to be left alone.
    """

    def __init__(self, reason: str, after: float = 0.0) -> None:
        super().__init__(reason)
        self.after = after


class Tries:
    """How often a call is tried, and when.

    Args:
        deadline: of all tries and pauses, on `monotonic`'s clock.
    """

    def __init__(self, server: Server, deadline: float) -> None:
        self._server = server
        self._deadline = deadline
        self._pauses = iter(PAUSES)

    def pause(self, failed: Again) -> float:
        """Seconds to wait before the next try. Raises Unavailable where there is none."""
        most = next(self._pauses, None)
        if most is None or failed.after > LONGEST_RETRY_AFTER:
            raise unavailable(self._server, str(failed)) from failed
        pause = max(failed.after, random.uniform(0, most))  # noqa: S311 - no secret
        if monotonic() + pause >= self._deadline:
            raise unavailable(self._server, str(failed)) from failed
        return pause


def options(server: Server, connections: int) -> dict[str, Any]:
    """Of the HTTP client, synchronous or not, that asks this server."""
    return {
        "base_url": server.base_url,
        "headers": {"Authorization": f"Bearer {server.api_key}"} if server.api_key else {},
        "limits": httpx2.Limits(max_connections=connections, max_keepalive_connections=connections),
        "trust_env": False,
    }


@contextmanager
def failures(server: Server) -> Iterator[None]:
    """What a connection fails with becomes Again or Unavailable."""
    try:
        yield
    except (httpx2.ConnectError, httpx2.ConnectTimeout) as error:
        raise Again("nobody listens") from error
    except httpx2.TimeoutException as error:
        raise unavailable(server, "no answer in time") from error
    except httpx2.RequestError as error:
        raise Again("the connection failed") from error


def failure(
    server: Server, setting: str, status: int, content: bytes, after: float = 0.0
) -> Again | InputRefused | ModelError | Unavailable:
    """What an answer with this status, and no success, is to who asked.

    Args:
        setting: the variable that names the model.
        after: seconds that the server wants to be left alone.
    """
    if status in NO_TIME:
        return Again(f"it answered {status}", after)
    if status in INPUT_REFUSED or TOO_LONG_FOR_LLAMA in content:
        return _refusal(server, content)
    if status >= HTTPStatus.INTERNAL_SERVER_ERROR:
        return unavailable(server, f"it answered {status}")
    if status in (HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN):
        problem = f"not taken by the server ({status})" if server.api_key else "missing"
        return ModelError(server.key_variable, problem, "set the key that the server gave you")
    if status == HTTPStatus.NOT_FOUND:
        remedy = f"it ends in /v1 for most, and {setting} must name a model that it has"
        return ModelError(server.url_variable, f"no such path or model ({status})", remedy)
    return not_compatible(server, f"it answered {status}")


def _refusal(server: Server, content: bytes) -> InputRefused:
    """In the server's words, unless they repeat the key."""
    message, index = _reason(content)
    if not message or (server.api_key and server.api_key in message):
        message = UNREAD
    return InputRefused(message[:MAX_MESSAGE], index)


def not_compatible(server: Server, problem: str) -> ModelError:
    """For an answer that the API does not know."""
    remedy = "is it the address of an OpenAI-compatible API that has this model?"
    return ModelError(server.url_variable, problem, remedy)


def unavailable(server: Server, reason: str) -> Unavailable:
    """Which an operator reads, too."""
    logger.warning("the server of %s is not available: %s", server.url_variable, reason)
    return Unavailable(f"the model is not available: {reason}")


def _read(response: httpx2.Response, deadline: float) -> bytes:
    """The whole body: a time-out of the connection's alone would start anew with each byte."""
    content = bytearray()
    for chunk in response.iter_bytes():
        content += chunk
        if monotonic() > deadline:
            raise httpx2.ReadTimeout("the body does not end")
    return bytes(content)


def retry_after(response: httpx2.Response) -> float:
    """Seconds. A date, which the header may hold, too, counts as long."""
    value = response.headers.get("Retry-After", "0")
    return float(value) if value.isdecimal() else float("inf")


def _reason(content: bytes) -> tuple[str | None, int | None]:
    """In OpenAI's form, or as problem details (RFC 9457), which may name the text."""
    message, index = None, None
    try:
        answer = json.loads(content)
    except ValueError:
        return None, None
    match answer:
        case {"error": {"message": str(said)}} | {"error": str(said)} | {"message": str(said)}:
            message = said
        case {"errors": [{"location": ["body", "input", int(place)], "message": str(said)}, *_]}:
            message, index = said, place
        case {"detail": str(said)}:
            message = said
    return message, index
