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
from collections.abc import Mapping
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
    """

    base_url: str
    api_key: str = field(repr=False)
    timeout: float

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
    """Calls one server. May be shared by threads, as many as CONNECTIONS at a time."""

    def __init__(self, server: Server, *, transport: httpx2.BaseTransport | None = None) -> None:
        self.server = server
        self._http = httpx2.Client(
            base_url=server.base_url,
            headers={"Authorization": f"Bearer {server.api_key}"} if server.api_key else {},
            limits=httpx2.Limits(
                max_connections=CONNECTIONS, max_keepalive_connections=CONNECTIONS
            ),
            transport=transport,
            trust_env=False,
        )
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
        pauses = iter(PAUSES)
        while True:
            try:
                return self._once(path, body, deadline)
            except _Again as again:
                most = next(pauses, None)
                if most is None or again.after > LONGEST_RETRY_AFTER:
                    raise _unavailable(str(again)) from again
                pause = max(again.after, random.uniform(0, most))  # noqa: S311 - no secret
                if monotonic() + pause >= deadline:
                    raise _unavailable(str(again)) from again
            sleep(pause)

    def _once(self, path: str, body: Mapping[str, Any], deadline: float) -> Any:
        left = max(0.001, deadline - monotonic())
        timeout = httpx2.Timeout(left, connect=min(left, CONNECT_TIMEOUT))
        try:
            with self._http.stream("POST", path, json=body, timeout=timeout) as response:
                content = _read(response, deadline)
        except (httpx2.ConnectError, httpx2.ConnectTimeout) as error:
            raise _Again("nobody listens") from error
        except httpx2.TimeoutException as error:
            raise _unavailable("no answer in time") from error
        except httpx2.RequestError as error:
            raise _Again("the connection failed") from error
        self._check(response, content)
        try:
            return json.loads(content)
        except ValueError:
            raise not_compatible("an answer is no JSON") from None

    def _check(self, response: httpx2.Response, content: bytes) -> None:
        status = response.status_code
        if response.is_success:
            return
        if status in NO_TIME:
            raise _Again(f"it answered {status}", _retry_after(response))
        if status in INPUT_REFUSED or TOO_LONG_FOR_LLAMA in content:
            raise self._refusal(content)
        if response.is_server_error:
            raise _unavailable(f"it answered {status}")
        if status in (HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN):
            problem = f"not taken by the server ({status})" if self.server.api_key else "missing"
            raise ModelError("OPENAI_API_KEY", problem, "set the key that the server gave you")
        if status == HTTPStatus.NOT_FOUND:
            remedy = "it ends in /v1 for most, and EMBEDDING_MODEL must be a name that it knows"
            raise ModelError("OPENAI_BASE_URL", f"no such path or model ({status})", remedy)
        raise not_compatible(f"it answered {status}")

    def _refusal(self, content: bytes) -> InputRefused:
        """In the server's words, unless they repeat the key."""
        message, index = _reason(content)
        key = self.server.api_key
        if not message or (key and key in message):
            message = "the model does not read this input"
        return InputRefused(message[:MAX_MESSAGE], index)


class _Again(Exception):  # noqa: N818 - what to do
    """A call failed in a way in which the next may not.

    Attributes:
        after: seconds that the server wants to be left alone.
    """

    def __init__(self, reason: str, after: float = 0.0) -> None:
        super().__init__(reason)
        self.after = after


def not_compatible(problem: str) -> ModelError:
    """For an answer that the API does not know."""
    remedy = "is it the address of an OpenAI-compatible API that has this model?"
    return ModelError("OPENAI_BASE_URL", problem, remedy)


def _unavailable(reason: str) -> Unavailable:
    logger.warning("the server of OPENAI_BASE_URL is not available: %s", reason)
    return Unavailable(f"the model is not available: {reason}")


def _read(response: httpx2.Response, deadline: float) -> bytes:
    """The whole body: a time-out of the connection's alone would start anew with each byte."""
    content = bytearray()
    for chunk in response.iter_bytes():
        content += chunk
        if monotonic() > deadline:
            raise httpx2.ReadTimeout("the body does not end")
    return bytes(content)


def _retry_after(response: httpx2.Response) -> float:
    """A date, which the header may hold, too, counts as long."""
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
