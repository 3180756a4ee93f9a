"""The API stands at the root beside other URLs, and leaves the page there to them."""

from django.urls import include, path

from apps.api.root import api

PUBLIC = {"api:openapi-json", "api:openapi-view"}

urls, kind, namespace = api.urls
own = [each for each in urls if str(each.pattern)]
urlpatterns = [path("", include((own, kind), namespace))]
