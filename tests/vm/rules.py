"""The rules that CloudStack's agent makes for a scene, as restore files.

Their shape is that of the rules that CloudStack 4.22's own security_group.py made, in
``tests/samples/vm/security-groups``; a test compares the two.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from ipaddress import IPv6Address

from tests.vm.scene import INITIAL, Guest, Plug, Scene

BRIDGED = "--physdev-is-bridged"
ICMP6 = "-p ipv6-icmp -m physdev --physdev-{} {} --physdev-is-bridged -m icmp6 --icmpv6-type {}"


def link_local(mac: str) -> str:
    """Return the link-local address that a NIC with this MAC gives itself."""
    octets = bytes.fromhex(mac.replace(":", ""))
    whole = bytes([octets[0] ^ 2]) + octets[1:3] + b"\xff\xfe" + octets[3:]
    return str(IPv6Address(b"\xfe\x80" + bytes(6) + whole))


def chain_of(guest: Guest) -> str:
    """Return the chain that a NIC of the guest is sent to."""
    return f"{guest.name.removesuffix('-VM')}-def" if guest.is_instance else guest.name


def filter_table(scene: Scene, family: int) -> str:
    """Return the table filter for iptables-restore (family 4) or ip6tables-restore (6)."""
    guests = [guest for guest in scene.guests if guest.secured and (family == 4 or guest.is_instance)]
    chains = [f"BF-{bridge}{end}" for bridge in scene.bridges for end in ("", "-IN", "-OUT")]
    for guest in guests:
        more = (f"{guest.name}-eg", chain_of(guest)) if guest.is_instance else ()
        chains += [guest.name, *more]
    lines = [f":{name} ACCEPT [0:0]" for name in ("INPUT", "FORWARD", "OUTPUT")]
    lines += [f":{chain} - [0:0]" for chain in chains]
    for bridge, uplink in scene.bridges.items():
        lines += _framework(bridge, uplink)
        lines += _hooks(bridge, guests)
    for guest in guests:
        lines += _of_instance(guest, family) if guest.is_instance else _of_system_vm(guest)
    return "\n".join(("*filter", *lines, "COMMIT", ""))


def _framework(bridge: str, uplink: str) -> Iterator[str]:
    for side in ("o", "i"):
        yield f"-A FORWARD -{side} {bridge} -m physdev {BRIDGED} -j BF-{bridge}"
    for side in ("o", "i"):
        yield f"-A FORWARD -{side} {bridge} -j DROP"
    yield f"-A BF-{bridge} -m state --state RELATED,ESTABLISHED -j ACCEPT"
    yield f"-A BF-{bridge} -m physdev --physdev-is-in {BRIDGED} -j BF-{bridge}-IN"
    yield f"-A BF-{bridge} -m physdev --physdev-is-out {BRIDGED} -j BF-{bridge}-OUT"
    yield f"-A BF-{bridge} -m physdev --physdev-out {uplink} {BRIDGED} -j ACCEPT"


def _hooks(bridge: str, guests: Iterable[Guest]) -> Iterator[str]:
    for guest in guests:
        for plug in guest.secured:
            if plug.bridge == bridge:
                for side in ("in", "out"):
                    match = f"-m physdev --physdev-{side} {plug.tap} {BRIDGED}"
                    yield f"-A BF-{bridge}-{side.upper()} {match} -j {chain_of(guest)}"


def _of_system_vm(guest: Guest) -> Iterator[str]:
    for plug in guest.secured:
        yield f"-A {guest.name} -m physdev --physdev-in {plug.tap} {BRIDGED} -j RETURN"
    yield f"-A {guest.name} -j ACCEPT"


def _of_instance(guest: Guest, family: int) -> Iterator[str]:
    name = guest.name
    if guest.log != INITIAL:
        yield f"-A {name} -p tcp -m tcp --dport 22 -m state --state NEW -j ACCEPT"
        yield f"-A {name}-eg -j RETURN"
    yield f"-A {name} -j DROP"
    for plug in guest.secured:
        yield f"-A {chain_of(guest)} -m state --state RELATED,ESTABLISHED -j ACCEPT"
        for rule in _default4(name, plug) if family == 4 else _default6(name, plug):
            yield f"-A {chain_of(guest)} {rule}"


def _default4(name: str, plug: Plug) -> Iterator[str]:
    here = {side: f"-m physdev --physdev-{side} {plug.tap} {BRIDGED}" for side in ("in", "out")}
    yield f"-p udp {here['in']} -m udp --sport 68 --dport 67 -j ACCEPT"
    yield f"-p udp {here['out']} -m udp --sport 67 --dport 68 -j ACCEPT"
    yield f"-p udp {here['in']} -m udp --sport 67 -j DROP"
    yield f"{here['in']} -m set ! --match-set {name} src -j DROP"
    yield f"{here['out']} -m set ! --match-set {name} dst -j DROP"
    yield f"-p udp {here['in']} -m set --match-set {name} src -m udp --dport 53 -j RETURN"
    yield f"-p tcp {here['in']} -m set --match-set {name} src -m tcp --dport 53 -j RETURN"
    yield f"{here['in']} -m set --match-set {name} src -j {name}-eg"
    yield f"{here['out']} -j {name}"


def _default6(name: str, plug: Plug) -> Iterator[str]:
    own, far, known = f"{link_local(plug.mac)}/128", "-m hl --hl-eq 255", f"-m set --match-set {name}-6 src"
    here = {side: f"-m physdev --physdev-{side} {plug.tap} {BRIDGED}" for side in ("in", "out")}
    yield f"-s fe80::/64 -d ff02::1/128 {ICMP6.format('out', plug.tap, 134)} {far} -j ACCEPT"
    yield f"-d ff02::2/128 {ICMP6.format('in', plug.tap, 133)} {far} -j RETURN"
    yield f"{ICMP6.format('in', plug.tap, 134)} -j DROP"
    yield f"{ICMP6.format('in', plug.tap, 135)} {far} -j RETURN"
    yield f"{ICMP6.format('out', plug.tap, 135)} {far} -j ACCEPT"
    yield f"{ICMP6.format('in', plug.tap, 136)} {known} {far} -j RETURN"
    yield f"{ICMP6.format('out', plug.tap, 136)} {far} -j ACCEPT"
    for kind in (2, 1, 3, 4):
        yield f"{ICMP6.format('in', plug.tap, kind)} {known} -j RETURN"
        yield f"{ICMP6.format('out', plug.tap, kind)} -j ACCEPT"
    yield f"-d ff02::16/128 -p ipv6-icmp {here['in']} -j RETURN"
    yield f"-s {own} -d ff02::1:2/128 -p udp {here['in']} -m udp --sport 546 -j RETURN"
    yield f"-s fe80::/64 -d {own} -p udp {here['out']} -m udp --dport 546 -j ACCEPT"
    yield f"! -d fe80::/64 -p udp {here['in']} -m udp --sport 547 -j DROP"
    for protocol in ("udp", "tcp"):
        yield f"-p {protocol} {here['in']} -m {protocol} --dport 53 {known} -j RETURN"
    yield f"{here['in']} -m set ! --match-set {name}-6 src -j DROP"
    yield f"{here['in']} {known} -j {name}-eg"
    yield f"{here['out']} -j {name}"


def frames(scene: Scene) -> str:
    """Return the table nat for ebtables-restore."""
    guests = [guest for guest in scene.guests if guest.is_instance]
    lines = [f":{chain} ACCEPT" for chain in ("PREROUTING", "OUTPUT", "POSTROUTING")]
    ends = ("-in", "-in-ips", "-in-src", "-out", "-out-dst", "-out-ips")
    lines += [f":{guest.name}{end} ACCEPT" for guest in guests for end in ends]
    for guest in guests:
        for plug in guest.secured:
            lines.append(f"-A PREROUTING -i {plug.tap} -j {guest.name}-in")
            lines.append(f"-A POSTROUTING -o {plug.tap} -j {guest.name}-out")
        lines += [f"-A {guest.name}{rule}" for rule in _frames_of(guest)]
    return "\n".join(("*nat", *lines, ""))


def _frames_of(guest: Guest) -> Iterator[str]:
    name = guest.name
    accepted = [f"-p ARP --arp-op {word} -j ACCEPT" for word in ("Request", "Reply")]
    for rule in (f"-j {name}-in-src", f"-p ARP -j {name}-in-ips", *accepted, "-p ARP -j DROP"):
        yield f"-in {rule}"
    replies = f"-p ARP --arp-op Reply -j {name}-out-dst"
    for rule in (replies, f"-p ARP -j {name}-out-ips", *accepted, "-p ARP -j DROP"):
        yield f"-out {rule}"
    for plug in reversed(guest.secured):
        addresses = (*reversed(guest.secondaries), plug.address) if plug is guest.secured[0] else (plug.address,)
        for address in addresses:
            yield f"-in-ips -p ARP -s {plug.mac} --arp-ip-src {address} --arp-mac-src {plug.mac} -j RETURN"
            yield f"-out-ips -p ARP --arp-ip-dst {address} -j RETURN"
        yield f"-in-src -s {plug.mac} -j RETURN"
        yield f"-out-dst -p ARP --arp-op Reply --arp-mac-dst {plug.mac} -j RETURN"
    for rule in ("-in-ips", "-out-ips", "-in-src", "-out-dst -p ARP --arp-op Reply"):
        yield f"{rule} -j DROP"


def sets(scene: Scene) -> str:
    """Return the sets of addresses for ``ipset restore``."""
    lines = []
    for guest in scene.guests:
        if guest.is_instance:
            lines.append(f"create {guest.name} hash:ip family inet")
            lines += [
                f"add {guest.name} {one}" for one in (*(plug.address for plug in guest.secured), *guest.secondaries)
            ]
            lines.append(f"create {guest.name}-6 hash:net family inet6")
            lines += [f"add {guest.name}-6 {link_local(plug.mac)}" for plug in guest.secured]
    return "\n".join((*lines, ""))


def logs(scene: Scene) -> dict[str, str]:
    """Return path -> content of the rule logs, as the agent last wrote them."""
    found = {}
    for number, guest in enumerate(scene.guests, 1):
        if guest.secured:
            own = f"{guest.number},{guest.secured[0].address}" if guest.is_instance else "-1,_ignore_"
            found[f"/run/cloud/{guest.name}.log"] = f"{guest.name},{own},{number},{guest.log[0]},{guest.log[1]}\n"
            if guest.secondaries:
                told = f"{guest.name},{';'.join(guest.secondaries)};,{guest.number}\n"
                found[f"/run/cloud/{guest.name}.ip"] = told
    return found
