"""What the inference API is usually asked."""

from intelligence.usual import Usual

MODEL = "all-minilm-l6-v2-int8"

OPERATIONS = (
    Usual("embeddings", MODEL, 5, 120, 0, 9.0),
    Usual("similar", MODEL, 3, 420, 0, 24.0),
    Usual("classify", MODEL, 2, 160, 0, 15.0),
)
