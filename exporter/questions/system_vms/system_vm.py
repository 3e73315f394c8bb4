"""The condition of a router, console proxy or secondary storage VM, whatever it serves. Asked inside it."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from exporter.model import Question, UnreadableError, Via

UNIT_STATE = re.compile(r"[a-z-]{1,30}")
"""systemd's ActiveState: active, inactive, failed, ...; newer releases add words (refreshing)."""
HEADING = "COMMAND"
"""The first line of ps: without it there was no answer."""


@dataclass(frozen=True, slots=True)
class FileSystem:
    """How full a file system is. ``used`` and ``inodes`` are ratios; inodes are None where it has no fixed number."""

    place: str  # / or /var/log
    used: float
    inodes: float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class SystemVmState:
    """What a system VM says of itself.

    Attributes:
        clock: unix time by its own clock.
        uptime: seconds since it booted.
        type: router | vpcrouter | dhcpsrvr | consoleproxy | secstorage | ..., empty when the boot arguments do not say.
        is_redundant: whether it was started as one of a redundant pair.
        has_booted: whether its first configuration has ended.
        is_read_only: whether its root file system is mounted so; the kernel does that after an error of the disk.
        memory: the part of the memory that is available.
        connections: the part of the connections that the kernel can track that it tracks; None where it tracks none.
        kills: how often the kernel has killed for want of memory since the boot; None before Linux 4.13.
        units: services of systemd by name -> ActiveState; None where systemd does not run it.
        processes: names of programs; None where systemd tells of services.
    """

    clock: int
    uptime: float
    type: str
    is_redundant: bool
    has_booted: bool
    is_read_only: bool
    file_systems: tuple[FileSystem, ...]
    memory: float
    connections: float | None
    kills: int | None
    units: Mapping[str, str] | None = field(hash=False)
    processes: frozenset[str] | None


def read_state(text: str) -> SystemVmState:
    """Return the state from lines of ``word value``, then those of systemctl list-units or of ps."""
    parts = re.split(r"^(units|processes)$", text, maxsplit=1, flags=re.MULTILINE)
    head, mark, rest = parts if len(parts) == 3 else (text, "", "")
    words: defaultdict[str, list[str]] = defaultdict(list)
    for line in head.splitlines():
        word, _, value = line.partition(" ")
        words[word.rstrip(":")].append(value.strip())
    lines = rest.splitlines()[1:]
    return SystemVmState(
        clock=_whole(words["clock"]),
        uptime=float(_one(words["uptime"], r"\d{1,12}(\.\d{1,9})?")),
        type=_one(words["type"], r"[a-z]{1,20}") if words["type"] else "",
        is_redundant=words["redundant"] == ["1"],
        has_booted="booted" in words,
        is_read_only=_one(words["root"], "rw|ro") == "ro",
        file_systems=_file_systems(words["disk"]),
        memory=_memory(words),
        connections=_connections(words),
        kills=_whole(words["oom_kill"]) if words["oom_kill"] else None,
        units=_units(lines) if mark == "units" else None,
        processes=_processes(lines) if mark == "processes" else None,
    )


def _one(values: Sequence[str], form: str) -> str:
    """Return the one value of a word, which has this form."""
    if len(values) != 1 or not re.fullmatch(form, values[0], re.ASCII):
        message = f"not one value of the form {form}: {' '.join(values)[:60]!r}"
        raise UnreadableError(message)
    return values[0]


def _whole(values: Sequence[str]) -> int:
    return int(_one(values, r"\d{1,18}"))


def _file_systems(lines: Sequence[str]) -> tuple[FileSystem, ...]:
    """Return the file systems from ``place blocks free available inodes free``; the root is always among them."""
    found = []
    for line in lines:
        match = re.fullmatch(r"(/|/var/log) (\d{1,18}) (\d{1,18}) (\d{1,18}) (\d{1,18}) (\d{1,18})", line, re.ASCII)
        if match is None:
            message = f"not a file system: {line[:60]!r}"
            raise UnreadableError(message)
        blocks, free, available, nodes, left = map(int, match.groups()[1:])
        usable = blocks - free + available  # what is reserved for root counts neither way, as in df
        if free > blocks or left > nodes or usable == 0:
            message = f"more is free than there is: {line[:60]!r}"
            raise UnreadableError(message)
        found.append(FileSystem(match[1], (blocks - free) / usable, (nodes - left) / nodes if nodes else None))
    if not found or found[0].place != "/":
        message = "no root file system"
        raise UnreadableError(message)
    return tuple(found)


def _memory(words: Mapping[str, Sequence[str]]) -> float:
    """Return the part that is available; kernels before 3.14 do not say, there it is what could be freed."""
    kinds = ("MemTotal", "MemAvailable", "MemFree", "Buffers", "Cached")
    told = {kind: _one(words[kind], r"\d{1,15} kB") for kind in kinds if words.get(kind)}
    numbers = {kind: int(value.removesuffix(" kB")) for kind, value in told.items()}
    available = numbers.get("MemAvailable", sum(numbers.get(kind, 0) for kind in kinds[2:]))
    if not numbers.get("MemTotal") or "MemFree" not in numbers or available > numbers["MemTotal"]:
        message = f"not the memory of a machine: {' '.join(told.values())[:60]!r}"
        raise UnreadableError(message)
    return available / numbers["MemTotal"]


def _connections(words: Mapping[str, Sequence[str]]) -> float | None:
    """Return the part of the connections that can be tracked; None where none are."""
    if not words.get("conntrack_count"):
        return None
    most = _whole(words["conntrack_max"])
    return _whole(words["conntrack_count"]) / most if most else None


def _units(lines: Sequence[str]) -> Mapping[str, str]:
    """Return services by name, without ``.service``; old versions put a dot before what failed.

    What others only mention, or what the template has masked, is left out.
    """
    found = {}
    for line in lines:
        match = re.match(r"[●*]?\s*([\w@:.\\-]+)\.service\s+(\S+)\s+(\S+)\s+\S+(\s|$)", line, re.ASCII)
        if match is None or not UNIT_STATE.fullmatch(match[3]):
            message = f"not a unit: {line[:60]!r}"
            raise UnreadableError(message)
        if match[2] not in {"not-found", "masked"}:
            found[match[1]] = match[3]
    if not found:
        message = "no unit at all"
        raise UnreadableError(message)
    return found


def _processes(lines: Sequence[str]) -> frozenset[str]:
    """Return the names of all programs."""
    if len(lines) < 2 or lines[0].strip() != HEADING:
        message = f"not a list of processes: {' '.join(lines)[:60]!r}"
        raise UnreadableError(message)
    return frozenset(line.strip()[:64] for line in lines[1:])


SYSTEM_VM_STATE = Question(
    name="system_vm_state",
    via=Via.SYSTEM_VM,
    # The boot arguments also hold passwords: two words of closed form leave the machine. File systems are asked one
    # by one, so that no mount of a dead server is touched. Before systemd, names of programs, never their arguments.
    text=r"""
date '+clock %s' || exit
read -r uptime rest <"$ROOT/proc/uptime" || exit
echo "uptime $uptime"
[ ! -e "$ROOT/var/cache/cloud/boot_up_done" ] || echo booted
words=
[ ! -r "$ROOT/var/cache/cloud/cmdline" ] || read -r words <"$ROOT/var/cache/cloud/cmdline"
set -f
for word in $words; do
    case $word in
        type=*[!a-z]* | type=) ;;
        type=*) echo "type ${word#*=}" ;;
        redundant_router=[01]) echo "redundant ${word#*=}" ;;
    esac
done
state= places=/
while read -r device place kind options rest; do
    case $place in
        /) case ,$options, in *,ro,*) state=ro ;; *) state=rw ;; esac ;;
        /var/log) places='/ /var/log' ;;
    esac
done <"$ROOT/proc/mounts"
echo "root $state"
for place in $places; do
    printf 'disk %s ' "$place"
    stat -f -c '%b %f %a %c %d' "$ROOT$place" || exit
done
for name in count max; do
    file=$ROOT/proc/sys/net/netfilter/nf_conntrack_$name
    [ ! -r "$file" ] || { read -r value <"$file" && echo "conntrack_$name $value"; }
done
grep -hsE '^(MemTotal|MemFree|MemAvailable|Buffers|Cached|oom_kill)[: ]' "$ROOT/proc/meminfo" "$ROOT/proc/vmstat"
if [ -d "$ROOT/run/systemd/system" ]; then
    echo units
    exec systemctl list-units --all --plain --no-legend '*.service'
fi
echo processes
exec ps -eo comm
""",
    read=read_state,
    privilege="root inside the system VM, through its host",
    why="Full or read-only disks, no memory, a wrong clock and dead services: what makes any system VM fail.",
)
