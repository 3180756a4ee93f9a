"""Is the model as good as its card says?

The gate is the measured value less 0.05; controls must miss it. The set is small and its topics lie
far apart: it shows that a model works, not which of two is better.
"""

import logging
import math
import os
import re
import tomllib
from collections import Counter
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from intelligence import embedded
from intelligence.classification import classify, sentences
from intelligence.embedded import OnnxEmbedder
from intelligence.ports import Matrix, embed

GATE = 0.95

logger = logging.getLogger(__name__)


@pytest.fixture(scope="module")
def measured() -> OnnxEmbedder:
    folder = os.environ.get("EMBEDDING_MODEL_DIR")
    return embedded.load(Path(folder) if folder else None)


@pytest.fixture(scope="module")
def evaluation() -> dict[str, Any]:
    return tomllib.loads(Path(__file__).with_name("evaluation.toml").read_text())


def retrieval(name: str, queries: Matrix, documents: Matrix) -> tuple[float, float]:
    """hit@1 and mean reciprocal rank; document i answers query i, ties count against the model."""
    cosines = queries @ documents.T
    ranks = (cosines >= cosines.diagonal()[:, np.newaxis]).sum(axis=1)
    hit, mrr = float((ranks == 1).mean()), float((1 / ranks).mean())
    logger.info("%s: hit@1 %.3f, MRR %.3f", name, hit, mrr)
    return hit, mrr


def tf_idf(texts: list[str]) -> Matrix:
    words = [Counter(re.findall(r"\w+", text.lower())) for text in texts]
    documents = Counter(word for counts in words for word in counts)
    rows = [
        [counts[word] * math.log(len(texts) / documents[word]) for word in documents]
        for counts in words
    ]
    vectors = np.array(rows, np.float32)
    return vectors / np.linalg.norm(vectors, axis=1, keepdims=True)


def test_retrieval(measured: OnnxEmbedder, evaluation: dict[str, Any]) -> None:
    pairs = evaluation["retrieval"]["pairs"]
    texts = [query for query, _ in pairs] + [document for _, document in pairs]
    queries, documents = np.split(embed(measured, texts).vectors, 2)

    assert min(retrieval(measured.model, queries, documents)) >= GATE
    assert max(retrieval("control: shuffled", queries, np.roll(documents, 1, axis=0))) < GATE
    assert max(retrieval("control: TF-IDF", *np.split(tf_idf(texts), 2))) < GATE


def test_classification(measured: OnnxEmbedder, evaluation: dict[str, Any]) -> None:
    labels, texts = evaluation["classification"]["labels"], evaluation["classification"]["texts"]
    expected = [labels.index(label) for _, label in texts]
    embeddings = embed(measured, sentences([text for text, _ in texts], labels))
    scores = classify(embeddings, len(texts)).scores

    def accuracy(name: str, scores: Matrix) -> float:
        share = float((scores.argmax(axis=1) == expected).mean())
        logger.info("%s: accuracy %.3f", name, share)
        return share

    assert accuracy(measured.model, scores) >= GATE
    assert accuracy("control: shuffled", np.roll(scores, 1, axis=1)) < GATE
