from django.contrib import admin
from django.urls import path

PUBLIC = {"admin:login", "admin:logout"}

urlpatterns = [path("admin/", admin.site.urls)]
