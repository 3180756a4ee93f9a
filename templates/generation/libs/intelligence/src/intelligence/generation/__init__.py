"""Writing answers, piece by piece. Asynchronous only: it takes long, and many run at a time."""
