from django.apps import AppConfig


class VectorsConfig(AppConfig):
    name = "apps.vectors"
