"""Where an agent looks for management servers, and whether it has found one: a text that others begin with.

And how texts that dial places of several kinds tell which is which.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from exporter.cloud.storage import Place
from exporter.model import UnreadableError
from exporter.questions.dialling import Reach, read_reach

PORT = re.compile(r"port ([a-z]{1,20}) ([1-9]\d{0,4})", re.ASCII)
FACT = re.compile(r"(agent|neighbour|management|screen) ([A-Za-z0-9.-]{1,253})", re.ASCII)


@dataclass(slots=True)
class Told:
    """What a text has told: words by kind, ports by name, and the outcome for each place that is not taken yet."""

    words: Mapping[str, list[str]]
    ports: Mapping[str, int]
    reached: dict[Place, Reach]

    @property
    def is_connected(self) -> bool:
        """Return whether a connection to the port of management servers stands."""
        return "connected" in self.words.get("agent", ())

    def take(self, kind: str, port: str) -> Mapping[str, Reach]:
        """Return the outcomes for one port of all that are of a kind, and take them away."""
        hosts = self.words.get(kind, [])
        try:
            return {host: self.reached.pop(Place(host, self.ports[port])) for host in hosts}
        except KeyError as error:
            message = f"no outcome for the {port} of {', '.join(hosts)[:60]}"
            raise UnreadableError(message) from error


def read_told(lines: Iterable[str]) -> Told:
    """Return what the lines tell; what is neither a fact nor an outcome is unreadable."""
    words: defaultdict[str, list[str]] = defaultdict(list)
    ports: dict[str, int] = {}
    outcomes: list[str] = []
    for line in lines:
        if port := PORT.fullmatch(line):
            ports[port[1]] = int(port[2])
        elif fact := FACT.fullmatch(line):
            words[fact[1]].append(fact[2])
        else:
            outcomes.append(line)
    return Told(words, ports, dict(read_reach("\n".join(outcomes))))


AGENT_WAYS = r"""
set -f
if command -v ss >/dev/null 2>&1; then
    list=$(exec ss -tn state established "( dport = :$agent )") || exit
else
    list=$(exec netstat -tn) || exit
fi
# Whether a line of either is a connection that stands, leads to the port, and has been answered all that was sent.
stands() {
    case $1${6:-} in
        tcp*ESTABLISHED | ESTAB*) shift ;;
        [0-9]*) ;;
        *) return 1 ;;
    esac
    [ "${2:-}" = 0 ] && [ "${4##*:}" = "$agent" ]
}
connected=
IFS='
'
for line in $list; do
    unset IFS
    ! stands $line || connected=yes
done
unset IFS
[ -z "$connected" ] || echo 'agent connected'
found= agents=
[ -r "$file" ] || file=/dev/null
while IFS= read -r line || [ -n "$line" ]; do
    case $line in host=* | host\ *=*) found=${line#*=} found=${found%%@*} ;; esac
done <"$file"
IFS=', '
for one in ${found%[!A-Za-z0-9.-]}; do
    case $one in *[!A-Za-z0-9.-]* | [!A-Za-z0-9]*) continue ;; esac
    case " $agents " in *" $one "*) continue ;; esac
    agents="$agents $one"
done
unset IFS
"""
"""Text that sets ``connected``, and ``agents`` to the names and addresses of ``host``, each once.

It needs ``agent``, the port, and ``file``, the agent's settings. They hold secrets: only these names leave the machine.
One process: ss, or netstat.
"""
