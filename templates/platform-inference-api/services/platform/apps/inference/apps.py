from django.apps import AppConfig


class InferenceConfig(AppConfig):
    name = "apps.inference"

    def ready(self) -> None:
        from apps.api import engine as process

        process.MODELS.append(lambda: process.engine.model)
        process.IN_THREADS.append(self.name)
