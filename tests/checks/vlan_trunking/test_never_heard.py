"""Machines that never got an address because the switch does not carry their VLAN to the host, and what looks so."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import pytest

from exporter.checks.vlan_trunking.silent_vlans import judge_zone
from exporter.cloud.groups import ZoneGroup
from exporter.cloud.objects import Instance
from exporter.cloud.storage import Template
from exporter.model import Sample
from exporter.questions.hosts.links import Counters
from exporter.questions.hosts.ovs import OvsInterface, OvsPort
from exporter.questions.routers.dhcp import ROUTER_DHCP, DhcpGuest, DhcpLog
from exporter.questions.routers.neighbours import ROUTER_NEIGHBOURS, RouterNeighbour
from exporter.questions.routers.sockets import ANY, ROUTER_SOCKETS, Socket
from exporter.questions.routers.state import ROUTER_IDENTITY, ROUTER_REDUNDANCY, Role, RouterIdentity
from tests.checks.vlan_trunking import vlan_scene as scene

GROUP = ZoneGroup("z", "zone1")
FRESH = (20, 21)
"""The machines on kvm2 that nobody ever heard."""
LOOKS = 13
"""More than a quarter of an hour, with 100 seconds between two looks."""
NETWORK: dict[str, Any] = {
    "gateway": "10.1.1.1",
    "services": {name: frozenset({"VirtualRouter"}) for name in ("Dhcp", "Dns", "UserData")},
}
Device = Callable[[int], tuple[int, int]]


def machine(number: int, **fields: Any) -> Instance:
    """Return a machine of a template on the host of its number, made a day ago."""
    return scene.instance(number, number // 10, **({"template_id": "t", "hypervisor": "KVM"} | fields))


OTHERS = tuple(machine(number) for number in (10, 11, 30, 31))
MACHINES = (*OTHERS, *map(machine, FRESH))


def router(*entries: RouterNeighbour, log: Mapping[str, Any] | None = None, **asked: DhcpGuest) -> scene.Values:
    """Return what the router tells that has heard the others; ``asked`` is of fresh machines: ``n20=DhcpGuest()``."""
    guests = {scene.mac(one): DhcpGuest(has_host=True) for one in FRESH}
    guests |= {scene.mac(int(name[1:])): guest for name, guest in asked.items()}
    given: dict[str, Any] = {"seconds": 30 * scene.DAY, "knows_hosts": True, "guests": guests}
    heard = (RouterNeighbour(f"10.1.1.{n}", "eth0", scene.mac(n), "REACHABLE") for n in (10, 11, 30, 31))
    identity = RouterIdentity(
        release="", type="router", is_redundant=False, has_systemd=True, scripts=frozenset(), is_configured=True,
        uptime=30 * scene.DAY,
    )  # fmt: skip
    return {
        ROUTER_DHCP: DhcpLog(**(given | dict(log or {}))),
        ROUTER_NEIGHBOURS: (*heard, *entries),
        ROUTER_IDENTITY: identity,
        ROUTER_REDUNDANCY: Role.ALONE,
        ROUTER_SOCKETS: (Socket("udp", ANY, 67, ("dnsmasq",)),),
    }


ROUTER = router()


def deaf(look: int) -> tuple[int, int]:
    """Return what the device of kvm2 has received and sent whose machines beg in vain."""
    return 0, 25 * look


def verdict(
    device: Device | None = deaf,
    told: scene.Values = ROUTER,
    machines: tuple[Instance, ...] = MACHINES,
    looks: int = LOOKS,
    **fields: Any,
) -> list[Sample]:
    """Return what is said of the zone when the device of kvm2 counts so at each look; None: it has no such device."""
    network = scene.network(**NETWORK)
    given: dict[str, Any] = {
        "networks": (network,),
        "templates": template(),
    }
    seen_by = scene.cloud(*machines, scene.router(), **(given | fields))
    watch, hosts = scene.Watch(judge_zone), [scene.target(one) for one in seen_by.hosts.values()]
    found: list[Sample] = []
    for look in range(1, looks + 1):
        busy = scene.counted(rx=50 * look, tx=50 * look)
        values = {one: scene.answered(scene.links(*scene.UPLINK, *busy)) for one in hosts}
        rx, tx = device(look) if device else (0, 0)
        lone = scene.counted(rx=rx, tx=tx) if device else ()
        values |= {one: scene.answered(scene.links(*scene.UPLINK, *lone)) for one in hosts if one.name == "kvm2"}
        members: dict[Any, scene.Values] = {scene.router_target(scene.router()): told, **values}
        found = watch.look(
            GROUP,
            seen_by,
            lambda members=members: {one: watch.answers(one.name, given) for one, given in members.items()},  # type: ignore[misc]
        )
    return found


def template(**fields: Any) -> Any:
    """Return the template by its key."""
    return {("t", "z"): Template(id="t", zone_id="z", name="t", is_ready=True, status="", **fields)}


def counts(found: list[Sample]) -> dict[str, float]:
    """Return the counts by host."""
    return {sample.labels[2]: sample.value for sample in found if sample.metric.name.endswith("silent_vlans")}


def test_two_machines_that_beg_in_vain() -> None:
    """The talk's own symptom: no entry for them anywhere, and the VLAN device has never received a frame."""
    found = verdict()
    assert counts(found) == {"kvm1": 0, "kvm2": 1, "kvm3": 0}
    (sample,) = [one for one in found if one.value == 1 and one.metric.problem]
    assert sample.seen == "VLAN 101 (network network): 2 machines never heard since made, 4 answer on other hosts"
    assert scene.only(found, "silent_vlan_machines").value == 2


def test_a_device_that_heard_the_vlan_of_before() -> None:
    """The VLAN was taken off the port before these machines came: it has heard nothing for a quarter of an hour."""
    assert counts(verdict(lambda look: (4000, 9000 + 25 * look), looks=2 * LOOKS))["kvm2"] == 1
    assert "kvm2" not in counts(verdict(lambda look: (4000, 9000 + 25 * look)))


@pytest.mark.parametrize(
    "device",
    [
        lambda look: (10 * look, 0),
        lambda look: (10 * look, 25 * look),
        lambda look: (700 + look, 9),
    ],
    ids=["dead guests", "talking guests", "quiet guests"],
)
def test_a_host_that_hears_the_vlan(device: Device) -> None:
    """Whatever its machines do, it is not the switch: an image with another name of its NIC, a quiet static address."""
    assert counts(verdict(device)) == {"kvm1": 0, "kvm2": 0, "kvm3": 0}


@pytest.mark.parametrize(
    "device",
    [None, lambda _look: (0, 0), lambda _look: (0, 12), lambda look: (0, look)],
    ids=["open vswitch", "dead", "kernel's own frames", "hardly any"],
)
def test_what_no_device_proves(device: Device | None) -> None:
    """Nothing passes there: machines that were stopped inside look the same, so nothing is said of the host."""
    assert counts(verdict(device)) == {"kvm1": 0, "kvm3": 0}


def test_machines_that_are_just_up() -> None:
    """For a quarter of an hour they may be starting, whenever they were made."""
    assert "kvm2" not in counts(verdict(looks=6))
    young = (*OTHERS, *(machine(one, created=scene.NOW - 300) for one in FRESH))
    assert "kvm2" not in counts(verdict(machines=young))


@pytest.mark.parametrize(
    "told",
    [
        router(log={"seconds": 3600.0}),
        router(log={"seconds": None}),
        router(n20=DhcpGuest(has_host=True, asked=4), n21=DhcpGuest(has_host=True, acknowledged=1)),
        router(n20=DhcpGuest(has_host=True, has_id=True), n21=DhcpGuest(has_host=True, has_id=True)),
        {question: value for question, value in ROUTER.items() if question is not ROUTER_DHCP},
        {question: value for question, value in ROUTER.items() if question is not ROUTER_IDENTITY},
        ROUTER | {ROUTER_REDUNDANCY: Role.BACKUP},
        ROUTER | {ROUTER_SOCKETS: ()},
        router(*(RouterNeighbour(f"10.1.2.{n}", "eth0", scene.mac(n), "STALE") for n in range(130))),
    ],
    ids=["young log", "no log", "asked", "client id", "untold", "age untold", "backup", "no server", "large table"],
)
def test_machines_that_may_have_been_heard(told: scene.Values) -> None:
    """A router made anew has lost log and table, a backup has none, a large table forgets; who asked was heard."""
    assert not counts(verdict(told=told)).get("kvm2", 0)


@pytest.mark.parametrize(
    "fields",
    [
        {"networks": (scene.network(**(NETWORK | {"gateway": "10.1.1.254"})),)},
        {"networks": (scene.network(**(NETWORK | {"services": {}})),)},
        {"templates": {}},
        {"templates": template(type="VNF")},
        {"hosts": (scene.host(1), scene.host(2, state="Alert"), scene.host(3))},
    ],
    ids=["gateway elsewhere", "no DHCP", "of an ISO", "appliance", "host down"],
)
def test_machines_that_need_not_be_heard(fields: dict[str, Any]) -> None:
    """They may have other gateways, servers or static addresses; or they do not run at all."""
    assert not counts(verdict(**fields)).get("kvm2", 0)


def test_a_single_machine() -> None:
    """It may have a static address and nothing to say; nobody else can be asked, so nothing is said of the host."""
    assert counts(verdict(machines=(*OTHERS, machine(20)))) == {"kvm1": 0, "kvm3": 0}


def test_nobody_answers_elsewhere() -> None:
    """Then it is the router, or nothing."""
    told = ROUTER | {ROUTER_NEIGHBOURS: ()}
    assert not any(counts(verdict(told=told)).values())


def test_on_the_routers_own_host() -> None:
    """No switch is between a router and the machines beside it."""
    beside = tuple(machine(one, host_id="h1") for one in FRESH)
    away = tuple(machine(one) for one in (30, 31))
    told = ROUTER | {ROUTER_NEIGHBOURS: tuple(one for one in ROUTER[ROUTER_NEIGHBOURS] if one.address > "10.1.1.3")}
    assert not any(counts(verdict(told=told, machines=(*away, *beside))).values())


def test_another_hypervisor() -> None:
    """It has no devices that are asked: nothing is said."""
    hosts = (scene.host(1), scene.host(2, hypervisor="VMware"), scene.host(3))
    assert counts(verdict(hosts=hosts)) == {"kvm1": 0, "kvm3": 0}


def test_open_vswitch() -> None:
    """There the taps count: single machines of two networks that beg and hear nobody make their host deaf."""
    ports = {20: ("vnet0", 101), 22: ("vnet1", 102)}
    networks = tuple(scene.network(f"10{one}", f"n{one}", **NETWORK) for one in (1, 2))
    nets = {10: 1, 20: 1, 30: 1, 12: 2, 22: 2, 32: 2}
    machines = [machine(one, nics=(scene.nic(one, f"vlan://10{net}", f"n{net}"),)) for one, net in nets.items()]
    routers = [
        scene.router(net, network_id=f"n{net}", nics=(scene.nic(1, f"vlan://10{net}", f"n{net}", address="10.1.1.1"),))
        for net in (1, 2)
    ]
    seen_by = scene.cloud(*machines, *routers, networks=networks, templates=template())
    heard = tuple(RouterNeighbour(f"10.1.1.{n}", "eth0", scene.mac(n), "REACHABLE") for n in (10, 30, 12, 32))
    log = DhcpLog(30 * scene.DAY, knows_hosts=True, guests={scene.mac(n): DhcpGuest(has_host=True) for n in ports})
    watch, found = scene.Watch(judge_zone), []
    for look in range(2 * LOOKS):
        links = [
            scene.link(tap, "tun", "ovs-system", counters=Counters(rx_packets=5 * look)) for tap, _ in ports.values()
        ]
        taps = [
            OvsPort(name=tap, bridge="cloudbr1", tag=tag, interfaces=(OvsInterface(name=tap),))
            for tap, tag in ports.values()
        ]
        told: dict[Any, scene.Values] = {
            scene.router_target(one): ROUTER | {ROUTER_NEIGHBOURS: heard, ROUTER_DHCP: log} for one in routers
        }
        told[scene.target(seen_by.hosts["h2"])] = scene.answered(scene.links(*links), ovs=scene.switch(*taps))
        found = watch.look(
            GROUP,
            seen_by,
            lambda told=told: {one: watch.answers(one.name, given) for one, given in told.items()},  # type: ignore[misc]
        )
    assert counts(found) == {"kvm1": 0, "kvm2": 2, "kvm3": 0}
