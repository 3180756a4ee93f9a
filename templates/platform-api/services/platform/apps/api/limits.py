"""How much an API key may send to this process."""

from collections.abc import Callable

from django.conf import settings

from intelligence.api.rate_limits import RateLimits

limits = RateLimits(settings.RATE_LIMIT)

# What else may refuse a caller who asks for a scope, by its key's id: of apps, when they are ready.
DOORS: list[Callable[[str], None]] = []
