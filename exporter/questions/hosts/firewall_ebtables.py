"""The rules of ebtables on a hypervisor host: which MAC and ARP addresses a machine may use."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from itertools import takewhile
from types import MappingProxyType

from exporter.model import Question, UnreadableError, Via

CHAIN = re.compile(r"Bridge chain: (\S+), entries: \d+, policy: [A-Z]+")
TAPPED = re.compile(r"-([io]) (\S+) -j (\S+)")
PASSED = re.compile(r"(?:-p ARP )?(?:--arp-op \w+ )?-j (?:ACCEPT|RETURN)")
"""A rule that lets every frame pass, every ARP frame, or every question or answer of ARP."""
PASSES = frozenset({"ACCEPT", "RETURN"})
MAC = re.compile(r"[0-9a-f]{1,2}(?::[0-9a-f]{1,2}){5}", re.ASCII)
ADDRESS = re.compile(r"[0-9]{1,3}(?:\.[0-9]{1,3}){3}", re.ASCII)
ALL, ARP, REPLIES = "-j DROP", "-p ARP -j DROP", "-p ARP --arp-op Reply -j DROP"
LISTS: Mapping[str, tuple[str, frozenset[str]]] = {
    "-in-src": ("-s", frozenset({ALL})),
    "-in-ips": ("--arp-ip-src", frozenset({ALL, ARP})),
    "-out-ips": ("--arp-ip-dst", frozenset({ALL, ARP})),
    "-out-dst": ("--arp-mac-dst", frozenset({ALL, ARP, REPLIES})),
}
"""End of a chain's name -> the option that names an address that may pass, and the rules that drop all others."""


@dataclass(frozen=True, slots=True)
class Permitted:
    """What a chain of addresses lets pass.

    Attributes:
        addresses: MACs, as 1e:00:b4:00:00:06, or IPv4 addresses; with a slash and a mask where a rule has one.
        drops_others: whether frames with any other address are dropped.
    """

    addresses: frozenset[str] = frozenset()
    drops_others: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class FrameRules:
    """Table nat of ebtables, without rules that are never reached.

    Attributes:
        sent: tap -> the chains for frames that come from it; received: for frames that go to it.
        permitted: chain of addresses (LISTS) -> what it lets pass.
        jumps: chain -> the chains that it leads to.
    """

    sent: Mapping[str, frozenset[str]]
    received: Mapping[str, frozenset[str]]
    permitted: Mapping[str, Permitted]
    jumps: Mapping[str, frozenset[str]]


def read_frame_rules(text: str) -> FrameRules:
    """Return the rules from ``ebtables -t nat -L`` of either flavour; raises UnreadableError for anything else."""
    chains = _chains(text)
    permitted = {name: _permitted(rules, end) for name, rules in chains.items() for end in LISTS if name.endswith(end)}
    ways = {name: _jumps(rules, chains) for name, rules in chains.items() if name.endswith(("-in", "-out"))}
    return FrameRules(
        sent=MappingProxyType(_tapped(chains.get("PREROUTING", []), "i")),
        received=MappingProxyType(_tapped(chains.get("POSTROUTING", []), "o")),
        permitted=MappingProxyType(permitted),
        jumps=MappingProxyType(ways),
    )


def _tapped(rules: list[str], direction: str) -> dict[str, frozenset[str]]:
    """Return the chains for each tap."""
    found: dict[str, frozenset[str]] = {}
    ended = set[str]()
    for rule in takewhile(lambda rule: not PASSED.fullmatch(rule), rules):
        told = TAPPED.fullmatch(rule)
        if not told or told[1] != direction or told[2] in ended:
            continue
        if told[3] in PASSES:
            ended.add(told[2])
        else:
            found[told[2]] = found.get(told[2], frozenset()) | {told[3]}
    return found


def _chains(text: str) -> dict[str, list[str]]:
    """Return the rules of each chain."""
    chains: dict[str, list[str]] = {}
    rules: list[str] | None = None
    for line in map(str.strip, text.splitlines()):
        if found := CHAIN.fullmatch(line):
            rules = chains.setdefault(found[1], [])
        elif line.startswith(("-", "! ")) and rules is not None:
            rules.append(line)
        elif line and not line.startswith("#") and line != "Bridge table: nat":
            message = f"not a line of ebtables: {line[:60]!r}"
            raise UnreadableError(message)
    if "Bridge table: nat" not in text:
        message = "not the table nat of ebtables"
        raise UnreadableError(message)
    return chains


def _permitted(rules: list[str], end: str) -> Permitted:
    """Return what a chain of addresses lets pass: the first rule for every frame decides about all others."""
    option, dropped = LISTS[end]
    addresses = set[str]()
    for rule in rules:
        if rule in dropped:
            return Permitted(frozenset(addresses), drops_others=True)
        words = rule.split()
        if not PASSES.isdisjoint(words[-1:]):
            if option not in words or "!" in words:
                break
            addresses.add(_address(words[words.index(option) + 1]))
    return Permitted(frozenset(addresses))


def _jumps(rules: list[str], chains: Mapping[str, list[str]]) -> frozenset[str]:
    reached = takewhile(lambda rule: not PASSED.fullmatch(rule), rules)
    targets = (rule.rpartition("-j ")[2] for rule in reached)
    return frozenset(target for target in targets if target in chains)


def _address(text: str) -> str:
    """Return a MAC or an IPv4 address in one spelling, with the mask of several."""
    address, slash, mask = text.partition("/")
    return (address if ADDRESS.fullmatch(address) else mac(address)) + slash + mask[:40]


def mac(text: str) -> str:
    """Return 1e:00:b4:00:00:06 also for 1e:0:b4:0:0:6, as ebtables-legacy writes it."""
    text = text.lower()
    if not MAC.fullmatch(text):
        message = f"not a MAC address: {text[:40]!r}"
        raise UnreadableError(message)
    return ":".join(part.zfill(2) for part in text.split(":"))


FRAME_RULES: Question[FrameRules] = Question(
    "host_firewall_ebtables",
    Via.HOST,
    # ebtables-legacy would load its module only to say that there is nothing.
    r"""
command -v ebtables >/dev/null || { echo 'ebtables: not found'; exit 127; }
for module in ebtable_nat nf_tables; do
    if [ -d "$ROOT/sys/module/$module" ] || [ ! -e "$ROOT/proc/modules" ]; then
        exec ebtables -t nat -L
    fi
done
echo 'Bridge table: nat'
""",
    read_frame_rules,
    privilege="root, or sudo for the collector: the kernel shows rules to nobody else",
    why="Whether each machine is kept to its own MAC and ARP addresses.",
    seconds=3.0,
    size=1_000_000,
    processes=1,
)
