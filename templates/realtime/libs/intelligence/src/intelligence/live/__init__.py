"""Windows told to whoever listens, as they change: asynchronous, for server-sent events and
WebSockets alike."""
