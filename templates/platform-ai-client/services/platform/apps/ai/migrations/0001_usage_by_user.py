"""Not called `0001_initial`: a platform that once served the model itself has applied one of that name."""

import django.db.models.deletion
import django.utils.timezone
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):
    initial = True

    dependencies = [migrations.swappable_dependency(settings.AUTH_USER_MODEL)]

    operations = [
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
                    "cost_nano",
                    models.BigIntegerField(help_text="by the table of prices", null=True),
                ),
                (
                    "created_at",
                    models.DateTimeField(default=django.utils.timezone.now, verbose_name="time"),
                ),
                (
                    "user",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
            ],
        ),
    ]
