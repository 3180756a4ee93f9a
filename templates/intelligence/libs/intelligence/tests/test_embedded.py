import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest

from intelligence import embedded
from intelligence.classification import classify
from intelligence.embedded import OnnxEmbedder
from intelligence.errors import InferenceFailed, InputTooLarge, ModelError
from intelligence.ports import Embeddings
from intelligence.ranking import rank

ANIMALS = "Dogs and cats are popular pets."
MONEY = "The bank raised its interest rates."
WEATHER = "Heavy rain is expected tonight."


def test_vectors_have_length_one(embedder: OnnxEmbedder) -> None:
    embeddings = embedder.embed([ANIMALS, MONEY])
    assert embeddings.vectors.shape == (2, embedder.dimensions) == (2, 384)
    assert embeddings.vectors.dtype == np.float32
    assert np.linalg.norm(embeddings.vectors, axis=1) == pytest.approx([1, 1], abs=1e-5)
    assert embeddings.model == embedder.model == "all-minilm-l6-v2-int8"


@pytest.mark.parametrize("texts", [["hello world"], ["hello world", "hello " * 50]])
def test_tokens_are_what_the_model_reads_without_padding(
    embedder: OnnxEmbedder, texts: list[str]
) -> None:
    assert embedder.embed(texts).tokens == sum(len(text.split()) + 2 for text in texts)


def test_a_batch_gives_what_single_texts_give(embedder: OnnxEmbedder) -> None:
    """To 1e-5: the last bits differ between CPUs. The texts are too many for one run."""
    texts = [f"{text} {'And so on. ' * n}" for n in range(20) for text in (ANIMALS, MONEY)]
    together = embedder.embed(texts).vectors
    alone = np.concatenate([embedder.embed([text]).vectors for text in texts])
    assert np.abs(together - alone).max() <= 1e-5
    query = embedder.embed(["interest"]).vectors[0]
    assert np.argsort(-(together @ query)).tolist() == np.argsort(-(alone @ query)).tolist()


def test_the_longest_text_is_read_whole_and_a_longer_one_refused(embedder: OnnxEmbedder) -> None:
    longest = "word " * 254
    assert embedder.embed([longest]).tokens == 256
    with pytest.raises(InputTooLarge, match="text 1 has 257 tokens, the model reads 256") as caught:
        embedder.embed(["short", longest + "word"])
    assert (caught.value.index, caught.value.tokens, caught.value.limit) == (1, 257, 256)


def test_a_failed_run_tells_what_it_cost(
    embedder: OnnxEmbedder, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(encodings: Sequence[object]) -> None:
        raise RuntimeError("out of memory")

    monkeypatch.setattr(embedder, "_run", fail)
    with pytest.raises(InferenceFailed, match="4 tokens") as caught:
        embedder.embed(["hello world"])
    assert caught.value.tokens == 4


def test_threads_are_as_asked_and_do_not_spin(embedder: OnnxEmbedder) -> None:
    single = embedded.load(threads=1)
    options = single.session.get_session_options()
    assert options.intra_op_num_threads == 1
    assert options.get_session_config_entry("session.intra_op.allow_spinning") == "0"
    difference = single.embed([ANIMALS]).vectors - embedder.embed([ANIMALS]).vectors
    assert np.abs(difference).max() <= 1e-5


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
print(embedded.load().embed(["hello"]).tokens)
socket.create_connection(("192.0.2.1", 80))
"""
    process = [sys.executable, "-c", script]
    done = subprocess.run(process, capture_output=True, text=True, check=False)
    assert (done.stdout, done.stderr) == ("3\n", "network: socket.getaddrinfo\n")


def test_the_runtime_keeps_no_identity_of_this_machine_to_report_under(tmp_path: Path) -> None:
    """Its telemetry is native, so no audit hook sees it; the id and the queue of events are files.

    The environment holds nothing else, because the runtime is silent where it takes it for CI's.
    """
    script = "from intelligence import embedded; print(embedded.load().embed(['hello']).tokens)"
    process = [sys.executable, "-c", script]
    environment = {"HOME": str(tmp_path)}
    done = subprocess.run(process, env=environment, capture_output=True, text=True, check=False)
    assert (done.stdout, done.stderr) == ("3\n", "")
    assert list(tmp_path.rglob("*")) == []


def test_classification_prefers_the_fitting_label(embedder: OnnxEmbedder) -> None:
    result = classify(embedder, [MONEY, WEATHER], ["weather", "finance", "cooking"])
    assert result.scores.argmax(axis=1).tolist() == [1, 0]
    assert result.scores.sum(axis=1) == pytest.approx([1, 1], abs=1e-5)
    assert result.tokens > embedder.embed([MONEY, WEATHER]).tokens


def test_a_text_that_fits_no_label_still_gets_scores_that_sum_to_one(
    embedder: OnnxEmbedder,
) -> None:
    result = classify(embedder, [ANIMALS], ["tax law", "chemistry"])
    assert result.scores.sum() == pytest.approx(1, abs=1e-5)


def test_ranking_is_by_cosine_best_first(embedder: OnnxEmbedder) -> None:
    documents = [WEATHER, ANIMALS, MONEY]
    ranking = rank(embedder, "How much does a loan cost?", documents, top_k=2)
    assert len(ranking.matches) == 2
    assert ranking.matches[0].index == 2
    vectors = embedder.embed(["How much does a loan cost?", *documents]).vectors
    expected = sorted((float(vectors[0] @ vector) for vector in vectors[1:]), reverse=True)[:2]
    assert [match.score for match in ranking.matches] == pytest.approx(expected, abs=1e-5)


def test_equal_scores_keep_their_order_and_top_k_may_exceed_the_documents() -> None:
    class Exact:
        """Rounding aside: the same text has the very same vector."""

        model = "exact"
        dimensions = 2

        def embed(self, texts: Sequence[str]) -> Embeddings:
            vectors = {"far": [0, 1], "near": [1, 0]}
            return Embeddings(np.array([vectors[text] for text in texts], np.float32), 0, "exact")

    ranking = rank(Exact(), "near", ["far", "near", "far", "near"], top_k=10)
    assert [match.index for match in ranking.matches] == [1, 3, 0, 2]
