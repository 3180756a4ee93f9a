"""Zero-shot classification: a text is compared in meaning with a sentence about each label.

The scores say how the labels compare with each other for this text. They are not calibrated probabilities: a text
that fits none of the labels still gets scores that sum to 1. Add a label such as "something else" where that matters.
"""

from collections.abc import Sequence

import numpy as np

from intelligence.ports import Classifications, Embedder

HYPOTHESIS = "This text is about {}."

TEMPERATURE = 0.05
"""Cosines are divided by it before the softmax; sentence-transformers trains with the same scale, 20."""


def classify(embedder: Embedder, texts: Sequence[str], labels: Sequence[str]) -> Classifications:
    """Softmax over the cosines of each text with each label's sentence.

    Raises InputTooLarge (the labels' positions follow the texts') and InferenceFailed.
    """
    embeddings = embedder.embed([*texts, *(HYPOTHESIS.format(label) for label in labels)])
    of_texts, of_labels = np.split(embeddings.vectors, [len(texts)])
    logits = of_texts @ of_labels.T / TEMPERATURE
    weights = np.exp(logits - logits.max(axis=1, keepdims=True))
    scores = weights / weights.sum(axis=1, keepdims=True)
    return Classifications(scores, embeddings.tokens, embeddings.model)
