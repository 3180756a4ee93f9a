"""Development's superuser need not confirm an address that gets no mail."""

from apps.accounts.models import User
from apps.backoffice.seeds import EMAIL


def seed() -> None:
    """After the back office's own, which makes the user."""
    user = User.objects.get(email=EMAIL)
    user.emailaddress_set.update_or_create(
        email=EMAIL, defaults={"verified": True, "primary": True}
    )
