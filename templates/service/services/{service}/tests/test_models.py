"""`/v1/models`, by the tests that every edge of `intelligence` passes."""

from intelligence.testing.models import ModelsContract


class TestModels(ModelsContract):
    """Of all features that are here."""
