"""The API commands that the lab knows: name of the array, who owns the rows, parameters."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

PAGING = ("page", "pagesize", "keyword")
OWNERS = ("listall", "isrecursive", "account", "domainid", "projectid")


@dataclass(frozen=True, slots=True)
class Command:
    """One list command.

    Attributes:
        array: name of the array in the answer.
        parameters: what listApis says it takes, besides paging and owners.
        owned: rows belong to accounts, so ``listall`` and ``projectid`` matter.
        required: parameters without which it is an error 431.
    """

    array: str
    parameters: tuple[str, ...] = ("id", "name", "zoneid")
    owned: bool = False
    required: tuple[str, ...] = ()


COMMANDS: Mapping[str, Command] = {
    "listZones": Command("zone", ("id", "ids", "available", "name", "networktype", "showcapacities", "tags")),
    "listPods": Command("pod"),
    "listClusters": Command("cluster", ("id", "name", "podid", "zoneid", "hypervisor", "managedstate")),
    "listHosts": Command("host", ("id", "name", "zoneid", "podid", "clusterid", "type", "state", "details")),
    "listPhysicalNetworks": Command("physicalnetwork"),
    "listTrafficTypes": Command("traffictype", ("physicalnetworkid",), required=("physicalnetworkid",)),
    "listNetworkServiceProviders": Command("networkserviceprovider", ("name", "physicalnetworkid", "state")),
    "listNetworkOfferings": Command("networkoffering", ("id", "name", "zoneid", "state", "traffictype")),
    "listNiciraNvpDevices": Command("niciranvpdevice", ("physicalnetworkid", "nvpdeviceid")),
    "listStorageNetworkIpRange": Command("storagenetworkiprange", ("id", "zoneid", "podid")),
    "listDedicatedGuestVlanRanges": Command("dedicatedguestvlanrange", ("id", "zoneid", "physicalnetworkid")),
    "listVlanIpRanges": Command("vlaniprange", ("id", "zoneid", "networkid", "physicalnetworkid", "vlan")),
    "listPrivateGateways": Command("privategateway", ("id", "ipaddress", "state", "vlan", "vpcid"), owned=True),
    "listNetworks": Command("network", ("id", "zoneid", "type", "traffictype", "issystem", "vpcid"), owned=True),
    "listVirtualMachines": Command(
        "virtualmachine", ("id", "name", "zoneid", "state", "networkid", "details", "hostid"), owned=True
    ),
    "listRouters": Command(
        "router",
        ("id", "name", "zoneid", "state", "vpcid", "healthchecksfailed", "fetchhealthcheckresults"),
        owned=True,
    ),
    "listSystemVms": Command("systemvm", ("id", "name", "zoneid", "podid", "hostid", "state", "systemvmtype")),
    "listImageStores": Command("imagestore", ("id", "name", "zoneid", "protocol", "provider")),
    "listTemplates": Command(
        "template",
        ("id", "templatefilter", "zoneid", "hypervisor", "details"),
        owned=True,
        required=("templatefilter",),
    ),
    "listManagementServers": Command("managementserver", ("id", "name", "peers")),
    "listConfigurations": Command("configuration", ("name", "category", "zoneid", "clusterid", "accountid")),
}


def api_rows(known: Mapping[str, Command]) -> list[dict[str, Any]]:
    """Return the rows of listApis for these commands."""
    return [
        {
            "name": name,
            "description": f"Lists {about.array} objects as the lab knows them.",
            "isasync": False,
            "params": [
                {"name": parameter, "description": "As CloudStack has it.", "type": "string", "required": False}
                for parameter in (*about.parameters, *PAGING, *(OWNERS if about.owned else ()))
            ],
        }
        for name, about in {**known, "listApis": Command("api", ("name",))}.items()
    ]
