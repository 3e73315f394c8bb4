"""Offers of a virtual router's DHCP server that guests left untaken, by its log.

Source: real dnsmasq 2.90 beside a second server, and udhcpc. A guest that hears two servers takes one offer and names
its server; the other one then logs DHCPDISCOVER and DHCPOFFER of that guest, and nothing more. A guest that hears no
answer logs the same again and again. Addresses that the router does not know are ``ignored`` and get no offer.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from exporter.model import Question, UnreadableError, Via
from exporter.questions.router import PRIVILEGE, checked_address

ROW = re.compile(
    r"(?P<device>[A-Za-z0-9_.:-]{1,15}) (?P<mac>[0-9a-f]{2}(?::[0-9a-f]{2}){5}) (?P<address>[\d.]{7,15}) "
    r"(?P<offers>[1-9]\d{0,8})",
    re.ASCII,
)
HEAD = re.compile(r"log (?P<lines>\d{1,9}) (?P<known>\d{1,9})", re.ASCII)


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


def read_router_dhcp_offers(text: str) -> tuple[UntakenOffers, ...]:
    """Return the untaken offers from ``log <lines> <of dnsmasq>`` and lines of ``device mac address offers``.

    None is an answer, and so is an empty log: it is rotated.

    Times are not told: the log has no year, and the router's clock is not ours.

    Raises:
        UnreadableError: when the log has whole lines and none of dnsmasq, a line is something else, or two speak of the
            same offer.
    """
    head, *lines = text.splitlines() or [""]
    read = HEAD.fullmatch(head)
    if read is None or (int(read["lines"]) > 1 and not int(read["known"])):
        message = f"not the head of a DHCP log: {head[:60]!r}"
        raise UnreadableError(message)
    found = tuple(_offers(line) for line in lines)
    if len({(one.device, one.mac, one.address) for one in found}) != len(found):
        message = "the same offer twice"
        raise UnreadableError(message)
    return found


def _offers(line: str) -> UntakenOffers:
    row = ROW.fullmatch(line)
    if row is None:
        message = f"not an offer: {line[:60]!r}"
        raise UnreadableError(message)
    return UntakenOffers(row["device"], row["mac"], checked_address(row["address"]), int(row["offers"]))


ROUTER_DHCP_OFFERS = Question(
    name="router_dhcp_offers",
    via=Via.SYSTEM_VM,
    # The end of the log alone, so that a log of 10 MB costs nothing; half a first line fits nothing.
    # With log-dhcp a number stands before each word. What a guest calls itself stands last and is not looked at.
    text=r"""
file="$ROOT/var/log/dnsmasq.log"
[ -r "$file" ] || { echo 'no log of the DHCP server'; exit 127; }
tail -c 262144 "$file" | awk '
    $4 ~ /^dnsmasq[a-z-]*\[[0-9]+\]:$/ { known++ }
    $4 !~ /^dnsmasq-dhcp\[[0-9]+\]:$/ { next }
    {
        at = $5 ~ /^[0-9]+$/ ? 6 : 5
        word = $at
        if (word !~ /^DHCP(OFFER|ACK|RELEASE)\([^ ()]+\)$/) next
        device = word
        sub(/^[A-Z]+\(/, "", device)
        sub(/\)$/, "", device)
        mac = tolower($(at + 2))
        if (length(mac) != 17 || mac !~ /^[0-9a-f:]+$/) next
        key = device " " mac " " $(at + 1)
        if (word ~ /^DHCPOFFER/) offers[key]++
        else delete offers[key]
    }
    END {
        print "log " NR " " (known + 0)
        for (key in offers) print key " " offers[key]
    }'
""",
    read=read_router_dhcp_offers,
    privilege=PRIVILEGE,
    why="Guests that leave the router's offers untaken: another DHCP server answers them, or they do not hear it.",
    every=2,
    seconds=1.0,
    size=131_072,
)
