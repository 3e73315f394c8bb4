"""The provider of security groups."""

from __future__ import annotations

from typing import Any

import pytest

from exporter.checks.security_groups.providers import judge
from exporter.cloud.groups import ZoneGroup
from exporter.cloud.networks import PhysicalNetwork, ServiceProvider
from exporter.model import Sample
from tests.checks.security_groups import guarded_host as scene


def judged(*providers: ServiceProvider, enabled: bool = True, **fields: Any) -> list[Sample]:
    """Return the verdict on a zone with two physical networks, of which the first carries security groups."""
    physical = {one: PhysicalNetwork(one, f"physical-{one}", "z", enabled) for one in ("p", "q")}
    cloud = scene.cloud(physical_networks=physical, providers={one.id: one for one in providers}, **fields)
    return list(judge(ZoneGroup("z", "zone1"), {}, cloud))


@pytest.mark.parametrize("state", ["Disabled", "Shutdown"])
def test_switched_off(state: str) -> None:
    """Only the physical network that carries such networks counts."""
    (found,) = judged(ServiceProvider("1", "SecurityGroupProvider", "p", state))
    assert (found.labels, found.value) == (("zone1", "physical-p"), 1)
    assert found.seen == f"SecurityGroupProvider is {state}"


def test_never_added() -> None:
    """Another provider, or the same one of another physical network, does not help."""
    (found,) = judged(
        ServiceProvider("1", "VirtualRouter", "p", "Enabled"),
        ServiceProvider("2", "SecurityGroupProvider", "q", "Enabled"),
    )
    assert (found.value, found.seen) == (1, "SecurityGroupProvider is not added")


def test_switched_on() -> None:
    """Zero is said."""
    (found,) = judged(ServiceProvider("1", "SecurityGroupProvider", "p", "Enabled"))
    assert found.value == 0


def test_nobody_needs_it() -> None:
    """No network with security groups, or a physical network or zone that is disabled: then that is said."""
    assert judged(networks={}) == []
    assert [one.value for one in judged(enabled=False)] == [0]
    assert [one.value for one in judged(zones={"z": scene.disabled_zone()})] == [0]
