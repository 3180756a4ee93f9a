"""What the inference API and the chatbot are usually asked, for made-up usage."""

from intelligence.usual import Usual

MODEL = "all-minilm-l6-v2-int8"

OPERATIONS = (
    Usual("embeddings", MODEL, 5, 120, 0, 9.0),
    Usual("similar", MODEL, 3, 420, 0, 24.0),
    Usual("classify", MODEL, 2, 160, 0, 15.0),
    Usual("chat", "extractive", 5, 600, 60, 400.0),
    Usual("search", MODEL, 2, 12, 0, 23.0),
    Usual("documents", MODEL, 1, 900, 0, 300.0),
)
