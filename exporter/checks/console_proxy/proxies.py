"""What all judgments of console proxies share."""

from __future__ import annotations

from exporter.cloud.cloud import Cloud
from exporter.cloud.objects import SystemVm
from exporter.topology.system_vms import CONSOLE_PROXY, living

PER_PROXY = ("zone", "console_proxy")
"""Labels of what is said of one proxy."""


def proxies(cloud: Cloud, zone_id: str) -> tuple[SystemVm, ...]:
    """Return the console proxies of a zone that are not gone, by name."""
    return living(cloud, zone_id, CONSOLE_PROXY)
