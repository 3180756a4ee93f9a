from django.apps.registry import Apps
from django.db import migrations
from django.db.backends.base.schema import BaseDatabaseSchemaEditor

from apps.backoffice import roles

OPERATORS = {"Operators": ["ai.view_apikey", "ai.change_apikey", "ai.view_usagerecord"]}
AUDITORS = {"Auditors": ["ai.view_apikey"]}


def make(apps: Apps, _: BaseDatabaseSchemaEditor) -> None:
    roles.grant(apps, OPERATORS | AUDITORS)


def remove(apps: Apps, _: BaseDatabaseSchemaEditor) -> None:
    roles.remove(apps, OPERATORS)


class Migration(migrations.Migration):
    dependencies = [("backoffice", "0001_roles"), ("ai", "0001_initial")]

    operations = [migrations.RunPython(make, remove)]
