from django.apps import AppConfig
from django.utils.module_loading import autodiscover_modules


class ApiConfig(AppConfig):
    name = "apps.api"

    def ready(self) -> None:
        from apps.api import engine, metrics
        from apps.core import health, signals

        health.CHECKS.append(engine.check)
        signals.server_starts.connect(engine.start)
        signals.server_starts.connect(metrics.start)
        # All add routes to `apps.api.root`; an app has its own in `api.py`.
        autodiscover_modules("models_api", "usage_api", "api")
