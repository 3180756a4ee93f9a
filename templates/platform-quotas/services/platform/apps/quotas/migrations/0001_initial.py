import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):
    initial = True

    dependencies = [("ai", "0001_initial")]

    operations = [
        migrations.CreateModel(
            name="KeyQuota",
            fields=[
                (
                    "key",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.CASCADE,
                        primary_key=True,
                        serialize=False,
                        to="ai.apikey",
                    ),
                ),
                ("tokens_a_month", models.BigIntegerField(null=True)),
                ("requests_a_day", models.BigIntegerField(null=True)),
                ("tokens", models.BigIntegerField(help_text="used in that month")),
                ("requests", models.BigIntegerField(help_text="used on that day")),
                ("month", models.DateField(help_text="its first day")),
                ("day", models.DateField()),
            ],
            options={"db_table": "key_quota"},
        ),
    ]
