"""What recommendations are usually asked for, for made-up usage."""

from intelligence.usual import Usual

MODEL = "all-minilm-l6-v2-int8"

OPERATIONS = (
    Usual("recommendations", MODEL, 6, 0, 0, 9.0),
    Usual("similar-items", MODEL, 2, 0, 0, 6.0),
    Usual("items", MODEL, 1, 240, 0, 40.0),
)
