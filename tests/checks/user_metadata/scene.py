"""A small cloud around one router, and judges run over it as the schedule does: visit, refresh, visit."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

from exporter.cloud.cloud import Cloud
from exporter.cloud.networks import Network
from exporter.cloud.objects import Host, Instance, Nic, Router, Zone
from exporter.cloud.targets import Machine, RouterTarget
from exporter.memory import Scope
from exporter.model import Answer, Answers, Question, Sample
from exporter.questions.routers.state import ROUTER_IDENTITY, ROUTER_REDUNDANCY, Role, RouterIdentity

NOW = 1_800_000_000.0
DAY = 86400.0
BY_ROUTER = {name: frozenset({"VirtualRouter"}) for name in ("Dhcp", "Dns", "UserData")}
UUID = "5c1f0f7a-1d2e-4a37-9a55-0c7f6f2f1a10"
OTHER_UUID = "99999999-1d2e-4a37-9a55-0c7f6f2f1a99"


def nic(address: str, network_id: str = "net", **fields: Any) -> Nic:
    """Return a guest NIC."""
    return Nic(network_id=network_id, traffic_type="Guest", address=address, is_default=True, **fields)


def network(network_id: str = "net", **fields: Any) -> Network:
    """Return an isolated network that a virtual router serves."""
    given: dict[str, Any] = {"type": "Isolated", "state": "Implemented", "gateway": "10.1.1.1", "services": BY_ROUTER}
    return Network(id=network_id, name=f"{network_id}work", zone_id="z", **(given | fields))


def instance(address: str = "10.1.1.10", vm_id: str = UUID, **fields: Any) -> Instance:
    """Return a running instance with one NIC."""
    given: dict[str, Any] = {
        "state": "Running",
        "host_id": "h2",
        "instance_name": f"i-2-{address.rsplit('.', maxsplit=1)[-1]}-VM",
    }
    given |= {"created": NOW - DAY, "nics": (nic(address),)}
    return Instance(id=vm_id, name="web01", zone_id="z", **(given | fields))


def router(name: str = "r-4-VM", **fields: Any) -> Router:
    """Return a running router of the network ``net``, made three days ago."""
    given: dict[str, Any] = {"state": "Running", "host_id": "h1", "host_name": "kvm1", "created": NOW - 3 * DAY}
    given |= {"network_id": "net", "version": "4.22.0", "nics": (nic("10.1.1.1"),)}
    return Router(id=f"id-{name}", name=name, zone_id="z", **(given | fields))


def cloud(
    *routers: Router,
    networks: tuple[Network, ...] = (network(),),
    instances: tuple[Instance, ...] = (),
    network_type: str = "Advanced",
    **fields: Any,
) -> Cloud:
    """Return a Cloud of one zone with two hosts in two pods."""
    hosts = {
        host_id: Host(
            id=host_id,
            name=f"kvm{host_id[1:]}",
            type="Routing",
            state="Up",
            resource_state="Enabled",
            address=f"192.0.2.{host_id[1:]}",
            zone_id="z",
            pod_id=f"pod{host_id[1:]}",
        )
        for host_id in ("h1", "h2")
    }
    by_network = {
        one.id: tuple(vm for vm in instances if one.id in {card.network_id for card in vm.nics}) for one in networks
    }
    return Cloud(
        zones={"z": Zone("z", "zone1", network_type, security_groups=False, enabled=True)},
        hosts=hosts,
        networks={one.id: one for one in networks},
        routers={one.id: one for one in routers},
        instances={vm.id: vm for vm in instances},
        instances_by_network=by_network,
        at=NOW,
        expires=1e12,
        **fields,
    )


def target(of: Router) -> RouterTarget:
    """Return the target of a router."""
    return RouterTarget(of, "zone1", Machine("kvm1", "192.0.2.1"))


def identity(**fields: Any) -> RouterIdentity:
    """Return what a router of 4.22 says of itself, two days after its start."""
    given: dict[str, Any] = {"release": "4.22.0", "type": "router", "is_redundant": False, "has_systemd": True}
    given |= {"scripts": frozenset({"passwd_server_ip.py"}), "is_configured": True, "uptime": 2 * DAY}
    return RouterIdentity(**(given | fields))


def judged(
    judge: Callable[[RouterTarget, Answers, Cloud], Any],
    of: Router,
    seen_by: Cloud,
    values: Mapping[Question[Any], Any],
    looks: int = 2,
    role: Role = Role.ALONE,
    uptime: float = 2 * DAY,
) -> list[Sample]:
    """Return what the last of ``looks`` visits brought, with a refresh of the Cloud before each visit."""
    scope = Scope()
    found: list[Sample] = []
    before: Mapping[Question[Any], Answer[Any]] = {}
    known = {ROUTER_IDENTITY: identity(uptime=uptime), ROUTER_REDUNDANCY: role} | dict(values)
    for look in range(1, looks + 1):
        asked = 100.0 * look
        scope.begin()
        given = replace(answers(known, asked, scope), previous=before)
        found = list(judge(target(of), given, refreshed(seen_by, look)))
        before = given.values
        scope.end()
    return found


def answers(values: Mapping[Question[Any], Any], asked: float, scope: Scope) -> Answers:
    """Return answers asked at ``asked`` by the boot clock."""
    given = {question: Answer(value, asked, NOW, 1e12) for question, value in values.items()}
    return Answers(now=NOW, asked=asked, values=given, memory=scope.held)


def refreshed(of: Cloud, look: int) -> Cloud:
    """Return the same Cloud, read again before the given visit."""
    return replace(of, asked=100.0 * look - 50, finished=100.0 * look - 40, generation=look)


def values_of(samples: list[Sample]) -> dict[tuple[str, ...], float]:
    """Return the values by short metric name and the labels behind the zone."""
    return {(_short(sample), *sample.labels[1:]): sample.value for sample in samples}


def only(samples: list[Sample], metric: str) -> Sample:
    """Return the one sample of a metric, named without the common prefix."""
    (found,) = [sample for sample in samples if _short(sample) == metric]
    return found


def _short(sample: Sample) -> str:
    return sample.metric.name.removeprefix("cloudstack_network_user_metadata_")
