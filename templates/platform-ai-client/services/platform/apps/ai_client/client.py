"""The AI service over HTTP, called by the server with an API key.

Whatever keeps the service from answering is one error, Unavailable, so that a caller can go on
without it. What is asked only computes and changes nothing, so it may be asked twice: where nobody
listens or there is no time for it, the call is repeated once after a short pause of random length.
A call that timed out is not: the model may be at it still, and who asked has waited long enough.
Nor is one that was answered with Retry-After: that is longer than a person should wait.

A service that hangs holds each caller until the timeout. So that it does not hold every thread of
the server, only a few calls wait at a time, and further ones are turned away at once.

This package imports nothing of the project and can be moved to another one.
"""

import random
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from http import HTTPStatus
from threading import BoundedSemaphore
from typing import Any

import httpx2

TIMEOUT = httpx2.Timeout(10.0, connect=2.0)  # seconds
PAUSE = (0.1, 0.4)  # seconds, at least and at most
WAITING = 5  # calls at a time, fewer than the server has threads
NO_TIME = (HTTPStatus.BAD_GATEWAY, HTTPStatus.SERVICE_UNAVAILABLE, HTTPStatus.GATEWAY_TIMEOUT)
KEY_REFUSED = (HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN)
INPUT_REFUSED = (HTTPStatus.CONTENT_TOO_LARGE, HTTPStatus.UNPROCESSABLE_CONTENT)


class Unavailable(Exception):  # noqa: N818 - what happened
    """There is no answer, for a reason that is not the caller's.

    Attributes:
        status: 504 after a timeout, else 503.
    """

    def __init__(self, reason: str, status: HTTPStatus = HTTPStatus.SERVICE_UNAVAILABLE) -> None:
        super().__init__(reason)
        self.status = status


class Refused(Exception):  # noqa: N818 - what happened
    """The service will not read this input, and says why."""


@dataclass(frozen=True, slots=True)
class Score:
    label: str
    score: float  # 0 to 1


@dataclass(frozen=True, slots=True)
class Classified:
    """Of each text every label, best first.

    Attributes:
        tokens: what the model read, labels included.
        model: the name of the model that ran.
    """

    texts: list[list[Score]]
    tokens: int
    model: str


class AiClient:
    """May be shared by threads. Raises Unavailable and Refused."""

    def __init__(
        self,
        url: str,
        key: str,
        *,
        transport: httpx2.BaseTransport | None = None,
        pause: Callable[[float], None] = time.sleep,
    ) -> None:
        self._pause = pause
        self._room = BoundedSemaphore(WAITING)
        self._http = httpx2.Client(
            base_url=url,
            headers={"Authorization": f"Bearer {key}"},
            timeout=TIMEOUT,
            transport=transport,
            trust_env=False,  # a proxy of the environment is for the internet
        )

    def classify(
        self, texts: Sequence[str], labels: Sequence[str], *, request_id: str | None = None
    ) -> Classified:
        """`request_id` goes along as `X-Request-ID`, and into the log of the service."""
        body = {"texts": list(texts), "labels": list(labels)}
        answer = self._post("/v1/classify", body, request_id)
        try:
            return Classified(
                texts=[
                    [Score(str(each["label"]), float(each["score"])) for each in text["scores"]]
                    for text in answer["data"]
                ],
                tokens=int(answer["usage"]["total_tokens"]),
                model=str(answer["model"]),
            )
        except (KeyError, TypeError, ValueError) as error:
            raise Unavailable("the answer is not what was asked for") from error

    def _post(self, path: str, body: dict[str, Any], request_id: str | None) -> Any:
        headers = {"X-Request-ID": request_id} if request_id else {}
        if not self._room.acquire(blocking=False):
            raise Unavailable(f"{WAITING} calls wait for an answer already")
        try:
            response = self._once_or_twice(path, body, headers)
        finally:
            self._room.release()
        if response.status_code in INPUT_REFUSED:
            raise Refused(_detail(response))
        if response.status_code in KEY_REFUSED:
            raise Unavailable("the service does not take the API key")
        if not response.is_success:
            raise Unavailable(f"the service answered {response.status_code}")
        try:
            return response.json()
        except ValueError as error:
            raise Unavailable("the answer is not JSON") from error

    def _once_or_twice(
        self, path: str, body: dict[str, Any], headers: dict[str, str]
    ) -> httpx2.Response:
        try:
            response = self._http.post(path, json=body, headers=headers)
            if response.status_code not in NO_TIME or "Retry-After" in response.headers:
                return response
        except httpx2.TimeoutException as error:
            raise Unavailable("no answer in time", HTTPStatus.GATEWAY_TIMEOUT) from error
        except httpx2.TransportError:
            pass  # a connection that was kept may have ended with an older process
        self._pause(random.uniform(*PAUSE))  # noqa: S311 - no secret
        try:
            return self._http.post(path, json=body, headers=headers)
        except httpx2.TimeoutException as error:
            raise Unavailable("no answer in time", HTTPStatus.GATEWAY_TIMEOUT) from error
        except httpx2.TransportError as error:
            raise Unavailable("nobody answers") from error


def _detail(response: httpx2.Response) -> str:
    """What problem details (RFC 9457) say, its first violation if it names one."""
    try:
        problem = response.json()
        violations = problem.get("errors") or []
        return str(violations[0]["message"] if violations else problem["detail"])
    except (AttributeError, KeyError, TypeError, ValueError):
        return response.reason_phrase
