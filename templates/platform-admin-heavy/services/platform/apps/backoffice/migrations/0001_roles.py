from django.apps.registry import Apps
from django.db import migrations
from django.db.backends.base.schema import BaseDatabaseSchemaEditor

from apps.backoffice import roles

ROLES = {
    "User managers": ["accounts.view_user", "accounts.add_user", "accounts.change_user"],
    "Auditors": ["accounts.view_user", "ai.view_usagerecord"],
}


def make(apps: Apps, _: BaseDatabaseSchemaEditor) -> None:
    roles.grant(apps, ROLES)


def remove(apps: Apps, _: BaseDatabaseSchemaEditor) -> None:
    roles.remove(apps, ROLES)


class Migration(migrations.Migration):
    dependencies = [
        ("accounts", "0001_initial"),
        ("auth", "0012_alter_user_first_name_max_length"),
        ("contenttypes", "0002_remove_content_type_name"),
    ]

    operations = [migrations.RunPython(make, remove)]
