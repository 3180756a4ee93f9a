"""What `/v1/chat/completions` and `/v1/conversations` promise, on the embedded model.

Answers are quoted there, so that they can be foretold; what a server writes is the affair of
`intelligence.testing.generator`.
"""

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import openai
import pytest
from openai.types.chat import ChatCompletionMessageParam

from intelligence import embedded
from intelligence.api.chat import MAX_CHARACTERS, MAX_MESSAGES
from intelligence.embedded import OnnxEmbedder
from intelligence.engine import Engine
from intelligence.generation import extractive
from intelligence.testing.edge import GUARD, Answer, Edge
from intelligence.usage import Usage

QUESTION = "How long does a refund take?"
REFUNDS = "Refunds are paid to the card that was charged. A refund takes five working days."
DOCUMENTS = {
    "refunds": {"title": "Refunds", "text": REFUNDS, "url": "https://example.com/refunds"},
    "hours": {"title": "Hours", "text": "The shop opens at nine and closes at six."},
}
QUOTE = "A refund takes five working days."
RIDDLE = "Which composer wrote nine symphonies?"


@dataclass(frozen=True, slots=True)
class Caller:
    """Calls an edge with an API key of its own."""

    edge: Edge
    key: str

    def call(self, method: str, path: str, body: object = None) -> Answer:
        headers = {"Authorization": f"Bearer {self.key}", "Content-Type": "application/json"}
        content = b"" if body is None else json.dumps(body).encode()
        return self.edge.call(method, path, content, headers)

    def ask(self, question: str = QUESTION, /, **changes: object) -> Answer:
        body = {"model": extractive.MODEL, "messages": [{"role": "user", "content": question}]}
        return self.call("POST", "/v1/chat/completions", body | changes)

    def recorded(self) -> Sequence[Usage]:
        return [each for each in self.edge.recorded(self.key) if each.operation == "chat"]


def events(content: bytes) -> list[Any]:
    """The data of server-sent events; `[DONE]` stays a text."""
    found = []
    for event in content.decode().split("\n\n")[:-1]:
        data = event.removeprefix("data: ")
        found.append(data if data == "[DONE]" else json.loads(data))
    return found


def said(chunks: Sequence[Any]) -> str:
    """The text of an answer's chunks."""
    choices = [choice for chunk in chunks for choice in chunk["choices"]]
    return "".join(choice["delta"].get("content", "") for choice in choices)


class WithDocuments:
    """Inherit it and give the fixture `edge`: a service on `engine`, started."""

    @pytest.fixture(scope="class")
    @classmethod
    def model(cls) -> OnnxEmbedder:
        return embedded.load()

    @pytest.fixture
    def engine(self, model: OnnxEmbedder) -> Iterator[Engine]:
        engine = Engine(lambda: model)
        yield engine
        engine.close(GUARD)

    @pytest.fixture
    def caller(self, edge: Edge) -> Caller:
        """Of a service that has documents."""
        writer = Caller(edge, edge.issue_key("documents"))
        for id_, document in DOCUMENTS.items():
            assert writer.call("PUT", f"/v1/documents/{id_}", document).status in (200, 201)
        return Caller(edge, edge.issue_key("chat"))


class ChatContract(WithDocuments):
    """What every edge answers."""

    def test_the_answer_is_quoted_from_a_document_and_cites_it(self, caller: Caller) -> None:
        answer = caller.ask()
        assert (answer.status, answer.headers["Content-Type"]) == (200, "application/json")
        body = answer.json()
        (choice,) = body["choices"]
        content = choice["message"]["content"]
        assert content.startswith(f"{extractive.LEAD} ")
        number = int(content.split(f"{QUOTE} [")[1][0])
        (cited,) = [each for each in body["citations"] if each["index"] == number]
        assert cited == {
            "index": number,
            "document_id": "refunds",
            "title": "Refunds",
            "url": "https://example.com/refunds",
            "text": REFUNDS,
        }
        assert choice == {
            "index": 0,
            "message": {"role": "assistant", "content": content, "refusal": None},
            "finish_reason": "stop",
            "logprobs": None,
        }
        assert body.keys() == {
            "id", "object", "created", "model", "choices", "usage", "citations", "conversation"
        }  # fmt: skip
        assert (body["object"], body["model"]) == ("chat.completion", extractive.MODEL)

    def test_what_the_documents_do_not_say_is_not_made_up(self, caller: Caller) -> None:
        content = caller.ask(RIDDLE).json()["choices"][0]["message"]["content"]
        assert content == extractive.NOTHING

    def test_a_stream_says_the_same_piece_by_piece(self, caller: Caller) -> None:
        whole = caller.ask().json()
        answer = caller.ask(stream=True)
        assert answer.status == 200
        assert answer.headers["Content-Type"].startswith("text/event-stream")
        *chunks, end = events(answer.content)
        assert end == "[DONE]"
        assert said(chunks) == whole["choices"][0]["message"]["content"]
        assert len(chunks) > len(QUOTE.split())
        first, last = chunks[0], chunks[-1]
        assert first["choices"][0]["delta"]["role"] == "assistant"
        assert last["choices"][0]["finish_reason"] == "stop"
        assert last["citations"] == whole["citations"]
        assert {chunk["object"] for chunk in chunks} == {"chat.completion.chunk"}
        assert {chunk["id"] for chunk in chunks} == {first["id"]}
        assert not any(chunk.get("usage") for chunk in chunks)

    def test_usage_is_recorded_and_is_what_the_answer_says(self, caller: Caller) -> None:
        *_, usage, _ = events(
            caller.ask(stream=True, stream_options={"include_usage": True}).content
        )
        assert usage["choices"] == []
        assert usage["usage"] == caller.ask().json()["usage"]
        read, written = usage["usage"]["prompt_tokens"], usage["usage"]["completion_tokens"]
        assert usage["usage"]["total_tokens"] == read + written
        assert 0 < written < read
        assert [
            (each.model, each.input_tokens, each.output_tokens, each.status)
            for each in caller.recorded()
        ] == [(extractive.MODEL, read, written, 200)] * 2

    def test_the_first_words_are_timed_where_they_are_streamed(self, caller: Caller) -> None:
        caller.ask(stream=True)
        caller.ask()
        streamed, whole = caller.recorded()
        assert streamed.first_token_ms is not None
        assert 0 < streamed.first_token_ms <= streamed.latency_ms
        assert whole.first_token_ms is None

    @pytest.mark.parametrize("name", ["max_tokens", "max_completion_tokens"])
    def test_an_answer_is_cut_off_where_its_tokens_end(self, caller: Caller, name: str) -> None:
        body = caller.ask(**{name: 4}).json()
        assert body["choices"][0]["finish_reason"] == "length"
        assert 0 < body["usage"]["completion_tokens"] <= 4
        assert extractive.LEAD.startswith(body["choices"][0]["message"]["content"])

    def test_what_only_steers_the_dice_is_taken(self, caller: Caller) -> None:
        options: dict[str, object] = {
            "temperature": 0.3, "top_p": 0.9, "seed": 1, "user": "u-1", "n": 1, "tools": [],
            "response_format": {"type": "text"}, "stop": None, "presence_penalty": 0,
        }  # fmt: skip
        assert caller.ask(**options).json()["choices"] == caller.ask().json()["choices"]

    def test_parts_of_text_are_one_text(self, caller: Caller) -> None:
        parts = [{"type": "text", "text": part} for part in ("How long does", "a refund take?")]
        answer = caller.ask(messages=[{"role": "user", "content": parts}])
        assert QUOTE in answer.json()["choices"][0]["message"]["content"]

    def test_a_question_is_understood_by_the_one_before(self, caller: Caller) -> None:
        messages = [
            {"role": "developer", "content": "Be brief."},
            {"role": "user", "content": "Tell me about refunds."},
            {"role": "assistant", "content": "They are paid to the card."},
            {"role": "user", "content": "How many days does it take?"},
        ]
        body = caller.ask(messages=messages).json()
        assert QUOTE in body["choices"][0]["message"]["content"]

    @pytest.mark.parametrize(
        ("changes", "location"),
        [
            ({"messages": []}, ["messages"]),
            ({"conversation": "a\0b"}, ["conversation"]),
            ({"messages": [{"role": "tool", "content": "x"}]}, ["messages", 0, "role"]),
            ({"messages": [{"role": "user", "content": ""}]}, ["messages", 0, "content"]),
            ({"messages": [{"role": "user", "content": "a\0b"}]}, ["messages", 0, "content"]),
            (
                {"messages": [{"role": "user", "content": "a" * (MAX_CHARACTERS + 1)}]},
                ["messages", 0, "content"],
            ),
            (
                {"messages": [{"role": "user", "content": [{"type": "image_url"}]}]},
                ["messages", 0, "content"],
            ),
            ({"messages": [{"role": "user", "content": "a"}] * (MAX_MESSAGES + 1)}, ["messages"]),
            ({"n": 2}, ["n"]),
            ({"temperature": 3}, ["temperature"]),
            ({"max_tokens": 0}, ["max_tokens"]),
            ({"response_format": {"type": "json_object"}}, ["response_format", "type"]),
            ({"conversation": 1}, ["conversation"]),
            ({"messages": [{"role": "assistant", "content": "Hello?"}]}, []),
            ({"tools": [{"type": "function"}]}, []),
            ({"stop": ["\n"]}, []),
        ],
    )
    def test_what_cannot_be_answered_is_refused_by_place_and_costs_nothing(
        self, caller: Caller, changes: dict[str, Any], location: list[str | int]
    ) -> None:
        answer = caller.ask(**changes)
        answer.is_problem(422, "Unprocessable Content")
        assert [error["location"] for error in answer.json()["errors"]] == [["body", *location]]
        assert caller.recorded() == []

    def test_another_model_is_not_found(self, caller: Caller) -> None:
        answer = caller.ask(model="gpt-5")
        answer.is_problem(404, "Not Found")
        assert extractive.MODEL in answer.json()["detail"]

    def test_only_who_may_is_answered(self, edge: Edge) -> None:
        asked = ("POST", "/v1/chat/completions", b"{}")
        without = edge.call(*asked, {"Content-Type": "application/json"})
        without.is_problem(401, "Unauthorized")
        for path in ("/v1/chat/completions", "/v1/conversations"):
            method = "POST" if path.endswith("completions") else "GET"
            refused = Caller(edge, edge.issue_key("documents")).call(method, path, {})
            refused.is_problem(403, "Forbidden")

    def test_a_conversation_is_kept_on_demand_alone(self, caller: Caller) -> None:
        assert caller.ask().json()["conversation"] is None
        assert caller.call("GET", "/v1/conversations").json()["data"] == []
        body = caller.ask(store=True).json()
        (kept,) = caller.call("GET", "/v1/conversations").json()["data"]
        assert kept["id"] == body["conversation"]
        entries = caller.call("GET", f"/v1/conversations/{kept['id']}").json()
        assert entries.pop("messages") == [
            {"role": "user", "content": QUESTION, "model": None, "prompt": None, "citations": []},
            {
                "role": "assistant",
                "content": body["choices"][0]["message"]["content"],
                "model": extractive.MODEL,
                "prompt": None,
                "citations": body["citations"],
            },
        ]
        assert entries == kept

    @pytest.mark.parametrize("stream", [False, True])
    def test_a_kept_conversation_goes_on(self, caller: Caller, stream: bool) -> None:
        id_ = caller.ask("Tell me about refunds.", store=True).json()["conversation"]
        answer = caller.ask("How many days does it take?", conversation=id_, stream=stream)
        if stream:
            *chunks, _ = events(answer.content)
            text, kept = said(chunks), chunks[-1]["conversation"]
        else:
            text = answer.json()["choices"][0]["message"]["content"]
            kept = answer.json()["conversation"]
        assert QUOTE in text
        assert kept == id_
        messages = caller.call("GET", f"/v1/conversations/{id_}").json()["messages"]
        assert [each["role"] for each in messages] == ["user", "assistant"] * 2
        assert messages[-1]["content"] == text

    def test_conversations_are_listed_a_page_at_a_time(self, caller: Caller) -> None:
        ids = [caller.ask(store=True).json()["conversation"] for _ in range(3)]
        page = caller.call("GET", "/v1/conversations?limit=2").json()
        assert page["has_more"] is True
        last = page["data"][-1]["id"]
        rest = caller.call("GET", f"/v1/conversations?before={last}").json()
        assert rest["has_more"] is False
        assert {each["id"] for each in page["data"] + rest["data"]} == set(ids)

    def test_for_others_a_conversation_is_not_there(self, caller: Caller, edge: Edge) -> None:
        id_ = caller.ask(store=True).json()["conversation"]
        other = Caller(edge, edge.issue_key("chat"))
        assert other.call("GET", "/v1/conversations").json()["data"] == []
        for answer in (
            other.call("GET", f"/v1/conversations/{id_}"),
            other.call("DELETE", f"/v1/conversations/{id_}"),
            other.ask(conversation=id_),
        ):
            answer.is_problem(404, "Not Found")
        assert len(caller.call("GET", f"/v1/conversations/{id_}").json()["messages"]) == 2

    def test_a_conversation_can_be_forgotten(self, caller: Caller) -> None:
        id_ = caller.ask(store=True).json()["conversation"]
        assert caller.call("DELETE", f"/v1/conversations/{id_}").status == 204
        caller.call("GET", f"/v1/conversations/{id_}").is_problem(404, "Not Found")
        caller.call("DELETE", f"/v1/conversations/{id_}").is_problem(404, "Not Found")

    def test_an_id_that_no_database_takes_is_refused(self, caller: Caller) -> None:
        for method, path in (("GET", "/a%00"), ("DELETE", "/a%00"), ("GET", "?before=a%00")):
            answer = caller.call(method, f"/v1/conversations{path}")
            answer.is_problem(422, "Unprocessable Content")


class OfficialClientContract(WithDocuments):
    """OpenAI's own client, unchanged. Give the fixture `client`, too."""

    MESSAGES: Sequence[ChatCompletionMessageParam] = ({"role": "user", "content": QUESTION},)

    @pytest.fixture
    def client(self, caller: Caller) -> openai.OpenAI:
        raise NotImplementedError("the class that inherits this says how the edge is reached")

    def test_models(self, client: openai.OpenAI) -> None:
        assert extractive.MODEL in {model.id for model in client.models.list()}
        assert client.models.retrieve(extractive.MODEL).id == extractive.MODEL
        with pytest.raises(openai.NotFoundError):
            client.models.retrieve("gpt-5")

    def test_chat(self, client: openai.OpenAI) -> None:
        completion = client.chat.completions.create(model=extractive.MODEL, messages=self.MESSAGES)
        assert QUOTE in (completion.choices[0].message.content or "")
        assert completion.usage is not None
        assert completion.usage.completion_tokens > 0

    def test_chat_as_a_stream_with_usage(self, client: openai.OpenAI) -> None:
        chunks = list(
            client.chat.completions.create(
                model=extractive.MODEL,
                messages=self.MESSAGES,
                stream=True,
                stream_options={"include_usage": True},
            )
        )
        texts = [choice.delta.content or "" for chunk in chunks for choice in chunk.choices]
        assert QUOTE in "".join(texts)
        assert chunks[-1].usage is not None
        assert chunks[-1].usage.total_tokens > 0
