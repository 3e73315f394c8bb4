"""Templates that came from a browser: CloudStack keeps no trace of a finished upload, so Clouds remember. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from types import MappingProxyType

from exporter.cloud.cloud import Cloud
from exporter.cloud.storage import SHIPPED, Template

UPLOADS = frozenset({"UPLOADED", "NOT_UPLOADED", "UPLOAD_ERROR", "UPLOAD_IN_PROGRESS"})
"""Download states that only what comes from a browser has."""
COMING = frozenset({"DOWNLOAD_IN_PROGRESS"})
"""That of an upload under way too. Source: ImageStoreUploadMonitorImpl."""
Templates = Mapping[tuple[str, str], Template]


def with_uploads(templates: Templates, former: Cloud | None) -> Templates:
    """Return the templates, those marked that are being uploaded or were so when a Cloud before was read.

    What comes in without URL and source, and is ready nowhere, is an upload: in a version that shows URLs, which the
    others have. What was uploaded before the exporter started is not known to be.
    """
    shows_urls = any(one.url for one in templates.values())
    states = UPLOADS | COMING if shows_urls else UPLOADS
    ready = {one.id for one in templates.values() if one.is_ready}
    known = {key for key, one in former.templates.items() if one.was_uploaded} if former else set()
    found = {
        key: replace(one, was_uploaded=True)
        for key, one in templates.items()
        if key in known or (one.id not in ready and _comes(one, states))
    }
    return MappingProxyType({**templates, **found}) if found else templates


def _comes(template: Template, states: frozenset[str]) -> bool:
    told = template.url or template.source_template_id or template.type.upper() in SHIPPED
    return not told and any(one.state.upper() in states for one in template.downloads)
