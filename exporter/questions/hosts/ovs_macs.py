"""The MAC tables of Open vSwitch's bridges on a hypervisor host."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

from exporter.model import Question, UnreadableError, Via
from exporter.questions.hosts.ovs import ABSENT, PRESENCE
from exporter.questions.hosts.ovs_datapath import MacTable, read_macs
from exporter.questions.hosts.ovs_runtime import ASK, told

MOST = 3
"""Bridges that are asked: those that the agent names, then by name."""
COMMAND = "fdb/stats-show"
UNASKED = re.compile(r"^unasked (\d{1,9})$", re.MULTILINE | re.ASCII)


@dataclass(frozen=True, slots=True)
class MacTables:
    """MAC tables by bridge, of the switch's bridges that were asked; ``unasked``: how many were not."""

    tables: Mapping[str, MacTable]
    unasked: int


def read_tables(text: str) -> MacTables | None:
    """Return the tables that were told, or None on a host where Open vSwitch does not run.

    A bridge that is gone meanwhile, a version that does not know the command, and a switch that does not answer tell
    none: whether it answers is asked elsewhere.
    """
    if text.strip() == ABSENT:
        return None
    unasked = UNASKED.search(text)
    if unasked is None:
        message = f"no count of bridges that were not asked: {text[:60]!r}"
        raise UnreadableError(message)
    answers = {name.removeprefix(f"{COMMAND} "): one.answer for name, one in told(text).items()}
    tables = {bridge: read_macs(answer) for bridge, answer in answers.items() if answer is not None}
    return MacTables(MappingProxyType(tables), int(unasked[1]))


OVS_MACS: Question[MacTables | None] = Question(
    "host_ovs_macs",
    Via.HOST,
    # Bridges are known by their sockets, and each costs a process: those that the agent names come first, since the
    # table of guests fills first. The file may have the line ends of Windows, so a value ends where no name goes on.
    PRESENCE
    + f"""
is_running || {{ echo {ABSENT}; exit 0; }}
left={MOST}
"""
    + ASK
    + r"""
asked=' ' unasked=0
ask_bridge() {
    case $1 in '' | cloud0) return ;; esac
    [ -e "$run/$1.mgmt" ] || return
    case $asked in *" $1 "*) return ;; esac
    asked="$asked$1 "
    if [ "$left" -gt 0 ]; then
        left=$((left - 1))
        ask ovs-vswitchd fdb/stats-show "$1"
    else
        unasked=$((unasked + 1))
    fi
}

guest= private= public=
{ while IFS='=: ' read -r key value || [ -n "$key" ]; do
    value=${value%%[!A-Za-z0-9._-]*}
    case $key in
        guest.network.device) guest=$value ;;
        private.network.device) private=$value ;;
        public.network.device) public=$value ;;
    esac
done <"$agent"; } 2>/dev/null
for bridge in "${guest:-$private}" "$public" "$private"; do
    ask_bridge "$bridge"
done
for socket in "$run"/*.mgmt; do
    bridge=${socket##*/}
    ask_bridge "${bridge%.mgmt}"
done
echo "unasked $unasked"
""",
    read_tables,
    privilege="root: the control sockets of the daemons",
    why="How full the MAC tables of Open vSwitch's bridges are, and how many addresses moved between ports.",
    seconds=3.0,
    every=2,
    processes=1 + MOST,
)
