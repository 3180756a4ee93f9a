"""How much an API key may send to this process."""

from django.conf import settings

from intelligence.api.rate_limits import RateLimits

limits = RateLimits(settings.RATE_LIMIT)
