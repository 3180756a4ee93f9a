from django.apps import AppConfig


class ClassifyConfig(AppConfig):
    name = "apps.classify"

    def ready(self) -> None:
        from apps.classify import asking
        from apps.core import signals

        signals.server_starts.connect(asking.refuse_to_start_unconfigured)
