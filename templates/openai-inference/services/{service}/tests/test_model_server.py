"""The inference contract with AI_BACKEND=openai, on a second process of this service itself."""

import os
import subprocess
import sys
from pathlib import Path

from intelligence.testing import model_server

MODEL = "all-minilm-l6-v2-int8"


def test_the_contract_holds_on_a_model_server(tmp_path: Path) -> None:
    environ = {name: value for name, value in os.environ.items() if not name.startswith("TEST_")}
    command = [sys.executable, "-m", "pytest", "tests/test_inference.py::TestInference", "-q"]
    with model_server.running(tmp_path) as server:
        asked = {**server.environ, "EMBEDDING_MODEL": MODEL}
        environ |= {f"TEST_{name}": value for name, value in asked.items()}
        environ["TEST_DATABASE_URL"] = f"sqlite:///{tmp_path}/test.sqlite3"  # not that of these
        done = subprocess.run(command, env=environ, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stdout
        assert server.calls("embeddings") > 0
