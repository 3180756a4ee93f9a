"""`/v1/usage`, by the tests that every edge of `intelligence` passes."""

from intelligence.testing.usage_api import UsageApiContract


class TestUsage(UsageApiContract):
    """Of requests that were put down by hand."""
