"""Who used the AI, as the dashboard names them: users, by their e-mail addresses."""

from collections.abc import Iterable

from apps.accounts.models import User

HEADING = "User"
COLUMN = "user_id"  # of UsageRecord
NOBODY = "deleted since"


def labels(ids: Iterable[int]) -> dict[int, tuple[str, str]]:
    """A user's address, and nothing else to tell it from others."""
    users = User.objects.filter(id__in=ids).values_list("id", "email")
    return {user_id: (email, "") for user_id, email in users}
