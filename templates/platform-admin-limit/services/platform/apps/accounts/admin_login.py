"""The admin's login with a limit on tries. It must come before `admin/`.

Counted is by the address that is tried, not by client: behind a proxy all clients are one. So who
guesses can keep a known address from logging in for a while, but ends no session. Each process
counts alone, in its memory: with several, put CACHES on a store that they share.
"""

from collections.abc import Callable
from contextlib import suppress
from functools import wraps
from hashlib import sha256

from django.contrib import admin
from django.core.cache import cache
from django.http import HttpRequest, HttpResponse
from django.urls import path

PUBLIC = {"admin_login"}

TRIES = 10
PERIOD = 15 * 60  # seconds, from the first try that failed


def limited(view: Callable[[HttpRequest], HttpResponse]) -> Callable[[HttpRequest], HttpResponse]:
    """429 to the address that failed TRIES times, whatever the password is."""

    @wraps(view)
    def login(request: HttpRequest) -> HttpResponse:
        if request.method != "POST":
            return view(request)
        tried = sha256(request.POST.get("username", "").strip().lower().encode()).hexdigest()
        key = f"admin-login:{tried}"
        if cache.get(key, 0) >= TRIES:
            return HttpResponse(
                f"Too many tries with this address: try again in {PERIOD // 60} minutes.",
                status=429,
                content_type="text/plain",
                headers={"Retry-After": str(PERIOD)},
            )
        response = view(request)
        if response.status_code == 302:
            cache.delete(key)
        elif not cache.add(key, 1, PERIOD):
            with suppress(ValueError):  # it expired just now
                cache.incr(key)
        return response

    return login


urlpatterns = [path("admin/login/", limited(admin.site.login), name="admin_login")]
