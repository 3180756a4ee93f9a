"""What is usually sent to the real-time analytics."""

from intelligence.usual import Usual

OPERATIONS = (Usual("measurements", "windows", 6, 0, 0, 12.0),)
