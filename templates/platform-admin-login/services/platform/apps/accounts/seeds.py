"""Development's superuser need not confirm an address that gets no mail."""

from allauth.account.models import EmailAddress

from apps.accounts.models import User
from apps.backoffice.seeds import EMAIL


def seed() -> None:
    """After the back office's own, which makes the user."""
    user = User.objects.get(email=EMAIL)
    confirmed = {"verified": True, "primary": True}
    EmailAddress.objects.update_or_create(user=user, email=EMAIL, defaults=confirmed)
