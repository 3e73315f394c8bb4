"""System VMs of one zone seen from inside, judged as the schedule does: refresh, visit, refresh, visit."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from types import MappingProxyType
from typing import Any

from exporter.cloud.cloud import Cloud
from exporter.cloud.networks import Network
from exporter.cloud.objects import Nic, Router, SystemVm, Zone
from exporter.cloud.storage import Download, ImageStore, Place, Template
from exporter.cloud.targets import ConsoleProxyTarget, Machine, RouterTarget, SecondaryStorageVmTarget
from exporter.memory import Scope
from exporter.model import Answer, Answers, Question, Sample
from exporter.questions.system_vms.system_vm import FileSystem, SystemVmState

NOW = 1_800_000_000.0
DAY = 86400.0
VIA = Machine("kvm1", "192.0.2.1")
BY_ROUTER = {name: frozenset({"VirtualRouter"}) for name in ("Dhcp", "Dns", "UserData")}
NONE: Mapping[Question[Any], Any] = MappingProxyType({})
STORE = ImageStore("s1", "east-secondary", "z", "nfs", "nfs://10.0.0.5/export/secondary")
PLACE = Place("10.0.0.5", 2049)

Judge = Callable[[Any, Answers, Cloud], Any]


def router(**fields: Any) -> Router:
    """Return a running router of the network ``net``, made three days ago."""
    card = Nic(network_id="net", traffic_type="Guest", address="10.1.1.1", is_default=True)
    given: dict[str, Any] = {"state": "Running", "host_id": "h1", "created": NOW - 3 * DAY, "network_id": "net"}
    return Router(id="r4", name="r-4-VM", zone_id="z", **({"nics": (card,)} | given | fields))


def storage_vm(**fields: Any) -> SystemVm:
    """Return a running secondary storage VM, made three days ago."""
    given: dict[str, Any] = {"kind": "secondarystoragevm", "state": "Running", "agent_state": "Up", "host_id": "h1"}
    given |= {"created": NOW - 3 * DAY, "macs": {"Public": "1E:00:64:00:00:03", "Management": "1e:00:0a:00:00:03"}}
    return SystemVm(**({"id": "s3", "name": "s-3-VM", "zone_id": "z"} | given | fields))


def cloud(*machines: Router | SystemVm, services: Mapping[str, frozenset[str]] = BY_ROUTER, **fields: Any) -> Cloud:
    """Return a Cloud of one zone with these machines, one network, one image store."""
    network = Network(
        id="net", name="network", zone_id="z", type="Isolated", state="Implemented", gateway="10.1.1.1",
        services=services,
    )  # fmt: skip
    given: dict[str, Any] = {
        "zones": {"z": Zone("z", "zone1", "Advanced", security_groups=False, enabled=True)},
        "networks": {"net": network},
        "routers": {one.id: one for one in machines if isinstance(one, Router)},
        "system_vms": {one.id: one for one in machines if isinstance(one, SystemVm)},
        "image_stores": {"s1": STORE},
    }
    return Cloud(at=NOW, expires=1e12, **(given | fields))


def template(state: str = "DOWNLOAD_IN_PROGRESS", store: str = STORE.name) -> Template:
    """Return a template that is being downloaded into a store."""
    return Template(
        id="t1", zone_id="z", name="web", is_ready=False, status="12% Downloaded", downloads=(Download(store, state),)
    )


def target(of: Router | SystemVm, **fields: Any) -> RouterTarget | ConsoleProxyTarget | SecondaryStorageVmTarget:
    """Return the target of a machine."""
    if isinstance(of, Router):
        return RouterTarget(of, "zone1", VIA)
    if of.kind == "consoleproxy":
        return ConsoleProxyTarget(of, "zone1", VIA)
    return SecondaryStorageVmTarget(of, "zone1", VIA, **({"stores": (PLACE,)} | fields))


def state(**fields: Any) -> SystemVmState:
    """Return what a healthy machine of today says of itself, two days after its boot."""
    given: dict[str, Any] = {
        "clock": int(NOW), "uptime": 2 * DAY, "type": "router", "is_redundant": False, "has_booted": True,
        "is_read_only": False, "file_systems": (FileSystem("/", 0.34, 0.1), FileSystem("/var/log", 0.12, 0.02)),
        "memory": 0.6, "connections": 0.01, "kills": 0, "processes": None,
        "units": dict.fromkeys(("cron", "rsyslog", "dnsmasq", "haproxy", "apache2", "conntrackd"), "active"),
    }  # fmt: skip
    return SystemVmState(**(given | fields))


def judged(
    judge: Judge,
    of: Router | SystemVm,
    seen_by: Cloud,
    *visits: Mapping[Question[Any], Any],
    **fields: Any,
) -> list[Sample]:
    """Return what the last visit brought, with a refresh of the Cloud before each; one visit is made twice."""
    scope = Scope()
    found: list[Sample] = []
    before: Mapping[Question[Any], Answer[Any]] = {}
    every: Sequence[Mapping[Question[Any], Any]] = visits if len(visits) > 1 else visits * 2
    for look, values in enumerate(every, 1):
        asked = 100.0 * look
        scope.begin()
        given = {question: Answer(value, asked, NOW, 1e12) for question, value in values.items()}
        told = Answers(now=NOW, asked=asked, values=given, previous=before, memory=scope.held)
        fresh = replace(seen_by, asked=asked - 50, finished=asked - 40, generation=look)
        found = list(judge(target(of, **fields), told, fresh))
        before = given
        scope.end()
    return found


def values_of(samples: Sequence[Sample]) -> dict[str, float]:
    """Return the values by the last part of the metric's name; of several objects the last one's."""
    prefixes = ("system_vm_", "secondary_storage_vm_")
    names = {sample: sample.metric.name.removeprefix("cloudstack_network_host_connectivity_") for sample in samples}
    for prefix in prefixes:
        names = {sample: name.removeprefix(prefix) for sample, name in names.items()}
    return {names[sample]: sample.value for sample in samples}


def problems(samples: Sequence[Sample]) -> list[tuple[str, str]]:
    """Return metric, less its prefixes, and the words of each sample that is a problem."""
    return [
        (next(iter(values_of([sample]))), sample.seen)
        for sample in samples
        if sample.metric.problem and sample.metric.problem.holds(sample.value, NOW)
    ]
