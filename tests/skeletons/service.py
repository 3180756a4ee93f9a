"""An emitted service seen from outside, over HTTP, as a client without our code would."""

import json
import math
import operator
import re
import secrets
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Mapping
from dataclasses import dataclass
from html.parser import HTMLParser

# Nothing goes through a proxy that the machine may name.
_OPENER = urllib.request.build_opener(urllib.request.ProxyHandler({}))

QUESTION = "How do I get my money back?"
RELATED = "Refunds are paid within five days."
UNRELATED = "The museum opens at nine on Sundays."


@dataclass(frozen=True)
class Answer:
    status: int
    type: str
    body: bytes

    def json(self) -> dict:
        return json.loads(self.body)

    def events(self) -> list:
        """What each event of a stream holds; its end, `[DONE]`, stays a text."""
        events = [event.removeprefix("data: ") for event in self.body.decode().split("\n\n")[:-1]]
        return [event if event == "[DONE]" else json.loads(event) for event in events]


class References(HTMLParser):
    """Everything that a page makes a browser fetch, or that a reader can follow."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.found: list[str] = []
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found += [value for name, value in attrs if name in ("src", "href", "action", "srcset") and value]


class Service:
    def __init__(self, port: int, headers: Mapping[str, str] | None = None) -> None:
        self.address = f"http://127.0.0.1:{port}"
        self._headers = dict(headers or {})

    def has_an_admin(self, key: str) -> None:
        """Who is signed in with the key gets to the list of keys; who is not, to the login."""
        cookies = urllib.request.HTTPCookieProcessor()
        opener = urllib.request.build_opener(urllib.request.ProxyHandler({}), cookies)

        def get(path: str, form: dict[str, str] | None = None) -> tuple[str, str]:
            data = urllib.parse.urlencode(form).encode() if form is not None else None
            with opener.open(self.address + path, data, timeout=60) as response:
                return urllib.parse.urlsplit(response.url).path, response.read().decode()

        assert get("/admin/api-key/list")[0] == "/admin/login"
        try:
            get("/admin/login", {"key": f"{key}x"})
        except urllib.error.HTTPError as error:
            with error:
                assert error.code == 400 and b"Not a usable key" in error.read(), error.code
        else:
            raise AssertionError("a wrong key is not refused")
        assert not list(cookies.cookiejar), "a wrong key opens a session"
        assert get("/admin/login", {"key": key})[0] != "/admin/login"
        where, page = get("/admin/api-key/list")
        assert where == "/admin/api-key/list" and "ak_development" in page, page
        assert key not in page
        foreign = [each for each in re.findall(r"(?:https?:)?//[\w.:-]+", page) if each != self.address]
        assert not foreign, foreign

    def ask(self, path: str, body: object = None, key: str | None = None, method: str | None = None) -> Answer:
        """GET, or POST of JSON, unless told otherwise. Raises OSError where nothing listens."""
        headers = self._headers | ({"Content-Type": "application/json"} if body is not None else {})
        if key:
            headers["Authorization"] = f"Bearer {key}"
        data = json.dumps(body).encode() if body is not None else None
        request = urllib.request.Request(self.address + path, data, headers, method=method)
        try:
            with _OPENER.open(request, timeout=60) as response:
                return Answer(response.status, response.headers.get_content_type(), response.read())
        except urllib.error.HTTPError as error:
            with error:
                return Answer(error.code, error.headers.get_content_type(), error.read())

    def ready(self) -> bool:
        try:
            return self.ask("/readyz").status == 200
        except OSError:
            return False

    def listens(self) -> bool:
        try:
            self.ask("/livez")
        except OSError:
            return False
        return True

    def has_docs_of_its_own(self) -> None:
        """The page of the docs and all that it loads come from this service."""
        page = self.ask("/docs")
        assert (page.status, page.type) == (200, "text/html"), page
        text = page.body.decode()
        assert not re.findall(r"(?:https?:)?//[\w.-]+", text), f"an address outside in {text}"
        references = References(text).found
        assert any(each.endswith(".js") for each in references), f"no script in {text}"
        for each in references:
            answer = self.ask(each if each.startswith("/") else f"/{each}")
            assert answer.status == 200 and answer.body, f"{each}: {answer.status}"
        told = self.ask("/openapi.json").json()["paths"].keys()
        assert told & {"/v1/embeddings", "/v1/chat/completions", "/v1/recommendations", "/v1/measurements"}, told

    def workloads(self) -> set[str]:
        """Those whose path is there."""
        paths = {
            "inference-api": "/v1/embeddings", "chatbot": "/v1/chat/completions",
            "recommendations": "/v1/recommendations",
            "realtime-analytics": "/v1/measurements",
        }
        return {workload for workload, path in paths.items() if self.ask(path).status != 404}

    def works(self, key: str) -> None:
        """One real request of each kind."""
        workloads = self.workloads()
        if "inference-api" in workloads:
            self.infers(key)
        if "chatbot" in workloads:
            self.answers(key)
        if "recommendations" in workloads:
            self.recommends(key)
        if "realtime-analytics" in workloads:
            self.counts(key)

    def recommends(self, key: str) -> None:
        """Who looked at one of two similar things gets the other, and is told why."""
        items = [{"id": "tests-refund", "title": RELATED}, {"id": "tests-money", "title": QUESTION}]
        put = self.ask("/v1/items", {"items": [*items, {"id": "tests-museum", "title": UNRELATED}]}, key)
        assert put.status == 200, put
        event = {"id": "tests-1", "subject": "tests", "item_id": "tests-refund", "kind": "view"}
        told = self.ask("/v1/events", {"events": [event]}, key)
        assert told.status == 200 and told.json()["refused"] == [], told
        found = self.ask("/v1/recommendations?subject=tests", key=key)
        first = found.json()["data"][0]
        assert (first["item_id"], first["reason"]["item_id"]) == ("tests-money", "tests-refund"), found

    def counts(self, key: str) -> None:
        """A measurement is counted once, and read back in its window."""
        metric = f"tests.m{secrets.token_hex(4)}"
        body = {"measurements": [{"id": metric, "metric": metric, "value": 2}]}
        for expected in ({"accepted": 1, "duplicates": 0, "late": 0}, {"accepted": 0, "duplicates": 1, "late": 0}):
            answer = self.ask("/v1/measurements", body, key)
            assert (answer.status, answer.json()) == (202, expected), answer
        windows = self.ask(f"/v1/aggregates?metric={metric}&window=1h", key=key).json()["data"]
        assert [(each["count"], each["sum"]) for each in windows] == [(1, 2)], windows

    def answers(self, key: str) -> None:
        """A document is put, found and quoted, whole and streamed; a conversation is kept and read."""
        document = {"title": "Refunds", "text": f"{UNRELATED} {RELATED}"}
        assert self.ask("/v1/documents/tests-refunds", document, key, "PUT").status in (200, 201)
        found = self.ask("/v1/search", {"query": QUESTION, "top_k": 3}, key)
        assert found.status == 200 and "tests-refunds" in found.body.decode(), found
        body = {"model": "extractive", "messages": [{"role": "user", "content": QUESTION}]}
        answer = self.ask("/v1/chat/completions", {**body, "store": True}, key)
        assert answer.status == 200, answer
        whole = answer.json()
        text = whole["choices"][0]["message"]["content"]
        assert RELATED in text, text
        assert "tests-refunds" in {cited["document_id"] for cited in whole["citations"]}, whole
        streamed = self.ask(
            "/v1/chat/completions", {**body, "stream": True, "stream_options": {"include_usage": True}}, key
        )
        assert (streamed.status, streamed.type) == (200, "text/event-stream"), streamed
        *chunks, end = streamed.events()
        choices = [choice for chunk in chunks for choice in chunk["choices"]]
        assert end == "[DONE]" and chunks[-1]["usage"] == whole["usage"], chunks[-1]
        assert "".join(choice["delta"].get("content", "") for choice in choices) == text, choices
        kept = self.ask(f"/v1/conversations/{whole['conversation']}", key=key)
        assert [each["content"] for each in kept.json()["messages"]] == [QUESTION, text], kept

    def infers(self, key: str) -> None:
        """One real inference: the sentence that means the same is nearer than the one that does not."""
        answer = self.ask(
            "/v1/embeddings", {"model": self.model(key), "input": [QUESTION, RELATED, UNRELATED]}, key
        )
        assert answer.status == 200, answer
        data = answer.json()
        question, related, unrelated = (each["embedding"] for each in data["data"])
        assert data["usage"]["prompt_tokens"] > 10, data["usage"]
        assert math.isclose(math.hypot(*question), 1, abs_tol=1e-3), math.hypot(*question)
        near, far = (sum(map(operator.mul, question, other)) for other in (related, unrelated))
        assert near > far + 0.2, (near, far)

    def model(self, key: str) -> str:
        """The name of the model, as another route tells it."""
        answer = self.ask("/v1/similar", {"query": QUESTION, "documents": [UNRELATED, RELATED]}, key)
        assert answer.status == 200, answer
        data = answer.json()
        assert data["data"][0]["index"] == 1, data
        return data["model"]

    def embeds(self, key: str) -> int:
        """The status with which a text is answered; 404 where the key was taken: there is no such model."""
        return self.ask("/v1/embeddings", {"model": "any", "input": QUESTION}, key).status

    def is_closed(self, key: str | None = None) -> None:
        """Work is refused to a caller without a key, or with a useless one; health is not."""
        assert self.ask("/livez").status == 200
        workloads = self.workloads()
        requests: list[tuple[str, object]] = []
        if "inference-api" in workloads:
            requests.append(("/v1/embeddings", {"model": "any", "input": QUESTION}))
            requests.append(("/v1/classify", {"texts": [QUESTION], "labels": ["money", "time"]}))
        if "chatbot" in workloads:
            messages = [{"role": "user", "content": QUESTION}]
            requests.append(("/v1/chat/completions", {"model": "extractive", "messages": messages}))
            requests.append(("/v1/search", {"query": QUESTION}))
        if "recommendations" in workloads:
            requests.append(("/v1/items", {"items": [{"id": "a", "title": "A"}]}))
            requests.append(("/v1/recommendations?subject=a", None))
        if "realtime-analytics" in workloads:
            requests.append(("/v1/measurements", {"measurements": []}))
        assert requests, "nothing is served that could be closed"
        for path, body in requests:
            answer = self.ask(path, body, key)
            assert (answer.status, answer.type) == (401, "application/problem+json"), (path, answer)
