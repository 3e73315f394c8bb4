"""The lab's CloudStack: API command -> rows, as 4.20 has them. Paging, filters and envelopes are server.py's.

Only what a read-only exporter may ask is here. A command that is not in ``COMMANDS`` does not exist.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from typing import Any

from exporter.lab.api import rows_guests, rows_network, rows_templates, rows_zone
from exporter.lab.world.world import World

Row = dict[str, Any]

COMMANDS: dict[str, Callable[[World], list[Row]]] = {
    "listZones": rows_zone.zones,
    "listPods": rows_zone.pods,
    "listClusters": rows_zone.clusters,
    "listHosts": rows_zone.listed_hosts,
    "listPhysicalNetworks": rows_network.physical_networks,
    "listTrafficTypes": rows_network.traffic_types,
    "listNetworkServiceProviders": rows_network.providers,
    "listNetworkOfferings": rows_network.offerings,
    "listNiciraNvpDevices": rows_network.nvp_devices,
    "listStorageNetworkIpRange": rows_network.storage_ranges,
    "listDedicatedGuestVlanRanges": rows_network.dedicated_ranges,
    "listVlanIpRanges": rows_network.vlan_ranges,
    "listImageStores": rows_zone.image_stores,
    "listManagementServers": rows_zone.management_servers,
    "listCapabilities": rows_zone.capabilities,
    "listSystemVms": rows_zone.system_vms,
    "listPrivateGateways": rows_guests.private_gateways,
    "listNetworks": rows_guests.networks,
    "listVirtualMachines": rows_guests.instances,
    "listRouters": rows_guests.routers,
    "listTemplates": rows_templates.templates,
}
FRESH = 30.0
"""Seconds for which rows with dates that move on are kept; the others stay until another world is shown."""
MOVING = ("listRouters", "listHosts")
DETAILED = {
    "templateid": "tmpl",
    "templatename": "tmpl",
    "passwordenabled": "tmpl",
    "isoid": "iso",
    "nic": "nics",
}
"""Fields of listVirtualMachines -> what must be among ``details``, if there are any, for them to be shown."""


class Cloud:
    """Answers API commands from the world that it was shown last."""

    def __init__(self, world: World, unix: Callable[[], float]) -> None:
        self._unix = unix
        self.show(world)

    def show(self, world: World) -> None:
        """Answer from another world from now on."""
        self._world = world
        self._rows: dict[str, list[Row]] = {}
        self._until = 0.0

    def rows(self, command: str, parameters: Mapping[str, str]) -> list[Row]:
        """Return every row, of all owners and zones.

        ``listRouters`` with health results only when asked, and ``listVirtualMachines`` with the details asked for.

        Raises:
            KeyError: there is no such command.
        """
        now = self._unix()
        if now > self._until:
            self._until, self._world.now = now + FRESH, now
            for name in MOVING:
                self._rows.pop(name, None)
        if command == "listHosts":
            self._lose_agents(now)
        if command == "listConfigurations":
            return rows_zone.configurations(self._world, parameters.get("zoneid", ""))
        if command not in self._rows:
            self._rows[command] = COMMANDS[command](self._world)
        found = self._rows[command]
        if command == "listRouters" and parameters.get("fetchhealthcheckresults") != "true":
            return [{name: value for name, value in row.items() if name != "healthcheckresults"} for row in found]
        if command == "listVirtualMachines" and parameters.get("details"):
            return _detailed(found, parameters["details"].split(","))
        return found

    def _lose_agents(self, now: float) -> None:
        """Let the hosts that lose their agent lose it again: whoever looks sees a later date each time."""
        for host in self._world.hosts:
            if host.loses_agent:
                host.disconnected = min(host.disconnected - 1, self._world.start - now)
                self._rows.pop("listHosts", None)


def _detailed(rows: list[Row], details: Collection[str]) -> list[Row]:
    """Return the rows without the fields of details that were not asked for, as UserVmJoinDaoImpl does."""
    hidden = () if "all" in details else tuple(name for name, word in DETAILED.items() if word not in details)
    return [{name: value for name, value in row.items() if name not in hidden} for row in rows] if hidden else rows
