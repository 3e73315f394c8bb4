"""Which VLANs CloudStack puts on a physical network."""

from __future__ import annotations

from typing import Any

import pytest

from exporter.cloud.cloud import Cloud
from exporter.cloud.networks import Network, PhysicalNetwork, PrivateGateway, StorageRange, VlanRange
from exporter.topology.tagged_vlans import has_untagged_guests, tagged_vlans


def address_range(vlan: str, *, is_public: bool, network: str = "pn") -> VlanRange:
    """Return an address range on a VLAN."""
    return VlanRange(id=f"{network} {vlan}", zone_id="z", vlan=vlan, is_public=is_public, physical_network_id=network)


def guest(vlan: str, network: str = "pn", *, is_chosen: bool = True) -> Network:
    """Return a guest network."""
    return Network(
        id=f"{network} {vlan}", name="n", zone_id="z", type="L2", state="Setup", vlan=vlan,
        physical_network_id=network, specifies_vlan=is_chosen,
    )  # fmt: skip


def by_id(*things: Any) -> dict[str, Any]:
    """Return the things by their ids."""
    return {thing.id: thing for thing in things}


def cloud(*ranges: tuple[int, int], **fields: Any) -> Cloud:
    """Return a Cloud of one physical network with everything that names VLANs."""
    given: dict[str, Any] = {"isolation_methods": ("VLAN",)} | fields
    return Cloud(
        physical_networks={"pn": PhysicalNetwork("pn", "physical", "z", enabled=True, vlan_ranges=ranges, **given)},
        vlan_ranges=by_id(
            address_range("vlan://50", is_public=True),
            address_range("51", is_public=True),
            address_range("vlan://untagged", is_public=True),
            address_range("vlan://52", is_public=True, network="other"),
            address_range("vlan://300", is_public=False),
            address_range("vlan://301", is_public=False, network="other"),
        ),
        networks=by_id(
            guest("vlan://2000"),
            guest("vlan://2001", "other"),
            guest("vlan://untagged"),
            guest("vxlan://2002"),
            guest("pvlan://2003-i2004"),
            guest(""),
            guest("vlan://103", is_chosen=False),
        ),
        private_gateways=by_id(
            PrivateGateway("1", "z", "v", "vlan://3000", "pn"), PrivateGateway("2", "z", "v", "3001", "other")
        ),
        storage_ranges=by_id(
            StorageRange("1", "z", "n", 40), StorageRange("2", "z", "n", None), StorageRange("3", "other", "n", 41)
        ),
        at=0,
        expires=0,
    )


@pytest.mark.parametrize(
    ("traffic", "vlans"),
    [
        ("Guest", {100, 101, 102, 300, 2000, 3000}),
        ("Public", {50, 51}),
        ("Storage", {40}),
        ("Management", set()),
        ("Control", set()),
    ],
)
def test_vlans_by_traffic(traffic: str, vlans: set[int]) -> None:
    """Those of the range, and those that somebody chose; of other physical networks and zones none."""
    assert tagged_vlans(cloud((100, 102)), "pn", traffic) == vlans


@pytest.mark.parametrize(("methods", "given"), [((), 3), (("vlan",), 3), (("VXLAN",), 0), (("VXLAN", "VLAN"), 3)])
def test_ranges_of_other_isolation_are_no_vlans(methods: tuple[str, ...], given: int) -> None:
    """A physical network of which nothing is told has VLANs, as CloudStack takes it."""
    found = tagged_vlans(cloud((100, 102), isolation_methods=methods), "pn", "Guest")
    assert len(found & set(range(100, 103))) == given


def test_a_range_of_millions_is_no_range_of_vlans() -> None:
    """Only what a tag can hold is walked through."""
    assert tagged_vlans(cloud((0, 16_777_215)), "pn", "Guest") == frozenset(range(1, 4096))


@pytest.mark.parametrize(
    ("ranges", "networks", "expected"),
    [
        ((), (), False),
        ((address_range("vlan://untagged", is_public=False),), (), True),
        ((address_range("vlan://untagged", is_public=True),), (), False),
        ((address_range("vlan://untagged", is_public=False, network="other"),), (), False),
        ((address_range("vlan://7", is_public=False),), (guest("vlan://8"), guest("")), False),
        ((), (guest("untagged"),), True),
        ((), (guest("untagged", "other"), guest("pvlan://untagged")), False),
    ],
)
def test_untagged_guests(ranges: tuple[VlanRange, ...], networks: tuple[Network, ...], expected: bool) -> None:
    """Of guests of this physical network, by their address range or, as L2 networks have none, by themselves."""
    known = Cloud(at=0.0, vlan_ranges=by_id(*ranges), networks=by_id(*networks))
    assert has_untagged_guests(known, "pn") is expected
