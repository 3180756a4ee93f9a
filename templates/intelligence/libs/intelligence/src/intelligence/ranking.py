"""Semantic ranking: documents by the cosine of their vectors with the query's."""

import numpy as np

from intelligence.ports import Embeddings, Match, Ranking


def rank(embeddings: Embeddings, top_k: int) -> Ranking:
    """The best `top_k` documents, or all if there are fewer. The first vector is the query's."""
    scores = embeddings.vectors[1:] @ embeddings.vectors[0]
    nearest = np.argsort(-scores, kind="stable")[:top_k]
    matches = tuple(Match(int(index), float(scores[index])) for index in nearest)
    return Ranking(matches, embeddings.tokens, embeddings.model)
