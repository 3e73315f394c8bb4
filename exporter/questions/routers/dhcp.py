"""What guests did with the DHCP server of a virtual router: who asked, who was answered, who left offers untaken.

Source: the log of dnsmasq, its list of hosts and its leases. Leases prove nothing: CloudStack writes a line for every
NIC, and dnsmasq rewrites the file from its memory. Only a client id in one does, which no DHCP push has overwritten.

Real dnsmasq 2.90 beside a second server, and udhcpc: a guest that hears two servers takes one offer and names its
server; the other one then logs DHCPDISCOVER and DHCPOFFER of that guest, and nothing more. A guest that hears no
answer logs the same again and again. Addresses that the router does not know are ``ignored`` and get no offer.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TypeVar

from exporter.model import Question, UnreadableError, Via
from exporter.questions.management.log_times import apache_time, syslog_age
from exporter.questions.routers.state import PRIVILEGE, checked_address

K = TypeVar("K")
V = TypeVar("V")
MAC = r"(?P<mac>[0-9a-f]{2}(?::[0-9a-f]{2}){5})"
HEAD = re.compile(r"log (?P<lines>\d{1,9}) (?P<known>\d{1,9}) (?P<first>-|[\w :]{14,15})", re.ASCII)
NOW = re.compile(r"now (?P<now>\S{20} \S{5})", re.ASCII)
HOSTS = re.compile(r"hosts (?P<known>[01])", re.ASCII)
GUEST = re.compile(
    rf"guest {MAC} (?P<host>[01]) (?P<asked>\d{{1,9}}) (?P<taken>\d{{1,9}}) (?P<ignored>\d{{1,9}}) (?P<id>[01])",
    re.ASCII,
)
OFFER = re.compile(
    rf"offer (?P<device>[A-Za-z0-9_.:-]{{1,15}}) {MAC} (?P<address>[\d.]{{7,15}}) (?P<offers>[1-9]\d{{0,8}})", re.ASCII
)


@dataclass(frozen=True, slots=True)
class UntakenOffers:
    """One address that was offered and not acknowledged since.

    Attributes:
        device: the router's interface.
        mac: of the guest, lower case.
        offers: DHCPOFFER lines since the last DHCPACK (or DHCPRELEASE) of this address to this MAC; at least 1.
    """

    device: str
    mac: str
    address: str
    offers: int


@dataclass(frozen=True, slots=True)
class DhcpGuest:
    """What the router knows of one MAC.

    Attributes:
        has_host: whether the list of hosts has it; the server ignores whom it does not know.
        asked: lines of DHCPDISCOVER, DHCPREQUEST, DHCPINFORM and DHCPDECLINE.
        acknowledged: lines of DHCPACK.
        ignored: of those that asked, how many the server ignored.
        has_id: whether a lease has its client id: it once asked. That none has proves nothing.
    """

    has_host: bool = False
    asked: int = 0
    acknowledged: int = 0
    ignored: int = 0
    has_id: bool = False


@dataclass(frozen=True, slots=True)
class DhcpLog:
    """What the log tells, as far back as it goes.

    Attributes:
        seconds: how far that is, by the router's clock; None when no line says it. A log is lost with its router.
        knows_hosts: whether the list of hosts could be read.
        guests: by MAC, lower case; those of the list of hosts, of the log and with a client id.
    """

    seconds: float | None = None
    knows_hosts: bool = False
    guests: Mapping[str, DhcpGuest] = field(default_factory=dict)
    untaken: tuple[UntakenOffers, ...] = ()


def read_router_dhcp(text: str) -> DhcpLog:
    """Return what the log tells; that nobody asked is an answer, and so is an empty log: it is rotated.

    The text is ``log <lines> <of dnsmasq> <first time>``, ``now <time>``, ``hosts <0|1>``, then guests and offers.

    Raises:
        UnreadableError: when the log has whole lines and none of dnsmasq, a line is something else, or two speak of the
            same guest or offer.
    """
    head, now, hosts, *lines = [*text.splitlines(), "", "", ""][: max(len(text.splitlines()), 3)]
    read, told, known = HEAD.fullmatch(head), NOW.fullmatch(now), HOSTS.fullmatch(hosts)
    if read is None or told is None or known is None or (int(read["lines"]) > 1 and not int(read["known"])):
        message = f"not the head of a DHCP log: {head[:60]!r}"
        raise UnreadableError(message)
    at = apache_time(told["now"])
    guests: dict[str, DhcpGuest] = {}
    offers: dict[tuple[str, str, str], UntakenOffers] = {}
    for line in lines:
        if guest := GUEST.fullmatch(line):
            _once(guests, guest["mac"], _guest(guest))
        elif offer := OFFER.fullmatch(line):
            one = UntakenOffers(offer["device"], offer["mac"], checked_address(offer["address"]), int(offer["offers"]))
            _once(offers, (one.device, one.mac, one.address), one)
        else:
            message = f"neither a guest nor an offer: {line[:60]!r}"
            raise UnreadableError(message)
    seconds = None if read["first"] == "-" else syslog_age(read["first"], at)
    return DhcpLog(seconds, known["known"] == "1", guests, tuple(offers.values()))


def _guest(read: re.Match[str]) -> DhcpGuest:
    return DhcpGuest(
        read["host"] == "1", int(read["asked"]), int(read["taken"]), int(read["ignored"]), read["id"] == "1"
    )


def _once(found: dict[K, V], name: K, one: V) -> None:
    """Add what must be told once.

    Raises:
        UnreadableError: when it was told before.
    """
    if name in found:
        message = f"told twice: {name!r}"
        raise UnreadableError(message)
    found[name] = one


ROUTER_DHCP = Question(
    name="router_dhcp",
    via=Via.SYSTEM_VM,
    # The end of the log alone, so that a log of 10 MB costs nothing; half a first line fits nothing. What was rotated
    # away a moment ago is read too. With log-dhcp a number stands before each word. What a guest calls itself stands
    # last and is not looked at. dnsmasq writes local time, so the clock is asked in the same.
    text=r"""
file="$ROOT/var/log/dnsmasq.log"
[ -r "$file" ] || { echo 'no log of the DHCP server'; exit 127; }
now=$(LC_ALL=C date '+%d/%b/%Y:%H:%M:%S +0000') || exit
for one in "$file.1" "$file"; do [ ! -r "$one" ] || tail -c 262144 "$one"; done | tail -c 262144 |
    HOSTS="$ROOT/etc/dhcphosts.txt" LEASES="$ROOT/var/lib/misc/dnsmasq.leases" NOW="$now" awk '
    function is_mac(word) { return length(word) == 17 && word ~ /^[0-9a-f:]+$/ }
    BEGIN {
        knows = 0
        while ((got = (getline line < ENVIRON["HOSTS"])) > 0) {
            split(line, part, ",")
            mac = tolower(part[1])
            if (is_mac(mac)) { host[mac] = 1; all[mac] = 1 }
        }
        if (got == 0) knows = 1
        while ((getline line < ENVIRON["LEASES"]) > 0) {
            count = split(line, part, " ")
            mac = tolower(part[2])
            if (count >= 5 && part[5] != "*" && is_mac(mac)) { id[mac] = 1; all[mac] = 1 }
        }
    }
    $4 ~ /^dnsmasq[a-z-]*\[[0-9]+\]:$/ {
        known++
        if (first == "" && ($1 " " $2 " " $3) ~ /^[A-Z][a-z][a-z] [0-9][0-9]? [0-9][0-9]:[0-9][0-9]:[0-9][0-9]$/)
            first = $1 " " $2 " " $3
    }
    $4 !~ /^dnsmasq-dhcp\[[0-9]+\]:$/ { next }
    {
        at = $5 ~ /^[0-9]+$/ ? 6 : 5
        word = $at
        if (word !~ /^DHCP(DISCOVER|REQUEST|INFORM|DECLINE|OFFER|ACK|RELEASE)\([^ ()]+\)$/) next
        device = word
        sub(/^[A-Z]+\(/, "", device)
        sub(/\)$/, "", device)
        sub(/\(.*/, "", word)
        behind = at + 1
        mac = tolower($behind)
        if (!is_mac(mac)) { behind++; mac = tolower($behind) }
        if (!is_mac(mac)) next
        key = device " " mac " " $(behind - 1)
        if (word ~ /^DHCP(DISCOVER|REQUEST|INFORM|DECLINE)$/) {
            all[mac] = 1
            asked[mac]++
            if ($(behind + 1) == "ignored") ignored[mac]++
        } else if (behind == at + 1) next
        else if (word == "DHCPOFFER") offers[key]++
        else delete offers[key]
        if (word == "DHCPACK") { all[mac] = 1; taken[mac]++ }
    }
    END {
        print "log " NR " " (known + 0) " " (first == "" ? "-" : first)
        print "now " ENVIRON["NOW"]
        print "hosts " knows
        for (mac in all)
            print "guest " mac " " (mac in host) " " (asked[mac] + 0) " " (taken[mac] + 0) " " \
                (ignored[mac] + 0) " " (mac in id)
        for (key in offers) print "offer " key " " offers[key]
    }'
""",
    read=read_router_dhcp,
    privilege=PRIVILEGE,
    why="Who asked the router for an address and was answered, and who leaves its offers untaken: guests that are "
    "silent, a DHCP server that does not know them, or a second one.",
    every=2,
    seconds=1.0,
    size=524_288,
)
