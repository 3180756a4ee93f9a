"""How well documents are found, by the measure of `intelligence` (docs/retrieval.md)."""

from intelligence.testing.retrieval import RetrievalContract


class TestRetrieval(RetrievalContract):
    """On SQLite, or TEST_DATABASE_URL."""
