"""What every generator keeps, on a real llama.cpp. `run.py` puts this file among the tests of an emitted library."""

import asyncio
import os
from contextlib import aclosing
from dataclasses import replace
from typing import Any, override

import httpx2
import pytest

from intelligence import backend
from intelligence.errors import InputRefused, ModelError
from intelligence.generation import openai
from intelligence.generation.openai import OpenAIGenerator
from intelligence.generation.ports import Message, Piece, Question
from intelligence.openai_http import Server
from intelligence.testing.generator import GeneratorContract, asked, words, written

GUARD = 60.0  # seconds, against a hang
MODEL = os.environ["CHAT_MODEL"]


def server() -> Server:
    found = backend.server(os.environ)
    assert found
    return found


def by_hand(path: str, body: dict[str, Any] | None = None) -> Any:
    headers = {"Authorization": f"Bearer {server().api_key}"}
    method = "POST" if body else "GET"
    url = httpx2.URL(server().base_url).join(path)
    answer = httpx2.request(method, url, json=body, headers=headers, timeout=GUARD)
    assert answer.is_success, answer.text
    return answer.json()


class TestLlama(GeneratorContract):
    @pytest.fixture
    @override
    def generator(self) -> OpenAIGenerator:
        return openai.configured(server(), os.environ)()

    @pytest.fixture
    @override
    def question(self) -> Question:
        return replace(asked("When are refunds paid?"), max_tokens=12)

    @pytest.fixture
    @override
    def another(self) -> Question:
        return replace(asked("When does the museum open?"), max_tokens=12)

    def test_the_pieces_are_what_it_says_in_one(self, generator: OpenAIGenerator, question: Question) -> None:
        body = generator._body(question) | {"stream": False}
        del body["stream_options"]
        whole = by_hand("/v1/chat/completions", body)
        pieces, (end,) = self.run(generator, written(generator, question))
        assert len(pieces) > 1
        assert words(pieces) == whole["choices"][0]["message"]["content"]
        assert (end.input_tokens, end.output_tokens) == (
            whole["usage"]["prompt_tokens"],
            whole["usage"]["completion_tokens"],
        )

    def test_it_stops_writing_when_nobody_reads_on(self, generator: OpenAIGenerator, question: Question) -> None:
        def busy() -> int:
            return sum(slot["is_processing"] for slot in by_hand("/slots"))

        async def leave() -> None:
            async with aclosing(generator.write(replace(question, max_tokens=500))) as answer:
                assert isinstance(await anext(answer), Piece)
                assert await asyncio.to_thread(busy) == 1
            left = asyncio.get_running_loop().time()
            while await asyncio.to_thread(busy):
                assert asyncio.get_running_loop().time() - left < 5, "it goes on"
                await asyncio.sleep(0.1)

        self.run(generator, leave())

    def test_a_conversation_that_is_too_long_is_refused_in_its_words(
        self, generator: OpenAIGenerator, question: Question
    ) -> None:
        long = replace(question, messages=[Message("user", "0 1 " * 3000)])
        with pytest.raises(InputRefused, match="context size"):
            self.run(generator, written(generator, long))

    def test_a_wrong_key_is_named(self, question: Question) -> None:
        stranger = OpenAIGenerator(replace(server(), api_key="wrong"), MODEL)
        with pytest.raises(ModelError, match="OPENAI_API_KEY: not taken by the server"):
            self.run(stranger, written(stranger, question))
