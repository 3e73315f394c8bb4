"""The map of traffic types to uplinks."""

from __future__ import annotations

from exporter.checks.physical_networks.label_uplinks import judge
from exporter.questions.hosts.agent import Agent
from exporter.questions.hosts.ovs import OvsBridge, OvsDatabase, OvsInterface, OvsPort
from tests.checks.physical_networks import scene


def test_one_uplink_carries_everything() -> None:
    """A choice, and no problem: no metric of the map has one."""
    found = scene.samples_on_host(judge, scene.cloud(), scene.seen(scene.bridged()))
    rows = {sample.labels[3:] for sample in found if scene.short(sample) == "uplink_info"}
    assert rows == {("physical-pn", traffic, "cloudbr0", "bridge", "bond0", "") for traffic in scene.TYPES}
    assert scene.only(found, "uplink_traffic_types").value == 4
    assert all(sample.metric.problem is None for sample in found)


def test_several_nics() -> None:
    """Management on a VLAN of one bond, guests on another physical network and NIC."""
    types = (*scene.labels()[:2], scene.label("Guest", "cloudbr1", "pn2"))
    networks = (scene.physical(), scene.physical("pn2"))
    links = scene.links(
        scene.link("cloudbr0", "bridge"),
        scene.link("bond0.30", "vlan", "cloudbr0", parent="bond0", vlan=30),
        scene.link("bond0", "bond"),
        scene.link("cloudbr1", "bridge"),
        scene.link("eth2", master="cloudbr1"),
    )
    cloud = scene.cloud(types=types, networks=networks)
    found = scene.samples_on_host(judge, cloud, scene.seen(links))
    assert {sample.labels[3:] for sample in found if scene.short(sample) == "uplink_info"} == {
        ("physical-pn", "Management", "cloudbr0", "bridge", "bond0", "30"),
        ("physical-pn", "Public", "cloudbr0", "bridge", "bond0", "30"),
        ("physical-pn2", "Guest", "cloudbr1", "bridge", "eth2", ""),
    }
    values = scene.values_of(found)
    assert (values["uplink_traffic_types", "bond0"], values["uplink_traffic_types", "eth2"]) == (2, 1)


def test_what_is_not_known_is_said_to_be() -> None:
    """A label that is missing has no uplink; two uplinks are both named; Open vSwitch that is silent is unknown."""
    cloud = scene.cloud(types=(scene.label("Guest"),))
    missing = scene.only(scene.samples_on_host(judge, cloud, scene.seen(scene.links(scene.link("lo")))), "uplink_info")
    assert missing.labels[4:] == ("Guest", "cloudbr0", "missing", "", "")
    two = scene.links(
        scene.link("cloudbr0", "bridge"), *(scene.link(name, master="cloudbr0") for name in ("eth1", "eth0"))
    )
    assert scene.only(scene.samples_on_host(judge, cloud, scene.seen(two)), "uplink_info").labels[7] == "eth0+eth1"
    silent = scene.seen(scene.links(scene.link("lo")), Agent(bridge_type="openvswitch"))
    silent.pop(next(question for question in silent if question.name == "host_ovs_database"))
    assert scene.only(scene.samples_on_host(judge, cloud, silent), "uplink_info").labels[6] == "unknown"


def test_a_bridge_of_open_vswitch() -> None:
    """Its bond is the uplink."""
    bond = OvsPort(name="bond0", bridge="cloudbr0", interfaces=(OvsInterface(name="a"), OvsInterface(name="b")))
    ovs = OvsDatabase(bridges={"cloudbr0": OvsBridge(name="cloudbr0", ports=(bond,))}, ports={"bond0": bond})
    cloud = scene.cloud(types=(scene.label("Guest"),))
    found = scene.samples_on_host(judge, cloud, scene.seen(scene.links(scene.link("lo")), ovs=ovs))
    assert scene.only(found, "uplink_info").labels[6:8] == ("openvswitch", "bond0")


def test_two_physical_networks_of_one_name() -> None:
    """CloudStack allows it; the rows stay apart by the id."""
    networks = (scene.physical(name="same"), scene.physical("pn2", name="same"))
    types = (scene.label("Guest"), scene.label("Guest", network="pn2"))
    found = scene.samples_on_host(judge, scene.cloud(types=types, networks=networks), scene.seen(scene.bridged()))
    rows = [sample.labels[3] for sample in found if scene.short(sample) == "uplink_info"]
    assert rows == ["same (pn)", "same (pn2)"]


def test_other_hypervisors_have_no_map() -> None:
    """Their labels name other things."""
    assert scene.on_host(judge, scene.cloud(scene.host(hypervisor="XenServer")), scene.seen(scene.bridged())) == {}
