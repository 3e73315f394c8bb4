"""A small cloud with one isolated network, one redundant pair and one VPC, and a hand that visits its routers."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from exporter.cloud.cloud import Cloud
from exporter.cloud.networks import Network
from exporter.cloud.objects import Instance, Nic, Router, Zone
from exporter.cloud.storage import Template
from exporter.cloud.targets import RouterTarget
from exporter.memory import Scope
from exporter.model import Answer, Answers, Check, Question, Sample, Value
from exporter.questions.routers.firewall import ROUTER_FIREWALL, RouterFirewall, read_firewall
from exporter.questions.routers.password import PASSWORD_PENDING, PASSWORD_PROBE, PASSWORD_UNITS, Probe, Unit, Units
from exporter.questions.routers.sockets import ROUTER_PROCESSES, ROUTER_SOCKETS, Process, Socket
from exporter.questions.routers.state import (
    ROUTER_ADDRESSES,
    ROUTER_IDENTITY,
    ROUTER_REDUNDANCY,
    ConfiguredAddress,
    Role,
    RouterIdentity,
)

NOW = 1_795_000_000.0
PREFIX = "cloudstack_network_password_reset_"
SERVICES = {name: frozenset({"VirtualRouter"}) for name in ("UserData", "Dhcp", "Dns")}
WEB = Network(
    id="web", name="web", zone_id="z", type="Isolated", state="Implemented", gateway="10.1.1.1", services=SERVICES
)
PAIRED = replace(WEB, id="paired", name="paired", gateway="10.2.1.1")
TIERS = tuple(
    replace(WEB, id=f"tier{tier}", name=f"tier{tier}", gateway=f"10.3.{tier}.1", vpc_id="vpc") for tier in (1, 2)
)
NETWORKS = (WEB, PAIRED, *TIERS)


def router(number: int, *nics: Nic, **more: Any) -> Router:
    """Return a running router that was made long ago."""
    known: dict[str, Any] = {"state": "Running", "zone_id": "z", "host_id": "h1", "created": 0.0, "nics": nics}
    return Router(id=f"r{number}", name=f"r-{number}-VM", **known | more)


def guest(network: Network, address: str = "") -> Nic:
    """Return a router's NIC in a network."""
    return Nic(network_id=network.id, traffic_type="Guest", address=address or network.gateway, gateway=network.gateway)


ALONE = router(4, guest(WEB), network_id="web")
PAIR = tuple(
    router(number, guest(PAIRED, f"10.2.1.{number}"), network_id="paired", is_redundant=True) for number in (5, 6)
)
VPC = router(7, *(guest(tier) for tier in TIERS), vpc_id="vpc")
ROUTERS = (ALONE, *PAIR, VPC)


def instance(number: int, address: str, network: Network = WEB, **more: Any) -> Instance:
    """Return a running instance whose default NIC is in the network."""
    nic = Nic(network_id=network.id, traffic_type="Guest", address=address, is_default=True)
    known: dict[str, Any] = {"state": "Running", "zone_id": "z", "template_id": "t", "created": 0.0, "nics": (nic,)}
    return Instance(id=f"i{number}", name=f"web{number}", **known | more)


def cloud(*instances: Instance, asked: float = 0.0, networks: tuple[Network, ...] = NETWORKS) -> Cloud:
    """Return the Cloud as a refresh at ``asked`` read it."""
    template = Template(id="t", zone_id="z", name="debian", is_ready=True, status="Download Complete")
    by_network = {
        network.id: tuple(one for one in instances if any(nic.network_id == network.id for nic in one.nics))
        for network in networks
    }
    return Cloud(
        asked=asked,
        finished=asked + 1,
        zones={"z": Zone("z", "zone1", "Advanced", security_groups=False, enabled=True)},
        networks={network.id: network for network in networks},
        routers={one.id: one for one in ROUTERS},
        instances={one.id: one for one in instances},
        instances_by_network=by_network,
        templates={("t", "z"): template},
    )


def target(of: Router = ALONE) -> RouterTarget:
    """Return a router as a target."""
    return RouterTarget(of, "zone1", None)


def healthy(of: Router = ALONE, role: Role = Role.ALONE) -> dict[Question[Any], Any]:
    """Return what a healthy router of era C answers; a backup serves nothing."""
    serves = {nic.gateway if of.is_redundant else nic.address: nic for nic in of.guest_nics if role.is_serving}
    own = {nic.address: f"eth{place}" for place, nic in enumerate(of.guest_nics)}
    devices = own | {address: own[nic.address] for address, nic in serves.items()}
    instances = {address: (address, nic.address) if of.is_redundant else (address,) for address, nic in serves.items()}
    return {
        ROUTER_REDUNDANCY: role,
        ROUTER_IDENTITY: RouterIdentity(
            release="Cloudstack Release 4.20.1",
            type="router",
            is_redundant=of.is_redundant,
            has_systemd=True,
            scripts=frozenset({"passwd_server_ip.py"}),
            is_configured=True,
            uptime=1e6,
        ),
        ROUTER_ADDRESSES: tuple(ConfiguredAddress(device, address, 24) for address, device in devices.items()),
        ROUTER_PROCESSES: tuple(Process(9, 1, "passwd_server_ip.py", names) for names in instances.values()),
        ROUTER_SOCKETS: (
            Socket("tcp", "169.254.3.93", 3922, ("sshd",)),
            *(Socket("tcp", address, 8080, ("python",)) for address in serves),
        ),
        ROUTER_FIREWALL: firewall(*own.values()),
        PASSWORD_PROBE: {
            address: Probe.UNSUPPORTED_METHOD if address in serves else Probe.ABSENT
            for address in {nic.gateway if of.is_redundant else nic.address: nic for nic in of.guest_nics}
        },
        PASSWORD_UNITS: Units(
            has_systemd=True,
            units=tuple(Unit(names, "active", "running", "success", 0) for names in instances.values()),
        ),
        PASSWORD_PENDING: (),
    }


def firewall(*devices: str) -> RouterFirewall:
    """Return a firewall that lets guests on the devices reach the password port."""
    rules = "".join(
        f"-A INPUT -i {device} -p tcp -m tcp --dport 8080 -m state --state NEW -j ACCEPT\n" for device in devices
    )
    return read_firewall(f":INPUT DROP [0:0]\n-A INPUT -i lo -j ACCEPT\n{rules}")


def answered(values: Mapping[Question[Any], Any], asked: float, scope: Scope) -> Answers:
    """Return answers of one visit at boot-clock time ``asked``."""
    at = NOW + asked
    return Answers(
        now=at,
        asked=asked,
        values={question: Answer(value, asked, at, asked + 1e9) for question, value in values.items()},
        memory=scope.held,
    )


@dataclass
class Visitor:
    """Visits one router again and again, and judges it with the real memory."""

    check: Check
    of: Router = ALONE
    cloud: Cloud = field(default_factory=cloud)
    scope: Scope = field(default_factory=Scope)
    before: Mapping[Question[Any], Answer[Any]] = field(default_factory=dict)

    def visit(self, asked: float = 100.0, values: Mapping[Question[Any], Any] | None = None) -> list[Sample]:
        """Return the samples after a visit that brought ``values``, else what a healthy router answers."""
        answers = answered(healthy(self.of) if values is None else values, asked, self.scope)
        answers, self.before = replace(answers, previous=self.before), answers.values
        self.scope.begin()
        samples = list(self.check.judges[RouterTarget](target(self.of), answers, self.cloud))
        self.scope.end()
        return samples


def values(samples: list[Sample]) -> dict[tuple[str, ...], Value]:
    """Return samples as (name without prefix, labels without the zone) -> value."""
    return {(sample.metric.name.removeprefix(PREFIX), *sample.labels[1:]): sample.value for sample in samples}


def problems(samples: list[Sample]) -> list[Sample]:
    """Return the samples that are problems."""
    return [one for one in samples if one.metric.problem and one.metric.problem.holds(one.value, NOW)]
