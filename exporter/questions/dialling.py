"""Whether a machine reaches others: connections that stand are proof, the rest is dialled at once and briefly."""

from __future__ import annotations

import re
from collections.abc import Mapping
from enum import StrEnum

from exporter.cloud.storage import Place
from exporter.model import UnreadableError


class Reach(StrEnum):
    """What became of the way to one place."""

    ESTABLISHED = "established"  # a connection to it stands, so nothing was dialled
    OPEN = "open"  # the connection was made
    REFUSED = "refused"  # nobody listens there, or a firewall says so
    UNREACHABLE = "unreachable"  # no route, host or network down
    UNRESOLVED = "unresolved"  # its name is not known
    TIMEOUT = "timeout"  # no answer within two seconds

    @property
    def is_good(self) -> bool:
        """Return whether the way is open."""
        return self in (Reach.ESTABLISHED, Reach.OPEN)


DIALLING = r"""
command -v bash >/dev/null 2>&1 || exit 127
exec bash -c '
declare -A stands
while read -r first second third fourth fifth sixth rest; do
    case $first$sixth in
        tcp*ESTABLISHED) waiting=$third peer=$fifth ;;
        [0-9]*) waiting=$second peer=$fourth ;;
        ESTAB*) waiting=$third peer=$fifth ;;
        *) continue ;;
    esac
    peer=${peer//[][]/}
    [ "$waiting" != 0 ] || stands[${peer#::ffff:}]=yes
done < <(ss -tn state established 2>/dev/null || netstat -tn 2>/dev/null)
pipes=() places=()
for place; do
    host=${place%@*} port=${place#*@}
    if [ -n "${stands[$host:$port]}" ]; then
        echo "$place established"
    else
        exec {pipe}< <(exec 2>&1; exec 3<>"/dev/tcp/$host/$port" && echo open)
        pipes+=("$pipe") places+=("$place")
    fi
done
end=$((SECONDS + 2))
for number in "${!pipes[@]}"; do
    patience=$((end - SECONDS))
    [ "$patience" -gt 0 ] || patience=0.01
    IFS= read -r -d "" -t "$patience" -u "${pipes[number]}" said
    [ "$?" -le 128 ] || said="timed out"
    case $said in
        open*) word=open ;;
        *refused*) word=refused ;;
        *"timed out"*) word=timeout ;;
        *"not known"* | *"name resolution"* | *"No address"*) word=unresolved ;;
        *) word=unreachable ;;
    esac
    echo "${places[number]} $word"
done
' bash "$@"
"""
"""Text that dials the places given as ``host@port``; one process for each, all at once, at most three seconds.

It ends the question: the shell becomes the one that dials. A connection that stands is looked for by address, so a
name is always dialled; so is a place that leaves unanswered what it was sent, because a connection stands for a quarter
of an hour after its other end has gone. Nothing is sent, and what dials still is ended with the question.
"""


def read_reach(text: str) -> Mapping[Place, Reach]:
    """Return the outcome for each place from lines of ``host@port word``; an empty text is no place."""
    found: dict[Place, Reach] = {}
    for line in text.splitlines():
        match = re.fullmatch(r"([A-Za-z0-9.-]{1,253})@(\d{1,5}) ([a-z]{1,20})", line, re.ASCII)
        place = Place(match[1], int(match[2])) if match else None
        if not match or not place or match[3] not in Reach.__members__.values() or place in found:
            message = f"not the outcome of a dial: {line[:60]!r}"
            raise UnreadableError(message)
        found[place] = Reach(match[3])
    return found
