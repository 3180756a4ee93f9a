"""What `/v1/documents` and `/v1/search` promise, on the real model."""

import asyncio
import json
import threading
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import pytest

from intelligence.api.documents import MAX_BODY, MAX_PASSAGES, MAX_TEXT, MAX_TITLE
from intelligence.embedded import OnnxEmbedder, Tokenized
from intelligence.engine import Engine
from intelligence.ports import Embeddings, Matrix
from intelligence.retrieval.indexing import CHUNKS_A_REQUEST, Indexing
from intelligence.testing import keeping
from intelligence.testing.edge import GUARD, Answer, Edge, busy
from intelligence.testing.keeping import OnTheModel
from intelligence.usage import Usage
from intelligence.waiting import Wait

MODEL = "all-minilm-l6-v2-int8"
RETURNS = {
    "title": "Returning an order",
    "text": "Unused goods are taken back for thirty days.\n\nOpened tins of paint are not.",
    "url": "https://example.com/returns",
}
CODES = {"title": "Fault codes", "text": "M-204: the speed magnet has turned."}
ROUTES = [
    ("PUT", "documents/returns", RETURNS, "documents"),
    ("GET", "documents", None, "documents"),
    ("GET", "documents/returns", None, "documents"),
    ("DELETE", "documents/returns", None, "documents"),
    ("POST", "search", {"query": "money back"}, "chat"),
]
ASKING = [route for route in ROUTES if route[0] in ("PUT", "POST")]
READING = [route for route in ROUTES if route not in ASKING]
LONG = "\n\n".join(f"Paragraph {n} says little. " + "Words follow words. " * 26 for n in range(40))


@dataclass(frozen=True, slots=True)
class Caller:
    """Calls an edge with API keys of its own."""

    edge: Edge
    documents: str
    chat: str

    def send(
        self, method: str, path: str, body: object = None, *, content: bytes | None = None
    ) -> Answer:
        key = self.chat if path == "search" else self.documents
        return keeping.send(self.edge, key, method, path, body, content)

    def put(self, document_id: str, body: Mapping[str, Any], **changes: object) -> Answer:
        return self.send("PUT", f"documents/{document_id}", {**body, **changes})

    def search(self, query: str, **options: object) -> Any:
        answer = self.send("POST", "search", {"query": query, **options})
        assert answer.status == 200
        return answer.json()

    def found(self, query: str, **options: object) -> list[str]:
        return [each["text"] for each in self.search(query, **options)["data"]]

    def recorded(self) -> Sequence[Usage]:
        return [*self.edge.recorded(self.documents), *self.edge.recorded(self.chat)]


class DocumentsContract(OnTheModel):
    """Inherit it and give the fixture `edge`: a service on `engine`, started, without documents."""

    @pytest.fixture
    def caller(self, edge: Edge) -> Caller:
        return Caller(edge, edge.issue_key("documents"), edge.issue_key("chat"))

    def test_what_was_put_is_found_and_says_where_it_is_from(self, caller: Caller) -> None:
        assert caller.put("returns", RETURNS).status == 201
        assert caller.put("codes", CODES).status == 201
        body = caller.search("Can I get my money back?", top_k=1)
        (passage,) = body.pop("data")
        assert 0 < passage.pop("score") <= 1
        assert passage == {
            "document_id": "returns",
            "title": RETURNS["title"],
            "url": RETURNS["url"],
            "position": 0,
            "text": RETURNS["text"],
        }
        tokens = body["usage"]["total_tokens"]
        assert tokens > 0
        assert body == {
            "model": MODEL,
            "usage": {"prompt_tokens": tokens, "total_tokens": tokens},
        }

    def test_a_code_is_found_by_its_letters(self, caller: Caller) -> None:
        caller.put("returns", RETURNS)
        caller.put("codes", CODES)
        assert caller.found("returning M-204")[0] == CODES["text"]

    def test_a_document_is_shown_as_it_was_put(self, caller: Caller) -> None:
        answer = caller.put("returns", RETURNS)
        body = answer.json()
        assert body.pop("usage")["total_tokens"] > 0
        shown = caller.send("GET", "documents/returns")
        assert (shown.status, shown.json()) == (200, body)
        changed_at = datetime.fromisoformat(body.pop("changed_at"))
        assert changed_at.utcoffset() == timedelta(0)
        assert body == {
            "id": "returns",
            "title": RETURNS["title"],
            "url": RETURNS["url"],
            "chunks": 1,
            "model": MODEL,
        }

    def test_a_new_version_takes_the_place_of_the_old(self, caller: Caller) -> None:
        caller.put("returns", RETURNS)
        answer = caller.put("returns", RETURNS, text="Nothing is taken back.", url=None)
        assert (answer.status, answer.json()["url"]) == (200, None)
        assert caller.found("are goods taken back?") == ["Nothing is taken back."]

    @pytest.mark.parametrize("changes", [{}, {"title": "Sending it back"}, {"url": None}])
    def test_the_model_is_asked_only_about_what_changed(
        self, caller: Caller, engine: Engine, changes: dict[str, Any]
    ) -> None:
        caller.put("returns", RETURNS)
        runs = engine.batches
        answer = caller.put("returns", RETURNS, **changes)
        assert answer.status == 200
        assert (engine.batches > runs) == bool(changes)
        assert (answer.json()["usage"]["total_tokens"] > 0) == bool(changes)
        assert len(caller.recorded()) == 1 + bool(changes)

    def test_what_is_deleted_is_gone(self, caller: Caller) -> None:
        caller.put("returns", RETURNS)
        answer = caller.send("DELETE", "documents/returns")
        assert (answer.status, answer.content) == (204, b"")
        assert caller.found("money back") == []
        for method in ("GET", "DELETE"):
            answer = caller.send(method, "documents/returns")
            answer.is_problem(404, "Not Found")
            assert answer.json()["detail"] == "there is no document returns"

    def test_documents_are_listed_a_page_at_a_time(self, caller: Caller) -> None:
        names = ["a", "b-1", "c.txt"]
        for name in reversed(names):
            caller.put(name, CODES)
        first = caller.send("GET", "documents?limit=2").json()
        assert ([each["id"] for each in first["data"]], first["next"]) == (names[:2], "b-1")
        last = caller.send("GET", f"documents?limit=2&after={first['next']}").json()
        assert ([each["id"] for each in last["data"]], last["next"]) == (names[2:], None)

    def test_before_anything_is_put_nothing_is_found(self, caller: Caller) -> None:
        assert caller.search("anything")["data"] == []
        assert caller.send("GET", "documents").json() == {"data": [], "next": None}

    def test_a_long_document_leaves_room_for_the_questions_of_others(
        self, caller: Caller, engine: Engine
    ) -> None:
        answer = caller.put("long", CODES, text=LONG)
        chunks = answer.json()["chunks"]
        assert (answer.status, chunks) == (201, 40)
        assert engine.batches == -(-chunks // CHUNKS_A_REQUEST)

    def test_a_passage_that_the_model_cannot_read_whole_is_cut_further(
        self, caller: Caller
    ) -> None:
        dense = "1+2=3;" * 90
        answer = caller.put("dense", CODES, text=dense)
        assert (answer.status, answer.json()["chunks"]) == (201, 4)
        found = caller.search("sums")["data"]
        whole = "".join(each["text"] for each in sorted(found, key=lambda one: one["position"]))
        assert whole == dense

    @pytest.mark.parametrize(
        ("changes", "location"),
        [
            ({"title": ""}, ["title"]),
            ({"title": " "}, ["title"]),
            ({"title": "x" * (MAX_TITLE + 1)}, ["title"]),
            ({"title": "1+" * (MAX_TITLE // 2)}, ["title"]),  # for the model
            ({"text": ""}, ["text"]),
            ({"text": "\n \t"}, ["text"]),
            ({"text": "a\0b"}, ["text"]),
            ({"text": "x" * (MAX_TEXT + 1)}, ["text"]),
            ({"text": ["a"]}, ["text"]),
            ({"url": "javascript:alert(1)"}, ["url"]),
            ({"url": "https://"}, ["url"]),
            ({"url": "https://example.com/ x"}, ["url"]),
            ({"uri": "https://example.com"}, ["uri"]),
        ],
    )
    def test_what_cannot_be_kept_is_refused_by_place_and_costs_nothing(
        self, caller: Caller, changes: dict[str, Any], location: list[str]
    ) -> None:
        answer = caller.put("returns", RETURNS, **changes)
        answer.is_problem(422, "Unprocessable Content")
        assert [error["location"] for error in answer.json()["errors"]] == [["body", *location]]
        assert caller.recorded() == []
        assert caller.send("GET", "documents/returns").status == 404

    @pytest.mark.parametrize(
        ("changes", "location"),
        [
            ({"query": ""}, ["query"]),
            ({"query": "word " * 300}, ["query"]),
            ({"query": "word " * 900}, ["query"]),
            ({"top_k": 0}, ["top_k"]),
            ({"top_k": MAX_PASSAGES + 1}, ["top_k"]),
            ({"topk": 1}, ["topk"]),
        ],
    )
    def test_what_cannot_be_asked_is_refused_by_place_and_costs_nothing(
        self, caller: Caller, changes: dict[str, Any], location: list[str]
    ) -> None:
        answer = caller.send("POST", "search", {"query": "money back"} | changes)
        answer.is_problem(422, "Unprocessable Content")
        assert [error["location"] for error in answer.json()["errors"]] == [["body", *location]]
        assert caller.recorded() == []

    @pytest.mark.parametrize("name", ["-a", "a%20b", "a%00", "x" * 101, "%C3%A9"])
    def test_a_name_that_is_none_is_refused(self, caller: Caller, name: str) -> None:
        for answer in (caller.put(name, CODES), caller.send("GET", f"documents/{name}")):
            answer.is_problem(422, "Unprocessable Content")
            assert [error["location"][0] for error in answer.json()["errors"]] == ["path"]

    @pytest.mark.parametrize("query", ["limit=0", "limit=101", "limit=x", "after=a%00"])
    def test_a_page_that_is_none_is_refused(self, caller: Caller, query: str) -> None:
        answer = caller.send("GET", f"documents?{query}")
        answer.is_problem(422, "Unprocessable Content")
        assert [error["location"][0] for error in answer.json()["errors"]] == ["query"]

    @pytest.mark.parametrize("query", ['"', "a AND (b", "'; --", "🚲", "\0", "%", "NEAR(a b)"])
    def test_a_query_is_text_and_nothing_else(self, caller: Caller, query: str) -> None:
        caller.put("codes", CODES)
        assert caller.found(query) == [CODES["text"]]

    @pytest.mark.parametrize(("method", "path", "body", "_"), ASKING)
    def test_a_body_that_is_no_json_is_a_bad_request(
        self, caller: Caller, method: str, path: str, body: object, _: str
    ) -> None:
        answer = caller.send(method, path, content=b'{"title": ')
        answer.is_problem(400, "Bad Request")

    def test_a_body_up_to_the_limit_is_read_and_none_beyond(self, caller: Caller) -> None:
        content = json.dumps(CODES).encode()
        fits = caller.send("PUT", "documents/a", content=content.ljust(MAX_BODY))
        assert fits.status == 201
        more = caller.send("PUT", "documents/a", content=content.ljust(MAX_BODY + 1))
        more.is_problem(413, "Content Too Large")

    @pytest.mark.parametrize(("method", "path", "body", "scope"), ROUTES)
    def test_a_key_with_the_scope_is_needed(
        self, edge: Edge, method: str, path: str, body: object, scope: str
    ) -> None:
        other = "documents" if scope == "chat" else "chat"
        keeping.is_guarded(edge, method, path, body, other)

    def test_usage_is_put_down_to_the_key(self, caller: Caller) -> None:
        put = caller.put("returns", RETURNS).json()["usage"]["total_tokens"]
        again = caller.put("returns", RETURNS, url=None).json()["usage"]["total_tokens"]
        searched = caller.search("money back")["usage"]["total_tokens"]
        seen = [
            (each.operation, each.model, each.input_tokens, each.output_tokens, each.status)
            for each in caller.recorded()
        ]
        assert seen == [
            ("documents", MODEL, put, 0, 201),
            ("documents", MODEL, again, 0, 200),
            ("search", MODEL, searched, 0, 200),
        ]
        assert all(each.latency_ms > 0 for each in caller.recorded())

    @pytest.mark.parametrize(("method", "path", "body", "_"), ASKING)
    def test_a_full_queue_is_503_before_the_body_is_read(
        self,
        caller: Caller,
        engine: Engine,
        model: OnnxEmbedder,
        method: str,
        path: str,
        body: object,
        _: str,
    ) -> None:
        keeping.is_full_before_it_is_read(
            lambda content: caller.send(method, path, content=content), engine, model
        )
        assert caller.send(method, path, body).status in (200, 201)

    def test_what_needs_no_model_is_served_while_the_queue_is_full(
        self, caller: Caller, engine: Engine, model: OnnxEmbedder
    ) -> None:
        caller.put("returns", RETURNS)
        with busy(engine, model, "first", "second"):
            statuses = [caller.send(method, path).status for method, path, _, _ in READING]
        assert statuses == [200, 200, 204]

    def test_what_waits_too_long_is_503_and_leaves_what_was_there(
        self,
        caller: Caller,
        engine: Engine,
        model: OnnxEmbedder,
        monkeypatch: pytest.MonkeyPatch,
    ) -> None:
        caller.put("returns", RETURNS)
        with busy(engine, model):
            monkeypatch.setattr(engine, "timeout", 0.01)
            answers = [
                caller.put("returns", RETURNS, text="newer"),
                caller.send("POST", "search", {"query": "money back"}),
            ]
        monkeypatch.undo()
        for answer in answers:
            answer.is_problem(503, "Service Unavailable")
            assert answer.headers["Retry-After"] == "1"
        assert len(caller.recorded()) == 1
        assert caller.found("money back") == [RETURNS["text"]]

    def test_what_was_read_of_a_document_before_it_failed_is_put_down(
        self, caller: Caller, model: OnnxEmbedder, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """The first sixteen passages are read, the next break the model down."""
        caller.put("long", CODES)
        keeping.second_run_fails(monkeypatch, model)
        answer = caller.put("long", CODES, text=LONG)
        answer.is_problem(500, "Internal Server Error")
        monkeypatch.undo()
        _, usage = caller.recorded()
        whole = caller.put("whole", CODES, text=LONG).json()["usage"]["total_tokens"]
        assert (usage.operation, usage.status) == ("documents", 500)
        assert usage.input_tokens == pytest.approx(whole * 32 / 40, rel=0.1)
        assert caller.send("GET", "documents/long").json()["chunks"] == 1

    def test_what_was_read_of_a_document_before_the_queue_was_full_is_put_down(
        self, caller: Caller, engine: Engine, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        keeping.second_call_finds_the_queue_full(monkeypatch, engine)
        answer = caller.put("long", CODES, text=LONG)
        answer.is_problem(503, "Service Unavailable")
        assert answer.headers["Retry-After"] == "1"
        (usage,) = caller.recorded()
        assert (usage.operation, usage.status) == ("documents", 503)
        assert usage.input_tokens > 0
        assert caller.send("GET", "documents/long").status == 404

    def test_a_search_that_failed_is_put_down_too(
        self, caller: Caller, model: OnnxEmbedder, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        def fail(batch: Sequence[Tokenized]) -> list[Embeddings]:
            raise RuntimeError("out of memory")

        cost = caller.search("money back")["usage"]["total_tokens"]
        monkeypatch.setattr(model, "run", fail)
        answer = caller.send("POST", "search", {"query": "money back"})
        answer.is_problem(500, "Internal Server Error")
        assert "detail" not in answer.json()
        _, usage = caller.recorded()
        assert (usage.operation, usage.input_tokens, usage.status) == ("search", cost, 500)

    def test_no_session_is_held_while_the_model_runs(
        self, caller: Caller, engine: Engine, model: OnnxEmbedder, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """Another document is put and deleted while the model reads this one. A session that was
        held would keep SQLite's write lock, and the other would wait for ever."""
        caller.put("other", CODES)
        run, done = model.run, threading.Event()
        statuses: list[int] = []

        def others(batch: Sequence[Tokenized]) -> list[Embeddings]:
            if not done.is_set():
                done.set()
                statuses.append(caller.send("DELETE", "documents/other").status)
            return run(batch)

        monkeypatch.setattr(model, "run", others)
        assert caller.put("returns", RETURNS).status == 201
        assert statuses == [204]

    def test_of_two_versions_that_are_put_at_once_exactly_one_is_kept(
        self, caller: Caller, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """Both are read by the model before either is stored; three times, as it is a race."""
        run, both = Indexing.run, threading.Barrier(2)

        async def read(indexing: Indexing, engine: Engine, wait: Wait) -> Matrix:
            vectors = await run(indexing, engine, wait)
            await asyncio.to_thread(both.wait, GUARD)
            return vectors

        monkeypatch.setattr(Indexing, "run", read)
        versions = {
            "Short": ["Only one passage."],
            "Long": [f"Passage {n} of many. " + "Words follow words. " * 26 for n in range(3)],
        }
        bodies = [{"title": title, "text": "\n\n".join(parts)} for title, parts in versions.items()]
        for name in ("a", "b", "c"):
            with ThreadPoolExecutor() as pool:
                answers = list(pool.map(caller.put, [name, name], bodies))
            assert {answer.status for answer in answers} <= {200, 201}
            kept = caller.send("GET", f"documents/{name}").json()
            found = [
                each
                for each in caller.search("passage words", top_k=MAX_PASSAGES)["data"]
                if each["document_id"] == name
            ]
            assert {each["title"] for each in found} == {kept["title"]}
            assert len(found) == kept["chunks"]
            texts = [each["text"] for each in sorted(found, key=lambda each: each["position"])]
            assert [each.strip() for each in texts] == [
                each.strip() for each in versions[kept["title"]]
            ]
