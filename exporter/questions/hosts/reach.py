"""Whom a hypervisor host reaches: the next hosts of its cluster, image stores, management servers, its own system VMs.

Machines are moved by libvirt of the other host and by a port of its own for each move, on which nobody listens
meanwhile; images and templates are copied from the stores; the agent looks for a management server by itself. System
VMs have their control NICs in a network of the host's own, which has no way out.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from ipaddress import IPv4Address, IPv4Network

from exporter.cloud.storage import Place, is_dialled
from exporter.cloud.targets import HostTarget
from exporter.model import Ports, Question, UnreadableError, Via
from exporter.questions.agent_ways import AGENT_WAYS, read_told
from exporter.questions.dialling import DIALLING, Reach

ROUTE = re.compile(r"route (\S{1,15}) ([0-9A-F]{8}) ([0-9A-F]{8})", re.ASCII)
Routes = Mapping[IPv4Network, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class HostReach:
    """What became of the ways of one host.

    Attributes:
        libvirt: by the neighbour's address, at the port that this host moves machines with.
        migration: by the neighbour's address, at the first port of live migrations.
        stores: by image store.
        is_connected: whether a connection to the port of management servers stands.
        management: by what agent.properties has; empty while the agent is connected, because nobody is dialled then.
        routes: the networks that the host has an interface in, and which.
    """

    libvirt: Mapping[str, Reach] = field(default_factory=dict)
    migration: Mapping[str, Reach] = field(default_factory=dict)
    stores: Mapping[Place, Reach] = field(default_factory=dict)
    is_connected: bool = True
    management: Mapping[str, Reach] = field(default_factory=dict)
    routes: Routes = field(default_factory=dict)

    def interface_to(self, address: str) -> str:
        """Return the interface whose network an IPv4 address is in, empty when there is none."""
        wanted = IPv4Address(address)
        return next((device for network, device in self.routes.items() if wanted in network), "")


def read_host_reach(text: str) -> HostReach:
    """Return the ways; every place that the text names must have its outcome.

    Source: /proc/net/route, ss, agent.properties, and connections of Python.
    """
    lines = text.splitlines()
    told = read_told(line for line in lines if not line.startswith("route "))
    return HostReach(
        libvirt=told.take("neighbour", "libvirt"),
        migration=told.take("neighbour", "migration"),
        is_connected=told.is_connected,
        management=told.take("management", "agent"),
        stores=told.reached,
        routes=dict(_route(line) for line in lines if line.startswith("route ")),
    )


def _route(line: str) -> tuple[IPv4Network, str]:
    """Return a network and its interface; the kernel prints addresses with their little end first."""
    found = ROUTE.fullmatch(line)
    try:
        if found:
            address, mask = (IPv4Address(bytes.fromhex(word)[::-1]) for word in found.group(2, 3))
            return IPv4Network((str(address), str(mask))), found[1]
    except ValueError:
        pass
    message = f"not a route: {line[:60]!r}"
    raise UnreadableError(message)


def _parameters(target: HostTarget, ports: Ports) -> tuple[str, ...]:
    """Return the ports, the addresses of neighbours, and the image stores as ``host@port``."""
    numbers = (ports.agent, ports.libvirt_tls, ports.libvirt, ports.migration)
    neighbours = filter(is_dialled, dict.fromkeys(target.neighbours))
    return (*map(str, numbers), *neighbours, *dict.fromkeys(place.word for place in target.stores))


HOST_REACH: Question[HostReach] = Question(
    "host_reach",
    Via.HOST,
    # Machines are moved with TLS where the agent has a certificate. Which networks the host is in tells the kernel:
    # routes without a gateway and of metric 0, so that those of zeroconf do not count.
    r"""
agent=$1 libvirt=$3 migration=$4 places=
file=$ROOT/etc/cloudstack/agent/agent.properties
[ ! -e "$ROOT/etc/cloudstack/agent/cloud.crt" ] || libvirt=$2
shift 4
printf 'port agent %s\nport libvirt %s\nport migration %s\n' "$agent" "$libvirt" "$migration"
while read -r device network gateway flags count use metric mask rest; do
    [ "$gateway $flags $metric" != '00000000 0001 0' ] || echo "route $device $network $mask"
done <"$ROOT/proc/net/route" || exit
"""
    + AGENT_WAYS
    + r"""
[ -n "$connected" ] || for one in $agents; do
    echo "management $one"
    places="$places $one@$agent"
done
for one in "$@"; do
    case $one in
        *@*) places="$places $one" ;;
        *) echo "neighbour $one"; places="$places $one@$libvirt $one@$migration" ;;
    esac
done
set -- $places
[ $# -gt 0 ] || exit 0
"""
    + DIALLING,
    read_host_reach,
    privilege="root: agent.properties is readable by root only; nothing is sent to whom it dials",
    why="Whether live migrations, templates and the agent have their ways, and whether its system VMs can be reached.",
    every=10,
    seconds=4.0,
    size=131_072,
    processes=3,
    waits=True,
    parameters=_parameters,
)
