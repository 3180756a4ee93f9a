from django.contrib import admin

from apps.accounts.models import User
from apps.ai.models import ApiKey, UsageRecord
from apps.backoffice.accounts import UserAdmin
from apps.backoffice.ai import ApiKeyAdmin, UsageRecordAdmin

admin.site.register(User, UserAdmin)
admin.site.register(ApiKey, ApiKeyAdmin)
admin.site.register(UsageRecord, UsageRecordAdmin)
