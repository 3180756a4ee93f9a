"""Logs on standard error: readable in development, one JSON object a line elsewhere."""

import json
import logging.config
from contextvars import ContextVar
from datetime import UTC, datetime

from opentelemetry import trace

from app.settings import Settings

request_id: ContextVar[str | None] = ContextVar("request_id", default=None)

# What every LogRecord has; the rest was passed by `extra=` and belongs into the line.
STANDARD = frozenset(vars(logging.makeLogRecord({}))) | {"message", "asctime", "color_message"}


class JsonFormatter(logging.Formatter):
    def format(self, record: logging.LogRecord) -> str:
        line = {
            "time": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname,
            "logger": record.name,
            "message": record.getMessage(),
            "request_id": request_id.get(),
            "trace_id": trace_id(),
            "exception": self.formatException(record.exc_info) if record.exc_info else None,
        }
        line |= {name: value for name, value in vars(record).items() if name not in STANDARD}
        known = {name: value for name, value in line.items() if value is not None}
        return json.dumps(known, default=str)


def trace_id() -> str | None:
    """Of the trace that goes on, as W3C's `traceparent` has it; None where nothing is traced."""
    context = trace.get_current_span().get_span_context()
    return trace.format_trace_id(context.trace_id) if context.is_valid else None


def configure(settings: Settings) -> None:
    formatter: dict[str, object] = {"format": "%(levelname)-8s %(name)s: %(message)s"}
    if settings.app_env == "production":
        formatter = {"()": JsonFormatter}
    logging.config.dictConfig(
        {
            "version": 1,
            "disable_existing_loggers": False,
            "formatters": {"line": formatter},
            "handlers": {"stderr": {"class": "logging.StreamHandler", "formatter": "line"}},
            "root": {"level": "INFO", "handlers": ["stderr"]},
        }
    )
