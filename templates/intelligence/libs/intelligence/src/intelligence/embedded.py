"""The embedding model that runs in this process: ONNX on the CPU, no key, no network.

Any sentence-embedding model will do that is one ONNX file whose first output is a vector a token,
to be averaged (mean pooling), with a tokenizer.json.
"""

import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from intelligence import environment, model_files
from intelligence.errors import InputTooLarge, ModelError
from intelligence.ports import Embeddings, Matrix

# The runtime is an extra: a process that asks a remote model does without it.
if TYPE_CHECKING:
    from onnxruntime import InferenceSession  # type: ignore[import-untyped]
    from tokenizers import Encoding, Tokenizer

TOKENS_A_RUN = 512
"""Padding included. Larger runs are no faster on a CPU, but the process keeps their memory."""

BATCH_CHARACTERS = 500
"""Ten short texts or so. More spares nothing more, and callers would wait for each other."""


@dataclass(frozen=True, slots=True)
class Tokenized:
    """An `intelligence.ports.Prepared`."""

    encodings: "Sequence[Encoding]"
    tokens: int


class OnnxEmbedder:
    """An `intelligence.ports.Embedder`; `load` makes one."""

    concurrency = 1  # a run uses all cores
    batch_characters = BATCH_CHARACTERS

    def __init__(
        self, model: str, max_tokens: int, session: "InferenceSession", tokenizer: "Tokenizer"
    ) -> None:
        self.model = model
        self.dimensions: int = session.get_outputs()[0].shape[-1]
        self.session = session
        self._max_tokens = max_tokens
        self._tokenizer = tokenizer
        self._inputs = [each.name for each in session.get_inputs()]

    def prepare(self, texts: Sequence[str]) -> Tokenized:
        encodings = self._tokenizer.encode_batch(list(texts))
        lengths = [len(encoding) for encoding in encodings]
        for index, length in enumerate(lengths):
            if length > self._max_tokens:
                raise InputTooLarge(index, length, self._max_tokens)
        return Tokenized(encodings, sum(lengths))

    def run(self, batch: Sequence[Tokenized]) -> list[Embeddings]:
        encodings = [encoding for request in batch for encoding in request.encodings]
        vectors = np.empty((len(encodings), self.dimensions), np.float32)
        for rows in _parts([len(encoding) for encoding in encodings]):
            vectors[rows] = self._run([encodings[row] for row in rows])
        ends = np.cumsum([len(request.encodings) for request in batch])
        return [
            Embeddings(own, request.tokens, self.model)
            for own, request in zip(np.split(vectors, ends[:-1]), batch, strict=True)
        ]

    def _run(self, encodings: "Sequence[Encoding]") -> Matrix:
        ids = np.zeros((len(encodings), max(map(len, encodings))), np.int64)
        mask = np.zeros_like(ids)
        for row, encoding in enumerate(encodings):
            ids[row, : len(encoding)] = encoding.ids
            mask[row, : len(encoding)] = 1
        feed = {"input_ids": ids, "attention_mask": mask, "token_type_ids": np.zeros_like(ids)}
        states: Matrix = self.session.run(None, {name: feed[name] for name in self._inputs})[0]
        weights = mask[..., np.newaxis].astype(np.float32)
        pooled: Matrix = (states * weights).sum(axis=1) / weights.sum(axis=1)
        pooled /= np.linalg.norm(pooled, axis=1, keepdims=True)
        return pooled


def _parts(lengths: Sequence[int]) -> Iterator[list[int]]:
    """Positions for one run each, of texts about as long: a run pads them to the longest."""
    part: list[int] = []
    for position in sorted(range(len(lengths)), key=lengths.__getitem__):
        if part and (len(part) + 1) * lengths[position] > TOKENS_A_RUN:
            yield part
            part = []
        part.append(position)
    yield part


def load(folder: Path | None = None, *, threads: int = 0) -> OnnxEmbedder:
    """Opens the model in `folder`, or the shipped one.

    Args:
        folder: holds a models.toml and the files it names, see docs/models.md.
        threads: how many one run may use; 0: one a physical core.

    Raises:
        ModelError: the runtime or a file is missing, or a checksum is wrong.
    """
    os.environ.setdefault("HF_HUB_OFFLINE", "1")  # tokenizers brings a downloader along
    os.environ.setdefault("ORT_DISABLE_TELEMETRY", "1")  # the runtime reports to its maker
    try:
        import onnxruntime
        import tokenizers
    except ModuleNotFoundError as error:
        remedy = "install the extra `embedded` (`uv sync` does)"
        raise ModelError(str(error.name), "not installed", remedy) from error

    files = model_files.read(folder or model_files.SHIPPED)
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")  # idle threads sleep
    session = onnxruntime.InferenceSession(files.weights, options, ["CPUExecutionProvider"])
    tokenizer = tokenizers.Tokenizer.from_str(files.tokenizer)
    tokenizer.no_truncation()  # the shipped file would cut at 128 tokens and pad to as many
    tokenizer.no_padding()
    return OnnxEmbedder(files.name, files.max_tokens, session, tokenizer)


def configured(environ: Mapping[str, str]) -> Callable[[], OnnxEmbedder]:
    """`load` as EMBEDDING_MODEL_DIR and INFERENCE_THREADS ask for it. Raises SettingError."""
    folder = environ.get("EMBEDDING_MODEL_DIR")
    threads = environment.number(environ, "INFERENCE_THREADS", 0, least=0)
    return partial(load, Path(folder) if folder else None, threads=threads)
