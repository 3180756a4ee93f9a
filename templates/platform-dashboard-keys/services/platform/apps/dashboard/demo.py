"""Whose the made-up usage is: keys that open nothing.

They have no scope, and their digests are of nothing.
"""

import secrets

from apps.ai.models import ApiKey

# id: name, share of the requests
KEYS = {
    "ak_demo_shop": ("Demo: web shop", 6),
    "ak_demo_support": ("Demo: support desk", 3),
    "ak_demo_search": ("Demo: nightly search index", 2),
}


def callers() -> dict[str, int]:
    """Their ids, each with its share of the requests. Makes those that are not there."""
    for key_id, (name, _) in KEYS.items():
        shown = {"name": name, "digest": secrets.token_hex(32)}
        ApiKey.objects.update_or_create(id=key_id, defaults=shown)
    return {key_id: share for key_id, (_, share) in KEYS.items()}
