"""The rules of ebtables on a hypervisor host: which MAC and ARP addresses a machine may use."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

from exporter.model import Question, UnreadableError, Via

CHAIN = re.compile(r"Bridge chain: (\S+), entries: \d+, policy: [A-Z]+")
TAPPED = re.compile(r"-([io]) (\S+) -j (\S+)")
SOURCE = re.compile(r"-s (\S+) -j RETURN")
MAC = re.compile(r"[0-9a-f]{1,2}(?::[0-9a-f]{1,2}){5}", re.ASCII)


@dataclass(frozen=True, slots=True, kw_only=True)
class FrameRules:
    """Table nat of ebtables.

    Attributes:
        sent: tap -> the chain for frames that come from it; received: for frames that go to it.
        sources: chain of permitted source addresses -> the MACs, as 1e:00:b4:00:00:06, if it drops all others.
        jumps: chain -> the chains that it leads to.
    """

    sent: Mapping[str, str]
    received: Mapping[str, str]
    sources: Mapping[str, frozenset[str]]
    jumps: Mapping[str, frozenset[str]]


def read_frame_rules(text: str) -> FrameRules:
    """Return the rules from ``ebtables -t nat -L`` of either flavour; raises UnreadableError for anything else."""
    chains = _chains(text)
    taps: dict[str, dict[str, str]] = {"i": {}, "o": {}}
    for chain, direction in (("PREROUTING", "i"), ("POSTROUTING", "o")):
        for rule in chains.get(chain, ()):
            if (found := TAPPED.fullmatch(rule)) and found[1] == direction:
                taps[direction][found[2]] = found[3]
    return FrameRules(
        sent=MappingProxyType(taps["i"]),
        received=MappingProxyType(taps["o"]),
        sources=MappingProxyType({name: _sources(rules) for name, rules in chains.items() if name.endswith("-in-src")}),
        jumps=MappingProxyType({name: _jumps(rules, chains) for name, rules in chains.items() if name.endswith("-in")}),
    )


def _chains(text: str) -> dict[str, list[str]]:
    """Return the rules of each chain."""
    chains: dict[str, list[str]] = {}
    rules: list[str] | None = None
    for line in map(str.strip, text.splitlines()):
        if found := CHAIN.fullmatch(line):
            rules = chains.setdefault(found[1], [])
        elif line.startswith("-") and rules is not None:
            rules.append(line)
        elif line and not line.startswith("#") and line != "Bridge table: nat":
            message = f"not a line of ebtables: {line[:60]!r}"
            raise UnreadableError(message)
    if "Bridge table: nat" not in text:
        message = "not the table nat of ebtables"
        raise UnreadableError(message)
    return chains


def _sources(rules: list[str]) -> frozenset[str]:
    """Return the MACs that may send; none where other addresses are not dropped."""
    if "-j DROP" not in rules:
        return frozenset()
    return frozenset(mac(found[1]) for rule in rules if (found := SOURCE.fullmatch(rule)))


def _jumps(rules: list[str], chains: Mapping[str, list[str]]) -> frozenset[str]:
    targets = (rule.rpartition("-j ")[2] for rule in rules)
    return frozenset(target for target in targets if target in chains)


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
