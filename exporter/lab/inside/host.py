"""A KVM host as a tree: its key for system VMs, its links, its switches, its agent and machines, its firewall."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from exporter.lab.inside.host_firewall import put_firewall
from exporter.lab.inside.host_links import links
from exporter.lab.inside.host_nics import put_nics
from exporter.lab.inside.host_ovs import put_ovs
from exporter.lab.inside.router import CANARY
from exporter.lab.inside.tree import Tree, tools
from exporter.lab.world.hypervisor import Hypervisor
from exporter.lab.world.management import AGENTS
from exporter.lab.world.scale import MODEL_HOST
from exporter.lab.world.world import Host, World

KEY = "root/.ssh/id_rsa.cloud"
LINK_LOCAL = "169.254.0.1/16"
COUNTED = (Path(__file__).parents[1] / "files" / "counted.sh").read_text()
EVERYWHERE = {
    **tools("ssh", "hostname", "ip", "ethtool", "virsh", "systemctl", "lldpcli", "ss"),
    **tools("iptables", "ipset", "ebtables", "iptables-save", "nft"),
    "ip6tables": "iptables",
    "ip6tables-save": "iptables-save",
}
OVS = ("ovs-vsctl", "ovs-appctl")


def host_tree(world: World, host: Host) -> Tree:
    """Return a host that answers for itself."""
    hops = [f"{router.control} {router.name} {router.ssh}" for router in world.on_host(host)]
    hops += [f"{vm.control} {vm.name} {vm.ssh}" for vm in world.system_vms if vm.host is host and vm.state == "Running"]
    tree = _hypervisor(world, host)
    tree.knows |= {"hops": "".join(f"{hop}\n" for hop in hops), "start": f"{int(world.start) - booted()}\n"}
    return tree


def booted() -> int:
    """Return unix time when this machine was started; counters grow with its uptime, which a shell can read."""
    words = Path("/proc/stat").read_text().partition("\nbtime ")[2].split(maxsplit=1)
    return int(words[0])


def model_host_trees(world: World) -> list[Tree]:
    """Return the hidden hosts: the one from which models of routers are reached, and models of hosts.

    The models have no clock: their copies count for themselves.
    """
    tree = Tree(MODEL_HOST, tools=tools("ssh", "hostname"))
    _identity(tree, MODEL_HOST)
    tree.knows["hops"] = "".join(f"{router.control} {router.model} up\n" for router in world.models)
    return [tree, *(_hypervisor(hidden, hidden.hosts[0]) for hidden in world.host_models)]


def _identity(tree: Tree, name: str) -> None:
    tree.put(KEY, f"{CANARY}\n", mode=0o600)
    tree.put("proc/sys/kernel/hostname", f"{name}\n", mode=0o444)
    tree.put("run/systemd/system/.keep", "")
    tree.knows["hostname"] = name


def _hypervisor(world: World, host: Host) -> Tree:
    made = host.hypervisor
    tree = Tree(host.name, tools=EVERYWHERE | tools(*OVS if made.ovs else ()))
    _identity(tree, host.name)
    put_nics(tree, made)
    put_ovs(tree, made)
    put_firewall(tree, made)
    tree.put("proc/net/route", _routes(host), mode=0o444)
    _agent(tree, made)
    tree.knows["sockets"] = "".join(f"{line}\n" for line in _sockets(world, host))
    tree.knows |= {
        "counted": COUNTED,
        "ip": _addresses(host),
        "links": links(made),
        "era": made.era,
        "libvirt": made.libvirt,
        "lldpd": made.lldp,
    }
    tree.knows |= {"domains": _domains(made), "plugs": _plugs(made)}
    absent = made.missing | ({"lldpcli"} if made.lldp == "absent" else set())
    tree.tools = {name: source for name, source in tree.tools.items() if name not in absent}
    refused = {name for name in tree.tools if {name, name.removesuffix("-save")} & made.refused}
    tree.tools |= dict.fromkeys(refused, "refused")
    return tree


def _agent(tree: Tree, made: Hypervisor) -> None:
    """Add the agent's settings, which hold secrets, and the state of the services."""
    if made.agent_readable:
        secrets = {"keystore.passphrase": CANARY, "local.storage.uuid": f"{CANARY}-uuid"}
        lines = [f"{key}={value}" for key, value in {**made.properties, **secrets}.items()]
        text = "#Storage\n#Sat Nov 21 06:00:00 UTC 2026\n" + "".join(f"{line}\n" for line in lines)
        tree.put("etc/cloudstack/agent/agent.properties", text, mode=0o600)
    if made.secured:
        tree.put("etc/cloudstack/agent/cloud.crt", "-----BEGIN CERTIFICATE-----\n", mode=0o600)
    tree.knows["units"] = _unit("cloudstack-agent", made.agent, made.agent_restarts) + _unit("libvirtd", made.libvirt)


def _addresses(host: Host) -> str:
    """Return ``ip -o -4 addr show``: management, and the link-local side of the bridge of control NICs."""
    places = (("lo", "127.0.0.1/8"), (host.zone.labels["Management"], f"{host.address}/16"), ("cloud0", LINK_LOCAL))
    return "".join(
        f"{number}: {device}    inet {address} scope {'host' if device == 'lo' else 'global'} {device}\\"
        "       valid_lft forever preferred_lft forever\n"
        for number, (device, address) in enumerate(places, start=1)
    )


def _routes(host: Host) -> str:
    """Return /proc/net/route: addresses have their little end first."""
    management = host.zone.labels["Management"]
    rows = (
        (management, "00000000", "FE00037F", "0003", "00000000"),
        (management, "0000017F", "00000000", "0001", "0000FFFF"),
        ("cloud0", "0000FEA9", "00000000", "0001", "0000FFFF"),
    )
    head = "Iface\tDestination\tGateway \tFlags\tRefCnt\tUse\tMetric\tMask\t\tMTU\tWindow\tIRTT\n"
    return head + "".join(
        f"{device}\t{network}\t{gateway}\t{flags}\t0\t0\t0\t{mask}\t0\t0\t0\n"
        for device, network, gateway, flags, mask in rows
        if device not in host.hypervisor.lost_networks
    )


def _sockets(world: World, host: Host) -> Iterator[str]:
    """Yield what listens on a host, and the connection of its agent, as its kernel has it."""
    made = host.hypervisor
    yield 'tcp LISTEN 0 128 0.0.0.0:22 0.0.0.0:* users:(("sshd",pid=610,fd=3))'
    if made.libvirt == "active" and made.libvirt_tls != "refused":
        yield f'tcp LISTEN 0 4096 0.0.0.0:{world.ports.libvirt_tls} 0.0.0.0:* users:(("libvirtd",pid=1402,fd=14))'
    if made.libvirt == "active" and made.libvirt_tcp:
        yield f'tcp LISTEN 0 4096 0.0.0.0:{world.ports.libvirt} 0.0.0.0:* users:(("libvirtd",pid=1402,fd=13))'
    server = made.properties.get("host", "").partition("@")[0].partition(",")[0]
    if server and made.agent == "active" and made.agent_connected:
        yield f'tcp ESTAB 0 0 [::ffff:{host.address}]:45120 [::ffff:{server}]:{AGENTS} users:(("java",pid=2210,fd=41))'


def _unit(name: str, state: str, restarts: int = 0) -> str:
    inner = {"active": "running", "failed": "failed", "activating": "auto-restart"}.get(state, "dead")
    result = "exit-code" if inner in ("failed", "auto-restart") else "success"
    return f"{name}.service loaded {state} {inner} {result} {restarts}\n"


def _domains(made: Hypervisor) -> str:
    """Return one line per domain: number, name, state."""
    return "".join(f"{one.number} {one.name} {one.state}\n" for one in made.domains)


def _plugs(made: Hypervisor) -> str:
    """Return one line per NIC of a domain: number of the domain, tap, type, source, model, MAC."""
    numbers = {one.name: one.number for one in made.domains}
    return "".join(
        f"{numbers[tap.machine]} {tap.name} {tap.kind} {tap.source or tap.bridge} virtio {tap.mac}\n"
        for tap in made.taps
        if tap.machine in numbers
    )
