"""Writing answers, piece by piece. Asynchronous alone: an answer takes long, and many are written
at a time."""
