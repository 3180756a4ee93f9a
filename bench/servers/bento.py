"""BentoML with its adaptive batching, as its documentation shows it; a request holds one text.

What it batches are lists, so the answer is a bare list without OpenAI's envelope.
"""

import base64

import bentoml
from intelligence import embedded
from intelligence.ports import embed


@bentoml.service(
    workers=1,
    traffic={"timeout": 60, "max_concurrency": 1024},
    logging={"access": {"enabled": False}},
    metrics={"enabled": False},
)
class Embeddings:
    def __init__(self) -> None:
        self.model = embedded.load()

    @bentoml.api(batchable=True, max_batch_size=32, max_latency_ms=5000, route="/v1/embeddings")
    def embeddings(self, input: list[str]) -> list[str]:
        vectors = embed(self.model, input).vectors.astype("<f4")
        return [base64.b64encode(vector).decode() for vector in vectors]
