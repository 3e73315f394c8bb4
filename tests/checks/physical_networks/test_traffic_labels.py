"""What traffic labels lead to on a KVM host."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from exporter.checks.physical_networks.traffic_labels import judge
from exporter.cloud.networks import Network, StorageRange, VlanRange
from exporter.model import Failure, Reason
from exporter.questions.hosts.agent import AGENT, Agent
from exporter.questions.hosts.links import LINKS
from exporter.questions.hosts.ovs import OVS_DATABASE, OvsBridge, OvsDatabase, OvsInterface, OvsPort
from tests.checks.physical_networks import scene

STORAGE = {"s": StorageRange("s", "z", "n", 40)}
HEALTHY = {
    ("label_missing", "cloudbr0"): 0,
    ("label_without_uplink", "cloudbr0"): 0,
    ("label_extra_uplinks", "cloudbr0"): 0,
    ("label_switched_off", "cloudbr0"): 0,
    ("labels_unlike_agent",): 0,
}


def verdict(cloud: Any, values: Any, **more: Any) -> dict[tuple[str, ...], float]:
    """Return the values that are said of the host."""
    return scene.on_host(judge, cloud, values, **more)


def test_everything_on_one_bridge_is_healthy() -> None:
    """Public, guest, management and storage traffic share an uplink: no problem, and zero is said."""
    assert verdict(scene.cloud(storage_ranges=STORAGE), scene.seen(scene.bridged())) == HEALTHY


def test_a_tagged_uplink_is_healthy() -> None:
    """The VLANs of guests are made on its parent."""
    assert verdict(scene.cloud(), scene.seen(scene.bridged(vlan=200))) == HEALTHY


def test_a_label_that_is_not_there() -> None:
    """Machines will not start there; which traffic it is for is said, and nothing of its uplinks."""
    cloud = scene.cloud(types=scene.labels(guest="cloudbr1", public="cloudbr1"))
    found = scene.samples_on_host(judge, cloud, scene.seen(scene.bridged()))
    missing = {sample.labels[3]: sample for sample in found if scene.short(sample) == "label_missing"}
    assert {name: sample.value for name, sample in missing.items()} == {"cloudbr0": 0, "cloudbr1": 1}
    assert missing["cloudbr1"].seen == "no cloudbr1 on the host"
    assert missing["cloudbr1"].expected == "a bridge for Guest, Public traffic (label)"
    assert ("label_without_uplink", "cloudbr1") not in scene.values_of(found)


def test_a_label_that_was_moved_a_minute_ago_is_looked_at_twice() -> None:
    """One visit says nothing of it; nor do two without a refresh of the Cloud that shows the new label still."""
    cloud = scene.cloud(types=scene.labels(guest="cloudbr1"))
    values = scene.seen(scene.bridged())
    assert ("label_missing", "cloudbr1") not in verdict(cloud, values, looks=1)
    watch = scene.Watch(judge)
    of = scene.target(scene.host())

    def given() -> Any:
        return watch.answers(of.name, values)

    watch.look(of, cloud, given)
    assert ("label_missing", "cloudbr1") not in scene.values_of(watch.look(of, scene.cloud(), given))
    assert ("label_missing", "cloudbr1") not in scene.values_of(watch.look(of, cloud, given))


def test_a_missing_label_of_storage_alone() -> None:
    """Only the secondary storage VM has a NIC there; without storage addresses nobody has."""
    cloud = scene.cloud(types=scene.labels(storage="cloudbr9"), storage_ranges=STORAGE)
    found = verdict(cloud, scene.seen(scene.bridged()))
    assert found["storage_label_missing", "cloudbr9"] == 1
    assert ("label_missing", "cloudbr9") not in found
    cloud = scene.cloud(types=scene.labels(storage="cloudbr9"))
    assert verdict(cloud, scene.seen(scene.bridged())) == HEALTHY
    elsewhere = {"s": StorageRange("s", "another zone", "n", None)}
    cloud = scene.cloud(types=scene.labels(storage="cloudbr9"), storage_ranges=elsewhere)
    assert verdict(cloud, scene.seen(scene.bridged())) == HEALTHY


def test_a_label_that_is_not_set_is_the_agents_device() -> None:
    """No problem while the host has it; missing, it is one, and the label is what to correct."""
    cloud = scene.cloud(types=scene.labels(guest="", management="", public="", storage=""))
    assert verdict(cloud, scene.seen(scene.bridged())) == HEALTHY
    found = scene.samples_on_host(judge, cloud, scene.seen(scene.bridged(), Agent(private="cloudbr1")))
    missing = {sample.labels[3]: sample for sample in found if scene.short(sample) == "label_missing"}
    assert {name: sample.value for name, sample in missing.items()} == {"cloudbr0": 0, "cloudbr1": 1}
    assert "no label, by the agent" in missing["cloudbr1"].expected
    assert missing["cloudbr1"].remedy.startswith("If the host is right")


def test_without_the_agents_word_only_labels_are_judged() -> None:
    """A file that we may not read leaves the rest known."""
    cloud = scene.cloud(types=scene.labels(guest=""))
    values = scene.seen(scene.bridged(), None)
    assert verdict(cloud, values) == {key: value for key, value in HEALTHY.items() if key != ("labels_unlike_agent",)}
    cloud = scene.cloud(types=tuple(scene.label(name, "") for name in scene.TYPES))
    assert verdict(cloud, values) == {}


@pytest.mark.parametrize("ports", [(), ("vnet0",), ("ib0", "vnet0")])
def test_a_bridge_without_uplink(ports: tuple[str, ...]) -> None:
    """Ports of machines, and of names that the agent does not take."""
    found = scene.links(scene.link("cloudbr0", "bridge"), *(scene.link(name, master="cloudbr0") for name in ports))
    samples = scene.samples_on_host(judge, scene.cloud(), scene.seen(found))
    without = scene.only(samples, "label_without_uplink")
    assert without.value == 1
    assert ("other ports: ib0" in without.seen) == ("ib0" in ports)
    assert scene.values_of(samples)["label_extra_uplinks", "cloudbr0"] == 0
    assert ("label_without_uplink", "cloudbr0") not in verdict(scene.cloud(), scene.seen(found), looks=1)


def test_a_bridge_of_storage_alone_without_uplink() -> None:
    """No guest is on it: a verdict of its own; with guest traffic on the same bridge it is theirs."""
    bare = scene.link("cloudbr9", "bridge")
    found = scene.links(*scene.bridged().by_name.values(), bare)
    values = verdict(scene.cloud(types=scene.labels(storage="cloudbr9"), storage_ranges=STORAGE), scene.seen(found))
    assert values["storage_label_without_uplink", "cloudbr9"] == 1
    assert values["storage_label_missing", "cloudbr9"] == 0
    assert ("label_without_uplink", "cloudbr9") not in values
    both = scene.cloud(types=scene.labels(storage="cloudbr9", guest="cloudbr9"), storage_ranges=STORAGE)
    shared = verdict(both, scene.seen(found))
    assert shared["label_without_uplink", "cloudbr9"] == 1
    assert ("storage_label_without_uplink", "cloudbr9") not in shared


def test_a_bridge_with_two_uplinks() -> None:
    """The agent takes whichever it finds first."""
    ports = (scene.link(name, master="cloudbr0") for name in ("eth1", "eth0", "eth2"))
    found = scene.links(scene.link("cloudbr0", "bridge"), *ports)
    extra = scene.only(scene.samples_on_host(judge, scene.cloud(), scene.seen(found)), "label_extra_uplinks")
    assert (extra.value, extra.seen) == (2, "uplinks eth0, eth1, eth2")


@pytest.mark.parametrize("name", ["cloudbr0", "bond0.200"])
def test_what_is_switched_off(name: str) -> None:
    """The bridge itself, or the VLAN device below it: no bond and no NIC would show that."""
    found = scene.bridged(vlan=200)
    off = {**found.by_name, name: replace(found.by_name[name], is_up=False, has_carrier=False)}
    samples = scene.samples_on_host(judge, scene.cloud(), scene.seen(replace(found, by_name=off)))
    sample = scene.only(samples, "label_switched_off")
    assert (sample.value, sample.seen) == (1, f"switched off: {name}")


def test_an_uplink_without_carrier_is_not_switched_off() -> None:
    """Links are another issue's."""
    found = scene.bridged()
    by_name = {**found.by_name, "bond0": replace(found.by_name["bond0"], has_carrier=False)}
    assert verdict(scene.cloud(), scene.seen(replace(found, by_name=by_name))) == HEALTHY


def test_an_interface_as_label() -> None:
    """Of any name, without a bridge."""
    cloud = scene.cloud(types=tuple(scene.label(name, "wan0") for name in scene.TYPES))
    found = verdict(cloud, scene.seen(scene.links(scene.link("wan0")), Agent(private="wan0")))
    assert {key[0]: value for key, value in found.items()} == {key[0]: 0 for key in HEALTHY}


@pytest.mark.parametrize(
    "fields",
    [
        {"resource_state": "Maintenance"},
        {"resource_state": "PrepareForMaintenance"},
        {"resource_state": "Disabled"},
        {"created": scene.NOW - 60},
    ],
)
def test_hosts_that_are_held_back_do_not_alarm(fields: dict[str, Any]) -> None:
    """A bridge without uplink, or none at all, on a host in maintenance, disabled or just added."""
    of = scene.host(**fields)
    found = scene.links(scene.link("cloudbr0", "bridge"))
    values = verdict(scene.cloud(of, types=scene.labels(guest="cloudbr1")), scene.seen(found, Agent(private="x")))
    assert values["label_missing", "cloudbr1"] == 0
    assert set(values.values()) == {0}


def test_nor_hosts_of_a_disabled_zone() -> None:
    """It is being built, or torn down."""
    cloud = scene.cloud(of=scene.zone(enabled=False), types=scene.labels(guest="cloudbr1"))
    assert set(verdict(cloud, scene.seen(scene.bridged())).values()) == {0}


def test_other_hypervisors_are_not_judged_here() -> None:
    """Their labels name other things."""
    assert verdict(scene.cloud(scene.host(hypervisor="XenServer")), scene.seen(scene.bridged())) == {}


SWITCHED = Agent(private="cloudbr0", bridge_type="openvswitch")


def switch(*ports: OvsPort) -> OvsDatabase:
    """Return a database of one bridge."""
    own = OvsPort(name="cloudbr0", bridge="cloudbr0", interfaces=(OvsInterface(name="cloudbr0", kind="internal"),))
    every = (own, *ports)
    return OvsDatabase(
        bridges={"cloudbr0": OvsBridge(name="cloudbr0", ports=every)}, ports={port.name: port for port in every}
    )


BOND = OvsPort(name="bond0", bridge="cloudbr0", interfaces=(OvsInterface(name="eth0"), OvsInterface(name="eth1")))
OWN_PORT_OFF = scene.links(scene.link("cloudbr0", "openvswitch", is_up=False), scene.link("eth0"))


def test_a_bridge_of_open_vswitch() -> None:
    """Its own port may be off; a bond of it is one uplink."""
    assert verdict(scene.cloud(), scene.seen(OWN_PORT_OFF, SWITCHED, ovs=switch(BOND))) == HEALTHY
    found = verdict(scene.cloud(), scene.seen(OWN_PORT_OFF, SWITCHED, ovs=switch()))
    assert found["label_without_uplink", "cloudbr0"] == 1
    nic = OvsPort(name="eth0", bridge="cloudbr0", interfaces=(OvsInterface(name="eth0"),))
    off = scene.links(scene.link("eth0", is_up=False))
    assert verdict(scene.cloud(), scene.seen(off, SWITCHED, ovs=switch(nic)))["label_switched_off", "cloudbr0"] == 1


def test_open_vswitch_that_does_not_answer_is_unknown() -> None:
    """No bridge of it is called missing, whether its port is there or not."""
    for found in (OWN_PORT_OFF, scene.links(scene.link("lo"))):
        values = {LINKS: found, AGENT: SWITCHED}
        assert verdict(scene.cloud(), values) == {("labels_unlike_agent",): 0}
    values = {LINKS: scene.links(scene.link("lo")), AGENT: SWITCHED, OVS_DATABASE: switch(BOND)}
    cloud = scene.cloud(types=tuple(scene.label(name, "cloudbr5") for name in scene.TYPES))
    assert verdict(cloud, values)["label_missing", "cloudbr5"] == 1


def untagged(vlan: str) -> VlanRange:
    """Return a public address range."""
    return VlanRange(id="r", zone_id="z", vlan=vlan, is_public=True)


def test_a_label_that_the_agent_does_not_follow() -> None:
    """Private and untagged public NICs go where agent.properties says, whatever the label."""
    values = scene.seen(scene.bridged(), Agent(public="cloudbr7", private="cloudbr8"))
    samples = scene.samples_on_host(judge, scene.cloud(), values)
    sample = scene.only(samples, "labels_unlike_agent")
    assert (sample.value, sample.seen) == (1, "agent.properties: Management cloudbr8")
    for vlan, number in (("vlan://untagged", 2), ("untagged", 2), ("vlan://50", 1), ("", 1)):
        found = verdict(scene.cloud(ranges=(untagged(vlan),)), values)
        assert found["labels_unlike_agent",] == number
    assert ("labels_unlike_agent",) not in verdict(scene.cloud(), values, looks=1)
    lacks = {"listVlanIpRanges": Failure(Reason.PERMISSION)}
    assert ("labels_unlike_agent",) not in verdict(scene.cloud(lacks=lacks), values)


def guests(vlan: str, **fields: Any) -> dict[str, Any]:
    """Return a guest network, as part of a Cloud."""
    given: dict[str, Any] = {"physical_network_id": "pn", "zone_id": "z"} | fields
    return {"guests": (Network(id="n", name="n", type="L2", state="Setup", vlan=vlan, **given),)}


def shared(vlan: str, **fields: Any) -> dict[str, Any]:
    """Return the address range of a shared network, as part of a Cloud."""
    return {"ranges": (replace(untagged(vlan), is_public=False, **({"physical_network_id": "pn"} | fields)),)}


@pytest.mark.parametrize(
    ("guest", "untagged_guests", "number"),
    [
        ("cloudbr2", guests("vlan://untagged"), 1),
        ("cloudbr2", shared("vlan://untagged"), 1),
        ("cloudbr2", guests("vlan://2000"), 0),
        ("cloudbr2", shared("vlan://2000"), 0),
        ("cloudbr2", guests("vxlan://untagged"), 0),
        ("cloudbr2", guests(""), 0),
        ("cloudbr2", guests("vlan://untagged", physical_network_id="other"), 0),
        ("cloudbr2", shared("untagged", physical_network_id="other"), 0),
        ("cloudbr2", {}, 0),
        ("cloudbr0", guests("vlan://untagged"), 0),
    ],
)
def test_untagged_guests_on_open_vswitch_go_where_the_agent_says(
    guest: str, untagged_guests: dict[str, Any], number: int
) -> None:
    """OvsVifDriver takes guest.network.device whatever the label says; BridgeVifDriver takes the label."""
    cloud = scene.cloud(types=scene.labels(guest=guest), **untagged_guests)
    values = scene.seen(OWN_PORT_OFF, replace(SWITCHED, guest="cloudbr0"), ovs=switch(BOND))
    samples = scene.samples_on_host(judge, cloud, values)
    assert scene.values_of(samples)["labels_unlike_agent",] == number
    bridge = scene.seen(scene.bridged(), Agent(private="cloudbr0", guest="cloudbr0"))
    assert verdict(cloud, bridge)["labels_unlike_agent",] == 0
    if number:
        sample = scene.only(samples, "labels_unlike_agent")
        assert sample.seen == "agent.properties: Guest cloudbr0"
        assert sample.expected == "as labelled: Guest cloudbr2, Management cloudbr0"
        assert "guest.network.device" in sample.remedy


def test_the_private_device_is_the_guests_where_the_agent_names_no_other() -> None:
    """As in LibvirtComputingResource."""
    cloud = scene.cloud(types=scene.labels(guest="cloudbr2"), **guests("untagged"))
    values = scene.seen(OWN_PORT_OFF, SWITCHED, ovs=switch(BOND))
    assert verdict(cloud, values)["labels_unlike_agent",] == 1
    lacks = {"listNetworks": Failure(Reason.PERMISSION)}
    assert ("labels_unlike_agent",) not in verdict(replace(cloud, lacks=lacks), values)


def test_an_agent_that_names_no_private_device_is_not_compared() -> None:
    """cloudstack-setup-agent writes it; by hand it may be left out."""
    assert verdict(scene.cloud(), scene.seen(scene.bridged(), Agent())) == HEALTHY
