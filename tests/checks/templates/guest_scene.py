"""A zone with guests of several templates behind routers, and the judge run as the schedule does."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from exporter.checks.templates.guests import judge
from exporter.cloud.cloud import Cloud
from exporter.cloud.groups import ZoneGroup
from exporter.cloud.networks import Network
from exporter.cloud.objects import Host, Instance, Nic, Router, Zone
from exporter.cloud.storage import Template
from exporter.cloud.targets import HostTarget, Machine, RouterTarget
from exporter.memory import Scope
from exporter.model import Answer, Answers, Failure, Question, Sample
from exporter.questions.routers.dhcp import ROUTER_DHCP, DhcpGuest, DhcpLog
from exporter.questions.routers.neighbours import ROUTER_NEIGHBOURS, RouterNeighbour
from exporter.questions.routers.sockets import ANY, ROUTER_SOCKETS, Socket
from exporter.questions.routers.state import ROUTER_IDENTITY, ROUTER_REDUNDANCY, Role, RouterIdentity

NOW = 1_800_000_000.0
DAY = 86400.0
STEP = 3000.0
"""Seconds between two looks: more than any guest needs to come up."""
PREFIX = "cloudstack_network_templates_"
GROUP = ZoneGroup("z", "zone1")
SERVICES = {name: frozenset({"VirtualRouter"}) for name in ("Dhcp", "Dns", "UserData")}
Values = dict[Question[Any], Any]
NONE: Mapping[str, Failure] = {}
NOBODY: Mapping[HostTarget, tuple[Values, Values]] = {}

ACKNOWLEDGED = DhcpGuest(has_host=True, asked=2, acknowledged=1)
NEVER_ASKED = DhcpGuest(has_host=True)


def mac(number: int) -> str:
    """Return the MAC of a guest."""
    return f"02:00:00:00:{number >> 8:02x}:{number & 255:02x}"


def address(number: int) -> str:
    """Return the address of a guest."""
    return f"10.1.{number >> 8}.{number & 255}"


def gateway(network_id: str) -> str:
    """Return the gateway of a network, which is its router."""
    return f"10.9.{network_id.removeprefix('n')}.1"


def nic(number: int, network: str = "n1", **fields: Any) -> Nic:
    """Return the default NIC of a guest."""
    given: dict[str, Any] = {
        "traffic_type": "Guest",
        "is_default": True,
        "mac": mac(number),
        "address": address(number),
    }
    return Nic(network_id=network, **(given | fields))


def guest(number: int, template: str = "t1", network: str = "n1", on: int = 1, **fields: Any) -> Instance:
    """Return a guest that runs since long."""
    given: dict[str, Any] = {"state": "Running", "host_id": f"h{on}", "created": NOW - 5 * DAY, "template_id": template}
    given |= {"nics": (nic(number, network),), "os_name": "Debian GNU/Linux 12"}
    return Instance(id=f"vm{number}", name=f"vm{number}", zone_id="z", **(given | fields))


def network(network_id: str = "n1", **fields: Any) -> Network:
    """Return a network that a router serves."""
    given: dict[str, Any] = {"type": "Isolated", "state": "Implemented", "services": SERVICES}
    given["gateway"] = gateway(network_id)
    return Network(id=network_id, name=f"net-{network_id}", zone_id="z", **(given | fields))


def router(number: int = 1, *networks: str, **fields: Any) -> Router:
    """Return a router made long ago; it serves the network of its number unless others are named."""
    served = networks or (f"n{number}",)
    nics = tuple(
        nic(60000 + number * 16 + place, one, is_default=False, address=gateway(one))
        for place, one in enumerate(served)
    )
    given: dict[str, Any] = {"state": "Running", "host_id": "h9", "network_id": served[0], "created": NOW - 30 * DAY}
    return Router(id=f"r{number}", name=f"r-{number}-VM", zone_id="z", **(given | {"nics": nics} | fields))


def target(of: Router) -> RouterTarget:
    """Return the target of a router."""
    return RouterTarget(of, "zone1", Machine("kvm9", "192.0.2.9"))


def template(template_id: str = "t1", **fields: Any) -> Template:
    """Return a template that is ready."""
    given: dict[str, Any] = {"name": f"{template_id}-name", "is_ready": True, "status": "Download Complete"}
    return Template(id=template_id, **({"zone_id": "z"} | given | fields))


def told(*heard: int, known: Mapping[int, DhcpGuest] | None = None, log: Mapping[str, Any] | None = None) -> Values:
    """Return what a healthy router tells that heard these guests; ``known`` is by guest number."""
    guests = {mac(number): ACKNOWLEDGED for number in heard} | {mac(n): one for n, one in (known or {}).items()}
    fields: dict[str, Any] = {"seconds": 30 * DAY, "knows_hosts": True, "guests": guests}
    identity = RouterIdentity(
        release="", type="router", is_redundant=False, has_systemd=True, scripts=frozenset(), is_configured=True,
        uptime=30 * DAY,
    )  # fmt: skip
    return {
        ROUTER_DHCP: DhcpLog(**(fields | dict(log or {}))),
        ROUTER_NEIGHBOURS: tuple(RouterNeighbour(address(n), "eth0", mac(n), "REACHABLE") for n in heard),
        ROUTER_IDENTITY: identity,
        ROUTER_REDUNDANCY: Role.ALONE,
        ROUTER_SOCKETS: (Socket("udp", ANY, 67, ("dnsmasq",)),),
    }


def entry(number: int, state: str, of: int | None = None) -> RouterNeighbour:
    """Return an ARP entry; ``of`` is the guest whose MAC answers, when another one."""
    known = "" if state in ("FAILED", "INCOMPLETE") else mac(number if of is None else of)
    return RouterNeighbour(address(number), "eth0", known, state)


def host(host_id: str, **fields: Any) -> Host:
    """Return a host that is Up."""
    given: dict[str, Any] = {"type": "Routing", "state": "Up", "resource_state": "Enabled", "address": "192.0.2.1"}
    return Host(id=host_id, name=host_id.replace("h", "kvm"), zone_id="z", **(given | fields))


def cloud(
    guests: tuple[Instance, ...],
    routers: tuple[Router, ...] = (router(),),
    networks: tuple[Network, ...] = (network(),),
    templates: tuple[Template, ...] = (),
    hosts: tuple[Host, ...] = (),
    gone: tuple[str, ...] = (),
    **fields: Any,
) -> Cloud:
    """Return a Cloud of one zone with these guests, hosts that are Up, and their templates but for those gone."""
    up = {one.host_id for one in guests}
    named = {one.id for one in templates} | {"", *gone}
    templates += tuple(template(one) for one in sorted({vm.template_id for vm in guests} - named))
    made = {one: host(one) for one in up}
    return Cloud(
        zones={"z": Zone("z", "zone1", "Advanced", security_groups=False, enabled=True)},
        hosts=made | {one.id: one for one in hosts},
        routers={one.id: one for one in routers},
        networks={one.id: one for one in networks},
        instances={one.id: one for one in guests},
        templates={(one.id, one.zone_id): one for one in templates},
        instances_by_network={
            one.id: tuple(vm for vm in guests if one.id in {card.network_id for card in vm.nics}) for one in networks
        },
        at=NOW,
        expires=1e12,
        **fields,
    )


@dataclass
class Watch:
    """Judges again and again, and remembers as the schedule does."""

    looks: int = 0
    scopes: dict[str, Scope] = field(default_factory=dict)

    def look(
        self,
        seen_by: Cloud,
        values: Mapping[str, Values],
        failures: Mapping[str, Failure] = NONE,
        hosts: Mapping[HostTarget, tuple[Values, Values]] = NOBODY,
    ) -> list[Sample]:
        """Visit the routers named, and judge; ``failures`` are of the DHCP question, by router id.

        ``hosts`` are what hosts told at the visit before, and now.
        """
        self.looks += 1
        asked = self.looks * STEP
        members: dict[RouterTarget | HostTarget, Answers] = {}
        for of, (old, new) in hosts.items():
            scope = self.scopes.setdefault(of.host.id, Scope())
            scope.begin()
            now = {question: Answer(value, asked, NOW, 1e12) for question, value in new.items()}
            past = {question: Answer(value, asked - STEP, NOW, 1e12) for question, value in old.items()}
            members[of] = Answers(now=NOW, asked=asked, values=now, previous=past, memory=scope.held)
        for one in seen_by.routers.values():
            if one.id in values or one.id in failures:
                scope = self.scopes.setdefault(one.id, Scope())
                scope.begin()
                now = {question: Answer(value, asked, NOW, 1e12) for question, value in values.get(one.id, {}).items()}
                lost = {ROUTER_DHCP: failures[one.id]} if one.id in failures else {}
                members[target(one)] = Answers(now=NOW, asked=asked, values=now, failures=lost, memory=scope.held)
        found = list(judge(GROUP, members, seen_by))
        for scope in self.scopes.values():
            scope.end()
        return found


def verdict(
    seen_by: Cloud, values: Mapping[str, Values], looks: int = 2, failures: Mapping[str, Failure] = NONE
) -> list[Sample]:
    """Return what the last of some looks brought."""
    watch = Watch()
    found: list[Sample] = []
    for _ in range(looks):
        found = watch.look(seen_by, values, failures)
    return found


def values_of(samples: list[Sample], metric: str) -> dict[str, float]:
    """Return the values of a metric by its labels behind the zone, joined."""
    return {"/".join(one.labels[1:]): one.value for one in samples if one.metric.name == PREFIX + metric}


def states(samples: list[Sample], of: str = "t1-name") -> dict[str, float]:
    """Return the numbers of a template's guests by state, without zeros."""
    found = {
        one.labels[2]: one.value for one in samples if one.metric.name == f"{PREFIX}guests" and one.labels[1] == of
    }
    return {state: value for state, value in found.items() if value}


def changed(values: Values, question: Question[Any], **fields: Any) -> Values:
    """Return the answers with one of them changed."""
    return values | {question: replace(values[question], **fields)}
