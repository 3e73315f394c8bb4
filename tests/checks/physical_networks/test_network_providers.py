"""Physical networks and providers that are disabled."""

from __future__ import annotations

from typing import Any

import pytest

from exporter.checks.physical_networks.network_providers import judge
from exporter.cloud.cloud import Cloud
from exporter.cloud.networks import Network, ServiceProvider
from tests.checks.physical_networks import scene

BY_ROUTER = {"Dhcp": frozenset({"VirtualRouter"}), "Dns": frozenset({"VirtualRouter"})}
GROUPS = {"SecurityGroup": frozenset({"SecurityGroupProvider"})}


def network(**fields: Any) -> Network:
    """Return an isolated network that a virtual router serves."""
    given: dict[str, Any] = {"type": "Isolated", "state": "Implemented", "services": BY_ROUTER}
    return Network(id="n", name="net", zone_id="z", **({"physical_network_id": "pn"} | given | fields))


def providers(**states: str) -> tuple[ServiceProvider, ...]:
    """Return the providers of the physical network in these states."""
    return tuple(ServiceProvider(name, name, "pn", state) for name, state in states.items())


def verdict(cloud: Cloud) -> dict[tuple[str, ...], float]:
    """Return the values that are said of the zone."""
    return scene.values_of(scene.on_zone(judge, cloud))


def off(cloud: Cloud) -> float:
    """Return how many providers are needed and disabled."""
    return verdict(cloud)["providers_disabled", "physical-pn"]


def test_a_healthy_zone() -> None:
    """Zero is said of every physical network; a provider that nobody uses may be disabled."""
    cloud = scene.cloud(guests=(network(),), providers=providers(VirtualRouter="Enabled", Ovs="Disabled"))
    assert verdict(cloud) == {("network_disabled", "physical-pn"): 0, ("providers_disabled", "physical-pn"): 0}


@pytest.mark.parametrize("state", ["Disabled", "Shutdown"])
def test_a_provider_that_networks_need(state: str) -> None:
    """Their routers cannot start; the states are the evidence."""
    cloud = scene.cloud(guests=(network(),), providers=providers(VirtualRouter=state, VpcVirtualRouter="Disabled"))
    sample = scene.only(scene.on_zone(judge, cloud), "providers_disabled")
    assert (sample.value, sample.seen) == (1, f"VirtualRouter {state}")


def test_a_provider_that_was_never_added() -> None:
    """CloudStack finds it enabled nowhere; a row that is missing is no row that is fine."""
    cloud = scene.cloud(guests=(network(),), providers=providers(Ovs="Enabled"))
    sample = scene.only(scene.on_zone(judge, cloud), "providers_disabled")
    assert (sample.value, sample.seen) == (1, "VirtualRouter not added")


def test_tiers_need_the_provider_of_vpcs() -> None:
    """Its name differs."""
    tier = network(services={"Dhcp": frozenset({"VpcVirtualRouter"})})
    assert (
        off(scene.cloud(guests=(tier,), providers=providers(VirtualRouter="Disabled", VpcVirtualRouter="Enabled"))) == 0
    )
    assert off(scene.cloud(guests=(tier,), providers=providers(VpcVirtualRouter="Disabled"))) == 1


def test_who_needs_no_provider() -> None:
    """Networks that go, are of another zone, or are not on any physical network yet; nobody told the providers."""
    disabled = providers(VirtualRouter="Disabled")
    elsewhere = Network(id="n", name="net", zone_id="z2", type="Isolated", state="Implemented", services=BY_ROUTER)
    going, nowhere, bare = network(state="Destroy"), network(physical_network_id=""), network(services={})
    for one in (going, nowhere, bare, elsewhere):
        assert off(scene.cloud(guests=(one,), providers=disabled)) == 0
    assert off(scene.cloud(guests=(network(),))) == 0


def test_security_groups_are_another_issue() -> None:
    """Their provider is judged there, with what follows for the guests."""
    cloud = scene.cloud(guests=(network(services=GROUPS),), providers=providers(SecurityGroupProvider="Disabled"))
    assert off(cloud) == 0


def test_a_physical_network_that_is_disabled() -> None:
    """Unless it carries nothing."""
    cloud = scene.cloud(networks=(scene.physical(enabled=False), scene.physical("spare", enabled=False)))
    found = verdict(cloud)
    assert found["network_disabled", "physical-pn"] == 1
    assert found["network_disabled", "physical-spare"] == 0


def test_a_disabled_zone_has_no_such_fault() -> None:
    """It is being built, or torn down."""
    cloud = scene.cloud(
        of=scene.zone(enabled=False),
        networks=(scene.physical(enabled=False),),
        guests=(network(),),
        providers=providers(VirtualRouter="Disabled"),
    )
    assert set(verdict(cloud).values()) == {0}
