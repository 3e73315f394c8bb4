"""Interfaces and firewall of a router, as ip, iptables-save and nft show them."""

from __future__ import annotations

from exporter.lab.inside.processes import is_backup, password_address
from exporter.lab.world.world import Nic, Router, World


def ip_addresses(router: Router) -> str:
    """Return ``ip -o -4 addr show``; the primary of a pair also has the gateway, a backup no public address."""
    lines = [_address(1, "lo", "127.0.0.1/8", "host lo")]
    for number, nic in enumerate(router.nics, start=2):
        if nic.kind == "Public" and is_backup(router):
            continue
        bits = 16 if nic.netmask == "255.255.0.0" else 24
        lines.append(_address(number, nic.device, f"{nic.address}/{bits}", f"global {nic.device}"))
        if nic.kind == "Guest" and router.redundant and not is_backup(router):
            lines.append(_address(number, nic.device, f"{nic.gateway}/{bits}", f"global secondary {nic.device}"))
    return "".join(lines)


def _address(number: int, device: str, address: str, scope: str) -> str:
    tail = "\\       valid_lft forever preferred_lft forever"
    brd = "" if device == "lo" else f" brd {address.rpartition('.')[0]}.255"
    return f"{number}: {device}    inet {address}{brd} scope {scope}{tail}\n"


def guarded(router: Router) -> list[tuple[Nic, bool]]:
    """Return each guest NIC and whether guests may reach the password service there."""
    closed = {password_address(service) for service in router.passwords if not service.firewall}
    return [(nic, not {nic.address, nic.gateway} & closed) for nic in router.guest_nics]


def firewall(router: Router) -> str:
    """Return ``iptables-save``."""
    control = next(nic for nic in router.nics if nic.kind == "Control")
    rules = ["-A INPUT -j NETWORK_STATS", "-A INPUT -p icmp -j ACCEPT", "-A INPUT -i lo -j ACCEPT"]
    state = "-m state --state"
    rules += [f"-A INPUT -i {nic.device} {state} RELATED,ESTABLISHED -j ACCEPT" for nic in router.nics]
    rules.append(f"-A INPUT -i {control.device} -p tcp -m tcp --dport 3922 {state} NEW,ESTABLISHED -j ACCEPT")
    for nic, is_open in guarded(router):
        source = f"-A INPUT -s {nic.address.rpartition('.')[0]}.0/24 -i {nic.device}"
        rules.append(f"-A INPUT -i {nic.device} -p udp -m udp --dport 67 -j ACCEPT")
        rules += [f"{source} -p {one} -m {one} --dport 53 -j ACCEPT" for one in ("udp", "tcp")]
        ports = (80, 443, 8080) if is_open else (80, 443)
        rules += [f"{source} -p tcp -m tcp --dport {port} {state} NEW -j ACCEPT" for port in ports]
    filters = [":INPUT DROP [0:0]", ":FORWARD DROP [0:0]", ":OUTPUT ACCEPT [7711:502894]", ":NETWORK_STATS - [0:0]"]
    nat = [":PREROUTING ACCEPT [204:12240]"]
    publics = (nic for nic in router.nics if nic.kind == "Public")
    nat += [f"-A POSTROUTING -o {nic.device} -j SNAT --to-source {nic.address}" for nic in publics]
    return _table("filter", [*filters, *rules]) + _table("nat", nat)


def _table(name: str, lines: list[str]) -> str:
    stamp = "by iptables-save v1.8.9 (nf_tables) on Sat Nov 21 06:43:25 2026"
    return "\n".join(
        [f"# Generated {stamp}", f"*{name}", *lines, "COMMIT", "# Completed on Sat Nov 21 06:43:25 2026", ""]
    )


def nft(router: Router) -> str:
    """Return ``nft list ruleset``: of a routed network its own table, else what iptables-nft made."""
    name = ("ip4_acl" if router.vpc else "ip4_firewall") if router.routed else "filter"
    rules = ['iifname "lo" counter packets 0 bytes 0 accept']
    for nic, is_open in guarded(router):
        source = f'iifname "{nic.device}" ip saddr {nic.address.rpartition(".")[0]}.0/24'
        rules.append(f'iifname "{nic.device}" udp dport 67 counter packets 0 bytes 0 accept')
        rules += [f"{source} {one} dport 53 counter packets 0 bytes 0 accept" for one in ("tcp", "udp")]
        ports = (80, 443, 8080) if is_open else (80, 443)
        rules += [f"{source} tcp dport {port} ct state new counter packets 0 bytes 0 accept" for port in ports]
    head = [f"table ip {name} {{", "\tchain INPUT {", "\t\ttype filter hook input priority filter; policy drop;"]
    return "\n".join([*head, *(f"\t\t{rule}" for rule in rules), "\t}", "}", ""])


def neighbours(world: World, router: Router) -> str:
    """Return ``ip -4 neigh show``: every running instance has answered, but for silent and unheard ones."""
    devices = {nic.network.id: nic.device for nic in router.guest_nics if nic.network}
    lines = []
    for one in world.served(router):
        if one.state == "Running" and one.nic.address not in router.unheard:
            address = one.nic.address
            mac = router.heard.get(address, one.nic.mac)
            how = "FAILED" if address in router.silent else f"lladdr {mac} REACHABLE"
            lines.append(f"{address} dev {devices[one.network.id]} {how}\n")
    return "".join(lines)
