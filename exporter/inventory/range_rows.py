"""Rows of the API about ranges of addresses and VLANs; see :mod:`exporter.inventory.rows`."""

from __future__ import annotations

from msgspec import Struct


class VlanRangeRow(Struct, frozen=True, gc=False):
    """Source: listVlanIpRanges."""

    id: str
    zoneid: str = ""
    vlan: str = ""
    forvirtualnetwork: bool = False
    startip: str = ""
    endip: str = ""
    networkid: str = ""
    physicalnetworkid: str = ""
    gateway: str = ""
    netmask: str = ""
    forsystemvms: bool = False


class DedicatedRangeRow(Struct, frozen=True, gc=False):
    """Source: listDedicatedGuestVlanRanges."""

    id: str
    guestvlanrange: str = ""


class PrivateGatewayRow(Struct, frozen=True, gc=False):
    """Source: listPrivateGateways; ``vlan`` is shown to admins alone."""

    id: str
    zoneid: str = ""
    vpcid: str = ""
    vlan: str = ""
    physicalnetworkid: str = ""


class StorageRangeRow(Struct, frozen=True, gc=False):
    """Source: listStorageNetworkIpRange."""

    id: str
    zoneid: str = ""
    networkid: str = ""
    vlan: int | None = None
