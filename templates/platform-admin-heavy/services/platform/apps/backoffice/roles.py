"""The roles of staff, for migrations that make one or widen it.

A role is a group; superusers assign them, and may change what they permit.
"""

from collections.abc import Iterable, Mapping

from django.apps.registry import Apps


def grant(apps: Apps, roles: Mapping[str, Iterable[str]]) -> None:
    """Adds permissions, such as `accounts.view_user`, to the role of each name."""
    ContentType = apps.get_model("contenttypes", "ContentType")
    Permission = apps.get_model("auth", "Permission")
    for role, permissions in roles.items():
        group, _created = apps.get_model("auth", "Group").objects.get_or_create(name=role)
        for permission in permissions:
            label, codename = permission.split(".")
            action, model = codename.split("_")
            kind, _created = ContentType.objects.get_or_create(app_label=label, model=model)
            # Django makes permissions after the last migration; what is there by then it keeps.
            found, _created = Permission.objects.get_or_create(
                content_type=kind, codename=codename, defaults={"name": f"Can {action} {model}"}
            )
            group.permissions.add(found)


def remove(apps: Apps, roles: Iterable[str]) -> None:
    apps.get_model("auth", "Group").objects.filter(name__in=roles).delete()
