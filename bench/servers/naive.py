"""What one writes first: a coroutine that runs the model for each request. No key, no metering, no limits.

The bodies are those of the emitted service, so that both validate and serialise the same.
"""

import base64

from fastapi import FastAPI
from intelligence import embedded
from intelligence.api.inference import Embedding, EmbeddingsRequest, EmbeddingsResponse, TokenUsage
from intelligence.ports import embed

model = embedded.load()
app = FastAPI()


@app.post("/v1/embeddings")
async def embeddings(body: EmbeddingsRequest) -> EmbeddingsResponse:
    result = embed(model, body.input)
    if body.encoding_format == "base64":
        vectors = [base64.b64encode(vector).decode() for vector in result.vectors.astype("<f4")]
    else:
        vectors = result.vectors.tolist()
    return EmbeddingsResponse(
        data=[Embedding(index=index, embedding=each) for index, each in enumerate(vectors)],
        model=result.model,
        usage=TokenUsage(prompt_tokens=result.tokens, total_tokens=result.tokens),
    )
