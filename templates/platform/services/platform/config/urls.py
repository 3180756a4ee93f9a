from django.urls import include, path

from config.features import URLS

urlpatterns = [path("", include(module)) for module in URLS]
