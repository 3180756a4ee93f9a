"""Static files on ASGI."""

from collections.abc import Awaitable, Callable
from io import BytesIO
from typing import Any

from asgiref.sync import iscoroutinefunction, markcoroutinefunction, sync_to_async
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from whitenoise.middleware import WhiteNoiseMiddleware


class StaticFilesMiddleware(WhiteNoiseMiddleware):  # type: ignore[misc] # it has no types
    """WhiteNoise's, which knows WSGI alone: it would have each request run in a thread, and files
    sent by an iterator that blocks."""

    async_capable = True

    def __init__(self, get_response: Callable[[HttpRequest], Any]) -> None:
        super().__init__(get_response)
        self.is_async = iscoroutinefunction(get_response)
        if self.is_async:
            markcoroutinefunction(self)

    def __call__(self, request: HttpRequest) -> HttpResponseBase | Awaitable[HttpResponseBase]:
        if self.is_async:
            return self.awaited(request)
        response: HttpResponseBase = super().__call__(request)
        return response

    async def awaited(self, request: HttpRequest) -> HttpResponseBase:
        if request.path_info.startswith(self.static_prefix):
            found = await sync_to_async(self.found)(request)
            if found is not None:
                return found
        response: HttpResponseBase = await self.get_response(request)
        return response

    def found(self, request: HttpRequest) -> HttpResponse | None:
        """A file as a whole: they are small, and read in a thread."""
        path = request.path_info
        file = self.find_file(path) if self.autorefresh else self.files.get(path)
        if file is None:
            return None
        answer = file.get_response(request.method, request.META)
        with answer.file or BytesIO() as content:
            response = HttpResponse(content.read(), status=answer.status)
        del response["Content-Type"]  # the file's own follows, if there is anything to read
        for name, value in answer.headers:
            response[name] = value
        return response
