"""What `/v1/items`, `/v1/events` and `/v1/recommendations` promise, on the real model."""

import json
import threading
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from intelligence.api.recommendations import (
    ITEMS_A_RUN,
    MAX_BODY,
    MAX_EVENTS,
    MAX_ITEMS,
    MAX_RECOMMENDED,
    MAX_TEXT,
    MAX_TITLE,
)
from intelligence.embedded import OnnxEmbedder, Tokenized
from intelligence.engine import Engine
from intelligence.ports import Embeddings
from intelligence.testing import keeping
from intelligence.testing.edge import Answer, Edge, busy
from intelligence.testing.keeping import OnTheModel
from intelligence.usage import Usage

MODEL = "all-minilm-l6-v2-int8"
KETTLE = {"title": "Enamel kettle", "text": "Boils two litres of water on any stove."}
CATALOGUE = [
    {"id": "kettle", **KETTLE},
    {"id": "teapot", "title": "Teapot", "text": "Brews tea for six, of heat-proof glass."},
    {"id": "spade", "title": "Garden spade", "text": "Digs heavy soil."},
    {"id": "rake", "title": "Lawn rake", "text": "Gathers leaves from the grass."},
]
EVENT = {"id": "1", "subject": "ada", "item_id": "kettle", "kind": "view"}
ROUTES: list[tuple[str, str, object, str]] = [
    ("PUT", "items/kettle", KETTLE, "items"),
    ("POST", "items", {"items": CATALOGUE}, "items"),
    ("GET", "items", None, "items"),
    ("GET", "items/kettle", None, "items"),
    ("GET", "items/kettle/similar", None, "recommendations"),
    ("POST", "events", {"events": [EVENT]}, "events"),
    ("GET", "recommendations?subject=ada", None, "recommendations"),
    ("DELETE", "items/kettle", None, "items"),
]
ASKING = ROUTES[:2]
LOOKING = ROUTES[2:]
WITH_A_BODY = [route for route in ROUTES if route[2] is not None]
MANY = {"items": [{"id": f"n{n}", "title": f"Number {n}"} for n in range(ITEMS_A_RUN + 4)]}
TOO_LONG = "word " * (MAX_TEXT // 5)


@dataclass(frozen=True, slots=True)
class Caller:
    """Calls an edge with API keys of one name."""

    edge: Edge
    items: str
    events: str
    recommendations: str

    @classmethod
    def named(cls, edge: Edge, name: str = "test") -> "Caller":
        scopes = ("items", "events", "recommendations")
        return cls(edge, *(edge.issue_key(scope, name) for scope in scopes))

    def send(
        self, method: str, path: str, body: object = None, *, content: bytes | None = None
    ) -> Answer:
        key = self.items
        if path.startswith("recommendations") or "/similar" in path:
            key = self.recommendations
        elif path == "events":
            key = self.events
        return keeping.send(self.edge, key, method, path, body, content)

    def put(self, item_id: str, body: object = KETTLE) -> Answer:
        return self.send("PUT", f"items/{item_id}", body)

    def fill(self) -> None:
        assert self.send("POST", "items", {"items": CATALOGUE}).status == 200

    def tell(self, *events: object) -> Any:
        answer = self.send("POST", "events", {"events": events})
        assert answer.status == 200
        return answer.json()

    def did(self, subject: str, *item_ids: str, kind: str = "view", days: float = 0) -> Any:
        at = (datetime.now(UTC) - timedelta(days=days)).isoformat()
        return self.tell(
            *(
                {
                    "id": f"{subject}-{each}-{kind}-{days:g}",
                    "subject": subject,
                    "item_id": each,
                    "kind": kind,
                    "at": at,
                }
                for each in item_ids
            )
        )

    def recommended(self, subject: str, **options: int) -> Any:
        query = "".join(f"&{name}={value}" for name, value in options.items())
        answer = self.send("GET", f"recommendations?subject={subject}{query}")
        assert answer.status == 200
        return answer.json()

    def ids(self, subject: str, **options: int) -> list[str]:
        return [each["item_id"] for each in self.recommended(subject, **options)["data"]]

    def recorded(self) -> Sequence[Usage]:
        keys = (self.items, self.events, self.recommendations)
        return [usage for key in keys for usage in self.edge.recorded(key)]


class RecommendationsContract(OnTheModel):
    """Inherit it and give the fixture `edge`: a service on `engine`, started, without items."""

    @pytest.fixture
    def caller(self, edge: Edge) -> Caller:
        return Caller.named(edge)

    def test_what_is_similar_to_what_was_seen_is_recommended_and_says_so(
        self, caller: Caller
    ) -> None:
        caller.fill()
        caller.did("ada", "kettle")
        body = caller.recommended("ada", limit=1)
        reason = {"kind": "similar", "item_id": "kettle"}
        assert body == {
            "data": [{"item_id": "teapot", "title": "Teapot", "reason": reason}],
            "method": "profile",
            "model": MODEL,
        }

    def test_what_was_done_lately_says_more(self, caller: Caller) -> None:
        caller.fill()
        caller.did("ada", "spade", days=60)
        caller.did("ada", "kettle")
        assert caller.ids("ada") == ["teapot", "rake"]
        caller.did("bob", "kettle", days=60)
        caller.did("bob", "spade")
        assert caller.ids("bob") == ["rake", "teapot"]

    def test_a_purchase_says_more_than_a_view(self, caller: Caller) -> None:
        caller.fill()
        caller.did("ada", "kettle")
        caller.did("ada", "spade", kind="purchase")
        assert caller.ids("ada") == ["rake", "teapot"]

    def test_what_the_subject_had_to_do_with_is_left_out(self, caller: Caller) -> None:
        caller.fill()
        caller.did("ada", "kettle", "teapot", "spade")
        assert caller.ids("ada") == ["rake"]
        caller.did("ada", "rake")
        assert caller.recommended("ada")["data"] == []

    def test_a_stranger_gets_what_is_popular_and_what_is_new(self, caller: Caller) -> None:
        caller.fill()
        caller.did("ada", "kettle", "spade")
        caller.did("bob", "spade")
        body = caller.recommended("nobody", limit=3)
        assert body["method"] == "popular_and_new"
        found = [(each["item_id"], each["reason"]["kind"]) for each in body["data"]]
        assert found == [("spade", "popular"), ("kettle", "popular"), ("teapot", "new")]

    def test_what_was_popular_once_is_no_more(self, caller: Caller) -> None:
        caller.fill()
        for subject in ("ada", "bob", "eve"):
            caller.did(subject, "teapot", kind="purchase", days=80)
        caller.did("ada", "rake")
        assert caller.ids("nobody", limit=2) == ["rake", "teapot"]

    def test_an_item_that_nobody_saw_is_reached_by_what_it_is(self, caller: Caller) -> None:
        caller.fill()
        caller.did("ada", "kettle")
        caller.did("bob", "spade", "rake")
        caller.put("cup", {"title": "Cup for tea", "text": "Of fine china."})
        assert set(caller.ids("ada", limit=2)) == {"teapot", "cup"}

    def test_where_there_is_nothing_nothing_is_recommended(self, caller: Caller) -> None:
        body = caller.recommended("ada")
        assert body == {"data": [], "method": "popular_and_new", "model": MODEL}
        assert caller.send("GET", "items").json() == {"data": [], "next": None}

    def test_the_same_events_give_the_same_list(self, caller: Caller) -> None:
        caller.fill()
        caller.did("ada", "kettle", "spade")
        assert caller.recommended("ada") == caller.recommended("ada")

    def test_the_neighbours_of_an_item_are_found_nearest_first(self, caller: Caller) -> None:
        caller.fill()
        answer = caller.send("GET", "items/spade/similar?limit=2")
        assert answer.status == 200
        first, second = answer.json()["data"]
        assert (first["item_id"], first["title"]) == ("rake", "Lawn rake")
        assert 1 > first["score"] > second["score"] > -1
        assert answer.json()["model"] == MODEL
        assert caller.send("GET", "items/gone/similar").status == 404

    def test_another_name_of_key_is_another_shop(self, edge: Edge, caller: Caller) -> None:
        other = Caller.named(edge, "another")
        caller.fill()
        caller.did("ada", "kettle")
        assert other.recommended("ada")["data"] == []
        assert other.send("GET", "items").json()["data"] == []
        assert other.did("ada", "spade")["refused"][0]["reason"] == "unknown_item"
        for method, path in (
            ("GET", "items/kettle"),
            ("DELETE", "items/kettle"),
            ("GET", "items/kettle/similar"),
        ):
            other.send(method, path).is_problem(404, "Not Found")
        assert other.put("kettle", {"title": "Theirs"}).status == 201
        assert caller.send("GET", "items/kettle").json()["title"] == KETTLE["title"]

    def test_a_new_key_of_the_name_takes_over(self, edge: Edge, caller: Caller) -> None:
        caller.fill()
        caller.did("ada", "kettle")
        assert Caller.named(edge).ids("ada") == caller.ids("ada")

    def test_an_item_is_shown_as_it_was_put(self, caller: Caller) -> None:
        answer = caller.put("kettle")
        body = answer.json()
        assert answer.status == 201
        assert body.pop("usage")["total_tokens"] > 0
        shown = caller.send("GET", "items/kettle")
        assert (shown.status, shown.json()) == (200, body)
        for name in ("added_at", "changed_at"):
            assert datetime.fromisoformat(body.pop(name)).utcoffset() == timedelta(0)
        assert body == {"id": "kettle", **KETTLE, "model": MODEL}

    def test_an_item_may_have_a_title_alone(self, caller: Caller) -> None:
        answer = caller.put("kettle", {"title": "Kettle"})
        assert (answer.status, answer.json()["text"]) == (201, "")

    @pytest.mark.parametrize("changes", [{}, {"title": "Kettle"}, {"text": ""}])
    def test_the_model_is_asked_only_about_what_changed(
        self, caller: Caller, engine: Engine, changes: dict[str, Any]
    ) -> None:
        caller.put("kettle")
        runs = engine.batches
        answer = caller.put("kettle", KETTLE | changes)
        assert answer.status == 200
        assert (engine.batches > runs) == bool(changes)
        assert (answer.json()["usage"]["total_tokens"] > 0) == bool(changes)
        assert len(caller.recorded()) == 1 + bool(changes)

    def test_several_items_are_put_at_once(self, caller: Caller) -> None:
        answer = caller.send("POST", "items", MANY)
        body = answer.json()
        assert answer.status == 200
        assert body.pop("usage")["total_tokens"] > 0
        assert body == {"added": len(MANY["items"]), "changed": 0, "unchanged": 0}
        changed = [{"id": "n0", "title": "Zero"}, {"id": "n1", "title": "Number 1"}]
        changed.append({"id": "new", "title": "New"})
        body = caller.send("POST", "items", {"items": changed}).json()
        assert (body["added"], body["changed"], body["unchanged"]) == (1, 1, 1)
        assert caller.send("GET", "items/n0").json()["title"] == "Zero"

    def test_items_are_listed_a_page_at_a_time(self, caller: Caller) -> None:
        caller.fill()
        first = caller.send("GET", "items?limit=3").json()
        assert [each["id"] for each in first["data"]] == ["kettle", "rake", "spade"]
        last = caller.send("GET", f"items?after={first['next']}").json()
        assert ([each["id"] for each in last["data"]], last["next"]) == (["teapot"], None)

    def test_what_is_deleted_is_recommended_no_more(self, caller: Caller) -> None:
        caller.fill()
        caller.did("ada", "kettle")
        answer = caller.send("DELETE", "items/teapot")
        assert (answer.status, answer.content) == (204, b"")
        assert "teapot" not in caller.ids("ada")
        for method in ("GET", "DELETE"):
            caller.send(method, "items/teapot").is_problem(404, "Not Found")

    def test_an_event_counts_once_however_often_it_is_sent(self, caller: Caller) -> None:
        caller.fill()
        caller.did("bob", "rake")
        caller.did("eve", "rake")
        for recorded in (1, 0, 0):
            body = caller.tell(EVENT)
            assert body == {"recorded": recorded, "known": 1 - recorded, "refused": []}
        assert caller.ids("nobody", limit=2) == ["rake", "kettle"]

    def test_what_cannot_be_recorded_is_said_and_the_rest_is_recorded(self, caller: Caller) -> None:
        caller.fill()
        now = datetime.now(UTC)

        def at(**ago: int) -> str:
            return (now - timedelta(**ago)).isoformat()

        body = caller.tell(
            EVENT | {"id": "late", "at": at(days=89)},
            EVENT | {"id": "old", "at": at(days=91)},
            EVENT | {"id": "gone", "item_id": "gone"},
            EVENT | {"id": "early", "at": at(minutes=-3)},
            EVENT | {"id": "future", "at": at(minutes=-7)},
        )
        assert body == {
            "recorded": 2,
            "known": 0,
            "refused": [
                {"id": "old", "reason": "too_old"},
                {"id": "gone", "reason": "unknown_item"},
                {"id": "future", "reason": "in_the_future"},
            ],
        }

    @pytest.mark.parametrize(
        ("method", "path", "body", "location"),
        [
            ("PUT", "items/a", {}, ["title"]),
            ("PUT", "items/a", KETTLE | {"title": " "}, ["title"]),
            ("PUT", "items/a", KETTLE | {"title": "x" * (MAX_TITLE + 1)}, ["title"]),
            ("PUT", "items/a", KETTLE | {"text": "x" * (MAX_TEXT + 1)}, ["text"]),
            ("PUT", "items/a", KETTLE | {"text": "a\0b"}, ["text"]),
            ("PUT", "items/a", KETTLE | {"price": 3}, ["price"]),
            ("PUT", "items/a", KETTLE | {"text": TOO_LONG}, ["text"]),
            ("POST", "items", {"items": []}, ["items"]),
            ("POST", "items", {"items": [{"id": "a", "title": "A"}] * 2}, ["items"]),
            ("POST", "items", {"items": CATALOGUE * (MAX_ITEMS // 4 + 1)}, ["items"]),
            ("POST", "items", {"items": [KETTLE | {"id": "-a"}]}, ["items", 0, "id"]),
            (
                "POST",
                "items",
                {"items": [*MANY["items"], {"id": "long", "title": "A", "text": TOO_LONG}]},
                ["items", len(MANY["items"]), "text"],
            ),
            ("POST", "events", {"events": []}, ["events"]),
            ("POST", "events", {"events": [EVENT, EVENT]}, ["events"]),
            ("POST", "events", {"events": [EVENT] * (MAX_EVENTS + 1)}, ["events"]),
            ("POST", "events", {"events": [EVENT | {"kind": "dream"}]}, ["events", 0, "kind"]),
            ("POST", "events", {"events": [EVENT | {"subject": "a b"}]}, ["events", 0, "subject"]),
        ],
    )
    def test_a_body_that_does_not_validate_is_refused_by_its_place(
        self, caller: Caller, method: str, path: str, body: object, location: list[str | int]
    ) -> None:
        answer = caller.send(method, path, body)
        answer.is_problem(422, "Unprocessable Content")
        assert [each["location"] for each in answer.json()["errors"]] == [["body", *location]]
        assert caller.send("GET", "items").json()["data"] == []

    @pytest.mark.parametrize("at", ["2026-03-01T12:00", "yesterday", "1767225600", 1767225600])
    def test_a_time_is_a_date_with_a_zone(self, caller: Caller, at: object) -> None:
        event: dict[str, object] = {**EVENT, "at": at}
        answer = caller.send("POST", "events", {"events": [event]})
        answer.is_problem(422, "Unprocessable Content")
        (error,) = answer.json()["errors"]
        assert error["location"] == ["body", "events", 0, "at"]

    @pytest.mark.parametrize("name", ["-a", "a%20b", "a%00", "x" * 101, "%C3%A9"])
    def test_a_name_that_is_none_is_refused(self, caller: Caller, name: str) -> None:
        for answer in (caller.put(name), caller.send("GET", f"items/{name}/similar")):
            answer.is_problem(422, "Unprocessable Content")
            assert [error["location"][0] for error in answer.json()["errors"]] == ["path"]

    @pytest.mark.parametrize(
        "path",
        [
            "items?limit=0",
            "items?after=a%00",
            "recommendations",
            "recommendations?subject=",
            "recommendations?subject=a%00",
            "recommendations?subject=a&limit=0",
            f"recommendations?subject=a&limit={MAX_RECOMMENDED + 1}",
        ],
    )
    def test_a_query_that_is_none_is_refused(self, caller: Caller, path: str) -> None:
        answer = caller.send("GET", path)
        answer.is_problem(422, "Unprocessable Content")
        assert [error["location"][0] for error in answer.json()["errors"]] == ["query"]

    @pytest.mark.parametrize(("method", "path", "body", "_"), WITH_A_BODY)
    def test_a_body_that_is_no_json_is_a_bad_request(
        self, caller: Caller, method: str, path: str, body: object, _: str
    ) -> None:
        caller.send(method, path, content=b'{"title": ').is_problem(400, "Bad Request")

    @pytest.mark.parametrize(("method", "path", "body", "_"), WITH_A_BODY)
    def test_a_body_up_to_the_limit_is_read_and_none_beyond(
        self, caller: Caller, method: str, path: str, body: object, _: str
    ) -> None:
        content = json.dumps(body).encode()
        assert caller.send(method, path, content=content.ljust(MAX_BODY)).status in (200, 201)
        more = caller.send(method, path, content=content.ljust(MAX_BODY + 1))
        more.is_problem(413, "Content Too Large")

    @pytest.mark.parametrize(("method", "path", "body", "scope"), ROUTES)
    def test_a_key_with_the_scope_is_needed(
        self, edge: Edge, method: str, path: str, body: object, scope: str
    ) -> None:
        other = "items" if scope != "items" else "recommendations"
        keeping.is_guarded(edge, method, path, body, other)

    def test_usage_is_put_down_to_the_key(self, caller: Caller) -> None:
        put = caller.put("kettle").json()["usage"]["total_tokens"]
        filled = caller.send("POST", "items", {"items": CATALOGUE}).json()["usage"]["total_tokens"]
        caller.tell(EVENT)
        caller.recommended("ada")
        caller.send("GET", "items/kettle/similar")
        seen = [
            (each.operation, each.model, each.input_tokens, each.output_tokens, each.status)
            for each in caller.recorded()
        ]
        assert seen == [
            ("items", MODEL, put, 0, 201),
            ("items", MODEL, filled, 0, 200),
            ("recommendations", MODEL, 0, 0, 200),
            ("similar-items", MODEL, 0, 0, 200),
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

    def test_what_needs_no_run_is_served_while_the_queue_is_full(
        self, caller: Caller, engine: Engine, model: OnnxEmbedder
    ) -> None:
        caller.fill()
        with busy(engine, model, "first", "second"):
            statuses = [caller.send(method, path, body).status for method, path, body, _ in LOOKING]
        assert statuses == [200] * 5 + [204]

    def test_what_waits_too_long_is_503_and_leaves_what_was_there(
        self,
        caller: Caller,
        engine: Engine,
        model: OnnxEmbedder,
        monkeypatch: pytest.MonkeyPatch,
    ) -> None:
        caller.put("kettle")
        with busy(engine, model):
            monkeypatch.setattr(engine, "timeout", 0.01)
            answer = caller.put("kettle", {"title": "newer"})
        monkeypatch.undo()
        answer.is_problem(503, "Service Unavailable")
        assert answer.headers["Retry-After"] == "1"
        assert len(caller.recorded()) == 1
        assert caller.send("GET", "items/kettle").json()["title"] == KETTLE["title"]

    def test_what_was_read_before_the_model_failed_is_put_down(
        self, caller: Caller, model: OnnxEmbedder, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """The first sixteen items are read, the next break the model down."""
        whole = caller.send("POST", "items", MANY).json()["usage"]["total_tokens"]
        for number in range(len(MANY["items"])):
            caller.send("DELETE", f"items/n{number}")
        keeping.second_run_fails(monkeypatch, model)
        answer = caller.send("POST", "items", MANY)
        answer.is_problem(500, "Internal Server Error")
        assert "detail" not in answer.json()
        _, usage = caller.recorded()
        assert (usage.operation, usage.input_tokens, usage.status) == ("items", whole, 500)
        assert caller.send("GET", "items").json()["data"] == []

    def test_what_was_read_before_the_queue_was_full_is_put_down(
        self, caller: Caller, engine: Engine, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        keeping.second_call_finds_the_queue_full(monkeypatch, engine)
        answer = caller.send("POST", "items", MANY)
        answer.is_problem(503, "Service Unavailable")
        (usage,) = caller.recorded()
        assert (usage.operation, usage.status) == ("items", 503)
        assert usage.input_tokens > 0

    def test_no_session_is_held_while_the_model_runs(
        self, caller: Caller, model: OnnxEmbedder, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """Another item is deleted while the model reads this one. A session that was held would
        keep SQLite's write lock, and the other would wait for ever."""
        caller.put("other")
        run, done = model.run, threading.Event()
        statuses: list[int] = []

        def others(batch: Sequence[Tokenized]) -> list[Embeddings]:
            if not done.is_set():
                done.set()
                statuses.append(caller.send("DELETE", "items/other").status)
            return run(batch)

        monkeypatch.setattr(model, "run", others)
        assert caller.put("kettle").status == 201
        assert statuses == [204]
