"""What the rules of ebtables let one NIC send and receive: addresses of others, and its own."""

from __future__ import annotations

from collections.abc import Iterator

from exporter.checks.security_groups.addresses import of_nic, some
from exporter.checks.security_groups.chains import chains_of
from exporter.checks.security_groups.nics import PluggedNic
from exporter.questions.hosts.firewall_ebtables import FrameRules, Permitted

NOTHING = Permitted()


def spoofable(nic: PluggedNic, rules: FrameRules) -> str:
    """Return why ebtables does not keep a NIC to the addresses of its machine; empty when it does.

    The chains of a machine are shared by all its NICs, so the addresses of all of them are its own.
    """
    if nic.passed_through:
        return nic.passed_through
    begin = chains_of(nic.machine.name).frames
    if f"{begin}-in" not in rules.sent.get(nic.tap, ()):
        return f"PREROUTING has no jump from {nic.tap} to {begin}-in"
    if f"{begin}-out" not in rules.received.get(nic.tap, ()):
        return f"POSTROUTING has no jump from {nic.tap} to {begin}-out"
    for way, ends in (("in", ("src", "ips")), ("out", ("dst", "ips"))):
        if not {f"{begin}-{way}-{end}" for end in ends} <= rules.jumps.get(f"{begin}-{way}", frozenset()):
            return f"{begin}-{way} does not lead to {begin}-{way}-{ends[0]} and -{way}-{ends[1]}"
    own = {address for one in nic.machine.nics for address in (one.mac.lower(), *of_nic(one))}
    return next(_too_much(begin, own, rules), "")


def _too_much(begin: str, own: set[str], rules: FrameRules) -> Iterator[str]:
    for end in ("in-src", "in-ips", "out-dst", "out-ips"):
        permitted = rules.permitted.get(f"{begin}-{end}", NOTHING)
        if not permitted.drops_others:
            yield f"{begin}-{end} does not drop other addresses"
        elif foreign := permitted.addresses - own:
            yield f"{begin}-{end} lets {some(foreign)} pass"


def unheard(nic: PluggedNic, rules: FrameRules) -> str:
    """Return why a NIC gets or sends nothing with an address of its own; empty when ebtables drops none of it."""
    begin = chains_of(nic.machine.name).frames
    mac, own = {nic.nic.mac.lower()}, set(of_nic(nic.nic))
    ways = (
        ("in", rules.sent, (("src", mac, "all from"), ("ips", own, "ARP from"))),
        ("out", rules.received, (("dst", mac, "ARP answers to"), ("ips", own, "ARP for"))),
    )
    for way, taps, ends in ways:
        if f"{begin}-{way}" not in taps.get(nic.tap, ()):
            continue
        for end, wanted, what in ends:
            chain = f"{begin}-{way}-{end}"
            permitted = rules.permitted.get(chain, NOTHING)
            is_reached = chain in rules.jumps.get(f"{begin}-{way}", ())
            if is_reached and permitted.drops_others and (missing := wanted - permitted.addresses):
                return f"{chain} drops {what} {some(missing)}"
    return ""
