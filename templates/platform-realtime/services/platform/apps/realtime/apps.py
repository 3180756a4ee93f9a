from django.apps import AppConfig


class RealtimeConfig(AppConfig):
    name = "apps.realtime"

    def ready(self) -> None:
        from apps.api.metrics import metrics
        from apps.realtime import live

        metrics.registry.register(live.analytics)
