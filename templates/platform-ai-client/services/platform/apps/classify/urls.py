from django.urls import path

from apps.classify.views import classify

urlpatterns = [path("classify/", classify, name="classify")]
