"""A small cloud with console proxies, and short ways to ask a judge about it."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from exporter.cloud.cloud import Cloud
from exporter.cloud.consoles import console_address, possible_hostnames
from exporter.cloud.groups import ZoneGroup
from exporter.cloud.networks import VlanRange
from exporter.cloud.objects import Host, Instance, SystemVm, Zone
from exporter.cloud.targets import ConsoleEndpoint, ConsoleProxyTarget
from exporter.memory import Scope
from exporter.model import Answer, Answers, Check, Failure, Question, Reason, Sample
from exporter.questions.certificates import Certificate
from exporter.questions.system_vms import console
from exporter.questions.system_vms.console import Connection, Handshake, Lookup, Page

NOW = 1_795_000_000.0
DAY = 86400.0
ZONE = ZoneGroup("z1", "east")
NAME = "203-0-113-7.console.example"
WILDCARD = {"consoleproxy.url.domain": "*.console.example", "consoleproxy.sslEnabled": "true"}
PLAIN = {"consoleproxy.url.domain": "", "consoleproxy.sslEnabled": "false"}
PREFIX = "cloudstack_network_console_proxy_"


def proxy(name: str = "v-2-VM", **changes: Any) -> SystemVm:
    """Return a healthy console proxy, ten days old."""
    fields: dict[str, Any] = {
        "id": name,
        "name": name,
        "kind": "consoleproxy",
        "state": "Running",
        "agent_state": "Up",
        "zone_id": "z1",
        "host_id": "h1",
        "host_name": "kvm1",
        "hypervisor": "KVM",
        "public_address": "203.0.113.7",
        "private_address": "10.1.1.7",
        "version": "4.20.1.0",
        "sessions": 3,
        "created": NOW - 10 * DAY,
    }
    return SystemVm(**(fields | changes))


def cloud(
    *vms: SystemVm,
    settings: dict[str, str] | None = None,
    enabled: bool = True,
    running: int = 1,
    ranges: Iterable[tuple[str, str, bool]] = (),
    hosts: Iterable[Host] = (),
    lacks: Iterable[str] = (),
) -> Cloud:
    """Return a Cloud of one zone; ``ranges`` are (start, end, for system VMs)."""
    instances = [Instance(id=str(n), name=f"i-{n}", state="Running", zone_id="z1") for n in range(running)]
    public = [
        VlanRange(id=str(n), zone_id="z1", vlan="vlan://9", is_public=True, start=start, end=end, for_system_vms=own)
        for n, (start, end, own) in enumerate(ranges)
    ]
    return Cloud(
        at=NOW,
        asked=500.0,
        finished=501.0,
        generation=2,
        zones={"z1": Zone("z1", "east", "Advanced", False, enabled)},
        system_vms={vm.id: vm for vm in vms},
        instances={vm.id: vm for vm in instances},
        vlan_ranges={item.id: item for item in public},
        hosts={host.id: host for host in hosts},
        settings=WILDCARD if settings is None else settings,
        lacks={command: Failure(Reason.PERMISSION) for command in lacks},
    )


def agent_host(name: str, state: str) -> Host:
    """Return the row that listHosts has for a system VM's agent."""
    return Host(
        id=f"agent-{name}", name=name, type="ConsoleProxy", state=state, resource_state="", address="", zone_id="z1"
    )


def endpoint(vm: SystemVm, world: Cloud) -> ConsoleEndpoint:
    """Return what a browser dials for a proxy."""
    return ConsoleEndpoint(vm, "east", console_address(world, vm), possible_hostnames(world, vm))


def inside(vm: SystemVm) -> ConsoleProxyTarget:
    """Return the proxy as a machine to visit."""
    return ConsoleProxyTarget(vm, "east", None)


def answers(given: dict[Question[Any], Any]) -> Answers:
    """Return answers asked just now."""
    return Answers(
        now=NOW,
        asked=1000.0,
        values={question: Answer(value, 1000.0, NOW, 2000.0) for question, value in given.items()},
    )


def way(**changes: Any) -> Answers:
    """Return the answers of a whole good way with TLS; keywords change or, with None, take away steps."""
    steps: dict[str, Any] = {
        "name": Lookup(("203.0.113.7",)),
        "tcp": Connection(),
        "tls": Handshake(protocol="TLSv1.3"),
        "certificate": (certificate(),),
        "page": Page(status=200),
        "vnc": Connection(),
        "next_names": (),
    } | changes
    return answers(
        {getattr(console, f"CONSOLE_{name.upper()}"): value for name, value in steps.items() if value is not None}
    )


def certificate(*names: str, start: float = -10, end: float = 90, **changes: Any) -> Certificate:
    """Return a certificate for names, by default the wildcard, valid from day ``start`` to day ``end`` from now."""
    return Certificate(
        not_before=NOW + start * DAY,
        not_after=NOW + end * DAY,
        names=frozenset(names or ("*.console.example",)),
        **({"issuer": "Test Root", "key": "RSA 2048", "common_name": "console"} | changes),
    )


def of_zone(check: Check, *worlds: Cloud) -> dict[tuple[str, ...], Sample]:
    """Return what a check says of the zone at the last of these refreshes; memory goes from each to the next."""
    (judge,) = check.groups
    scope, found = Scope(), dict[tuple[str, ...], Sample]()
    for world in worlds:
        scope.begin()
        own = {ZONE: Answers(now=world.at, asked=world.asked, memory=scope.held)} if judge.remembers else {}
        found = _by_name(judge.judge(ZONE, own, world))
        scope.end()
    return found


def of_target(check: Check, target: Any, given: Answers, world: Cloud) -> dict[tuple[str, ...], Sample]:
    """Return what a check says of a target."""
    return _by_name(check.judges[type(target)](target, given, world))


def _by_name(samples: Iterable[Sample]) -> dict[tuple[str, ...], Sample]:
    """Return samples by short metric name and labels without the zone; a second one of the same is an error."""
    found: dict[tuple[str, ...], Sample] = {}
    for sample in samples:
        assert sample.labels[0] == "east"
        key = (sample.metric.name.removeprefix(PREFIX), *sample.labels[1:])
        assert key not in found
        found[key] = sample
    return found


def problems(samples: dict[tuple[str, ...], Sample]) -> set[tuple[str, ...]]:
    """Return the keys of the samples that are problems now; each explains itself."""
    bad = {}
    for key, sample in samples.items():
        if sample.metric.problem is not None and sample.metric.problem.holds(sample.value, NOW):
            assert sample.seen, f"{key} does not say what was seen"
            bad[key] = sample
    return set(bad)


def values(samples: dict[tuple[str, ...], Sample]) -> dict[tuple[str, ...], float]:
    """Return only the values."""
    return {key: sample.value for key, sample in samples.items()}
