"""What the chatbot is usually asked."""

from intelligence.usual import Usual

MODEL = "all-minilm-l6-v2-int8"

OPERATIONS = (
    Usual("chat", "extractive", 5, 600, 60, 400.0),
    Usual("search", MODEL, 2, 12, 0, 23.0),
    Usual("documents", MODEL, 1, 900, 0, 300.0),
)
