"""Logging to standard error, as logfmt or JSON lines."""

from __future__ import annotations

import json
import logging
import sys
from datetime import UTC, datetime

LIBRARIES = ("asyncssh", "aiohttp", "asyncio")
"""Their own chatter starts at warning: at debug they print what goes over the wire."""


class LineFormatter(logging.Formatter):
    """One line per record: time, level, logger, message, and the exception if there is one."""

    def __init__(self, style: str) -> None:
        super().__init__()
        self._is_json = style == "json"

    def format(self, record: logging.LogRecord) -> str:
        """Return the line."""
        fields = {
            "ts": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            "logger": record.name,
            "msg": record.getMessage(),
        }
        if record.exc_info:
            fields["exception"] = self.formatException(record.exc_info)
        if self._is_json:
            return json.dumps(fields)
        return " ".join(f"{name}={_quoted(value)}" for name, value in fields.items())


def _quoted(value: str) -> str:
    """Return a logfmt value; what holds blanks, quotes or control characters is quoted as in JSON."""
    plain = value.isprintable() and not set(value) & set(' "=')
    return value if plain and value else json.dumps(value)


def configure(level: str, style: str) -> None:
    """Send every log line of the process to standard error in this style."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(LineFormatter(style))
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(level.upper())
    for name in LIBRARIES:
        logging.getLogger(name).setLevel(max(logging.WARNING, root.level))
