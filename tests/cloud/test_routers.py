"""Which guest addresses routers should serve."""

from __future__ import annotations

from dataclasses import replace

import pytest

from exporter.cloud.cloud import Cloud
from exporter.cloud.networks import Network
from exporter.cloud.objects import Nic, Router
from exporter.cloud.routers import guest_addresses, is_settling, serving, serving_now
from exporter.thresholds import SYSTEM_VM_SETTLES_SECONDS

ROUTER = frozenset({"VirtualRouter"})
ALL = {"UserData": ROUTER, "Dhcp": ROUTER, "Dns": ROUTER}
ISOLATED = Network(
    id="n1", name="web", zone_id="z", type="Isolated", state="Implemented", gateway="10.1.1.1", services=ALL
)
ALONE = Router(
    id="r",
    name="r-4-VM",
    state="Running",
    zone_id="z",
    network_id="n1",
    nics=(
        Nic(network_id="n1", traffic_type="Guest", address="10.1.1.1", gateway="10.1.1.1", netmask="255.255.255.0"),
        Nic(network_id="c", traffic_type="Control", address="169.254.3.93"),
        Nic(network_id="p", traffic_type="Public", address="203.0.113.10", gateway="203.0.113.1"),
    ),
)
PRIMARY = replace(
    ALONE,
    is_redundant=True,
    nics=(Nic(network_id="n1", traffic_type="Guest", address="10.1.1.7", gateway="10.1.1.1"), *ALONE.nics[1:]),
)


def cloud(*networks: Network) -> Cloud:
    return Cloud(networks={network.id: network for network in networks})


def test_an_isolated_network_is_served_at_the_routers_guest_address() -> None:
    """One address for the one guest NIC; control and public NICs serve nobody."""
    (served,) = serving(ALONE, cloud(ISOLATED))
    assert (served.address, served.own, served.network, served.is_shared) == ("10.1.1.1", "10.1.1.1", "web", False)
    assert (served.password, served.userdata, served.dhcp, served.dns) == (True, True, True, True)
    assert served.netmask == "255.255.255.0"


def test_a_redundant_router_serves_the_shared_gateway() -> None:
    """The virtual gateway is what guests dial, whatever role CloudStack last heard of."""
    for state in ("PRIMARY", "BACKUP", "UNKNOWN", ""):
        (served,) = serving(replace(PRIMARY, redundant_state=state), cloud(ISOLATED))
        assert (served.address, served.own, served.is_shared) == ("10.1.1.1", "10.1.1.7", True)


def test_the_gateway_may_stand_in_the_network_alone() -> None:
    """Where the NIC does not name the gateway, the network does."""
    bare = replace(PRIMARY, nics=(Nic(network_id="n1", traffic_type="Guest", address="10.1.1.7"),))
    (served,) = serving(bare, cloud(ISOLATED))
    assert (served.address, served.is_shared) == ("10.1.1.1", True)


def test_a_shared_network_is_served_at_the_routers_own_address() -> None:
    """Its gateway is somebody else's machine."""
    shared = replace(ISOLATED, type="Shared", gateway="10.1.1.254")
    nics = (Nic(network_id="n1", traffic_type="Guest", address="10.1.1.9", gateway="10.1.1.254"),)
    for router in (replace(ALONE, nics=nics), replace(ALONE, nics=nics, is_redundant=True)):
        (served,) = serving(router, cloud(shared))
        assert (served.address, served.gateway, served.is_shared) == ("10.1.1.9", "10.1.1.254", False)


def test_a_vpc_router_serves_each_tier() -> None:
    """One address per tier, and none for a tier whose data is on a config drive and whose DHCP is external."""
    vpc = frozenset({"VpcVirtualRouter"})
    tiers = [
        replace(ISOLATED, id=f"t{tier}", name=f"tier{tier}", vpc_id="v", gateway=f"10.1.{tier}.1", services=services)
        for tier, services in enumerate(
            (
                {"UserData": vpc},
                {"UserData": frozenset({"ConfigDrive"}), "Dns": vpc},
                {"UserData": frozenset({"ConfigDrive"})},
            )
        )
    ]
    nics = tuple(
        Nic(network_id=tier.id, traffic_type="Guest", address=tier.gateway, gateway=tier.gateway) for tier in tiers
    )
    served = serving(replace(ALONE, vpc_id="v", nics=nics), cloud(*tiers))
    assert [(one.network, one.password, one.dns) for one in served] == [("tier0", True, False), ("tier1", False, True)]


@pytest.mark.parametrize(
    "services", [{}, {"UserData": frozenset({"ConfigDrive"})}, {"Dhcp": frozenset({"Infoblox"})}, {"Lb": ROUTER}]
)
def test_networks_of_other_providers_are_left_out(services: dict[str, frozenset[str]]) -> None:
    """Neither config drive nor external providers make the router serve."""
    assert serving(ALONE, cloud(replace(ISOLATED, services=services))) == ()


def test_what_serves_nobody() -> None:
    """Networks that CloudStack did not list, NICs without address and internal load balancers are left out."""
    assert serving(ALONE, cloud()) == ()
    assert serving(replace(ALONE, nics=(Nic(network_id="n1", traffic_type="Guest"),)), cloud(ISOLATED)) == ()
    assert serving(replace(ALONE, role="INTERNAL_LB_VM"), cloud(ISOLATED)) == ()


def test_a_backup_serves_no_shared_address() -> None:
    """What is up to a router now depends on its role, except for addresses of its own."""
    assert serving_now(PRIMARY, cloud(ISOLATED), serves_shared=False) == ()
    assert serving_now(PRIMARY, cloud(ISOLATED), serves_shared=True) == serving(PRIMARY, cloud(ISOLATED))
    assert serving_now(ALONE, cloud(ISOLATED), serves_shared=False) == serving(ALONE, cloud(ISOLATED))


@pytest.mark.parametrize("router", [ALONE, PRIMARY])
def test_parameters_name_every_address_that_may_be_served(router: Router) -> None:
    """Whatever the Cloud says of the networks, the questions were asked about the address."""
    for network in (ISOLATED, replace(ISOLATED, type="Shared")):
        assert {one.address for one in serving(router, cloud(network))} <= set(guest_addresses(router))
    assert "203.0.113.10" not in guest_addresses(router)


@pytest.mark.parametrize(
    ("created", "uptime", "settling"),
    [
        (None, None, False),
        (0.0, None, False),
        (0.0, 86400.0, False),
        (1000000.0 - 60, None, True),
        (0.0, 60.0, True),
        (None, float(SYSTEM_VM_SETTLES_SECONDS), False),
    ],
)
def test_a_router_settles_after_creation_and_after_a_boot(
    created: float | None, uptime: float | None, settling: bool
) -> None:
    """Fifteen minutes after either, what is missing is missing."""
    assert is_settling(replace(ALONE, created=created), 1000000.0, uptime) is settling
