"""Answers with AI_BACKEND=openai, on a second process of this service itself.

It quotes its own documents, so that what it writes is known.
"""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import override

import pytest

from intelligence import backend
from intelligence.generation import extractive, openai
from intelligence.generation.ports import Generator, Question
from intelligence.testing import model_server
from intelligence.testing.chat import DOCUMENTS, QUESTION, QUOTE, events, said
from intelligence.testing.generator import PASSAGES, GeneratorContract, words, written
from intelligence.testing.model_server import ModelServer


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ModelServer]:
    """Knows what the questions of both suites are about."""
    known = {each.document_id: {"title": each.title, "text": each.text} for each in PASSAGES}
    known["refunds"] = {"title": "Refunds", "text": f"{QUOTE} {PASSAGES[0].text}"}
    with model_server.running(tmp_path_factory.mktemp("second")) as server:
        for name, document in known.items():
            server.call("PUT", f"/v1/documents/{name}", document)
        yield server


@pytest.fixture
def environ(server: ModelServer) -> Mapping[str, str]:
    """The server embeds, too, where it serves a model that does."""
    served = [model["id"] for model in server.call("GET", "/v1/models")["data"]]
    embedding = next((model for model in served if model != extractive.MODEL), "embedded")
    return {**server.environ, "CHAT_MODEL": extractive.MODEL, "EMBEDDING_MODEL": embedding}


class TestGenerator(GeneratorContract):
    @pytest.fixture
    @override
    def generator(self, environ: Mapping[str, str]) -> Generator:
        server = backend.server(environ)
        assert server is not None
        return openai.configured(server, environ)()

    def test_the_server_quotes_its_document(
        self, generator: Generator, question: Question, server: ModelServer
    ) -> None:
        before = server.calls("chat")
        pieces, _ = self.run(generator, written(generator, question))
        assert PASSAGES[0].text in words(pieces)
        assert server.is_called("chat", before + 1)


def test_whole_and_streamed_a_service_says_and_costs_the_same(
    server: ModelServer, environ: Mapping[str, str], tmp_path: Path
) -> None:
    """A third process asks the second."""
    body = {"model": extractive.MODEL, "messages": [{"role": "user", "content": QUESTION}]}
    streamed = {**body, "stream": True, "stream_options": {"include_usage": True}}
    before = server.calls("chat")
    with model_server.running(tmp_path, environ) as service:
        service.call("PUT", "/v1/documents/refunds", DOCUMENTS["refunds"])
        whole = service.call("POST", "/v1/chat/completions", body)
        *chunks, usage, end = events(service.read("POST", "/v1/chat/completions", streamed))
        assert end == "[DONE]"
        assert QUOTE in said(chunks)
        assert said(chunks) == whole["choices"][0]["message"]["content"]
        assert "refunds" in {each["document_id"] for each in whole["citations"]}
        assert usage["usage"] == whole["usage"]
        tokens = whole["usage"]["prompt_tokens"], whole["usage"]["completion_tokens"]
        assert min(tokens) > 0
        assert service.is_called("chat", 2)
        assert service.recorded("chat") == [tokens] * 2
    assert server.is_called("chat", before + 2)
