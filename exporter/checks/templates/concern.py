"""Whose concern a template is that is not ready: of those who run the cloud, or of its owner alone.

Anybody may register a URL that leads nowhere, and leave it there for years. That wakes nobody up; but what others miss
too does, and what fails for several owners at once, for then it is not their URLs.
"""

from __future__ import annotations

from collections.abc import Iterable

from exporter.checks.templates.error_texts import ErrorClass
from exporter.cloud.storage import Template
from exporter.thresholds import TEMPLATE_OWNERS, TEMPLATE_RECENT_SECONDS

OF_URLS = frozenset({
    ErrorClass.DNS, ErrorClass.CONNECT, ErrorClass.HTTP_STATUS, ErrorClass.REDIRECT, ErrorClass.TLS, ErrorClass.SIZE,
    ErrorClass.FORMAT, ErrorClass.CHECKSUM,
})  # fmt: skip
"""Errors that a wrong URL or file makes; the others are of secondary storage and its VM."""


def is_common(templates: Iterable[Template], now: float) -> bool:
    """Return whether what fails alike was registered within a day by several owners; ``now`` is unix time."""
    recent = (one for one in templates if one.created is not None and now - one.created < TEMPLATE_RECENT_SECONDS)
    return len({one.owner for one in recent}) >= TEMPLATE_OWNERS
