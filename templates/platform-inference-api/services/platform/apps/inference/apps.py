from django.apps import AppConfig


class InferenceConfig(AppConfig):
    name = "apps.inference"

    def ready(self) -> None:
        from apps.core import health, signals
        from apps.inference import engine, metrics

        health.CHECKS.append(engine.check)
        signals.server_starts.connect(engine.start)
        signals.server_starts.connect(metrics.start)
