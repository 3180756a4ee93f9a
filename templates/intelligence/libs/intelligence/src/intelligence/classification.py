"""Zero-shot classification: a text is compared in meaning with a sentence about each label.

The scores say how the labels compare with each other for one text. They are no calibrated
probabilities: a text that fits none of the labels still gets scores that sum to 1. Where that
matters, offer a label for it, such as "something else".
"""

from collections.abc import Sequence

import numpy as np

from intelligence.ports import Classifications, Embeddings, Matrix

HYPOTHESIS = "This text is about {}."

SCALE = np.float32(20)
"""Of cosines before the softmax (a temperature of 0.05), as sentence-transformers trains with."""


def sentences(texts: Sequence[str], labels: Sequence[str]) -> list[str]:
    """What the model reads: the texts, then a sentence about each label."""
    return [*texts, *(HYPOTHESIS.format(label) for label in labels)]


def classify(embeddings: Embeddings, texts: int) -> Classifications:
    """Softmax over the cosines of each of the first `texts` vectors with each of the others."""
    of_texts, of_labels = np.split(embeddings.vectors, [texts])
    logits = of_texts @ of_labels.T * SCALE
    scores: Matrix = np.exp(logits - logits.max(axis=1, keepdims=True))
    scores /= scores.sum(axis=1, keepdims=True)
    return Classifications(scores, embeddings.tokens, embeddings.model)
