from django.apps import AppConfig


class ChatConfig(AppConfig):
    name = "apps.chat"

    def ready(self) -> None:
        from apps.api import engine as process
        from apps.chat import answering
        from apps.core import streams

        process.MODELS.append(lambda: answering.generator.model)
        streams.server_stops.connect(answering.close)
