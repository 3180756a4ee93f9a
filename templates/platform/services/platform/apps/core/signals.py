"""What the core tells the apps."""

from django.dispatch import Signal

# The process is about to serve. A receiver that raises keeps it from doing so.
server_starts = Signal()
