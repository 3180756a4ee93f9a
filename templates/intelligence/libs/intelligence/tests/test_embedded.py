import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest
from tokenizers import Encoding

from intelligence import embedded
from intelligence.classification import classify, sentences
from intelligence.embedded import OnnxEmbedder
from intelligence.errors import InputTooLarge, ModelError, SettingError
from intelligence.ports import Embeddings, Matrix, embed
from intelligence.ranking import rank

ANIMALS = "Dogs and cats are popular pets."
MONEY = "The bank raised its interest rates."
WEATHER = "Heavy rain is expected tonight."


def test_vectors_have_length_one(embedder: OnnxEmbedder) -> None:
    embeddings = embed(embedder, [ANIMALS, MONEY])
    assert embeddings.vectors.shape == (2, embedder.dimensions) == (2, 384)
    assert embeddings.vectors.dtype == np.float32
    assert np.linalg.norm(embeddings.vectors, axis=1) == pytest.approx([1, 1], abs=1e-5)
    assert embeddings.model == embedder.model == "all-minilm-l6-v2-int8"


@pytest.mark.parametrize("texts", [["hello world"], ["hello world", "hello " * 50]])
def test_tokens_are_what_the_model_reads_without_padding(
    embedder: OnnxEmbedder, texts: list[str]
) -> None:
    assert embed(embedder, texts).tokens == sum(len(text.split()) + 2 for text in texts)


def test_a_batch_gives_each_request_what_it_gets_alone(embedder: OnnxEmbedder) -> None:
    """To 1e-5: the last bits differ between CPUs. Short and long are mixed, in several runs."""
    requests = [
        [f"{text} {'And so on. ' * (n * size)}" for n in range(size) for text in (ANIMALS, MONEY)]
        for size in (3, 1, 5, 2)
    ]
    together = embedder.run([embedder.prepare(texts) for texts in requests])
    query = embed(embedder, ["interest"]).vectors[0]
    for texts, batched in zip(requests, together, strict=True):
        single = [embed(embedder, [text]) for text in texts]
        alone = np.concatenate([each.vectors for each in single])
        assert np.abs(batched.vectors - alone).max() <= 1e-5
        order = np.argsort(-(batched.vectors @ query))
        assert order.tolist() == np.argsort(-(alone @ query)).tolist()
        assert batched.tokens == sum(each.tokens for each in single)


def test_texts_of_like_length_share_a_run(
    embedder: OnnxEmbedder, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Else the longest would make the model read as many tokens of padding for each other."""
    shapes = []
    run = embedder._run

    def note(encodings: Sequence[Encoding]) -> Matrix:
        shapes.append((len(encodings), max(map(len, encodings))))
        return run(encodings)

    monkeypatch.setattr(embedder, "_run", note)
    embed(embedder, ["word " * 198, "hello", "word " * 98, "hello you", "word " * 198])
    assert shapes == [(3, 100), (2, 200)]


def test_the_longest_text_is_read_whole_and_a_longer_one_refused(embedder: OnnxEmbedder) -> None:
    longest = "word " * 254
    assert embed(embedder, [longest]).tokens == 256
    with pytest.raises(InputTooLarge, match="text 1 has 257 tokens, the model reads 256") as caught:
        embed(embedder, ["short", longest + "word"])
    assert (caught.value.index, caught.value.tokens, caught.value.limit) == (1, 257, 256)


def test_threads_are_as_asked_and_do_not_spin(embedder: OnnxEmbedder) -> None:
    single = embedded.load(threads=1)
    options = single.session.get_session_options()
    assert options.intra_op_num_threads == 1
    assert options.get_session_config_entry("session.intra_op.allow_spinning") == "0"
    difference = embed(single, [ANIMALS]).vectors - embed(embedder, [ANIMALS]).vectors
    assert np.abs(difference).max() <= 1e-5


def test_the_environment_says_which_model_and_how_many_threads(tmp_path: Path) -> None:
    environ = {"INFERENCE_THREADS": "1", "EMBEDDING_MODEL_DIR": ""}
    options = embedded.configured(environ)().session.get_session_options()
    assert options.intra_op_num_threads == 1
    elsewhere = embedded.configured({"EMBEDDING_MODEL_DIR": str(tmp_path)})
    with pytest.raises(ModelError, match="cannot be read") as caught:
        elsewhere()
    assert caught.value.what == str(tmp_path / "models.toml")


@pytest.mark.parametrize("threads", ["-1", "two", "1.5"])
def test_a_setting_that_cannot_be_used_is_named_before_anything_is_loaded(threads: str) -> None:
    with pytest.raises(SettingError, match="INFERENCE_THREADS must be a whole number"):
        embedded.configured({"INFERENCE_THREADS": threads})


@pytest.mark.parametrize("module", ["onnxruntime", "tokenizers"])
def test_a_missing_runtime_is_named_with_its_remedy(
    monkeypatch: pytest.MonkeyPatch, module: str
) -> None:
    monkeypatch.setitem(sys.modules, module, None)
    with pytest.raises(ModelError, match="uv sync") as caught:
        embedded.load()
    assert caught.value.what == module


def test_nothing_is_looked_up_or_connected_to() -> None:
    """In a process of its own, because an audit hook stays; the last call shows that it bites."""
    script = """
import socket, sys

def refuse(event, arguments):
    if event in ("socket.connect", "socket.getaddrinfo", "socket.sendto"):
        raise SystemExit("network: " + event)

sys.addaudithook(refuse)
from intelligence import embedded
from intelligence.ports import embed
print(embed(embedded.load(), ["hello"]).tokens)
socket.create_connection(("192.0.2.1", 80))
"""
    process = [sys.executable, "-c", script]
    done = subprocess.run(process, capture_output=True, text=True, check=False)
    assert (done.stdout, done.stderr) == ("3\n", "network: socket.getaddrinfo\n")


def test_the_runtime_keeps_no_identity_of_this_machine_to_report_under(tmp_path: Path) -> None:
    """Its telemetry is native, so no audit hook sees it; the id and the queue of events are files.

    The environment holds nothing else, because the runtime is silent where it takes it for CI's.
    """
    script = (
        "from intelligence import embedded, ports;"
        "print(ports.embed(embedded.load(), ['hello']).tokens)"
    )
    process = [sys.executable, "-c", script]
    environment = {"HOME": str(tmp_path)}
    done = subprocess.run(process, env=environment, capture_output=True, text=True, check=False)
    assert (done.stdout, done.stderr) == ("3\n", "")
    assert list(tmp_path.rglob("*")) == []


def test_classification_prefers_the_fitting_label(embedder: OnnxEmbedder) -> None:
    texts = [MONEY, WEATHER]
    embeddings = embed(embedder, sentences(texts, ["weather", "finance", "cooking"]))
    result = classify(embeddings, len(texts))
    assert result.scores.argmax(axis=1).tolist() == [1, 0]
    assert result.scores.sum(axis=1) == pytest.approx([1, 1], abs=1e-5)
    assert result.tokens > embed(embedder, texts).tokens


def test_a_text_that_fits_no_label_still_gets_scores_that_sum_to_one(
    embedder: OnnxEmbedder,
) -> None:
    result = classify(embed(embedder, sentences([ANIMALS], ["tax law", "chemistry"])), 1)
    assert result.scores.sum() == pytest.approx(1, abs=1e-5)


def test_ranking_is_by_cosine_best_first(embedder: OnnxEmbedder) -> None:
    embeddings = embed(embedder, ["How much does a loan cost?", WEATHER, ANIMALS, MONEY])
    ranking = rank(embeddings, top_k=2)
    assert len(ranking.matches) == 2
    assert ranking.matches[0].index == 2
    query, *documents = embeddings.vectors
    expected = sorted((float(query @ document) for document in documents), reverse=True)[:2]
    assert [match.score for match in ranking.matches] == pytest.approx(expected, abs=1e-5)


def test_equal_scores_keep_their_order_and_top_k_may_exceed_the_documents() -> None:
    far, near = [0, 1], [1, 0]
    vectors = np.array([near, far, near, far, near], np.float32)
    ranking = rank(Embeddings(vectors, 0, "exact"), top_k=10)
    assert [match.index for match in ranking.matches] == [1, 3, 0, 2]
