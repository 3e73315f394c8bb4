"""The rules of iptables and ip6tables on a hypervisor host, and the address sets that they look into."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from ipaddress import IPv6Address
from types import MappingProxyType

from exporter.model import Question, UnreadableError, Via
from exporter.questions.hosts.firewall_chains import Rule, Ruleset, read_ruleset
from exporter.questions.hosts.firewall_native import NativeChain, read_native


@dataclass(frozen=True, slots=True, kw_only=True)
class FirewallRules:
    """What iptables, ip6tables and ipset show.

    Attributes:
        version: as ``iptables -V`` says it, such as 1.8.9; flavour: nft | legacy, which the commands write to.
        ip4, ip6: the ruleset of the commands' own flavour first, then the other one where the kernel has it. None of
            a family when its command is not installed, nor of IPv6 where the kernel is without (ipv6.disable=1):
            br_netfilter then drops bridged IPv6 frames before any rule (since Linux 5.4).
        unread: families (4, 6) whose other flavour is in the kernel, but no installed command shows it.
        sets: address set of a machine -> its addresses, IPv6 in a set of its own; None when ipset is not installed.
        native: chains at the hook forward that are not iptables' own; None when nft is not there, refused or too old.
    """

    version: str
    flavour: str
    ip4: tuple[Ruleset, ...]
    ip6: tuple[Ruleset, ...]
    unread: frozenset[int] = frozenset()
    sets: Mapping[str, tuple[str, ...]] | None = None
    native: tuple[NativeChain, ...] | None = None


def read_rules(text: str) -> FirewallRules:
    """Return the rules; raises UnreadableError when a part has no end or holds what iptables-save does not print."""
    version, parts = "", list(_parts(text))
    kinds = [kind for kind, _ in parts]
    rules: dict[int, list[Ruleset]] = {4: [], 6: []}
    unread, sets = set(), None
    shared: dict[Rule, Rule] = {}
    for kind, lines in parts:
        match kind.split():
            case ["version"]:
                version = " ".join(lines)
            case ["4" | "6" as family, "nft" | "legacy" as flavour]:
                rules[int(family)].append(read_ruleset(flavour, lines, shared))
            case ["4" | "6" as family, "unread"]:
                unread.add(int(family))
            case ["sets"]:
                sets = _sets(lines)
            case ["end" | "native"]:
                continue
            case _:
                message = f"not a part of ours: {kind[:40]!r}"
                raise UnreadableError(message)
    found = re.search(r"v(\d[\w.]*)", version)
    if "end" not in kinds or found is None or not rules[4]:
        message = "iptables: no version, no rules or no end"
        raise UnreadableError(message)
    flavour = "nft" if "nf_tables" in version else "legacy"
    return FirewallRules(
        version=found[1],
        flavour=flavour,
        ip4=tuple(rules[4]),
        ip6=tuple(rules[6]),
        unread=frozenset(unread),
        sets=sets,
        native=next((read_native("\n".join(lines)) for kind, lines in parts if kind == "native"), None),
    )


def _parts(text: str) -> Iterator[tuple[str, list[str]]]:
    """Yield each part by its mark; what stands before the first one is not ours."""
    kind: str | None = None
    lines: list[str] = []
    for line in text.splitlines():
        if line.startswith("@@ "):
            if kind is not None:
                yield kind, lines
            kind, lines = line[3:].strip(), []
        elif kind is not None and line.strip():
            lines.append(line)
    if kind is not None:
        yield kind, lines


def _sets(lines: Iterable[str]) -> Mapping[str, tuple[str, ...]]:
    """Return the addresses of each set of a machine."""
    found: dict[str, list[str]] = {}
    for line in lines:
        match line.split():
            case ["create", name, *_]:
                found.setdefault(name, [])
            case ["add", name, address, *_] if name in found:
                found[name].append(_shortest(address) if ":" in address else address)
            case _:
                message = f"not a line of ipset save: {line[:60]!r}"
                raise UnreadableError(message)
    return MappingProxyType({name: tuple(members) for name, members in found.items()})


def _shortest(address: str) -> str:
    """Return an IPv6 address in its shortest spelling, a network as it is."""
    with suppress(ValueError):
        return str(IPv6Address(address))
    return address


FIREWALL_RULES: Question[FirewallRules] = Question(
    "host_firewall_rules",
    Via.HOST,
    # A machine may have thousands of rules with addresses and ports: they decide nothing about whether it is guarded
    # and stay on the host, and so do addresses of other sets. Only tables that the kernel has are shown, so that no
    # module is loaded: iptables-legacy lists its tables in proc, and no set is without ip_set. A kernel without IPv6
    # is not asked for its rules: the command fails there, and IPv4 would be lost with it. Chains of nft come last, so
    # that the shell itself becomes nft; without it, or where it is refused, all the rest is told.
    r"""
version=$(iptables -V) || exit
has_module() {
    [ -d "$ROOT/sys/module/$1" ] || [ ! -e "$ROOT/proc/modules" ]
}
has_legacy() {
    names=$ROOT/proc/net/$1_tables_names
    [ -e "$names" ] || return 1
    [ -r "$names" ] || { echo "$names: Permission denied"; exit 1; }
    while read -r name; do
        [ "$name" != filter ] || return 0
    done <"$names"
    return 1
}
save() {
    command -v "$2tables-save" >/dev/null || return 0
    case $version in
        *nf_tables*)
            echo "@@ $1 nft"
            "$2tables-save" -t filter || exit
            has_legacy "$2" || return 0
            command -v "$2tables-legacy-save" >/dev/null || { echo "@@ $1 unread"; return 0; }
            echo "@@ $1 legacy"
            "$2tables-legacy-save" -t filter || exit
            ;;
        *)
            echo "@@ $1 legacy"
            ! has_legacy "$2" || "$2tables-save" -t filter || exit
            { command -v "$2tables-nft-save" >/dev/null && has_module nf_tables; } || return 0
            echo "@@ $1 nft"
            "$2tables-nft-save" -t filter || exit
            ;;
    esac
}
{
    printf '@@ version\n%s\n' "$version"
    save 4 ip
    if [ -e "$ROOT/proc/sys/net/ipv6" ] || [ ! -e "$ROOT/proc/sys/net/ipv4" ]; then save 6 ip6; fi
    if command -v ipset >/dev/null; then
        echo '@@ sets'
        ! has_module ip_set || ipset save || exit
    fi
    echo '@@ end'
    case $version in
        *nf_tables*) ;;
        *) has_module nf_tables || { printf '@@ native\nnone\n'; exit; } ;;
    esac
    command -v nft >/dev/null || exit 0
    echo '@@ native'
    exec nft -j list chains 2>/dev/null
} 2>&1 | awk '
    /^-A [irsv]-[0-9]/ && / -[psd] | -m state / { next }
    /^(create|add) / && !/^[a-z]+ i-[0-9]/ { next }
    { print; ended = ended || $0 == "@@ end" }
    END { exit !ended }'
""",
    read_rules,
    privilege="root, or sudo for the collector: the kernel shows rules and sets to nobody else",
    why="Whether frames to and from each machine pass its security groups, IPv4 and IPv6, and what else may stop them.",
    seconds=5.0,
    size=1 << 22,  # 500 bridges and 600 NICs take 1.3 MB for both families; SSH compresses them
    processes=7,  # one more for each family that has rules in both back-ends, which no distribution sets up
)
