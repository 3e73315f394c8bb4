"""State sets of hypervisor hosts."""

from __future__ import annotations

import pytest

from exporter.checks.host_connectivity.host_states import CHECK, judge
from tests.checks.host_connectivity import states_scene as scene


def test_each_host_has_its_states() -> None:
    """Also those that are held back on purpose; it is a fact, not a verdict."""
    hosts = (
        scene.host(1),
        scene.host(2, state="Down", resource_state="Disabled"),
        scene.host(3, state="Disconnected", resource_state="Maintenance"),
    )
    found = scene.of_zone(judge, scene.cloud(*hosts))
    assert scene.states(found, "host_state") == {"kvm-1": "Up", "kvm-2": "Down", "kvm-3": "Disconnected"}
    assert scene.states(found, "host_resource_state") == {
        "kvm-1": "Enabled",
        "kvm-2": "Disabled",
        "kvm-3": "Maintenance",
    }
    assert found[0].labels == ("zone-1", "cluster-1", "kvm-1", "Up")


def test_states_of_a_newer_cloudstack_are_other() -> None:
    """Label values are a closed list."""
    found = scene.of_zone(judge, scene.cloud(scene.host(state="Hibernating", resource_state="")))
    assert scene.states(found, "host_state") == {"kvm-1": "Other"}
    assert scene.states(found, "host_resource_state") == {"kvm-1": "Other"}


@pytest.mark.parametrize(
    "kind",
    ["SecondaryStorage", "SecondaryStorageVM", "ConsoleProxy", "LocalSecondaryStorage", "TrafficMonitor", "PxeServer",
     "BaremetalDhcp", "ExternalFirewall", "ExternalLoadBalancer", "L2Networking", "Storage"],
)  # fmt: skip
def test_other_types_of_host_are_none(kind: str) -> None:
    """Only hosts of type Routing run machines."""
    assert scene.of_zone(judge, scene.cloud(scene.host(type=kind, state="Alert"))) == []


def test_rows_of_hosts_that_are_gone_and_other_zones() -> None:
    """A removed row is listed for a while; each zone tells of its own hosts."""
    assert scene.of_zone(judge, scene.cloud(scene.host(state="Removed"), scene.host(2, zone_id="other"))) == []


def test_when_the_agent_was_lost() -> None:
    """It is said where CloudStack says it, and is no verdict: it stays after the agent has come back.

    Also of hosts that are held back: how often it is lost is counted elsewhere.
    """
    found = scene.of_zone(
        judge, scene.cloud(scene.host(1, disconnected=scene.NOW - 60, resource_state="Maintenance"), scene.host(2))
    )
    assert scene.values(found, "host_disconnected_timestamp_seconds") == {"kvm-1": scene.NOW - 60}
    assert all(metric.problem is None for metric in CHECK.metrics)


def test_what_the_host_is() -> None:
    """Hypervisor, address and version of the agent."""
    found = [one for one in scene.of_zone(judge, scene.cloud(scene.host())) if one.metric.name.endswith("_info")]
    assert [one.labels[3:] for one in found] == [("KVM", "10.0.1.1", "4.20.1.0")]
