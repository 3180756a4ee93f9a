"""Records in the admin: read, not written."""

from typing import Any

from django.contrib import admin
from django.http import HttpRequest


class RecordAdmin(admin.ModelAdmin):  # type: ignore[type-arg] # not generic at run time
    """Who may change a record at all has actions for it; its fields are read."""

    def has_add_permission(self, _request: HttpRequest, _obj: Any = None) -> bool:
        return False

    def has_delete_permission(self, _request: HttpRequest, _obj: Any = None) -> bool:
        return False

    def get_readonly_fields(self, _request: HttpRequest, _obj: Any = None) -> list[str]:
        hidden = self.exclude or ()
        return [field.name for field in self.opts.fields if field.name not in hidden]
