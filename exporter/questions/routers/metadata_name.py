"""What the name data-server leads guests to: the router's hosts file, and what its DNS really answers."""

from __future__ import annotations

import re
from dataclasses import dataclass

import dns.exception
import dns.flags
import dns.message
import dns.rcode
import dns.rdataclass
import dns.rdatatype

from exporter.cloud.routers import guest_addresses
from exporter.cloud.targets import RouterTarget
from exporter.model import Ports, Question, UnreadableError, Via
from exporter.questions.routers.state import PRIVILEGE, checked_address

NAME = "data-server"
QUERY_ID = 0x4E58
WORDS = ("refused", "timeout", "absent")


@dataclass(frozen=True, slots=True)
class NameAnswer:
    """What the DNS server at one guest address answered.

    Attributes:
        server: the address that was asked.
        word: ``NOERROR``, ``NXDOMAIN``, ... or, without an answer, refused, timeout or absent (the router
            lacks the address).
        addresses: what the name leads to.
    """

    server: str
    word: str
    addresses: tuple[str, ...] = ()

    @property
    def seen(self) -> str:
        """Return what was seen, in words for people."""
        if self.addresses:
            return f"{NAME} is {', '.join(self.addresses)}"
        words = {"refused": "nobody answers DNS", "timeout": "no DNS answer in time"}
        words |= {"absent": "the router does not have the address", "NOERROR": f"DNS knows no address of {NAME}"}
        return words.get(self.word, f"DNS answers {self.word} for {NAME}")


@dataclass(frozen=True, slots=True)
class DataServer:
    """The name data-server on one router: addresses in its hosts file, and the answers of its DNS server."""

    hosts: tuple[str, ...]
    answers: tuple[NameAnswer, ...] = ()

    def at(self, server: str) -> NameAnswer | None:
        """Return what was answered at one guest address, or None when it was not asked."""
        return next((answer for answer in self.answers if answer.server == server), None)


def read_name(text: str) -> DataServer:
    """Return hosts entries from ``hosts <address>`` and answers from ``dns <address@port> <word or hex>`` lines."""
    hosts, answers = [], []
    for line in text.splitlines():
        match line.split(" "):
            case ["hosts", address]:
                hosts.append(address[:45])  # also IPv6
            case ["dns", place, word]:
                answers.append(_answer(checked_address(place.partition("@")[0]), word))
            case _:
                message = f"not a line about {NAME}: {line[:60]!r}"
                raise UnreadableError(message)
    return DataServer(tuple(hosts), tuple(answers))


def _answer(server: str, word: str) -> NameAnswer:
    """Return one answer; ``word`` is hexadecimal when the server answered."""
    if word in WORDS:
        return NameAnswer(server, word)
    if not re.fullmatch(r"(?:[0-9a-f]{2}){12,512}", word):
        problem = f"not a DNS answer: {word[:60]!r}"
        raise UnreadableError(problem)
    try:
        reply = dns.message.from_wire(bytes.fromhex(word), ignore_trailing=True)
    except (dns.exception.DNSException, ValueError) as error:
        problem = f"not a DNS message: {error}"
        raise UnreadableError(problem) from error
    if reply.id != QUERY_ID or not reply.flags & dns.flags.QR:
        problem = "the answer to another question"
        raise UnreadableError(problem)
    addresses = (
        str(data)
        for rrset in reply.answer
        if rrset.rdtype == dns.rdatatype.A and rrset.rdclass == dns.rdataclass.IN
        for data in rrset
    )
    return NameAnswer(server, dns.rcode.to_text(reply.rcode()), tuple(addresses))


def name_places(target: RouterTarget, ports: Ports) -> tuple[str, ...]:
    """Return ``address@port`` of every guest address at which the router may answer DNS."""
    return tuple(f"{address}@{ports.dns}" for address in guest_addresses(target.router))


METADATA_NAME = Question(
    name="metadata_name",
    via=Via.SYSTEM_VM,
    # The query is written out, so that no dig, host or nslookup is needed: old routers have none of them.
    # It is answered from the hosts file or not at all: dnsmasq never forwards a plain name (domain-needed).
    text=r"""
command -v bash >/dev/null || exit 127
awk '!/^#/ { for (i = 2; i <= NF; i++) if ($i == "data-server") print "hosts", $1 }' "$ROOT/etc/hosts" || exit
have=$(ip -o -4 addr show) || exit
ask() {
    case $have in
        *" ${1%@*}/"*) ;;
        *) echo "dns $1 absent"; return ;;
    esac
    answer=$(timeout 2 bash -c '
        exec 3<>"/dev/udp/$0/$1" || exit
        printf "NX\1\0\0\1\0\0\0\0\0\0\13data-server\0\0\1\0\1" >&3
        dd bs=512 count=1 <&3 | od -A n -v -t x1 | tr -d " \n"
        exit "${PIPESTATUS[0]}"' "${1%@*}" "${1#*@}" 2>/dev/null)
    case $?:$answer in
        0:?*) ;;
        124:*) answer=timeout ;;
        *) answer=refused ;;
    esac
    echo "dns $1 $answer"
}
for place in "$@"; do
    ask "$place" &
done
wait
exit 0
""",
    read=read_name,
    privilege=PRIVILEGE,
    why="Whether guests that look for data-server find the address that serves them.",
    seconds=4.0,
    parameters=name_places,
)
