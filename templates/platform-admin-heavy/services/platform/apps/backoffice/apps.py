from django.apps import AppConfig
from django.contrib import admin
from django.contrib.admin import sites


class BackofficeConfig(AppConfig):
    name = "apps.backoffice"

    def ready(self) -> None:
        """Django's admin comes later in INSTALLED_APPS, and finds this site instead of its own."""
        from apps.backoffice.site import BackofficeSite

        admin.site = sites.site = BackofficeSite()
