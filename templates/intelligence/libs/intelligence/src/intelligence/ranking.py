"""Semantic ranking: documents by the cosine of their vectors with the query's."""

from collections.abc import Sequence

import numpy as np

from intelligence.ports import Embedder, Match, Ranking


def rank(embedder: Embedder, query: str, documents: Sequence[str], top_k: int) -> Ranking:
    """The best `top_k` documents, or all if there are fewer.

    Raises InputTooLarge (position 0 is the query, the documents follow) and InferenceFailed.
    """
    embeddings = embedder.embed([query, *documents])
    scores = embeddings.vectors[1:] @ embeddings.vectors[0]
    nearest = np.argsort(-scores, kind="stable")[:top_k]
    matches = tuple(Match(int(index), float(scores[index])) for index in nearest)
    return Ranking(matches, embeddings.tokens, embeddings.model)
