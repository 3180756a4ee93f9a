"""The roles of staff. A role is a group; superusers assign them, and may change what they permit."""

from django.apps.registry import Apps
from django.db import migrations
from django.db.backends.base.schema import BaseDatabaseSchemaEditor

ROLES = {
    "User managers": ["accounts.view_user", "accounts.add_user", "accounts.change_user"],
    "Operators": ["ai.view_apikey", "ai.change_apikey", "ai.view_usagerecord"],
    "Auditors": ["accounts.view_user", "ai.view_apikey", "ai.view_usagerecord"],
}


def make(apps: Apps, _: BaseDatabaseSchemaEditor) -> None:
    ContentType = apps.get_model("contenttypes", "ContentType")
    Permission = apps.get_model("auth", "Permission")
    for role, permissions in ROLES.items():
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


def remove(apps: Apps, _: BaseDatabaseSchemaEditor) -> None:
    apps.get_model("auth", "Group").objects.filter(name__in=ROLES).delete()


class Migration(migrations.Migration):
    dependencies = [
        ("accounts", "0001_initial"),
        ("ai", "0001_initial"),
        ("auth", "0012_alter_user_first_name_max_length"),
        ("contenttypes", "0002_remove_content_type_name"),
    ]

    operations = [migrations.RunPython(make, remove)]
