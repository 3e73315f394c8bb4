"""The configuration values that are judged, or that say where to look. Nothing else is asked for."""

from __future__ import annotations

from collections.abc import Mapping

from exporter.inventory.reading import Reading
from exporter.inventory.rows import SettingRow

COMMAND = "listConfigurations"
SETTINGS = (
    "alert.wait",
    "ca.framework.cert.automatic.renewal",
    "ca.framework.cert.expiry.alert.period",
    "cluster.heartbeat.threshold",
    "consoleproxy.management.state",
    "consoleproxy.management.state.last",
    "consoleproxy.session.max",
    "consoleproxy.session.timeout",
    "consoleproxy.sslEnabled",
    "consoleproxy.static.port",
    "consoleproxy.static.publicIp",
    "consoleproxy.url.domain",
    "endpoint.url",
    "host",
    "integration.api.port",
    "management.network.cidr",
    "max.template.iso.size",
    "minreq.sysvmtemplate.version",
    "novnc.console.default",
    "ping.interval",
    "ping.timeout",
    "prometheus.exporter.enable",
    "router.health.checks.advanced.interval",
    "router.health.checks.basic.interval",
    "router.health.checks.enabled",
    "router.health.checks.failures.to.recreate.vr",
    "router.health.checks.results.fetch.interval",
    "router.health.checks.to.exclude",
    "router.template.hyperv",
    "router.template.kvm",
    "router.template.vmware",
    "router.template.xenserver",
    "router.version.check",
    "secstorage.allowed.internal.sites",
    "secstorage.encrypt.copy",
    "secstorage.proxy",
    "secstorage.ssl.cert.domain",
    "use.external.dns",
)

Values = Mapping[str, str]


async def read_settings(reading: Reading, zones: Mapping[str, object]) -> tuple[Values, Mapping[str, Values]]:
    """Return the global values by name, and per zone id those that a zone may have of its own.

    A setting that this version does not know is left out; one without a value is empty.

    Source: listConfigurations; with ``zoneid`` it tells the value that holds in the zone.
    """
    told = await reading.each([_one(reading, name) for name in SETTINGS])
    rows = [row for row in told if row is not None]
    zoned = [row.id for row in rows if "zone" in row.scope.lower()]
    places = [(zone_id, name) for zone_id in zones for name in zoned]
    answers = await reading.each([_one(reading, name, zoneid=zone_id) for zone_id, name in places])
    per_zone: dict[str, dict[str, str]] = {zone_id: {} for zone_id in zones}
    for (zone_id, _), row in zip(places, answers, strict=True):
        if row is not None:
            per_zone[zone_id][row.id] = row.value
    return {row.id: row.value for row in rows}, per_zone


async def _one(reading: Reading, name: str, **scope: str) -> SettingRow | None:
    """Return the setting of exactly this name; the API may match a part of the name."""
    rows = await reading.list(COMMAND, SettingRow, name=name, **scope)
    return next((row for row in rows if row.id == name), None)
