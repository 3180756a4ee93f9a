"""`{% usage_dashboard %}`: the charts, for staff that may see usage; and how they write numbers."""

from typing import Any

from django import template
from django.template.context import RequestContext
from django.utils import timezone

from apps.ai.stores import PRICES
from apps.dashboard.usage import DEFAULT_SPAN, SPANS, report

register = template.Library()


@register.inclusion_tag("dashboard/usage.html", takes_context=True)
def usage_dashboard(context: RequestContext) -> dict[str, Any]:
    """Of the days that `?days=` asks for, if they are among SPANS."""
    if not context["user"].has_perm("ai.view_usagerecord"):
        return {"allowed": False}
    asked = context["request"].GET.get("days", "")
    span = int(asked) if asked in map(str, SPANS) else DEFAULT_SPAN
    shown = report(timezone.now().date(), span)
    return shown | {"allowed": True, "span": span, "spans": SPANS}


@register.filter
def cost(nano: int | None) -> str:
    return PRICES.shown(nano)


@register.filter
def number(value: int) -> str:
    return f"{value:,}"


@register.filter
def percent(share: float) -> str:
    return f"{share * 100:.1f} %"


@register.filter
def milliseconds(value: float | None) -> str:
    if value is None:
        return "–"  # noqa: RUF001 - what people put where there is no number
    return f"{value:.1f} ms" if value < 10 else f"{value:,.0f} ms"
