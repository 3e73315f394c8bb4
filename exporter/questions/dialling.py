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
for python in python3 python python2; do
    ! command -v "$python" >/dev/null 2>&1 || exec "$python" -EsSB -c '
import sys
del sys.path[0]
import errno, os, select, socket, subprocess, threading, time

WORDS = {0: "open", errno.ECONNREFUSED: "refused", errno.ETIMEDOUT: "timeout"}
clock = getattr(time, "monotonic", time.time)
told = dict.fromkeys(sys.argv[1:], "timeout")
poll, waiting, threads = select.poll(), {}, []


def connections():
    for command in (("ss", "-tn", "state", "established"), ("netstat", "-tn")):
        try:
            asked = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
        except OSError:
            continue
        lines = asked.communicate()[0].decode("ascii", "replace").splitlines()
        if asked.returncode == 0:
            return [line.split() for line in lines]
    return []


def standing():
    for row in connections():
        if row[:1] == ["ESTAB"] or (row[:1] in (["tcp"], ["tcp6"]) and row[5:6] == ["ESTABLISHED"]):
            del row[0]
        if len(row) > 3 and row[0].isdigit() and row[1] == "0":
            address, _, port = row[3].replace("[", "").replace("]", "").rpartition(":")
            yield (address[7:] if address.startswith("::ffff:") else address, port)


def dial(place, host, port):
    one = socket.socket()
    one.setblocking(False)
    error = one.connect_ex((host, int(port)))
    if error == errno.EINPROGRESS:
        waiting[one.fileno()] = one, place
        poll.register(one, select.POLLOUT)
    else:
        told[place] = WORDS.get(error, "unreachable")


def dial_name(place, host, port):
    try:
        socket.create_connection((host, int(port)), 2)
        told[place] = "open"
    except socket.gaierror:
        told[place] = "unresolved"
    except socket.timeout:
        told[place] = "timeout"
    except (OSError, socket.error):
        told[place] = WORDS.get(sys.exc_info()[1].errno, "unreachable")


stands = set(standing())
end = clock() + 2
for place in told:
    host, _, port = place.partition("@")
    if (host, port) in stands:
        told[place] = "established"
    elif host.replace(".", "").isdigit():
        dial(place, host, port)
    else:
        threads.append(threading.Thread(target=dial_name, args=(place, host, port)))
        threads[-1].daemon = True
        threads[-1].start()
while waiting:
    answers = poll.poll(max(1000 * (end - clock()), 0))
    if not answers:
        break
    for number, _ in answers:
        one, place = waiting.pop(number)
        poll.unregister(number)
        told[place] = WORDS.get(one.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR), "unreachable")
for thread in threads:
    thread.join(max(end - clock(), 0))
sys.stdout.write("".join("%s %s\n" % outcome for outcome in list(told.items())))
sys.stdout.flush()
os._exit(0)
' "$@"
done
echo "neither python3 nor python"
exit 127
"""
"""Text that dials the places given as ``host@port``, all at once, in two seconds.

It ends the question: the shell becomes the Python, 2 or 3, that CloudStack's own scripts need on every such machine, so
that dialling costs two processes, itself and ss, however many places there are; bash would need one for each. A
connection that stands is looked for by address, so a name is always dialled; so is a place that leaves unanswered what
it was sent, because a connection stands for a quarter of an hour after its other end has gone. Nothing is sent.
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
