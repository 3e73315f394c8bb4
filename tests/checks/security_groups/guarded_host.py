"""The host of the samples: machines, taps and rules as CloudStack's own script wrote them, and each broken state."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from types import MappingProxyType
from typing import Any

from exporter.cloud.cloud import Cloud
from exporter.cloud.networks import Network
from exporter.cloud.objects import Cluster, Host, Nic, Zone
from exporter.cloud.placement import Placed
from exporter.cloud.targets import HostTarget, Machine, XenHostTarget
from exporter.memory import Scope
from exporter.model import Answer, Answers, Question, Sample
from exporter.questions.hosts.domains import DOMAINS, Domain, Interface
from exporter.questions.hosts.firewall import FIREWALL, TOOLS, read_firewall
from exporter.questions.hosts.firewall_ebtables import FRAME_RULES, read_frame_rules
from exporter.questions.hosts.firewall_rules import FIREWALL_RULES, read_rules
from exporter.questions.hosts.links import LINKS, Links, read_links
from tests.remote_texts import sample

ROOM = "questions/security_groups"
NOW = 1_800_000_000.0
PREFIX = "cloudstack_network_security_groups_"
GROUPS = {"SecurityGroup": frozenset({"SecurityGroupProvider"})}
MACHINES: Mapping[str, tuple[int, tuple[tuple[str, str, str, str], ...]]] = {
    "s-1-VM": (1, (("vnet1", "cloudbr0", "1e:00:0a:00:00:11", "10.0.0.11"),)),
    "r-4-VM": (2, (("vnet2", "cloudbr0", "1e:00:0a:00:00:12", "10.1.1.4"),)),
    "i-2-55-VM": (3, (("vnet12", "cloudbr0", "1e:00:b4:00:00:05", "10.1.1.55"),)),
    "i-2-56-VM": (4, (("vnet13", "cloudbr0", "1e:00:b4:00:00:06", "10.1.1.56"),)),
    "i-2-57-VM": (5, (("vnet14", "cloudbr0", "1e:00:b4:00:00:07", "10.1.1.57"),)),
    "i-3-61-VM": (6, (("vnet15", "brbond0-1234", "02:00:5c:3a:00:07", "10.12.34.61"),)),
    "i-3-62-VM": (7, (("vnet16", "brbond0-1234", "02:00:5c:3a:00:08", "10.12.34.62"),)),
    "i-2-70-VM": (
        8,
        (
            ("vnet17", "cloudbr0", "1e:00:b4:00:00:70", "10.1.1.70"),
            ("vnet18", "brbond0-1234", "1e:00:b4:00:00:71", "10.12.34.70"),
        ),
    ),
}
"""Name -> libvirt's number, and per NIC: tap, bridge, MAC, address."""
SECOND = {"i-2-56-VM": ("10.1.1.156", "10.1.1.157")}
SIXTH = {"i-2-57-VM": ("2001:db8:1::57",)}


def text(name: str) -> str:
    """Return a sample without its first line."""
    return sample(ROOM, name)


def plain(name: str) -> str:
    """Return a sample without lines of comment."""
    return "".join(line for line in text(name).splitlines(keepends=True) if not line.startswith("#"))


@dataclass(frozen=True, slots=True, kw_only=True)
class Texts:
    """What the tools of the host print."""

    version: str = "iptables v1.8.9 (nf_tables)"
    ip4: str = field(default_factory=lambda: plain("healthy-iptables-save.txt"))
    ip6: str = field(default_factory=lambda: plain("healthy-ip6tables-save.txt"))
    ipset: str = field(default_factory=lambda: plain("healthy-ipset-save.txt"))
    ebtables: str = field(default_factory=lambda: plain("healthy-ebtables-save.txt"))
    sysctl: str = field(default_factory=lambda: plain("healthy-sysctl.txt"))
    logs: str = field(default_factory=lambda: plain("healthy-run-cloud.txt"))
    tools: tuple[str, ...] = TOOLS
    tracked: tuple[str, str] = ("4242", "262144")
    further: str = ""  # parts of the other flavour

    @property
    def rules(self) -> str:
        """Return the answer to the question for rules."""
        flavour = "nft" if "nf_tables" in self.version else "legacy"
        return (
            f"@@ version\n{self.version}\n@@ 4 {flavour}\n{self.ip4}\n@@ 6 {flavour}\n{self.ip6}\n{self.further}"
            f"@@ sets\n{self.ipset}@@ end\n"
        )

    @property
    def firewall(self) -> str:
        """Return the answer to the question for sysctls, tools and logs."""
        values = dict(line.split(" = ") for line in self.sysctl.splitlines())
        sysctls = [f"sysctl {name} {values[f'net.bridge.bridge-nf-call-{name}']}" for name in ("iptables", "ip6tables")]
        lines = self.logs.splitlines()
        places = [place for place, line in enumerate(lines) if line.endswith((".log:", ".ip:"))]
        logs = [
            f"log {lines[place].removesuffix('.log:')} {''.join(lines[place + 1 : end])}"
            for place, end in zip(places, [*places, len(lines)][1:], strict=True)
            if lines[place].endswith(".log:")
        ]
        sysctls += [f"tracked {name} {value}" for name, value in zip(("count", "max"), self.tracked, strict=True)]
        return "\n".join([*sysctls, *(f"tool {tool}" for tool in self.tools), *logs])


def listed_frames(save: str) -> str:
    """Return what ``ebtables -t nat -L`` prints for a state that ebtables-save shows."""
    chains: dict[str, list[str]] = {}
    for line in save.splitlines():
        if line.startswith(":"):
            chains[line[1:].split()[0]] = []
        elif line.startswith("-A "):
            _, chain, rule = line.split(" ", 2)
            chains[chain].append(rule)
    parts = [
        f"Bridge chain: {name}, entries: {len(rules)}, policy: ACCEPT\n" + "\n".join(rules)
        for name, rules in chains.items()
    ]
    return "Bridge table: nat\n\n" + "\n\n".join(parts)


SECTIONS = {
    "iptables-save": "ip4",
    "ip6tables-save": "ip6",
    "ipset save": "ipset",
    "ebtables-save": "ebtables",
    "sysctl net.bridge": "sysctl",
    "/run/cloud": "logs",
}


def broken(name: str) -> Texts:
    """Return what the host prints in a broken state: the complete output where there is one, else the differences."""
    texts: dict[str, list[str]] = {key: getattr(Texts(), key).splitlines() for key in SECTIONS.values()}
    section: list[str] | None = None
    place = 0
    for line in text(f"broken-{name}.txt").splitlines():
        if line.startswith("== "):
            section, place = texts.get(SECTIONS.get(line[3:].partition(" against healthy")[0], "")), 0
        elif section is not None and line.startswith("- "):
            place = next(at for at, known in enumerate(section) if known.startswith(line[2:]))
            del section[place]
        elif section is not None and line.startswith("+ ") and line[2:4] != "-A":
            section.insert(place, line[2:])
    made = Texts(**{key: "\n".join(lines) + "\n" for key, lines in texts.items()})  # type: ignore[arg-type]
    complete = f"broken-{name}-iptables-save.txt"
    return replace(made, ip4=plain(complete)) if name in COMPLETE else made


COMPLETE = (
    "all-chains-gone",
    "bf-jumps-both-removed",
    "forward-accept-above",
    "forward-flushed",
    "hook-out-removed",
)
"""Broken states of which the complete iptables-save was kept."""


def links() -> Links:
    """Return the interfaces of the host."""
    return read_links(text("healthy-ip-j-d-link.txt"))


def flagged(bridge: str, **flags: bool) -> Links:
    """Return the interfaces with flags of a bridge set."""
    known = links()
    return replace(known, by_name={**known.by_name, bridge: replace(known.by_name[bridge], **flags)})  # type: ignore[arg-type]


def machines(names: Iterable[str] = MACHINES) -> tuple[Placed, ...]:
    """Return the machines as CloudStack places them: of system VMs the network is not told."""
    return tuple(_placed(name) for name in names)


def _placed(name: str) -> Placed:
    kind = {"i": "instance", "r": "router"}.get(name[0], "system_vm")
    nics = tuple(
        Nic(
            network_id="" if kind == "system_vm" else ("vlan" if bridge != "cloudbr0" else "flat"),
            traffic_type="Guest",
            address=address,
            mac=mac,
            secondary=SECOND.get(name, ()),
            addresses6=SIXTH.get(name, ()),
        )
        for _, bridge, mac, address in MACHINES[name][1]
    )
    return Placed(f"id-{name}", name, kind, "Running", nics)


def domains(**states: str) -> Mapping[str, Domain]:
    """Return what libvirt says runs there; ``i_2_55_VM="paused"`` changes one, ``gone`` takes it away."""
    found = {}
    for name, (number, nics) in MACHINES.items():
        state = states.get(name.replace("-", "_"), "running")
        if state != "gone":
            taps = tuple(Interface(tap, "bridge", bridge, mac, "virtio") for tap, bridge, mac, _ in nics)
            found[name] = Domain(name, number, state, taps)
    return MappingProxyType(found)


HOST = Host(
    id="h1", name="kvm1", type="Routing", state="Up", resource_state="Enabled", address="192.0.2.1",
    zone_id="z", cluster_id="c", hypervisor="KVM", created=NOW - 10 * 86400,
)  # fmt: skip
TARGET = HostTarget(HOST, "zone1", Machine("kvm1", "192.0.2.1"))
XEN_TARGET = XenHostTarget(replace(HOST, name="xen1", hypervisor="XenServer"), "zone1", Machine("xen1", "192.0.2.1"))
"""A host of XenServer, by CloudStack with the same machines."""


def network(network_id: str, **fields: Any) -> Network:
    """Return a shared network with security groups."""
    given = {"type": "Shared", "state": "Setup", "services": GROUPS, "physical_network_id": "p"}
    return Network(id=network_id, name=f"{network_id}-network", zone_id="z", **(given | fields))


def cloud(placed: tuple[Placed, ...] | None = None, **fields: Any) -> Cloud:
    """Return the Cloud around the host."""
    given: dict[str, Any] = {
        "zones": {"z": Zone("z", "zone1", "Advanced", security_groups=True, enabled=True)},
        "clusters": {"c": Cluster("c", "cluster1", "z", "pod", "KVM", enabled=True, managed=True)},
        "hosts": {"h1": HOST},
        "networks": {"flat": network("flat"), "vlan": network("vlan")},
        "placed_by_host": {"h1": machines() if placed is None else placed},
    }
    return Cloud(at=NOW, expires=1e12, **(given | fields))


def disabled_zone() -> Zone:
    """Return the zone as it is while it is being built."""
    return Zone("z", "zone1", "Advanced", security_groups=True, enabled=False)


def values(texts: Texts | None = None, **fields: Any) -> dict[Question[Any], Any]:
    """Return the answers of the host; ``links`` and ``domains`` may be others."""
    told = texts or Texts()
    return {
        DOMAINS: fields.get("domains") or domains(),
        LINKS: fields.get("links") or links(),
        FIREWALL: read_firewall(told.firewall),
        FIREWALL_RULES: read_rules(told.rules),
        FRAME_RULES: read_frame_rules(listed_frames(told.ebtables)),
    }


Judge = Callable[[Any, Answers, Cloud], Iterable[Sample]]


def judged(judge: Judge, texts: Texts | None = None, *, seen_by: Cloud | None = None, **fields: Any) -> list[Sample]:
    """Return the verdict on the host of the samples; ``looks`` and so on are as for :func:`judged_of`."""
    known = values(texts, **{key: fields.pop(key) for key in ("links", "domains") if key in fields})
    return judged_of(judge, known, seen_by=seen_by or cloud(), **fields)


def judged_of(
    judge: Judge,
    known: Mapping[Question[Any], Any],
    *,
    seen_by: Cloud,
    target: HostTarget | XenHostTarget = TARGET,
    looks: int = 2,
    apart: float = 100.0,
    is_on_demand: bool = False,
) -> list[Sample]:
    """Return what the last of ``looks`` visits brought, ``apart`` seconds apart, each after a refresh of the Cloud."""
    scope, found = Scope(), list[Sample]()
    for look in range(1, looks + 1):
        asked = apart * look
        answers = Answers(
            now=NOW,
            asked=asked,
            is_on_demand=is_on_demand,
            values={question: Answer(value, asked, NOW, 1e12) for question, value in known.items()},
            memory=scope.held,
        )
        scope.begin()
        found = list(judge(target, answers, replace(seen_by, asked=asked - 50, finished=asked - 40, generation=look)))
        scope.end()
    return found


def counts(samples: Iterable[Sample]) -> dict[str, float]:
    """Return the samples per host by the end of their metric's name."""
    return {_short(one): one.value for one in samples if len(one.labels) == 3}


def rows(samples: Iterable[Sample], metric: str) -> dict[str, str]:
    """Return what was seen of each machine, for the metric that ends so."""
    return {one.labels[3]: one.seen for one in samples if _short(one) == metric}


def only(samples: Iterable[Sample], metric: str) -> Sample:
    """Return the one sample of a metric."""
    (found,) = [one for one in samples if _short(one) == metric]
    return found


def _short(one: Sample) -> str:
    return one.metric.name.removeprefix(PREFIX)
