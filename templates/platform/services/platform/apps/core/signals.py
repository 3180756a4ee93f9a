"""What the core tells the apps."""

from django.dispatch import Signal

# The process is about to serve. A receiver that raises keeps it from doing so. It is given
# `threads`: of the server, one for each request; None: it has none, and serves coroutines.
server_starts = Signal()
