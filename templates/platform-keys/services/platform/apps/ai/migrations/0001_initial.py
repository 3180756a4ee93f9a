import django.db.models.deletion
import django.utils.timezone
from django.db import migrations, models


class Migration(migrations.Migration):
    initial = True

    dependencies = []

    operations = [
        migrations.CreateModel(
            name="ApiKey",
            fields=[
                (
                    "id",
                    models.CharField(
                        help_text="how the key begins",
                        max_length=20,
                        primary_key=True,
                        serialize=False,
                    ),
                ),
                ("name", models.CharField(help_text="who it is for", max_length=100)),
                ("digest", models.CharField(max_length=64, unique=True)),
                (
                    "scopes",
                    models.CharField(
                        blank=True,
                        help_text="names separated by spaces (RFC 6749 §3.3)",
                        max_length=200,
                    ),
                ),
                (
                    "created_at",
                    models.DateTimeField(default=django.utils.timezone.now, verbose_name="created"),
                ),
                ("expires_at", models.DateTimeField(blank=True, null=True, verbose_name="expires")),
                ("revoked_at", models.DateTimeField(blank=True, null=True, verbose_name="revoked")),
                ("last_used_at", models.DateTimeField(null=True)),
            ],
            options={
                "verbose_name": "API key",
                "db_table": "api_key",
            },
        ),
        migrations.CreateModel(
            name="UsageRecord",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("operation", models.CharField(max_length=40)),
                ("model", models.CharField(max_length=100)),
                ("input_tokens", models.IntegerField()),
                ("output_tokens", models.IntegerField()),
                ("latency_ms", models.FloatField(verbose_name="latency in ms")),
                ("status", models.IntegerField()),
                (
                    "first_token_ms",
                    models.FloatField(null=True, verbose_name="time to first words in ms"),
                ),
                (
                    "cost_nano",
                    models.BigIntegerField(help_text="by the table of prices", null=True),
                ),
                (
                    "created_at",
                    models.DateTimeField(default=django.utils.timezone.now, verbose_name="time"),
                ),
                (
                    "key",
                    models.ForeignKey(
                        db_index=False,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        to="ai.apikey",
                    ),
                ),
            ],
            options={
                "db_table": "usage_record",
                "indexes": [
                    models.Index(
                        fields=["key", "created_at"], name="ix_usage_record_key_created_at"
                    )
                ],
            },
        ),
    ]
