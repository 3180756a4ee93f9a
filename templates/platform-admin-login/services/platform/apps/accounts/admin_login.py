"""The admin's login is the site's, with its limits on tries. It must come before `admin/`."""

from allauth.account.decorators import secure_admin_login
from django.contrib import admin
from django.urls import path

urlpatterns = [path("admin/login/", secure_admin_login(admin.site.login))]
