from django.contrib import admin
from django.contrib.auth.admin import GroupAdmin
from django.contrib.auth.models import Group
from unfold.admin import ModelAdmin
from unfold.forms import AdminPasswordChangeForm, UserChangeForm, UserCreationForm

from apps.accounts.models import User
from apps.ai.models import ApiKey, UsageRecord
from apps.backoffice.accounts import UserAdmin
from apps.backoffice.ai import ApiKeyAdmin, UsageRecordAdmin

admin.site.unregister(Group)


@admin.register(Group)
class ThemedGroupAdmin(GroupAdmin, ModelAdmin):  # type: ignore[misc]
    pass


@admin.register(User)
class ThemedUserAdmin(UserAdmin, ModelAdmin):  # type: ignore[misc]
    form = UserChangeForm
    add_form = UserCreationForm
    change_password_form = AdminPasswordChangeForm


@admin.register(ApiKey)
class ThemedApiKeyAdmin(ApiKeyAdmin, ModelAdmin):  # type: ignore[misc]
    pass


@admin.register(UsageRecord)
class ThemedUsageRecordAdmin(UsageRecordAdmin, ModelAdmin):  # type: ignore[misc]
    pass
