"""Logs as one JSON object a line, each with the id of the request that it belongs to."""

import json
import logging
from contextvars import ContextVar
from datetime import UTC, datetime

request_id: ContextVar[str | None] = ContextVar("request_id", default=None)

# What every LogRecord has; the rest was passed by `extra=` and belongs into the line.
STANDARD = frozenset(vars(logging.makeLogRecord({}))) | {"message", "asctime"}
# What Django passes along for its own handlers.
DJANGO = frozenset({"request", "server_time"})


class JsonFormatter(logging.Formatter):
    def format(self, record: logging.LogRecord) -> str:
        line = {
            "time": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname,
            "logger": record.name,
            "message": record.getMessage(),
            "request_id": request_id.get(),
            "exception": self.formatException(record.exc_info) if record.exc_info else None,
        }
        passed = vars(record).keys() - STANDARD - DJANGO
        line |= {name: vars(record)[name] for name in sorted(passed)}
        known = {name: value for name, value in line.items() if value is not None}
        return json.dumps(known, default=str)
