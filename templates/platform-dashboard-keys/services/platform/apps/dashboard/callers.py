"""Who used the AI, as the dashboard names them: API keys."""

from collections.abc import Iterable

from apps.ai.models import ApiKey

HEADING = "API key"
COLUMN = "key_id"  # of UsageRecord
NOBODY = "none"


def labels(ids: Iterable[str]) -> dict[str, tuple[str, str]]:
    """A key's name, and its id to tell it from others of that name."""
    keys = ApiKey.objects.filter(id__in=ids).values_list("id", "name")
    return {key_id: (name, key_id) for key_id, name in keys}
