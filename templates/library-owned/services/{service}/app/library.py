"""Whose documents a caller finds: those of its organisation, or a person's own.

The name of a library comes before the ids of its documents, and ends in what no id holds.
"""

from app.accounts import Person
from app.keys import Caller
from app.tenants import OrganisationKey

STAFFS = "staff/"


def library_of(caller: Caller) -> str:
    """Keys of no organisation, which staff issues by a command, share one."""
    return f"{caller.key_id}/" if isinstance(caller, Person | OrganisationKey) else STAFFS
