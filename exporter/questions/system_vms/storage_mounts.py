"""The mounts of a secondary storage VM, without touching one, and the templates on those that answer.

Source: /proc/self/mountstats, which the kernel writes without asking any server.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass

from exporter.model import Question, UnreadableError, Via
from exporter.questions.system_vms.storage_vm import PRIVILEGE

FOLDER = "/mnt/SecStorage/"
"""Where CloudStack mounts image stores, each below a UUID made of its export."""
MOST_NAMES = 20_000
"""Directories of templates that are listed."""


@dataclass(frozen=True, slots=True)
class Mount:
    """One mounted image store.

    Attributes:
        source: as the kernel has it: ``address:/path`` of NFS, ``//host/share`` of CIFS.
        place: where it is mounted.
        kind: nfs | nfs4 | cifs.
        age: seconds since it was mounted; -1 where the kernel does not tell, as of CIFS.
        sent: requests sent, -1 where the kernel does not tell.
        received: answers received, -1 where the kernel does not tell.
    """

    source: str
    place: str
    kind: str
    age: int = -1
    sent: int = -1
    received: int = -1

    @property
    def host(self) -> str:
        """Return the server."""
        if self.source.startswith("//"):
            return self.source[2:].partition("/")[0]
        return self.source.partition(":/")[0].strip("[]")

    @property
    def path(self) -> str:
        """Return the path on the server, as in the URL of its store."""
        rest = self.source[2:].partition("/")[2] if self.source.startswith("//") else self.source.partition(":/")[2]
        return "/" + rest.strip("/")


@dataclass(frozen=True, slots=True)
class Mounts:
    """The mounts of image stores; ``waiting`` is how many threads wait for a server of files at this moment."""

    mounts: tuple[Mount, ...]
    waiting: int


def read_mounts(text: str) -> Mounts:
    """Return the mounts from lines of mountstats, other file systems left out, then ``waiting n``."""
    lines = text.splitlines()
    found = re.fullmatch(r"waiting (\d{1,9})", lines[-1] if lines else "", re.ASCII)
    if found is None:
        message = "the list of mounts has no end"
        raise UnreadableError(message)
    blocks: list[list[str]] = []
    for line in lines[:-1]:
        if line.startswith("device "):
            blocks.append([line])
        elif blocks:
            blocks[-1].append(line)
        elif line.strip():
            message = f"not a mount: {line[:60]!r}"
            raise UnreadableError(message)
    made = (_mount(block) for block in blocks)
    return Mounts(tuple(mount for mount in made if mount), int(found[1]))


def _mount(block: list[str]) -> Mount | None:
    """Return the mount of one block, None where it is no image store."""
    head = re.match(r"device (\S+) mounted on (\S+) with fstype (\S+)", block[0])
    if head is None:
        message = f"not a mount: {block[0][:60]!r}"
        raise UnreadableError(message)
    source, place, kind = head.groups()
    if kind not in {"nfs", "nfs4", "cifs", "smb3"} or not place.startswith(FOLDER):
        return None
    age, sent, received = -1, -1, -1
    for line in block[1:]:
        words = line.split()
        if words[:1] == ["age:"]:
            age = _number(words, 1)
        elif words[:1] == ["xprt:"]:  # one line for each connection
            sent = max(sent, 0) + _number(words, _sends(words))
            received = max(received, 0) + _number(words, _sends(words) + 1)
    return Mount(source, place, "cifs" if kind == "smb3" else kind, age, sent, received)


def _sends(words: list[str]) -> int:
    """Return where an xprt line counts requests; UDP has no times of connections."""
    return 4 if words[1:2] == ["udp"] else 7


def _number(words: list[str], place: int) -> int:
    """Return the number at a place of a line."""
    word = words[place] if place < len(words) else ""
    if not re.fullmatch(r"\d{1,19}", word, re.ASCII):
        message = f"not a count of a mount: {' '.join(words)[:60]!r}"
        raise UnreadableError(message)
    return int(word)


def read_directories(text: str) -> Mapping[str, frozenset[tuple[int, int]]]:
    """Return by source of the mount the directories of templates, as account and template.

    Mounts that were not listed to their end in time, or that hang, are not among them: each block is ``mount source``,
    ``account/template`` on each line, and ``listed`` where it came to its end.
    """
    found: defaultdict[str, set[tuple[int, int]]] = defaultdict(set)
    listed: set[str] = set()
    source = ""
    for line in text.splitlines():
        word, _, rest = line.partition(" ")
        match = re.fullmatch(r"(\d{1,18})/(\d{1,18})", line, re.ASCII)
        if word == "mount" and rest:
            source = rest
        elif line == "listed" and source:
            listed.add(source)
        elif match and source:
            found[source].add((int(match[1]), int(match[2])))
        else:
            message = f"not a directory of a template: {line[:60]!r}"
            raise UnreadableError(message)
    return {source: frozenset(found[source]) for source in sorted(listed)}


SSVM_MOUNTS = Question(
    name="ssvm_mounts",
    via=Via.SYSTEM_VM,
    # A mount is never touched: whoever touches one of a dead server waits for it beyond any signal. Threads are
    # counted, because in Java another one waits than the one that ps lists for the process.
    text=r"""
awk '
    $1 == "device" { shown = $8 ~ /^(nfs4?|cifs|smb3)$/ && index($5, "/mnt/SecStorage/") == 1 }
    shown && ($1 == "device" || $1 == "age:" || $1 == "xprt:")
' "$ROOT/proc/self/mountstats" || exit
list=$(ps -eLo stat,wchan:30,comm) || exit
printf '%s\n' "$list" | awk '$1 ~ /^D/ && $2 ~ /nfs|rpc|cifs/ { waiting++ } END { print "waiting " waiting + 0 }'
""",
    read=read_mounts,
    privilege=PRIVILEGE,
    why="Whether image stores are mounted, and whether their servers answer, without touching a mount.",
)

SSVM_TEMPLATE_DIRECTORIES = Question(
    name="ssvm_template_directories",
    via=Via.SYSTEM_VM,
    # Looked at twice a second apart, a mount that had sent what was not answered by then, while something waits for a
    # server, is not touched. Another one is listed by a process of its own that is killed after five seconds: waits
    # for NFS end when they are killed. Of all that is there only numbers leave the machine.
    text=r"""
counts() {
    awk '
        $1 == "device" {
            place = $8 ~ /^(nfs4?|cifs|smb3)$/ && index($5, "/mnt/SecStorage/") == 1 ? $5 : ""
            if (place) { order[++count] = place; source[place] = $2 }
        }
        place && $1 == "xprt:" { at = $2 == "udp" ? 5 : 8; sent[place] += $at; received[place] += $(at + 1) }
        END {
            for (i = 1; i <= count; i++) {
                place = order[i]
                print place, source[place], sent[place] + 0, received[place] + 0
            }
        }
    ' "$ROOT/proc/self/mountstats"
}
first=$(counts) || exit
[ -n "$first" ] || exit 0
waiting=$(ps -eLo stat,wchan:30,comm | awk '$1 ~ /^D/ && $2 ~ /nfs|rpc|cifs/ { print "yes"; exit }')
[ -z "$waiting" ] || sleep 1
counts | while read -r place source sent received; do
    before=$(printf '%s\n' "$first" | awk -v place="$place" '$1 == place { print $4 }')
    echo "mount $source"
    [ "$waiting" != yes ] || [ "$received" != "$before" ] || [ "$sent" -le "$received" ] || continue
    timeout -s KILL 5 find "$ROOT$place/template/tmpl" -mindepth 2 -maxdepth 2 -printf '%P\n' 2>/dev/null
    [ $? -ge 124 ] || echo listed
done | awk '
    /^[0-9]+\/[0-9]+$/ { if (count++ < MOST_NAMES) print }
    $1 == "mount" || $0 == "listed"
'
""".replace("MOST_NAMES", str(MOST_NAMES)),
    read=read_directories,
    privilege=PRIVILEGE,
    why="Which templates lie in secondary storage, by number, to find those that CloudStack does not know.",
    every=30,
    waits=True,
    seconds=13.0,
    size=1_048_576,
)
