import pytest

from intelligence import embedded
from intelligence.embedded import OnnxEmbedder


@pytest.fixture(scope="session")
def embedder() -> OnnxEmbedder:
    """The shipped model."""
    return embedded.load()
