"""The machines that really run on a KVM host, and where their NICs are plugged."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from types import MappingProxyType

from exporter.model import Question, UnreadableError, Via

STATES = r"running|idle|paused|in shutdown|shut off|crashed|dying|pmsuspended|no state"
LONGEST_LINE = 2000  # characters; virsh fills its columns with blanks
DOMAIN = re.compile(rf"\s*(\d{{1,9}})\s+(\S.{{0,254}}?)\s+({STATES})\s*", re.ASCII)
PLUGGED = re.compile(
    r"\s*(\S{1,64})\s+([a-z-]{1,32})\s+(\S.{0,254}?)\s+(\S{1,64})\s+((?:[0-9a-f]{2}:){5}[0-9a-f]{2})\s*",
    re.ASCII | re.IGNORECASE,
)
LINKED = re.compile(r"\s*(\S{1,64})\s+(up|down)\s*", re.ASCII)
MARK = "@@ "


@dataclass(frozen=True, slots=True)
class Interface:
    """One NIC of a running domain.

    Attributes:
        tap: vnet<K>, or empty.
        kind: bridge | network | direct | hostdev | ...
        source: the bridge (or network) it is plugged into, or empty.
        mac: lower case.
        is_linked: whether the machine's end of the cable is plugged in (``virsh domif-getlink``); asked only of taps
            that are switched off, else None.
    """

    tap: str
    kind: str
    source: str
    mac: str
    model: str = ""
    is_linked: bool | None = None


@dataclass(frozen=True, slots=True)
class Domain:
    """A domain that libvirt lists as active: running, paused, ...; id is libvirt's number for this run."""

    name: str
    id: int
    state: str
    interfaces: tuple[Interface, ...] = ()

    @property
    def is_running(self) -> bool:
        """Return whether it runs; a paused one may be on its way from or to another host."""
        return self.state == "running"


def read_domains(text: str) -> Mapping[str, Domain]:
    """Return the active domains by name; none is an answer.

    The text is a section per domain, begun by ``@@ <id>``, of ``virsh domiflist``, behind it one ``@@ links <id>``
    where a tap is switched off, and at its end ``@@ list`` with ``virsh list``. A domain counts when both know it: one
    that came or went in between is left out.
    """
    if any(len(line) > LONGEST_LINE for line in text.splitlines()):
        message = f"a line of more than {LONGEST_LINE} characters"
        raise UnreadableError(message)
    sections = dict(_sections(text))
    if "list" not in sections:
        message = "no list of domains at the end"
        raise UnreadableError(message)
    found = {}
    for line in filter(str.strip, sections.pop("list")):
        row = DOMAIN.fullmatch(line)
        if row is None:
            message = f"not a domain: {line[:60]!r}"
            raise UnreadableError(message)
        plugged = sections.get(row[1], ["error: it has come since"])
        if not any(line.startswith("error:") for line in plugged):
            linked = _linked(sections.get(f"links {row[1]}", []))
            cards = tuple(_interface(line, linked) for line in plugged if line.strip())
            found[row[2]] = Domain(row[2], int(row[1]), row[3], cards)
    return MappingProxyType(found)


def _sections(text: str) -> Iterator[tuple[str, list[str]]]:
    """Yield each mark without its sign, and the lines that follow it."""
    name, lines = "", list[str]()
    for line in text.splitlines():
        if line.startswith(MARK):
            yield name, lines
            name, lines = line.removeprefix(MARK).strip(), []
        else:
            lines.append(line)
    yield name, lines


def _linked(lines: list[str]) -> Mapping[str, bool]:
    """Return by tap whether it is linked; that a tap is of another domain is said with an error, which is no word."""
    return {row[1]: row[2] == "up" for row in map(LINKED.fullmatch, lines) if row}


def _interface(line: str, linked: Mapping[str, bool]) -> Interface:
    row = PLUGGED.fullmatch(line)
    if row is None:
        message = f"not a NIC of a domain: {line[:60]!r}"
        raise UnreadableError(message)
    tap, source, model = ("" if word == "-" else word for word in (row[1], row[3], row[4]))
    return Interface(tap, row[2].lower(), source, row[5].lower(), model, linked.get(tap))


DOMAINS: Question[Mapping[str, Domain]] = Question(
    "host_domains",
    Via.HOST,
    # Two processes whatever the number of domains: virsh takes many commands in one argument. Domains are asked by
    # their number, so no name of theirs is ever part of a command. The list comes last: it says whether libvirt still
    # answered, and which domains have lived through all of it. virsh's echo ends no line, hence the quoted newlines.
    # Of the few taps that are switched off (an even number of flags) libvirt is asked whether that is on purpose; which
    # domain a tap is of is not known before, so each is asked, and at most four.
    r"""
uri=${LIBVIRT_DEFAULT_URI:-qemu:///system}
list=$(virsh -r -q -c "$uri" list) || exit
line='
'
off= number=0
set +f
for file in "$ROOT"/sys/class/net/vnet*/flags; do
    { read -r flags <"$file"; } 2>/dev/null || continue
    case $flags in *[13579bdf]) continue ;; esac
    tap=${file%/flags}
    tap=${tap##*/}
    case $tap in *[!a-z0-9]*) continue ;; esac
    [ "$number" -lt 4 ] || continue
    number=$((number + 1))
    off="$off $tap"
done
ask_links() {
    wanted="${wanted}echo '$line@@ links $row$line'; "
    IFS=' '
    for tap in $off; do wanted="${wanted}domif-getlink $row $tap; echo '$line'; "; done
    IFS=$line
}
wanted=
IFS=$line
set -f
for row in $list; do
    row=${row#"${row%%[! ]*}"}
    row=${row%% *}
    case $row in
        '' | *[!0-9]*) ;;
        *)
            wanted="${wanted}echo '$line@@ $row$line'; domiflist $row; "
            [ -z "$off" ] || ask_links
            ;;
    esac
done
exec virsh -r -q -c "$uri" "${wanted}echo '$line@@ list$line'; list" 2>&1
""",
    read_domains,
    privilege="libvirt's read-only socket",
    why="Which machines run here, and into which bridge each NIC is plugged.",
    seconds=5.0,
    size=524_288,
    processes=2,
)
