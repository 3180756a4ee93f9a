import django.db.models.deletion
import django.utils.timezone
from django.db import migrations, models


class Migration(migrations.Migration):
    initial = True

    dependencies = [
        ("ai", "0001_initial"),
    ]

    operations = [
        migrations.CreateModel(
            name="Conversation",
            fields=[
                (
                    "id",
                    models.CharField(max_length=40, primary_key=True, serialize=False),
                ),
                ("created_at", models.DateTimeField(default=django.utils.timezone.now)),
                ("changed_at", models.DateTimeField(default=django.utils.timezone.now)),
                (
                    "key",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        to="ai.apikey",
                    ),
                ),
            ],
            options={
                "db_table": "conversation",
                "indexes": [
                    models.Index(fields=["key", "id"], name="ix_conversation_key_id_id"),
                ],
            },
        ),
        migrations.CreateModel(
            name="Message",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("role", models.CharField(max_length=20)),
                ("content", models.TextField()),
                ("model", models.CharField(max_length=100, null=True)),
                ("prompt", models.CharField(max_length=100, null=True)),
                ("citations", models.JSONField()),
                ("created_at", models.DateTimeField(default=django.utils.timezone.now)),
                (
                    "conversation",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.DB_CASCADE,
                        to="chat.conversation",
                    ),
                ),
            ],
            options={
                "db_table": "message",
                "indexes": [
                    models.Index(
                        fields=["conversation", "id"], name="ix_message_conversation_id_id"
                    ),
                ],
            },
        ),
    ]
