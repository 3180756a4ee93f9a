"""The audit log in the admin: looked at, never changed."""

from typing import ClassVar

from fastapi import FastAPI

from app.admin import ReadOnly
from app.audit import AuditEvent
from app.settings import Settings


class AuditEventView(ReadOnly, model=AuditEvent):
    name = "Audit event"
    name_plural = "Audit log"
    icon = "fa-solid fa-clock-rotate-left"
    column_list: ClassVar = [
        AuditEvent.at,
        AuditEvent.actor,
        AuditEvent.action,
        AuditEvent.subject,
        AuditEvent.request_id,
    ]
    column_details_list: ClassVar = [AuditEvent.id, *column_list]
    column_labels: ClassVar = {
        AuditEvent.id: "ID",
        AuditEvent.at: "Time (UTC)",
        AuditEvent.actor: "Who",
        AuditEvent.action: "Did",
        AuditEvent.subject: "To",
        AuditEvent.request_id: "Request",
    }
    column_searchable_list: ClassVar = [AuditEvent.actor, AuditEvent.action, AuditEvent.subject]
    column_sortable_list: ClassVar = [AuditEvent.at]
    column_default_sort: ClassVar = (AuditEvent.id, True)


def install(app: FastAPI, _: Settings) -> None:
    app.state.admin.add_view(AuditEventView)
