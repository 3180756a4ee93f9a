from django.apps import AppConfig
from django.db.models.signals import post_save


class QuotasConfig(AppConfig):
    name = "apps.quotas"

    def ready(self) -> None:
        from apps.ai.models import UsageRecord
        from apps.api import limits
        from apps.quotas import counting

        limits.DOORS.append(counting.admit)
        post_save.connect(counting.count, sender=UsageRecord)
