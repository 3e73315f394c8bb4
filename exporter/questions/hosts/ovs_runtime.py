"""Open vSwitch of a hypervisor host: what its daemons say of themselves, and whether they answer in time."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum

from exporter.model import Question, UnreadableError, Via
from exporter.questions.hosts.ovs import ABSENT, PRESENCE
from exporter.questions.hosts.ovs_bonds import OvsBond, read_bonds
from exporter.questions.hosts.ovs_datapath import Datapath, read_datapaths

DATABASE, SWITCH = "ovsdb-server", "ovs-vswitchd"
FIRST = {DATABASE: "version", SWITCH: "upcall/show"}
"""What each daemon is asked first; every version knows it."""
TICKS = 100  # of the clock in /proc/<pid>/stat per second, on every Linux that runs KVM
ALARM = 142  # exit code of a tool that its own --timeout ended: 128 + SIGALRM
REFUSED = 2  # exit code of ovs-appctl when the daemon answers that it does not know the command or the bridge
GONE = re.compile(r"\((?:No such file or directory|No such process|Connection refused)\)")
CROWDED = re.compile(r"\(Resource temporarily unavailable\)")


class State(StrEnum):
    """What a daemon does when it is asked."""

    UP = "up"
    DOWN = "down"
    HANGS = "hangs"  # it runs, and does not answer in time


@dataclass(frozen=True, slots=True, kw_only=True)
class Daemon:
    """One daemon. ``started`` is seconds from the host's boot to its start, None when not told."""

    name: str
    state: State
    started: float | None = None
    version: str = ""

    @property
    def is_up(self) -> bool:
        """Return whether it runs and answers in time."""
        return self.state is State.UP


@dataclass(frozen=True, slots=True)
class LongPoll:
    """The switch was busy with one thing for ``seconds``, and logged it ``at`` (unix time of the host)."""

    at: float
    seconds: float


@dataclass(frozen=True, slots=True, kw_only=True)
class OvsRuntime:
    """What the daemons told; of a daemon that is down or hangs nothing else is known.

    Attributes:
        datapaths: by name, as system@ovs-system; None when not told.
        bonds: by name; None when not told.
        polls: from the end of the log, oldest first; None when the log could not be read.
    """

    database: Daemon
    switch: Daemon
    datapaths: Mapping[str, Datapath] | None = None
    bonds: Mapping[str, OvsBond] | None = None
    polls: tuple[LongPoll, ...] | None = None


@dataclass(frozen=True, slots=True)
class Told:
    """What one command printed, and its exit code."""

    code: int
    text: str

    @property
    def answer(self) -> str | None:
        """Return the text when the command succeeded."""
        return self.text if self.code == 0 else None


SECTION = re.compile(r"^@ (?P<name>[^\n]+)\n(?P<text>.*?)^= (?P<code>\d{1,3})$", re.MULTILINE | re.DOTALL)
STARTED = re.compile(r"^started (ovsdb-server|ovs-vswitchd) (\d{1,18})$", re.MULTILINE | re.ASCII)
LOGGED = re.compile(
    r"(?P<at>\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d{1,6})?)Z\|.*Unreasonably long (?P<ms>\d{1,12})ms poll interval",
    re.ASCII,
)


def told(text: str) -> dict[str, Told]:
    """Return what each command that was asked printed, by the words of the command."""
    return {found["name"]: Told(int(found["code"]), found["text"]) for found in SECTION.finditer(text)}


def read_runtime(text: str) -> OvsRuntime | None:
    """Return what the daemons told, or None on a host without Open vSwitch."""
    if text.strip() == ABSENT:
        return None
    sections = told(text)
    started = {name: int(ticks) / TICKS for name, ticks in STARTED.findall(text)}
    database = _daemon(DATABASE, sections, started)
    switch = _daemon(SWITCH, sections, started)
    said = {name: told.answer for name, told in sections.items()}
    flows, lookups, bonds, log = (said.get(name) for name in ("upcall/show", "dpctl/show", "bond/show", "log"))
    return OvsRuntime(
        database=database,
        switch=switch,
        datapaths=None if flows is None and lookups is None else read_datapaths(flows, lookups),
        bonds=None if bonds is None else read_bonds(bonds, said.get("lacp/show")),
        polls=None if log is None else tuple(_polls(log)),
    )


def _daemon(name: str, sections: Mapping[str, Told], started: Mapping[str, float]) -> Daemon:
    """Return a daemon, judged by the first command that it was asked, and by every one that it let wait."""
    told = sections.get(FIRST[name])
    if told is None:
        message = f"{name} was not asked for {FIRST[name]}"
        raise UnreadableError(message)
    state = _state(told)
    if name == SWITCH and any(one.code == ALARM for asked, one in sections.items() if asked != FIRST[DATABASE]):
        state = State.HANGS
    version = re.search(r"\(Open vSwitch\) (\S{1,40})", told.text) if state is State.UP else None
    return Daemon(
        name=name,
        state=state,
        started=None if state is State.DOWN else started.get(name),
        version=version[1] if version else "",
    )


def _state(told: Told) -> State:
    if told.code in (0, REFUSED):
        return State.UP
    if told.code == ALARM or CROWDED.search(told.text):
        return State.HANGS
    if GONE.search(told.text):
        return State.DOWN
    message = f"exit code {told.code}: {told.text.strip()[-80:]!r}"
    raise UnreadableError(message)


def _polls(log: str) -> Iterator[LongPoll]:
    for found in LOGGED.finditer(log):
        try:
            at = datetime.fromisoformat(found["at"]).replace(tzinfo=UTC).timestamp()
        except ValueError as error:
            raise UnreadableError(str(error)) from None
        yield LongPoll(at, int(found["ms"]) / 1000)


ASK = r"""
hangs=
# Tells what a daemon answers to a command; returns its code. What the account may not do is no answer.
ask() {
    daemon=$1
    shift
    [ "$hangs" != "$daemon" ] || return 142
    said=$(ovs-appctl --timeout=2 -t "$daemon" "$@" 2>&1)
    code=$?
    case $said in
        *'(Permission denied)'*) printf '%s\n' "$said"; exit 1 ;;
    esac
    case $code in
        126 | 127) printf '%s\n' "$said"; exit "$code" ;;
        142) hangs=$daemon ;;
    esac
    printf '@ %s\n%s\n= %s\n' "$*" "$said" "$code"
    return "$code"
}
"""
"""What asks a daemon a command and prints it as :func:`told` reads it; who let it wait once is asked no more."""

OVS_RUNTIME: Question[OvsRuntime | None] = Question(
    "host_ovs_runtime",
    Via.HOST,
    # A daemon that did not answer once is asked nothing else, so that two hanging daemons cost four seconds.
    # Five processes, a sixth with bonds.
    PRESENCE
    + f"""
is_running || {{ is_wanted && command -v ovs-appctl >/dev/null; }} || {{ echo {ABSENT}; exit 0; }}
"""
    + ASK
    + r"""
# Field 22 of stat; the name before it may hold blanks and ends in a parenthesis.
tell_start() {
    { read -r pid <"$run/$1.pid" && read -r stat <"$ROOT/proc/$pid/stat"; } 2>/dev/null || return 0
    name=$1
    set -- ${stat##*) }
    printf 'started %s %s\n' "$name" "${20}"
}

ask_switch() {
    ask ovs-vswitchd upcall/show
    case $? in 0 | 2) ;; *) return ;; esac
    ask ovs-vswitchd dpctl/show
    ask ovs-vswitchd bond/show
    case $said in *----*) ask ovs-vswitchd lacp/show ;; esac
}

# Only the lines about long poll intervals leave the host.
tell_log() {
    log=$ROOT/var/log/openvswitch/ovs-vswitchd.log
    [ -r "$log" ] || return 0
    lines=$(tail -n 200 "$log") || return 0
    printf '@ log\n'
    set -f
    IFS='
'
    for line in $lines; do
        case $line in *'Unreasonably long '*) printf '%s\n' "$line" ;; esac
    done
    printf '= 0\n'
}

ask ovsdb-server version
ask_switch
tell_start ovsdb-server
tell_start ovs-vswitchd
tell_log
""",
    read_runtime,
    privilege="root: the control sockets of the daemons, and their log",
    why="Whether the daemons of Open vSwitch answer, and what they say of bonds, LACP, flows and delays.",
    seconds=6.0,
    size=262_144,
    processes=7,  # one where there is no Open vSwitch: see nics.IN_USE
)
