"""Processes, sockets and systemd units inside a router, each told from the same state of its services.

Lines are what the tools in ``tools/`` print from: ``pid ppid etimes comm args``, and
``protocol state recv send local peer program``.
"""

from __future__ import annotations

from dataclasses import dataclass

from exporter.lab.world.world import PasswordService, Router

SOCAT = 'socat -lf /var/log/cloud.log TCP4-LISTEN:8080,reuseaddr,crnl,bind={0} SYSTEM:/opt/cloud/bin/serve_password.sh "$SOCAT_PEERADDR"'  # noqa: E501
ALIVE = {"up", "silent", "status_line"}
"""States of a password service in which its process runs."""


@dataclass(frozen=True, slots=True)
class Socket:
    """A socket that listens."""

    local: str
    program: str
    pid: int
    udp: bool = False


def password_address(service: PasswordService) -> str:
    """Return the address that a password service binds: of gateway and own address, the gateway."""
    return service.listen.partition(",")[0]


def processes(router: Router) -> str:
    """Return every process."""
    age = max(router.uptime - 30, 1)
    lines = [f"1 0 {router.uptime} init {'/lib/systemd/systemd --system' if router.era == 'C' else 'init [2]'}"]
    lines.append(f"50 1 {age} rsyslogd {'/usr/sbin/rsyslogd -n -iNONE' if router.era == 'C' else 'rsyslogd'}")
    lines.append(f"55 1 {age} cron /usr/sbin/cron -f")
    lines.append(f"61 1 {age} sshd sshd: /usr/sbin/sshd -D [listener] 0 of 10-100 startups")
    lines.append(f"71 1 {age} haproxy /usr/sbin/haproxy -Ws -f /etc/haproxy/haproxy.cfg -p /run/haproxy.pid")
    if router.dns != "down" and not is_backup(router):
        lines.append(f"1093 1 {age} dnsmasq /usr/sbin/dnsmasq -x /run/dnsmasq/dnsmasq.pid -u dnsmasq --local-service")
    if router.web.state != "down":
        lines += [f"{1619 + n} {1619 if n else 1} {age} apache2 /usr/sbin/apache2 -k start" for n in range(3)]
    if router.redundant:
        lines.append(f"1210 1 {age} keepalived /usr/sbin/keepalived --dont-fork")
        lines.append(f"1211 1 {age} conntrackd /usr/sbin/conntrackd")
    for place, service in enumerate(router.passwords):
        lines += _password_processes(router, service, 2078 + 10 * place, age)
    return "\n".join(lines) + "\n"


def is_backup(router: Router) -> bool:
    """Return whether the router is of a pair and does not serve."""
    return router.redundant and router.role != "PRIMARY"


def _password_processes(router: Router, service: PasswordService, pid: int, age: int) -> list[str]:
    """Return the processes of one password service: in eras A and B a loop and its child."""
    address = password_address(service)
    found = []
    if router.era != "C" and service.state != "dead":
        found.append(f"{pid} 1 {age} bash bash /opt/cloud/bin/passwd_server_ip {address}")
    if service.state == "taken":
        found.append(f"{pid + 5} 1 {age} haproxy /usr/sbin/haproxy -f /etc/haproxy/extra.cfg")
    if service.state in ALIVE and router.era == "A":
        found.append(f"{pid + 2} {pid} 39 socat {SOCAT.format(address)}")
    elif service.state in ALIVE:
        child, parent = (pid + 2, pid) if router.era == "B" else (pid, 1)
        found.append(f"{child} {parent} {age} python python /opt/cloud/bin/passwd_server_ip.py {service.listen}")
    return found


def sockets(router: Router) -> str:
    """Return every socket that listens."""
    found = [
        Socket(f"{router.control}:3922", "sshd", 61),
        Socket("0.0.0.0:35999", "haproxy", 71),
        Socket("0.0.0.0:3914", "rsyslogd", 50, udp=True),
    ]
    addresses = [nic.address for nic in router.guest_nics]
    if router.redundant and not is_backup(router):
        addresses += [nic.gateway for nic in router.guest_nics]
    if router.dns != "down" and not is_backup(router):
        found.append(Socket("0.0.0.0:67", "dnsmasq", 1093, udp=True))
        for address in ("127.0.0.1", *addresses):
            found += [Socket(f"{address}:53", "dnsmasq", 1093, udp=udp) for udp in (True, False)]
    if router.web.state != "down":
        shown = [a for a in addresses if a not in router.web.hidden_vhosts | router.web.unfilled_vhosts]
        found += [Socket(f"{address}:{port}", "apache2", 1619) for address in shown for port in (80, 443)]
    for place, service in enumerate(router.passwords):
        if service.state in ALIVE | {"taken"}:
            found.append(_password_socket(router, service, 2078 + 10 * place))
    return "".join(_line(router, socket) for socket in found)


def _password_socket(router: Router, service: PasswordService, pid: int) -> Socket:
    local = f"{password_address(service)}:8080"
    if service.state == "taken":
        return Socket(local, "haproxy", pid + 5)
    name = {"A": "socat", "B": "python2.7", "C": "python"}[router.era]
    return Socket(local, name, pid if router.era == "C" else pid + 2)


def _line(router: Router, socket: Socket) -> str:
    """Return one line; the iproute2 of era A writes ``*`` and leaves the words pid and fd out."""
    kind = "udp UNCONN 0 0" if socket.udp else "tcp LISTEN 0 128"
    if router.era == "A":
        local = socket.local.replace("0.0.0.0:", "*:")
        return f'{kind} {local} *:* users:(("{socket.program}",{socket.pid},5))\n'
    return f'{kind} {socket.local} 0.0.0.0:* users:(("{socket.program}",pid={socket.pid},fd=5))\n'


def units(router: Router) -> str:
    """Return systemd's units: name, load, active, sub, result, restarts; nothing before era C."""
    if router.era != "C":
        return ""
    rows = [("haproxy", True), ("apache2", router.web.state != "down")]
    rows += [("dnsmasq", router.dns != "down" and not is_backup(router))]
    rows += [("keepalived", router.redundant), ("conntrackd", router.redundant), ("cloud", False)]
    lines = [f"{name}.service loaded {'active running' if on else 'inactive dead'} success 0" for name, on in rows]
    failed = "failed failed exit-code 5"
    for service in router.passwords:
        state = {"dead": "inactive dead success 0", "failed": failed, "taken": failed}.get(service.state)
        name = service.listen.replace(",", "\\x2c")
        lines.append(f"cloud-password-server@{name}.service loaded {state or 'active running success 0'}")
    return "\n".join(lines) + "\n"
