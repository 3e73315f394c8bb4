"""What is inside a virtual router: its files and what its tools print, from the world.

Source of the formats: samples of routers driven by CloudStack's own scripts.
"""

from __future__ import annotations

import json
from pathlib import Path

from exporter.lab.inside.network import firewall, ip_addresses, neighbours, nft
from exporter.lab.inside.processes import processes, sockets, units
from exporter.lab.inside.router_logs import put_logs
from exporter.lab.inside.tree import Tree, tools
from exporter.lab.world import condition
from exporter.lab.world.world import MetadataEntry, Router, World

RELEASES = {
    "A": "Cloudstack Release 4.5.2 Mon Aug 24 17:20:11 UTC 2015",
    "B": "Cloudstack Release 4.9.3 Tue Aug 1 10:12:51 UTC 2017",
    "C": "Cloudstack Release 4.20.1 Fri Oct 17 09:12:44 UTC 2025",
}
SCRIPTS = {
    "A": ("passwd_server_ip", "serve_password.sh", "vpc_passwd_server"),
    "B": ("passwd_server_ip", "passwd_server_ip.py", "checkrouter.sh", "configure.py", "update_config.py"),
    "C": ("passwd_server_ip.py", "checkrouter.sh", "configure.py", "update_config.py", "getRouterMonitorResults.sh"),
}
TOOLS = ("ss", "ps", "ip", "hostname", "iptables-save", "netstat")
REWRITES = (Path(__file__).parents[1] / "files" / "latest.htaccess").read_text()
CANARY = "lab-secret-canary"
"""Stands wherever a real router holds a secret; no output of the exporter may ever contain it."""


def router_tree(world: World, router: Router) -> Tree:
    """Return the router as a tree."""
    names = TOOLS if router.era != "C" else (*TOOLS, "systemctl", "nft")
    tree = Tree(router.answers, tools=tools(*names))
    _system(tree, router)
    _configuration(tree, router)
    _passwords(tree, router)
    _web(tree, router)
    _names(tree, router)
    put_logs(tree, world, router)
    tree.knows |= {
        "hostname": router.answers_as or router.name,
        "era": router.era,
        "ps": condition.process_lines(router.condition, processes(router)),
        "sockets": sockets(router),
        "units": condition.unit_lines(router.condition, told=units(router)) if router.era == "C" else "",
        "iptables": "" if router.routed else firewall(router),
        "nft": nft(router),
        "ip": ip_addresses(router),
        "neighbours": neighbours(world, router),
    }
    return tree


def _system(tree: Tree, router: Router) -> None:
    tree.put("etc/cloudstack-release", RELEASES[router.era] + "\n")
    tree.put("etc/hostname", f"{router.answers_as or router.name}\n")
    tree.put("proc/sys/kernel/hostname", f"{router.answers_as or router.name}\n", mode=0o444)
    tree.put("proc/uptime", f"{router.uptime}.42 {router.uptime}.17\n", mode=0o444)
    tree.put("proc/loadavg", "0.02 0.05 0.01 1/112 2878\n", mode=0o444)
    condition.put(tree, router.condition)
    if router.era == "C":
        tree.put("run/systemd/system/.keep", "")
    for script in SCRIPTS[router.era]:
        tree.put(f"opt/cloud/bin/{script}", "#!/bin/sh\nexit 0\n", mode=0o755)
    place = "root/checkrouter.sh" if router.era == "A" else "opt/cloud/bin/checkrouter.sh"
    tree.put(place, f'#!/bin/bash\necho "Status: {router.role or "UNKNOWN"}"\n', mode=0o755)


def _configuration(tree: Tree, router: Router) -> None:
    """Add the boot arguments, which hold secrets on real routers, and ips.json."""
    words = [f"template=domP name={router.name}"]
    words += [f"{nic.device}ip={nic.address} {nic.device}mask={nic.netmask}" for nic in router.nics]
    words.append(f"gateway=100.64.0.1 domain={router.networks[0].domain} type={router.kind}")
    words.append(f"disable_rp_filter=true redundant_router=1 router_password={CANARY}" if router.redundant else "")
    words.append(f"keystore_password={CANARY} vmpassword={CANARY} dns1=127.0.0.53")
    tree.put("var/cache/cloud/cmdline", " ".join(filter(None, words)) + "\n", mode=0o600)
    if router.era == "A":
        return
    kinds = {"Guest": "guest", "Control": "control", "Public": "public"}
    databag: dict[str, object] = {"id": "ips"}
    for nic in router.nics:
        bits = 16 if nic.netmask == "255.255.0.0" else 24
        entry = {"add": True, "cidr": f"{nic.address}/{bits}", "device": nic.device, "gateway": nic.gateway}
        entry |= {"netmask": nic.netmask, "nw_type": kinds[nic.kind], "public_ip": nic.address}
        databag[nic.device] = [entry]
    tree.put("etc/cloudstack/ips.json", json.dumps(databag, indent=2, sort_keys=True))
    config = {"name": router.name, "type": router.kind, "redundant_router": str(router.redundant).lower()}
    tree.put("etc/cloudstack/cmdline.json", json.dumps({"config": config, "id": "cmdline"}, indent=2))
    tree.put("etc/cloudstack/vmpassword.json", json.dumps({"password": CANARY, "id": "vmpassword"}), mode=0o600)


def _passwords(tree: Tree, router: Router) -> None:
    """Add the saved passwords: one file in era A, where served ones stay as a word; else one per address."""
    tree.put("var/log/messages", _messages(router))
    if router.era == "A":
        lines = [f"{address}={CANARY}" for service in router.passwords for address in service.pending]
        served = [f"{nic.network.prefix}10=saved_password" for nic in router.guest_nics if nic.network]
        age = min((age for service in router.passwords for age in service.pending.values()), default=86400)
        tree.put("var/cache/cloud/passwords", "\n".join([*served, *lines]) + "\n", age)
        return
    for service in router.passwords:
        _password_file(tree, service.listen.partition(",")[0], service.pending)
    if router.redundant and not router.passwords:
        _password_file(tree, router.guest_nics[0].gateway, router.stale)


def _messages(router: Router) -> str:
    """Return the log of the password service: it once served the first instance of each network."""
    if router.era == "A":
        served = "cloud: serve_password sent a password to {}."
    else:
        served = "passwd_server_ip.py: serve_password: password sent to {}"
    guests = [f"{nic.address.rpartition('.')[0]}.10" for nic in router.guest_nics]
    return "".join(f"Nov 21 06:38:07 {router.name} {served.format(guest)}\n" for guest in guests)


def _password_file(tree: Tree, address: str, pending: dict[str, int]) -> None:
    lines = "".join(f"{guest}={CANARY}\n" for guest in pending)
    tree.put(f"var/cache/cloud/passwords-{address}", lines, min(pending.values(), default=86400))


def _web(tree: Tree, router: Router) -> None:
    """Add vhosts, rewrite rules, and the metadata and user data of every address."""
    web = router.web
    tree.put("var/www/html/.htaccess", "Options -Indexes\n")
    tree.put("var/www/html/userdata/.htaccess", "Options -Indexes\n")
    if web.rules != "missing":
        tree.put("var/www/html/latest/.htaccess", REWRITES if web.rules == "up" else "")
    for entry in web.entries.values():
        _entry(tree, router, entry)
    addresses = [nic.address for nic in router.guest_nics]
    if router.redundant:
        addresses += [nic.gateway for nic in router.guest_nics]
    if router.era == "A":
        tree.put("etc/apache2/sites-enabled/default", "".join(_vhost(router, address) for address in addresses))
        tree.put("etc/apache2/ports.conf", "".join(f"Listen {a}:80\nListen {a}:443\n" for a in addresses))
        return
    for address in addresses:
        if address not in web.hidden_vhosts:
            listens = "".join(f"Listen {place}\n" for place in _listens(router, address))
            tree.put(f"etc/apache2/sites-enabled/vhost-{address}.conf", _vhost(router, address) + listens)


def _vhost(router: Router, address: str) -> str:
    inner = f"\tServerName router.{router.networks[0].domain}\n\tDocumentRoot /var/www/html\n"
    return "".join(f"<VirtualHost {place}>\n{inner}</VirtualHost>\n" for place in _listens(router, address))


def _listens(router: Router, address: str) -> tuple[str, str]:
    """Return where the web server listens for an address; the template's places where it was not filled in."""
    if address in router.web.unfilled_vhosts:
        return "10.1.1.1:8180", "10.1.1.1:8443"
    return f"{address}:80", f"{address}:443"


def metadata_values(router: Router, entry: MetadataEntry) -> dict[str, str]:
    """Return what a router keeps for an address, by key in the order of its list; an empty value has no file."""
    public = next((nic.address for nic in router.nics if nic.kind == "Public"), router.guest_nics[0].address)
    values = {
        "service-offering": "Small Instance",
        "availability-zone": router.zone.name,
        "local-ipv4": entry.address,
        "local-hostname": entry.hostname,
        "public-ipv4": public,
        "public-hostname": public,
        "instance-id": entry.vm_id,
        "vm-id": entry.vm_id,
        "public-keys": "ssh-rsa AAAAB3NzaC1yc2EAAAADAQABAAABAQ== example",
        "cloud-identifier": f"CloudStack-{{{router.zone.id}}}",
        "hypervisor-host-name": f"{router.host.name}.lab.example",
    }
    if not entry.public_key:
        del values["public-keys"]
    return values


def _entry(tree: Tree, router: Router, entry: MetadataEntry) -> None:
    """Add the metadata and user data of one address."""
    place = f"var/www/html/metadata/{entry.address}"
    values = metadata_values(router, entry)
    for key, value in values.items():
        if value:
            tree.put(f"{place}/{key}", value)
    tree.put(f"{place}/meta-data", "".join(f"{key}\n" for key in values))
    guard = f"Options -Indexes\nOrder Deny,Allow\nDeny from all\nAllow from {entry.address}"
    if entry.htaccess:
        tree.put(f"{place}/.htaccess", guard)
    tree.put(f"var/www/html/userdata/{entry.address}/.htaccess", guard)
    if entry.user_data:
        tree.put(f"var/www/html/userdata/{entry.address}/user-data", f"#cloud-config\npassword: {CANARY}\n")


def _names(tree: Tree, router: Router) -> None:
    """Add /etc/hosts and the DHCP hosts."""
    between = " " if router.era == "A" else "\t"
    own = ["127.0.0.1\tlocalhost", f"127.0.1.1\t{router.name}", "::1\tlocalhost ip6-localhost ip6-loopback"]
    lines = [*own, *(f"{address}{between}{names}" for address, names in router.names)]
    tree.put("etc/hosts", "\n".join(lines) + "\n")
    domain = router.networks[0].domain
    dns = "port=0\n" if router.dns == "external" else ""
    tree.put("etc/dnsmasq.conf", f"{dns}domain={domain}\nlocal=/{domain}/\nexpand-hosts\nconf-dir=/etc/dnsmasq.d\n")
