"""What identifies a target while it lives."""

from __future__ import annotations

from dataclasses import replace

from exporter.clock import SystemClock
from exporter.cloud.cloud import Cloud
from exporter.cloud.objects import Host, Router, Zone
from exporter.cloud.targeting import targets
from exporter.cloud.targets import HostTarget, XenHostTarget, key
from exporter.model import Question, Via
from exporter.schedule import Schedule

ASKED = Question("asked", Via.HOST, "true", str, "none", "a test")


def host(identity: str, cluster: str) -> Host:
    """Return one of several hosts of one name."""
    return Host(
        id=identity,
        name="kvm1",
        type="Routing",
        state="Up",
        resource_state="Enabled",
        address="192.0.2.11",
        zone_id="z",
        cluster_id=cluster,
        hypervisor="KVM",
    )


CLOUD = Cloud(
    zones={"z": Zone("z", "zone", "Advanced", security_groups=False, enabled=True)},
    hosts={"one": host("one", "a"), "two": host("two", "b")},
    routers={"r": Router(id="r", name="r-4-VM", state="Running", zone_id="z", host_id="one", hypervisor="KVM")},
)


def test_two_hosts_of_one_name_are_two_targets() -> None:
    """Nothing keeps an operator from giving two machines of a zone the same name; both are visited."""
    found = [target for target in targets(CLOUD) if isinstance(target, HostTarget)]
    assert len({key(target) for target in found}) == 2
    schedule = Schedule(SystemClock(), {}, {HostTarget: (ASKED,)}, {"host": 60.0}, 45.0)
    assert schedule.adopt(found) == set()
    assert len(schedule.entries) == 2


def test_hosts_of_xenserver_of_one_name_are_two_targets() -> None:
    """As those of KVM."""
    hosts = {one: replace(host(one, one), hypervisor="XenServer") for one in ("one", "two")}
    found = [target for target in targets(replace(CLOUD, hosts=hosts)) if isinstance(target, XenHostTarget)]
    assert len({key(target) for target in found}) == 2


def test_a_host_that_was_added_anew_is_another_one() -> None:
    """Nothing that is remembered of the former one counts for it."""
    [first, second] = [target for target in targets(CLOUD) if isinstance(target, HostTarget)]
    schedule = Schedule(SystemClock(), {}, {HostTarget: (ASKED,)}, {"host": 60.0}, 45.0)
    schedule.adopt([first])
    assert schedule.adopt([second]) == {key(first)}


def test_system_vms_are_known_by_their_names() -> None:
    """CloudStack makes them, and no two alike in a zone."""
    [router] = [key(target) for target in targets(CLOUD) if target.kind == "router"]
    assert router == ("router", "zone/r-4-VM")
