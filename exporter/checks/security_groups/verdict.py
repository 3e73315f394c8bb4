"""Whether one NIC is guarded by security groups: open, cut off, or as it should be, with the reasons."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from exporter.checks.security_groups.addresses import Sets, missing
from exporter.checks.security_groups.chains import Chains, chains_of
from exporter.checks.security_groups.nics import OVS, PluggedNic, uplinks
from exporter.checks.security_groups.walk import Frame, Path, Walk
from exporter.questions.hosts.firewall import HostFirewall
from exporter.questions.hosts.firewall_chains import ENDS, Default
from exporter.questions.hosts.firewall_rules import FirewallRules
from exporter.questions.hosts.links import Link, Links

UNKNOWN = "unknown"
DROPS = frozenset({"DROP", "REJECT"})


@dataclass(frozen=True, slots=True)
class Verdict:
    """What is wrong, in words; nothing is when both are empty.

    Attributes:
        open: why frames pass that security groups should judge.
        cut_off: why none pass.
        is_known: False while some rules could not be followed or shown, so that nothing wrong is no health.
    """

    open: tuple[str, ...] = ()
    cut_off: tuple[str, ...] = ()
    is_known: bool = True


@dataclass(frozen=True, slots=True)
class Family:
    """One family of the host's rules; ``walks`` are of each flavour, first the one that the commands show."""

    name: str  # IPv4 | IPv6
    sysctl: str
    is_filtered: bool | None
    walks: tuple[Walk, ...]
    is_unread: bool  # another flavour is in the kernel and cannot be shown

    def filters(self, link: Link) -> bool:
        """Return whether frames of a bridge come to the rules: the sysctl or the bridge's own flag is enough."""
        own = link.filters_ip if self.name == "IPv4" else link.filters_ip6
        return bool(self.is_filtered or own)


def families(rules: FirewallRules, firewall: HostFirewall) -> tuple[Family, Family]:
    """Return both families, ready to lead frames through."""
    ip4, ip6 = tuple(map(Walk, rules.ip4)), tuple(map(Walk, rules.ip6))
    return (
        Family("IPv4", "bridge-nf-call-iptables", firewall.filters_ip, ip4, 4 in rules.unread),
        Family("IPv6", "bridge-nf-call-ip6tables", firewall.filters_ip6, ip6, 6 in rules.unread),
    )


def bypassed(nic: PluggedNic, family: Family, links: Links) -> str | None:
    """Return why frames of a NIC never come to the rules of a family; empty when they do, None when nobody knows."""
    if nic.passed_through:
        return nic.passed_through
    if nic.bridge == OVS:
        return "plugged into Open vSwitch, whose frames pass by iptables"
    link = links.by_name.get(nic.bridge)
    if link is None or link.kind != "bridge":
        return None
    if family.filters(link):
        return ""
    return f"{family.name} frames of {nic.bridge} pass by the rules: {family.sysctl} is not 1"


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """What one NIC is asked: its chains, the ways in and out, and what was applied to it."""

    nic: PluggedNic
    chains: Chains
    uplink: str
    has_rules: bool | None  # CloudStack has sent rules; None: nobody knows

    def frame(self, *, is_ingress: bool) -> Frame:
        """Return a stranger's frame to the machine, or one of the machine's own to a stranger."""
        ports = (self.uplink, self.nic.tap) if is_ingress else (self.nic.tap, self.uplink)
        return Frame(self.nic.bridge, *ports, is_ingress)


def verdict(
    nic: PluggedNic,
    both: tuple[Family, Family],
    links: Links,
    firewall: HostFirewall,
    sets: Sets | None,
) -> Verdict:
    """Return what is wrong with a NIC that must be guarded."""
    open_: list[str] = []
    cut_off: list[str] = []
    log = firewall.logs.get(nic.machine.name)
    asked = Asked(
        nic=nic,
        chains=chains_of(nic.machine.name),
        uplink=next(iter(uplinks(links, nic.bridge)), ""),
        has_rules=None if log is None or log.sequence is None else not log.is_initial,
    )
    is_known = True
    for family in both:
        if (reason := bypassed(nic, family, links)) is None:
            is_known = False
            continue
        if reason:
            open_.append(reason)
            continue
        for is_ingress in (False, True):
            state, why = _direction(asked, family, is_ingress=is_ingress)
            is_known = is_known and state != UNKNOWN
            wrong = {"open": open_, "cut_off": cut_off}.get(state)
            if wrong is not None and not (state == "cut_off" and family.name == "IPv4" and not nic.nic.address):
                wrong.append(f"{family.name} {'ingress' if is_ingress else 'egress'}: {why}")
    if both[0].walks and not open_ and sets is not None and (lacks := missing(nic.machine, nic.nic, sets)):
        cut_off.append(lacks)
    return Verdict(tuple(dict.fromkeys(open_)), tuple(dict.fromkeys(cut_off)), is_known)


def _direction(asked: Asked, family: Family, *, is_ingress: bool) -> tuple[str, str]:
    """Return open, cut_off, unknown or nothing, and why: frames pass when every flavour lets them, not only one."""
    frame = asked.frame(is_ingress=is_ingress)
    own = asked.chains.addresses if family.name == "IPv4" else asked.chains.addresses6
    told = [_in_flavour(asked, walk, walk.path(frame), "" if is_ingress else own) for walk in family.walks]
    if told and all(state == "open" for state, _ in told):
        return (UNKNOWN, "") if family.is_unread else told[0]
    return next((one for state in ("cut_off", UNKNOWN) for one in told if one[0] == state), ("", ""))


def _in_flavour(asked: Asked, walk: Walk, path: Path | None, own: str) -> tuple[str, str]:
    """Return the state in one flavour; ``own`` is the set of addresses it may send from, empty for ingress."""
    if path is None:
        return UNKNOWN, ""
    is_ingress = not own
    if not path.passed:
        return "open" if path.is_accepted else "cut_off", _why_not_passed(asked, walk, path, is_ingress=is_ingress)
    if path.passed != asked.chains.default:
        return "open", f"passes {path.passed}, which is another machine's"
    faults = _ingress_faults(asked, walk, path) if is_ingress else _egress_faults(asked, walk, path, own)
    return next(faults, ("", ""))


def _why_not_passed(asked: Asked, walk: Walk, path: Path, *, is_ingress: bool) -> str:
    bridge, tap = asked.nic.bridge, asked.nic.tap
    if path.above and path.is_accepted:
        return f"FORWARD accepts before: {path.above[-1]}"
    jump = any(rule.target == f"BF-{bridge}" for rule in walk.ruleset.chains.get("FORWARD", ()))
    if not jump:
        return f"FORWARD has no jump to BF-{bridge}"
    chain = f"BF-{bridge}-{'OUT' if is_ingress else 'IN'}"
    if any(tap in (rule.port_in, rule.port_out) for rule in walk.ruleset.chains.get(chain, ())):
        return f"nothing leads from BF-{bridge} to {chain}"
    return f"{chain} has no jump for {tap}"


def _egress_faults(asked: Asked, walk: Walk, path: Path, own: str) -> Iterator[tuple[str, str]]:
    chains, tap = asked.chains, asked.nic.tap
    default = walk.ruleset.defaults.get((path.passed, tap), Default())
    leads = default.egress or _first(walk, path.passed)
    if leads in DROPS:
        yield "cut_off", f"{chains.default} drops all that {tap} sends"
    elif leads in ENDS:
        yield "open", f"{chains.default} ends with {leads} before it leads {tap} to {chains.egress}"
    elif leads != chains.egress:
        yield "open", f"{chains.default} has no jump to {chains.egress} for {tap}"
    if default.bound != own:
        whose = f"the addresses of {default.bound}" if default.bound else "any address"
        yield "open", f"{chains.default} lets {tap} use {whose}"
    ends = walk.ruleset.machines.get(chains.egress, ())
    if asked.has_rules and not ends:
        yield "open", f"{chains.egress} has no end, although rules were sent"
    if ends[:1] == ("ACCEPT",) or (ends[:1] == ("RETURN",) and not DROPS.isdisjoint(ends)):
        yield "open", f"{chains.egress} lets everything pass ({', '.join(ends)})"
    if asked.uplink and not path.is_accepted:
        yield "cut_off", f"nothing accepts what leaves {asked.nic.bridge} by {asked.uplink}"


def _ingress_faults(asked: Asked, walk: Walk, path: Path) -> Iterator[tuple[str, str]]:
    chains, tap = asked.chains, asked.nic.tap
    default = walk.ruleset.defaults.get((path.passed, tap), Default())
    leads = default.ingress or _first(walk, path.passed)
    end = _first(walk, chains.ingress)
    if leads == "ACCEPT":
        yield "open", f"{chains.default} accepts all that gets to {tap}"
    elif leads in ENDS:
        yield "cut_off", f"{chains.default} ends with {leads} before it leads {tap} to {chains.ingress}"
    elif leads != chains.ingress:
        yield "cut_off", f"{chains.default} has no jump to {chains.ingress} for {tap}"
    elif end == "ACCEPT":
        yield "open", f"{chains.ingress} accepts everything"
    elif end not in DROPS:
        yield "cut_off", f"{chains.ingress} {f'ends with {end}' if end else 'is empty'}"


def _first(walk: Walk, chain: str) -> str:
    """Return where a chain of a machine ends for every frame; empty when nowhere."""
    return next(iter(walk.ruleset.machines.get(chain, ())), "")


def system_vm_cut_off(nic: PluggedNic, ip4: Family, links: Links) -> str:
    """Return why nothing gets to a system VM; it has a chain of its own wherever its bridge is guarded."""
    if bypassed(nic, ip4, links) != "":
        return ""
    uplink = next(iter(uplinks(links, nic.bridge)), "")
    for walk in ip4.walks:
        if f"BF-{nic.bridge}" not in walk.ruleset.chains:
            continue
        path = walk.path(Frame(nic.bridge, uplink, nic.tap, is_ingress=True))
        if path is not None and not path.passed and not path.is_accepted:
            return f"IPv4 ingress: BF-{nic.bridge}-OUT has no jump for {nic.tap}"
    return ""
