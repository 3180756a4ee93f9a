"""Writing answers, piece by piece. Asynchronous only: an answer takes long, and many are written at a time."""
