"""The AI service: HTTP, API keys and storage around the `intelligence` package, which computes."""
