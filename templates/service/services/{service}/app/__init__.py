"""The AI service: HTTP, keys, storage. What is computed, and how, is the `intelligence` package's affair."""
