"""Whom a console proxy reaches from inside: screens of hosts, management servers, its name servers."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field

from exporter.cloud.storage import is_dialled
from exporter.cloud.targets import ConsoleProxyTarget
from exporter.model import Ports, Question, UnreadableError, Via
from exporter.questions.agent_ways import AGENT_WAYS, read_told
from exporter.questions.dialling import DIALLING, Reach
from exporter.questions.system_vms.console_proxy import PRIVILEGE
from exporter.questions.system_vms.storage_ways import Lookup

NAME = re.compile(r"name ([A-Za-z0-9.-]{1,253}) (known|unknown|timeout)", re.ASCII)


@dataclass(frozen=True, slots=True, kw_only=True)
class ProxyReach:
    """What became of the ways of one console proxy.

    Attributes:
        screens: by the host's address, at the port of its first screen; refused: no machine has it, the way is open.
        is_connected: whether a connection to the port of management servers stands.
        management: by what agent.properties has; empty while the agent is connected, because nobody is dialled then.
        names: those of management servers, and that of the zone which its name servers are asked for; none where there
            are addresses only.
    """

    screens: Mapping[str, Reach] = field(default_factory=dict)
    is_connected: bool = True
    management: Mapping[str, Reach] = field(default_factory=dict)
    names: Mapping[str, Lookup] = field(default_factory=dict)


def read_proxy_reach(text: str) -> ProxyReach:
    """Return the ways; every place that the text names must have its outcome, and no other.

    Source: ss, agent.properties, getent, and connections of Python.
    """
    lines = text.splitlines()
    names = [NAME.fullmatch(line) for line in lines if line.startswith("name ")]
    told = read_told(line for line in lines if not line.startswith("name "))
    screens, management = told.take("screen", "vnc"), told.take("management", "agent")
    if told.reached or not all(names):
        message = f"an outcome that nobody asked for, or of no known form: {text[:60]!r}"
        raise UnreadableError(message)
    return ProxyReach(
        screens=screens,
        is_connected=told.is_connected,
        management=management,
        names={found[1]: Lookup(found[2]) for found in names if found},
    )


def _parameters(target: ConsoleProxyTarget, ports: Ports) -> tuple[str, ...]:
    """Return the port of agents, that of the first screen, the addresses of hosts, and the name to look up.

    That is told as name@port, because a word without a port may have 63 characters only.
    """
    name = [f"{target.looks_up}@{ports.dns}"] if target.looks_up else []
    return (str(ports.agent), str(ports.vnc), *filter(is_dialled, dict.fromkeys(target.hosts)), *name)


PROXY_REACH: Question[ProxyReach] = Question(
    name="proxy_reach",
    via=Via.SYSTEM_VM,
    text=r"""
agent=$1 vnc=$2 places=
file=$ROOT/usr/local/cloud/systemvm/conf/agent.properties
shift 2
printf 'port agent %s\nport vnc %s\n' "$agent" "$vnc"
"""
    + AGENT_WAYS
    # Each server has a second in its turn, so that a dead one does not make the others look dead; when all are, getent
    # still waits for them after three.
    + r"""
command -v getent >/dev/null 2>&1 || { echo 'no getent'; exit 127; }
look() {
    RES_OPTIONS='timeout:1 attempts:5' timeout 3 getent ahostsv4 "$1" >/dev/null 2>&1
    case $? in
        0) echo "name $1 known" ;;
        124 | 137 | 143) echo "name $1 timeout" ;;
        *) echo "name $1 unknown" ;;
    esac
}
for one in $agents; do
    case $one in *[!0-9.]*) look "$one" & ;; esac
    [ -z "$connected" ] || continue
    echo "management $one"
    places="$places $one@$agent"
done
for one in "$@"; do
    case $one in
        *@*) case " $agents " in *" ${one%@*} "*) ;; *) look "${one%@*}" & ;; esac ;;
        *)
            echo "screen $one"
            places="$places $one@$vnc"
            ;;
    esac
done
wait
set -- $places
[ $# -gt 0 ] || exit 0
"""
    + DIALLING,
    read=read_proxy_reach,
    privilege=PRIVILEGE,
    why="Consoles stay black where the proxy does not reach the screens of a host; without its agent there are none.",
    every=10,
    waits=True,
    seconds=8.0,
    size=32768,
    parameters=_parameters,
)
