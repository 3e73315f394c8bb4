"""What the agent wrote for security groups: iptables, ip6tables, ebtables, ipset, rule logs and sysctls.

Source of the shape: rules made by CloudStack 4.22's security_group.py with iptables 1.8.9.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from ipaddress import IPv6Address

from exporter.lab.inside.tree import Tree
from exporter.lab.world.hypervisor import Firewall, Hypervisor, MachineRules, Tap

STAMP = "on Sat Nov 21 06:37:35 2026"
BRIDGED = "--physdev-is-bridged"
TRACKABLE = 262144


def put_firewall(tree: Tree, made: Hypervisor) -> None:
    """Add the bridge sysctls, and the rules, of which a host without security groups has none."""
    if made.netfilter:
        for name, value in made.sysctls.items():
            tree.put(f"proc/sys/{name}", f"{value}\n", mode=0o644)
    for name, number in (("count", made.connections), ("max", TRACKABLE)):
        tree.put(f"proc/sys/net/netfilter/nf_conntrack_{name}", f"{number}\n", mode=0o444)
    wall = made.firewall or Firewall()
    _modules(tree, wall)
    tree.knows |= {
        "flavour": f"{wall.flavour}\n",
        "iptables": _saved(made, wall, ""),
        "ip6tables": _saved(made, wall, "6"),
        "ebtables": _frames(made, wall),
        "ipsets": _sets(made, wall),
        "chains": _chains(wall),
    }
    for rules, _ in _guarded(made, wall):
        line = _logged(made, rules)
        if line is not None:
            tree.put(f"var/run/cloud/{rules.machine}.log", line)


def _modules(tree: Tree, wall: Firewall) -> None:
    """Tell which tables the kernel has; the other flavour is there only when it has rules."""
    tree.put("proc/modules", "nf_tables 303104 0 - Live 0x0\nip_set 57344 0 - Live 0x0\n", mode=0o444)
    for module in ("nf_tables", "ip_set", "ebtable_nat"):
        tree.put(f"sys/module/{module}/refcnt", "0\n", mode=0o444)
    names = "filter\n" if wall.flavour == "legacy" or wall.other_flavour_rules else ""
    for family in ("ip", "ip6"):
        tree.put(f"proc/net/{family}_tables_names", names, mode=0o440)
    if wall.other_flavour_rules:
        for tool in ("iptables-legacy", "ip6tables-legacy"):
            tree.knows[tool] = _table([], wall.other_flavour_rules, f"{tool}-save v1.8.9", wall.policy)
            tree.tools[f"{tool}-save"] = "iptables-save"


def _guarded(made: Hypervisor, wall: Firewall) -> Iterator[tuple[MachineRules, list[Tap]]]:
    """Yield the rules of each machine with its taps that are in a bridge, and not in the link-local one."""
    bridged = [tap for tap in made.taps if tap.kind == "bridge" and tap.traffic_type != "Control"]
    for rules in wall.machines.values():
        taps = [tap for tap in bridged if tap.machine == rules.machine]
        if taps or rules.stays:
            yield rules, taps


def _is_system(machine: str) -> bool:
    return not machine.startswith("i-")


def _logged(made: Hypervisor, rules: MachineRules) -> str | None:
    """Return the rule log of a machine, or None when it is gone."""
    if "log" in rules.missing:
        return None
    if rules.log is not None:
        return f"{rules.log}\n" if rules.log else ""
    number = rules.domain
    if number is None:
        number = next((one.number for one in made.domains if one.name == rules.machine), 1)
    if _is_system(rules.machine):
        return f"{rules.machine},-1,_ignore_,{number},_initial_,-1\n"
    address = next((tap.address for tap in made.taps if tap.machine == rules.machine), "127.0.0.1")
    vm = rules.machine.split("-")[2]
    return f"{rules.machine},{vm},{address},{number},{rules.signature},{rules.sequence}\n"


def _chain(machine: str) -> str:
    """Return the name of the default chain."""
    return f"{machine.removesuffix('-VM')}-def"


def _saved(made: Hypervisor, wall: Firewall, six: str) -> str:
    """Return ``iptables-save -t filter``, or of ip6tables."""
    tool = f"ip{six}tables-save v1.8.9 ({'nf_tables' if wall.flavour == 'nf_tables' else 'legacy'})"
    above = [f"-A FORWARD {rule}" for rule in (wall.above6 if six else wall.above)]
    if wall.flushed:
        return _table([], above, tool, wall.policy)
    chains: list[str] = []
    rules = list(above)
    every = [(one, taps) for one, taps in _guarded(made, wall) if not (six and _is_system(one.machine))]
    bridges = sorted({tap.bridge for _, taps in every for tap in taps})
    for bridge in bridges:
        chains += [f"BF-{bridge}", f"BF-{bridge}-IN", f"BF-{bridge}-OUT"]
        gone = wall.without_jumps6 if six else wall.without_jumps
        if bridge not in gone:
            rules += [f"-A FORWARD -{way} {bridge} -m physdev {BRIDGED} -j BF-{bridge}" for way in "oi"]
            rules += [f"-A FORWARD -{way} {bridge} -j DROP" for way in "oi"]
    for bridge in bridges:
        rules += _bridge(made, wall, bridge, six)
        rules += _hooks(every, bridge, six)
    for one, taps in every:
        more, lines = _system(one, taps) if _is_system(one.machine) else _machine(one, taps, six)
        chains += more
        rules += [] if six else [f"-A {rule}" for rule in one.first]
        rules += lines
    return _table(chains, rules, tool, wall.policy)


def _table(chains: list[str], rules: list[str], tool: str, policy: str) -> str:
    head = [f"# Generated by {tool} {STAMP}", "*filter", ":INPUT ACCEPT [0:0]", f":FORWARD {policy} [0:0]"]
    lines = [*head, ":OUTPUT ACCEPT [0:0]", *(f":{chain} - [0:0]" for chain in chains), *rules]
    return "\n".join([*lines, "COMMIT", f"# Completed {STAMP}", ""])


def _chains(wall: Firewall) -> str:
    """Return ``nft -j list chains``: of iptables-nft, where it is used, and of others. Source: nft 1.0.6."""
    own = [f"{family} filter FORWARD {wall.policy.lower()}" for family in ("ip", "ip6")]
    rows: list[dict[str, object]] = [{"metainfo": {"version": "1.0.6", "json_schema_version": 1}}]
    for handle, line in enumerate([*(own if wall.flavour == "nf_tables" else []), *wall.native], 1):
        family, table, name, policy = line.split()
        hook = {"type": "filter", "hook": "forward", "prio": 0, "policy": policy}
        rows.append({"chain": {"family": family, "table": table, "name": name, "handle": handle, **hook}})
    return json.dumps({"nftables": rows}) + "\n"


def _bridge(made: Hypervisor, wall: Firewall, bridge: str, six: str) -> list[str]:
    if bridge in wall.emptied and not six:
        return []
    start = f"-A BF-{bridge}"
    true = next((one.ports[0] for one in made.bridges if one.name == bridge and one.ports), "")
    uplink = wall.uplinks.get(bridge, true)
    return [
        f"{start} -m state --state RELATED,ESTABLISHED -j ACCEPT",
        f"{start} -m physdev --physdev-is-in {BRIDGED} -j BF-{bridge}-IN",
        f"{start} -m physdev --physdev-is-out {BRIDGED} -j BF-{bridge}-OUT",
        f"{start} -m physdev --physdev-out {uplink} {BRIDGED} -j ACCEPT",
    ]


def _hooks(every: list[tuple[MachineRules, list[Tap]]], bridge: str, six: str) -> list[str]:
    """Return the jumps from the chains of a bridge to those of its machines."""
    found = []
    for way, part in (("IN", "in"), ("OUT", "out")):
        for one, taps in every:
            target = one.machine if _is_system(one.machine) else _chain(one.machine)
            gone = {f"{six}{part}_hook", f"{six}def"} & one.missing
            found += [
                f"-A BF-{bridge}-{way} -m physdev --physdev-{part} {tap.name} {BRIDGED} -j {target}"
                for tap in taps
                if tap.bridge == bridge and not gone
            ]
    return found


def _system(one: MachineRules, taps: list[Tap]) -> tuple[list[str], list[str]]:
    if "vm" in one.missing:
        return [], []
    returns = [f"-A {one.machine} -m physdev --physdev-in {tap.name} {BRIDGED} -j RETURN" for tap in taps]
    return [one.machine], [*returns, f"-A {one.machine} -j ACCEPT"]


def _machine(one: MachineRules, taps: list[Tap], six: str) -> tuple[list[str], list[str]]:
    """Return the chains of an instance and their rules, as far as they are there."""
    vm, eg, default = one.machine, f"{one.machine}-eg", _chain(one.machine)
    ingress = [] if six else [f"-A {vm} -p tcp -m tcp --dport 22 -m state --state NEW -j ACCEPT"]
    parts = {
        "vm": (vm, [*ingress, f"-A {vm} -j DROP"]),
        "eg": (eg, [f"-A {eg} -j RETURN"]),
        "def": (default, [line for tap in taps for line in (_default6 if six else _default)(one, tap)]),
    }
    chains, rules = [], []
    for part, (name, lines) in parts.items():
        if f"{six}{part}" not in one.missing:
            chains.append(name)
            rules += [] if f"{six}{part}:empty" in one.missing else lines
    return chains, rules


def _default(one: MachineRules, tap: Tap) -> list[str]:
    start, vm = f"-A {_chain(one.machine)}", one.machine
    sent, got = f"-m physdev --physdev-in {tap.name} {BRIDGED}", f"-m physdev --physdev-out {tap.name} {BRIDGED}"
    known = f"-m set --match-set {vm} src"
    return [
        f"{start} -m state --state RELATED,ESTABLISHED -j ACCEPT",
        f"{start} -p udp {sent} -m udp --sport 68 --dport 67 -j ACCEPT",
        f"{start} -p udp {got} -m udp --sport 67 --dport 68 -j ACCEPT",
        f"{start} -p udp {sent} -m udp --sport 67 -j DROP",
        f"{start} {sent} -m set ! --match-set {vm} src -j DROP",
        f"{start} {got} -m set ! --match-set {vm} dst -j DROP",
        f"{start} -p udp {sent} {known} -m udp --dport 53 -j RETURN",
        f"{start} -p tcp {sent} {known} -m tcp --dport 53 -j RETURN",
        f"{start} {sent} {known} -j {vm}-eg",
        f"{start} {got} -j {vm}",
    ]


def _default6(one: MachineRules, tap: Tap) -> list[str]:
    start, vm = f"-A {_chain(one.machine)}", one.machine
    sent, got = f"-m physdev --physdev-in {tap.name} {BRIDGED}", f"-m physdev --physdev-out {tap.name} {BRIDGED}"
    return [
        f"{start} -m state --state RELATED,ESTABLISHED -j ACCEPT",
        f"{start} -p ipv6-icmp {sent} -m icmp6 --icmpv6-type 134 -j DROP",
        f"{start} -p ipv6-icmp {got} -m icmp6 --icmpv6-type 135 -m hl --hl-eq 255 -j ACCEPT",
        f"{start} {sent} -m set ! --match-set {vm}-6 src -j DROP",
        f"{start} {sent} -m set --match-set {vm}-6 src -j {vm}-eg",
        f"{start} {got} -j {vm}",
    ]


def _sets(made: Hypervisor, wall: Firewall) -> str:
    """Return ``ipset save``."""
    lines: list[str] = []
    for one, taps in _guarded(made, wall):
        if _is_system(one.machine) or "ipset" in one.missing:
            continue
        tail = "hashsize 1024 maxelem 65536 bucketsize 12 initval 0x827576f3"
        lines.append(f"create {one.machine} hash:ip family inet {tail}")
        lines += [f"add {one.machine} {tap.address}" for tap in taps if "address" not in one.missing]
        lines += [f"add {one.machine} {address}" for address in one.strange]
        lines.append(f"create {one.machine}-6 hash:net family inet6 {tail}")
        lines += [f"add {one.machine}-6 {link_local(tap.mac)}" for tap in taps]
    return "".join(f"{line}\n" for line in lines)


def link_local(mac: str) -> str:
    """Return the IPv6 address that a MAC makes."""
    parts = [int(part, 16) for part in mac.split(":")]
    parts = [parts[0] ^ 2, *parts[1:3], 0xFF, 0xFE, *parts[3:]]
    return str(IPv6Address(b"\xfe\x80" + bytes(6) + bytes(parts)))


def _frames(made: Hypervisor, wall: Firewall) -> str:
    """Return the rules of table nat of ebtables: chain, then a rule, on each line; ``- `` for an empty chain."""
    lines: list[str] = []
    for one, taps in _guarded(made, wall):
        if _is_system(one.machine) or "ebtables" in one.missing:
            continue
        lines += _frame_chains(one, taps)
        if "ebtables_hook" not in one.missing:
            lines += [f"PREROUTING -i {tap.name} -j {one.machine}-in" for tap in taps]
        lines += [f"POSTROUTING -o {tap.name} -j {one.machine}-out" for tap in taps]
    return "".join(f"{line}\n" for line in lines)


def _frame_chains(one: MachineRules, taps: list[Tap]) -> list[str]:
    vm, known = one.machine, [] if "arp" in one.missing else taps
    arps = ["-p ARP --arp-op Request -j ACCEPT", "-p ARP --arp-op Reply -j ACCEPT", "-p ARP -j DROP"]
    found = [f"{vm}-in -j {vm}-in-src", f"{vm}-in -p ARP -j {vm}-in-ips", *(f"{vm}-in {rule}" for rule in arps)]
    own = [f"-p ARP -s {tap.mac} --arp-ip-src {tap.address} --arp-mac-src {tap.mac} -j RETURN" for tap in known]
    found += [f"{vm}-in-ips {rule}" for rule in (["-"] if "arp:empty" in one.missing else [*own, "-j DROP"])]
    found += [f"{vm}-in-src -s {tap.mac} -j RETURN" for tap in taps]
    found.append(f"{vm}-in-src -j DROP")
    found += [f"{vm}-out -p ARP --arp-op Reply -j {vm}-out-dst", f"{vm}-out -p ARP -j {vm}-out-ips"]
    found += [f"{vm}-out {rule}" for rule in arps]
    found += [f"{vm}-out-dst -p ARP --arp-op Reply --arp-mac-dst {tap.mac} -j RETURN" for tap in taps]
    found.append(f"{vm}-out-dst -p ARP --arp-op Reply -j DROP")
    found += [f"{vm}-out-ips -p ARP --arp-ip-dst {tap.address} -j RETURN" for tap in known]
    return [*found, f"{vm}-out-ips -j DROP"]
