"""Which VLAN a NIC belongs to, and how that looks on a host."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from exporter.cloud.cloud import Cloud
from exporter.cloud.networks import Network, PhysicalNetwork, PrivateGateway, TrafficType, VlanRange
from exporter.cloud.objects import Nic, Router
from exporter.cloud.placement import Placed
from exporter.topology.vlans import Segment, expected_nics, guest_networks, segment, unplaced


@pytest.mark.parametrize(
    ("uri", "found"),
    [
        ("vlan://123", Segment("vlan", 123)),
        ("vlan://untagged", Segment("vlan", None)),
        ("VLAN://Untagged ", Segment("vlan", None)),
        ("untagged", Segment("vlan", None)),
        ("123", Segment("vlan", 123)),
        ("vxlan://5001", Segment("vxlan", 5001)),
        ("pvlan://100-i200", Segment("pvlan", 100)),
        ("pvlan://100-pP", Segment("pvlan", 100)),
        ("vs://77", Segment("vs", 77)),
        ("vlan://100-110", None),
        ("100,105", None),
        ("N/A", None),
        ("lswitch://0c5e-uuid", None),
        ("vs://5c1f.77", None),
        ("", None),
        ("vlan://", None),
        ("vlan://\u0663", None),
    ],
)
def test_segments(uri: str, found: Segment | None) -> None:
    """One number, or untagged; lists and words of SDN are no single segment."""
    assert segment(uri) == found


@given(st.text())
def test_any_text(uri: str) -> None:
    """Whatever is written there is a number that is not negative, untagged, or nothing."""
    found = segment(uri)
    assert found is None or found.number is None or found.number >= 0


def nic(uri: str = "vlan://101", network: str = "net", **fields: str) -> Nic:
    """Return a guest NIC."""
    given = {"traffic_type": "Guest", "mac": "02:00:00:00:00:01"} | fields
    return Nic(network_id=network, broadcast_uri=uri, **given)  # type: ignore[arg-type]


def with_nics(*nics: Nic) -> Cloud:
    """Return a Cloud with a machine that has these NICs on host h1."""
    return Cloud(
        networks={
            "net": Network(id="net", name="n", zone_id="z", type="Isolated", state="Up", physical_network_id="pn")
        },
        vlan_ranges={
            "v": VlanRange(
                id="v", zone_id="z", vlan="vlan://90", is_public=True, network_id="public", physical_network_id="far"
            )
        },
        placed_by_host={"h1": (Placed("m", "r-4-VM", "router", "Running", nics),)},
    )


def test_guest_and_public_nics() -> None:
    """The public network is not listed; its ranges name the physical network."""
    found = list(expected_nics(with_nics(nic(), nic("vlan://90", "public", traffic_type="Public")), "h1"))
    assert [(one.physical_network_id, one.segment.number) for one in found] == [("pn", 101), ("far", 90)]
    assert found[0].machine.name == "r-4-VM"


@pytest.mark.parametrize(
    "left_out",
    [
        nic(traffic_type="Control"),
        nic(traffic_type="Management"),
        nic(""),
        nic("vlan://100-110"),
        nic(network="unknown"),
        nic(mac=""),
    ],
)
def test_nics_of_which_nothing_is_expected(left_out: Nic) -> None:
    """Control and management NICs, lists of VLANs, unknown networks, NICs without a MAC."""
    assert list(expected_nics(with_nics(left_out), "h1")) == []


def test_a_host_without_machines() -> None:
    """Nothing is expected there."""
    assert list(expected_nics(with_nics(nic()), "h2")) == []


GATEWAY = nic("vlan://3000", "unlisted")


def with_gateways(*told: PrivateGateway, guest: tuple[str, ...] = ("pn", "far"), vpc_id: str = "vpc") -> Cloud:
    """Return a Cloud with a router that has a NIC into a private gateway's network, in a zone with guest networks."""
    physicals = {one: PhysicalNetwork(one, one, "z", enabled=True) for one in ("pn", "far")}
    return replace(
        with_nics(GATEWAY),
        routers={"m": Router(id="m", name="r-4-VM", state="Running", zone_id="z", vpc_id=vpc_id)},
        private_gateways={one.id: one for one in told},
        physical_networks=physicals,
        traffic_types={one: TrafficType(one, one, "Guest") for one in guest},
    )


def gateway(vlan: str = "vlan://3000", vpc_id: str = "vpc", physical: str = "far") -> PrivateGateway:
    """Return a private gateway."""
    return PrivateGateway(f"{vpc_id}-{vlan}-{physical}", "z", vpc_id, vlan, physical)


def lies(cloud: Cloud) -> list[str]:
    """Return the physical networks of the NICs that are expected."""
    found = list(expected_nics(cloud, "h1"))
    assert bool(found) != bool(list(unplaced(cloud, "h1")))
    return [one.physical_network_id for one in found]


def test_private_gateways() -> None:
    """Their networks are not listed; VPC and VLAN say which gateway it is, however the VLAN is written."""
    assert lies(with_gateways(gateway())) == ["far"]
    assert lies(with_gateways(gateway("3000"), gateway("vlan://3001", physical="pn"))) == ["far"]


def test_private_gateways_of_which_nobody_told_where() -> None:
    """The only physical network with guest traffic has it; of several any may."""
    others = (gateway(vpc_id="other"), gateway("vlan://9"), gateway(physical=""))
    assert lies(with_gateways(*others)) == []
    assert lies(with_gateways(gateway(), gateway(physical="pn"))) == []
    assert lies(with_gateways(*others, guest=("pn",))) == ["pn"]
    assert guest_networks(with_gateways(), "z") == ("pn", "far")
    assert guest_networks(with_gateways(), "another") == ()


def test_routers_without_a_vpc_have_no_private_gateway() -> None:
    """That a gateway names no VPC either does not make it theirs."""
    assert lies(with_gateways(gateway(vpc_id=""), vpc_id="")) == []
