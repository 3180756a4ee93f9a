"""The model, and the API that asks it."""

from pathlib import Path

from config.environment import number, text

DEV_API_KEY = text("DEV_API_KEY")
EMBEDDING_MODEL_DIR = Path(folder) if (folder := text("EMBEDDING_MODEL_DIR")) else None
INFERENCE_THREADS = number("INFERENCE_THREADS", 0, least=0)
# Each request that waits holds a thread of the server, as does each of those that share the run
# before, at most as many; and pages need some, too.
INFERENCE_QUEUE = number("INFERENCE_QUEUE", 4)
INFERENCE_TIMEOUT = number("INFERENCE_TIMEOUT", 30)  # seconds

DATA_UPLOAD_MAX_MEMORY_SIZE = 1024 * 1024  # bytes
