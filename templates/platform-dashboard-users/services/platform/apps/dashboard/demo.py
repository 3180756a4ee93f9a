"""Whose the made-up usage is: users that nobody can log in as.

They are inactive and have no password, and no mail can reach their addresses (RFC 2606 §2).
"""

from django.contrib.auth.hashers import make_password

from apps.accounts.models import User

# address: share of the requests
USERS = {
    "ada@demo.invalid": 6,
    "grace@demo.invalid": 3,
    "edsger@demo.invalid": 2,
}


def callers() -> dict[int, int]:
    """Their ids, each with its share of the requests. Makes those that are not there."""
    shares = {}
    for email, share in USERS.items():
        closed = {"password": make_password(None), "is_active": False}
        user, _created = User.objects.update_or_create(closed, email=email)
        shares[user.pk] = share
    return shares
