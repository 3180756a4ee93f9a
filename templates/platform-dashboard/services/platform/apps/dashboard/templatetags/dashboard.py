"""`{% usage_dashboard %}`: the charts, for staff that may see usage."""

from typing import Any

from django import template
from django.template.context import RequestContext
from django.utils import timezone

from apps.dashboard.charts import bar_chart
from apps.dashboard.usage import usage

register = template.Library()


@register.inclusion_tag("dashboard/usage.html", takes_context=True)
def usage_dashboard(context: RequestContext) -> dict[str, Any]:
    if not context["user"].has_perm("ai.view_usagerecord"):
        return {"allowed": False}
    now = usage(timezone.now().date())
    labels = [day.label for day in now.days]
    charts = [
        bar_chart("Requests a day", labels, [day.requests for day in now.days]),
        bar_chart("Tokens a day", labels, [day.tokens for day in now.days]),
        bar_chart("Mean latency a day", labels, [day.latency_ms for day in now.days], "ms"),
        bar_chart("Errors a day", labels, [day.errors for day in now.days]),
    ]
    tables = [("Operation", now.operations), ("Key", now.keys)]
    return {"allowed": True, "total": now.total, "charts": charts, "tables": tables}
