"""VLANs of a host's own that CloudStack may give to guests."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from exporter.checks.physical_networks.own_vlans import judge
from exporter.cloud.cloud import Cloud
from exporter.cloud.networks import Network, StorageRange
from exporter.memory import Scope
from exporter.model import Answer, Answers, Question, Sample
from exporter.questions.hosts.links import Counters, Link, Links
from exporter.questions.hosts.ovs import OvsBridge, OvsDatabase, OvsInterface, OvsPort
from exporter.thresholds import OWN_VLAN_FRAMES
from tests.checks.physical_networks import scene

LABELS = scene.labels(guest="cloudbr1")
STORAGE = {"s": StorageRange("s", "z", "n", 140)}


def wired(vlan: int | None = None, *more: Link, guest_vlan: int | None = None) -> Links:
    """Return a host whose bridges for guests and for the rest lie on one bond, tagged or not."""

    def port(bridge: str, tag: int | None) -> tuple[Link, ...]:
        vlans = (scene.link(f"bond0.{tag}", "vlan", bridge, parent="bond0", vlan=tag),) if tag else ()
        return (scene.link(bridge, "bridge"), *vlans)

    bond = scene.link("bond0", "bond", "cloudbr0" if vlan is None else "cloudbr1" if guest_vlan is None else "")
    return scene.links(bond, *port("cloudbr0", vlan), *port("cloudbr1", guest_vlan), *more)


def alone(vlan: int, sent: int = 0, **fields: Any) -> Link:
    """Return a VLAN device of the bond in no bridge."""
    given: dict[str, Any] = {"parent": "bond0", "vlan": vlan} | fields
    return scene.link(given.pop("name", f"bond0.{vlan}"), "vlan", counters=Counters(tx_packets=sent), **given)


def looked(cloud: Cloud, *hosts: Links, on_demand: bool = False) -> list[Sample]:
    """Return what is said after visits that found the host so."""
    scope, found = Scope(), list[Sample]()
    before: dict[Question[Any], Answer[Any]] = {}
    for number, links in enumerate(hosts, 1):
        scope.begin()
        asked = 100.0 * number
        given = scene.seen(links)
        values = {question: Answer(one, asked, scene.NOW, 1e12) for question, one in given.items()}
        told = Answers(
            now=scene.NOW, asked=asked, values=values, previous=before, memory=scope.held, is_on_demand=on_demand
        )
        known = replace(cloud, asked=asked - 50, finished=asked - 40)
        found = list(judge(scene.target(cloud.hosts["h1"]), told, known))
        scope.end()
        before = values
    return found


def value(cloud: Cloud, *hosts: Links, on_demand: bool = False) -> float | None:
    """Return the verdict, None when nothing is said."""
    return scene.values_of(looked(cloud, *hosts, on_demand=on_demand)).get(("own_vlans_in_guest_range",))


CLOUD = scene.cloud(types=LABELS)
SHARED = wired(150)
APART = wired(None, guest_vlan=50)


@pytest.mark.parametrize(("links", "number"), [(SHARED, 1), (wired(50), 0), (wired(200), 0), (APART, 0)])
def test_the_vlan_of_a_label(links: Links, number: int) -> None:
    """Of management on the bond of the guests, whose range is 100 to 199."""
    assert value(CLOUD, links, links) == number
    assert value(CLOUD, links) == (None if number else 0)


def test_the_evidence() -> None:
    """Which VLAN, and whose it is."""
    (sample,) = looked(CLOUD, SHARED, SHARED)
    assert sample.seen == "VLAN 150 of cloudbr0"


def test_the_vlan_of_the_guests_own_label() -> None:
    """The agent would take the uplink out of the bridge of untagged guests."""
    links = wired(None, guest_vlan=150)
    assert value(CLOUD, links, links) == 1


def test_another_uplink_is_another_wire() -> None:
    """What lies on bond1 is not below the guests."""
    port = scene.link("bond1.150", "vlan", "cloudbr0", parent="bond1", vlan=150)
    bridges = (scene.link(name, "bridge") for name in ("cloudbr0", "cloudbr1"))
    links = scene.links(scene.link("bond0", "bond", "cloudbr1"), scene.link("bond1", "bond"), port, *bridges)
    assert value(CLOUD, links, links) == 0


def test_a_label_that_names_a_vlan_device() -> None:
    """Without a bridge: the VLAN lies on what is below it."""
    cloud = scene.cloud(types=scene.labels(guest="cloudbr1", management="bond0.150", public="cloudbr1", storage=""))
    links = wired(None, alone(150), guest_vlan=50)
    assert value(cloud, links, links) == 1


@pytest.mark.parametrize(
    ("methods", "ranges", "number"),
    [
        (("VLAN",), ((100, 199),), 1),
        ((), ((100, 199),), 1),
        (("VLAN",), ((100, 149), (151, 199)), 0),
        (("VLAN",), (), 0),
        (("VXLAN",), ((100, 199),), 0),
    ],
)
def test_what_cloudstack_gives(methods: tuple[str, ...], ranges: tuple[tuple[int, int], ...], number: int) -> None:
    """VNIs are no VLANs; VLANs that somebody chose for a network were meant."""
    network = Network(
        id="n", name="n", zone_id="z", type="Shared", state="Setup", vlan="vlan://150", physical_network_id="pn"
    )
    physical = scene.physical(isolation_methods=methods, vlan_ranges=ranges)
    cloud = scene.cloud(types=LABELS, networks=(physical,), guests=(network,))
    assert value(cloud, SHARED, SHARED) == number


@pytest.mark.parametrize(
    ("vlan_ids", "management", "number"),
    [
        (("vlan://150",), None, 1),
        (("150", "vlan://160"), None, 2),
        (("vlan://30",), None, 0),
        (("vlan://untagged",), None, 0),
        (("vxlan://150",), None, 0),
        (("vlan://150",), 50, 0),
    ],
)
def test_the_vlan_of_the_pod(vlan_ids: tuple[str, ...], management: int | None, number: int) -> None:
    """It is the native one of an untagged uplink; a tagged uplink says itself where management is."""
    links = wired(management, guest_vlan=60)
    assert value(scene.cloud(types=LABELS, vlan_ids=vlan_ids), links, links) == number


@pytest.mark.parametrize(
    ("storage", "number"),
    [
        (STORAGE, 1),
        ({"s": replace(STORAGE["s"], vlan=40)}, 0),
        ({"s": replace(STORAGE["s"], vlan=None)}, 0),
        ({"s": replace(STORAGE["s"], zone_id="other")}, 0),
    ],
)
def test_the_vlan_of_storage(storage: dict[str, StorageRange], number: int) -> None:
    """The bridge that the agent makes for it would be that of the guest network too."""
    assert value(scene.cloud(types=LABELS, storage_ranges=storage), APART, APART) == number


@pytest.mark.parametrize("name", ["bond0.160", "nfs0"])
@pytest.mark.parametrize(("sent", "number"), [(OWN_VLAN_FRAMES, 1), (OWN_VLAN_FRAMES - 1, 0), (0, 0)])
def test_a_device_in_which_the_host_speaks(name: str, sent: int, number: int) -> None:
    """Of whatever name; one that only IPv6 uses was left behind by a network, or is used no more."""
    looks = [wired(None, alone(160, 7 + sent * look, name=name), guest_vlan=50) for look in range(3)]
    assert value(CLOUD, *looks) == number
    if number:
        assert looked(CLOUD, *looks)[0].seen == f"VLAN 160, the host speaks over {name}"
    assert value(CLOUD, looks[0]) is None  # nobody knows yet
    quiet = value(CLOUD, *looks, on_demand=True)
    assert quiet == (1 if number else None)


@pytest.mark.parametrize(
    "device",
    [alone(60, 10**6), alone(160, 10**6, parent="bond1"), alone(160, 10**6, master="brbond0-160")],
    ids=["outside", "another uplink", "of guests"],
)
def test_devices_that_are_no_concern(device: Link) -> None:
    """Whatever they carry."""
    still = replace(device, counters=Counters())
    looks = [wired(None, one, guest_vlan=50) for one in (still, device, device)]
    assert value(CLOUD, *looks[:2]) == 0


def test_a_device_of_a_network() -> None:
    """A VLAN that a network has and that is in no bridge is told as such, by vlan_trunking."""
    network = Network(id="n", name="n", zone_id="z", type="Isolated", state="Implemented", vlan="vlan://160")
    looks = [wired(None, alone(160, 100 * look), guest_vlan=50) for look in range(3)]
    assert value(scene.cloud(types=LABELS, guests=(network,)), *looks) == 0
    assert value(scene.cloud(types=LABELS, guests=(replace(network, zone_id="other"),)), *looks) == 1


def test_a_place_that_nobody_told() -> None:
    """Without label and agent nobody knows where storage lies: only what is wrong is said."""
    cloud = scene.cloud(types=scene.labels(guest="cloudbr1", storage=""))
    wrong = scene.samples_on_host(judge, cloud, scene.seen(SHARED, None))
    assert [one.value for one in wrong] == [1]
    assert scene.samples_on_host(judge, cloud, scene.seen(APART, None)) == []


def test_bridges_in_a_vlan_of_open_vswitch() -> None:
    """Guests that get the VLAN of management are in it, by their tag."""
    ports = (
        OvsPort(name="bond0", bridge="cloudbr1", interfaces=(OvsInterface(name="eth0"), OvsInterface(name="eth1"))),
        OvsPort(
            name="cloudbr0", bridge="cloudbr1", tag=150,
            interfaces=(OvsInterface(name="cloudbr0", kind="internal"),),
        ),
    )  # fmt: skip
    ovs = OvsDatabase(
        bridges={"cloudbr1": OvsBridge(name="cloudbr1", ports=ports)}, ports={port.name: port for port in ports}
    )
    links = scene.links(scene.link("lo"))
    agent = replace(scene.AGENT_NATIVE, bridge_type="openvswitch")
    found = scene.on_host(judge, CLOUD, scene.seen(links, agent, ovs=ovs))
    assert found == {("own_vlans_in_guest_range",): 1}


@pytest.mark.parametrize(
    "fields", [{"resource_state": "Maintenance"}, {"resource_state": "Disabled"}, {"created": scene.NOW - 60}]
)
def test_hosts_that_are_held_back_do_not_alarm(fields: dict[str, Any]) -> None:
    """Zero is said of them, also before anything is confirmed."""
    cloud = scene.cloud(scene.host(**fields), types=LABELS)
    assert value(cloud, SHARED) == 0
    assert value(cloud, SHARED, SHARED) == 0


def test_other_hypervisors_are_not_judged_here() -> None:
    """Their bridges are made otherwise."""
    assert looked(scene.cloud(scene.host(hypervisor="XenServer"), types=LABELS), SHARED, SHARED) == []
