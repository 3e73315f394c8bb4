"""Which guests have asked a virtual router's web server for their data: addresses, nothing else."""

from __future__ import annotations

import re
from dataclasses import dataclass

from exporter.model import Question, UnreadableError, Via
from exporter.questions.management.log_times import apache_time
from exporter.questions.routers.state import PRIVILEGE, checked_address

TIME = r"\d{1,2}/[A-Z][a-z]{2}/\d{4}:\d\d:\d\d:\d\d [+-]\d{4}"
HEAD = re.compile(rf"log (?P<lines>\d{{1,9}}) (?P<first>-|{TIME})", re.ASCII)
NOW = re.compile(rf"now (?P<now>{TIME})", re.ASCII)


@dataclass(frozen=True, slots=True)
class GuestRequests:
    """Who asked for user data or metadata, as far back as the log goes.

    Attributes:
        seconds: how far that is, by the router's clock; None when no line says it.
        addresses: from which requests came, with whatever outcome; also the router's own.
    """

    seconds: float | None = None
    addresses: frozenset[str] = frozenset()


def read_guest_requests(text: str) -> GuestRequests:
    """Return who asked, from ``log <lines> <first time>``, ``now <time>`` and an address on each line.

    Raises:
        UnreadableError: when the log has lines and none with a time, or a line is no address.
    """
    head, now, *lines = [*text.splitlines(), "", ""][: max(len(text.splitlines()), 2)]
    read, told = HEAD.fullmatch(head), NOW.fullmatch(now)
    if read is None or told is None or (int(read["lines"]) > 1 and read["first"] == "-"):
        message = f"not the head of a web server's log: {head[:60]!r}"
        raise UnreadableError(message)
    at, first = apache_time(told["now"]), read["first"]
    seconds = None if first == "-" else max((at - apache_time(first)).total_seconds(), 0.0)
    return GuestRequests(seconds, frozenset(checked_address(line) for line in lines))


ROUTER_GUEST_REQUESTS = Question(
    name="router_guest_requests",
    via=Via.SYSTEM_VM,
    # Paths and agents of requests are the tenants' own: only addresses leave the router. A first line that may be half
    # could name a wrong address, so it only tells the time.
    text=r"""
file="$ROOT/var/log/apache2/access.log"
[ -r "$file" ] || { echo 'no log of the web server'; exit 127; }
now=$(LC_ALL=C date '+%d/%b/%Y:%H:%M:%S %z') || exit
for one in "$file.1" "$file"; do [ ! -r "$one" ] || tail -c 1048576 "$one"; done | tail -c 1048576 |
    LC_ALL=C NOW="$now" awk '
    { size += length($0) + 1 }
    first == "" && ($4 " " $5) ~ /^\[[0-9]+\/[A-Z][a-z][a-z]\/[0-9]+:[0-9:]+ [-+][0-9]+\]$/ {
        first = substr($4, 2) " " substr($5, 1, length($5) - 1)
    }
    $1 ~ /^[0-9]+\.[0-9]+\.[0-9]+\.[0-9]+$/ && $7 ~ /^\/(latest|metadata|userdata)/ {
        if (NR == 1) half = $1
        else found[$1] = 1
    }
    END {
        print "log " NR " " (first == "" ? "-" : first)
        print "now " ENVIRON["NOW"]
        if (half != "" && size < 1048576) found[half] = 1
        for (address in found) print address
    }'
""",
    read=read_guest_requests,
    privilege=PRIVILEGE,
    why="Which guests have read their metadata: a template none of whose machines ever does has no agent for it.",
    every=5,
    seconds=1.0,
)
