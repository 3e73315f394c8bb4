"""What security groups stand on, on a hypervisor host: bridge filtering, tools, and the agent's logs of rules."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType

from exporter.model import Question, UnreadableError, Via

TOOLS = ("iptables", "ip6tables", "ebtables", "ipset")
"""What security_group.py runs. can_bridge_firewall does not look for ipset, and everything fails without it."""
NUMBER = re.compile(r"-?\d{1,18}", re.ASCII)
COUNT = re.compile(r"\d{1,18}", re.ASCII)
FIELDS = 6


@dataclass(frozen=True, slots=True, kw_only=True)
class RuleLog:
    """One rule log, <machine>.log: ``vmName,vmID,vmIP,domID,signature,seqno``.

    Attributes:
        fields: how many there are; anything but six is not a log, and the rest is then not read.
        domain: libvirt's number of the domain when the rules were written; None when it is no number.
        signature: of the rules; ``_initial_`` until CloudStack has sent the first ones.
        sequence: of the rules, -1 until then; None when it is no number.
    """

    fields: int
    domain: int | None = None
    signature: str = ""
    sequence: int | None = None

    @property
    def is_initial(self) -> bool:
        """Return whether CloudStack has not sent any rules since the machine was started here."""
        return self.signature == "_initial_" or self.sequence == -1


@dataclass(frozen=True, slots=True, kw_only=True)
class HostFirewall:
    """What security groups stand on.

    Attributes:
        filters_ip, filters_ip6: the sysctls that lead bridged frames through iptables and ip6tables; None when they
            do not exist, because the module br_netfilter is not there.
        tools: those of TOOLS that are installed.
        tracked: connections that the kernel tracks now, all machines' together; trackable: how many it can, 0 for any
            number. Both are None when it tracks none, because nothing asked it to.
        logs: rule logs by machine; none when the directory does not exist.
    """

    filters_ip: bool | None = None
    filters_ip6: bool | None = None
    tools: frozenset[str] = frozenset()
    tracked: int | None = None
    trackable: int | None = None
    logs: Mapping[str, RuleLog] = field(default_factory=dict)


def read_firewall(text: str) -> HostFirewall:
    """Return it from lines ``sysctl``, ``tracked``, ``tool`` and ``log``, each with a name and what it is."""
    sysctls: dict[str, bool | None] = {}
    tracked: dict[str, int | None] = {}
    tools, logs = set(), {}
    for line in text.splitlines():
        kind, _, rest = line.partition(" ")
        name, _, value = rest.partition(" ")
        if kind == "sysctl" and value in FLAGS:
            sysctls[name] = FLAGS[value]
        elif kind == "tracked" and (COUNT.fullmatch(value) or value == "-"):
            tracked[name] = None if value == "-" else int(value)
        elif kind == "tool" and name in TOOLS and not value:
            tools.add(name)
        elif kind == "log" and name:
            logs[name] = read_log(value)
        else:
            message = f"not a line of ours: {line[:60]!r}"
            raise UnreadableError(message)
    if not {"iptables", "ip6tables"} <= sysctls.keys() or not {"count", "max"} <= tracked.keys():
        message = "without the sysctls of bridges, or of connections"
        raise UnreadableError(message)
    return HostFirewall(
        filters_ip=sysctls["iptables"],
        filters_ip6=sysctls["ip6tables"],
        tools=frozenset(tools),
        tracked=tracked["count"],
        trackable=tracked["max"],
        logs=MappingProxyType(logs),
    )


FLAGS = {"1": True, "0": False, "-": None}


def read_log(line: str) -> RuleLog:
    """Return a rule log from its first line, the only one that the agent reads."""
    fields = line.rstrip().split(",") if line.strip() else []
    if len(fields) != FIELDS:
        return RuleLog(fields=len(fields))
    return RuleLog(fields=FIELDS, domain=_number(fields[3]), signature=fields[4][:64], sequence=_number(fields[5]))


def _number(text: str) -> int | None:
    return int(text) if NUMBER.fullmatch(text) else None


FIREWALL: Question[HostFirewall] = Question(
    "host_firewall",
    Via.HOST,
    # No process at all: the shell reads. The collector's shell has file name patterns switched off.
    r"""
for name in iptables ip6tables; do
    value=
    { read -r value <"$ROOT/proc/sys/net/bridge/bridge-nf-call-$name"; } 2>/dev/null || :
    echo "sysctl $name ${value:--}"
done
for name in count max; do
    value=
    { read -r value <"$ROOT/proc/sys/net/netfilter/nf_conntrack_$name"; } 2>/dev/null || :
    echo "tracked $name ${value:--}"
done
for tool in @TOOLS@; do
    if command -v "$tool" >/dev/null; then echo "tool $tool"; fi
done
set +f
for file in "$ROOT"/var/run/cloud/*.log; do
    [ -f "$file" ] || continue
    [ -r "$file" ] || { echo "$file: Permission denied"; exit 1; }
    name=${file##*/} line=
    IFS= read -r line <"$file" || :
    printf 'log %s %s\n' "${name%.log}" "$line"
done
""".replace("@TOOLS@", " ".join(TOOLS)),
    read_firewall,
    privilege="none where /var/run/cloud may be read",
    why="Whether bridged frames are filtered at all, there are tools and room for connections, and the agent can tell"
    " what it has applied.",
    size=262_144,
    processes=1,
)
