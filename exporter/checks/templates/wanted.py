"""Which templates are judged: those that should be ready in a zone that is in use."""

from __future__ import annotations

from exporter.cloud.cloud import Cloud
from exporter.cloud.storage import Template
from exporter.cloud.wanted import wanted_templates
from exporter.topology.zones import is_zone_judged


def wanted(cloud: Cloud, zone_id: str) -> list[Template]:
    """Return the templates that should be ready in a zone, by name; none while it is disabled."""
    return wanted_templates(cloud, zone_id) if is_zone_judged(cloud, zone_id) else []
