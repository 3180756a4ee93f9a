"""LitServe with its own batching, as its documentation shows it; a request holds one text."""

import base64
import sys

import litserve
from intelligence import embedded
from intelligence.ports import embed


class Embeddings(litserve.LitAPI):
    def setup(self, device):
        self.model = embedded.load()

    def decode_request(self, request):
        return request["input"], request["encoding_format"]

    def predict(self, batch):
        vectors = embed(self.model, [text for text, _ in batch]).vectors.astype("<f4")
        return [
            base64.b64encode(vector).decode() if form == "base64" else vector.tolist()
            for vector, (_, form) in zip(vectors, batch, strict=True)
        ]

    def encode_response(self, output):
        data = [{"object": "embedding", "index": 0, "embedding": output}]
        return {"object": "list", "data": data, "model": "all-minilm-l6-v2-int8"}


if __name__ == "__main__":
    api = Embeddings(max_batch_size=32, batch_timeout=0.002, api_path="/v1/embeddings")
    server = litserve.LitServer(api, accelerator="cpu", workers_per_device=1)
    server.run(host="127.0.0.1", port=int(sys.argv[1]), generate_client_file=False, log_level="warning")
