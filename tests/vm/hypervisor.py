"""The files that make a hypervisor of the virtual machine, as its administrator and CloudStack's agent leave them."""

from __future__ import annotations

from pathlib import Path

from tests.vm import rules
from tests.vm.scene import CONTROL_BRIDGE, GUEST_BRIDGE, GUEST_UPLINK, MANAGEMENT_VLAN, Plug, Scene

INSIDE = Path(__file__).with_name("inside")
PROPERTIES = """\
guid=5f0c7b1e-6f5c-4b52-9a4b-0d7d5c1a9e01
host=10.100.0.2@static
port=8250
zone=1
pod=1
cluster=1
resource=com.cloud.hypervisor.kvm.resource.LibvirtComputingResource
network.bridge.type={}
public.network.device=cloudbr1
private.network.device=cloudbr0
guest.network.device=cloudbr1
hypervisor.type=kvm
keystore.passphrase=canary-passphrase
"""
UNIT = "[Unit]\nDescription={0}\n[Service]\nExecStart={1}\n"
RULES = """\
#!/bin/sh
# Puts the agent's rules in force, in place of whatever is there.
set -eu
iptables -F
iptables -X
ip6tables -F
ip6tables -X
ebtables -t nat -F
ebtables -t nat -X
ipset destroy
ipset restore </etc/lab/ipset
iptables-restore </etc/lab/iptables
ip6tables-restore </etc/lab/ip6tables
ebtables-restore </etc/lab/ebtables
"""
AGENT_STAND_IN = (
    "/usr/bin/python3 -c \"import socket,time; s=socket.create_server(('127.0.0.1',8250));"
    " c=socket.create_connection(('127.0.0.1',8250)); time.sleep(10**9)\""
)
"""In place of the agent: it is connected to a management server, as far as anybody sees from outside."""
LLDPD = "configure system interface pattern eth1,eth2\nconfigure lldp tx-interval 5\n"


def files(scene: Scene, backend: str) -> dict[str, tuple[str, int]]:
    """Return path -> content, mode; ``backend`` is native or openvswitch."""
    plain = {
        "/etc/systemd/system/cloudstack-agent.service": UNIT.format("CloudStack Agent", AGENT_STAND_IN),
        "/etc/systemd/system/libvirtd.service": UNIT.format("Virtualization daemon", "/bin/sleep infinity"),
        "/etc/systemd/system/guests.service": UNIT.format(
            "In place of the guests", "/usr/bin/python3 /etc/lab/guests.py /etc/lab/guests"
        ),
        "/etc/lldpd.d/lab.conf": LLDPD,
        "/etc/lab/domains.xml": domains(scene),
        "/etc/lab/guests.py": (INSIDE / "guests.py").read_text(),
        "/etc/lab/guests": "".join(f"{one.tap} {one.mac} {one.address} {one.gateway}\n" for one in scene.plugs),
        **(native(scene) if backend == "native" else {}),
    }
    programs = {
        "/etc/lab/setup": (INSIDE / ("setup.sh" if backend == "native" else "openvswitch.sh")).read_text(),
        "/etc/lab/rules": RULES,
        "/etc/lab/plug": ports(scene.plugs),
        "/usr/local/sbin/virsh": (INSIDE / "virsh").read_text(),
    }
    found = {path: (text, 0o644) for path, text in plain.items()}
    found |= {path: (text, 0o755) for path, text in programs.items()}
    return found | {"/etc/cloudstack/agent/agent.properties": (PROPERTIES.format(backend), 0o600)}


def native(scene: Scene) -> dict[str, str]:
    """Return what the agent makes with Linux bridges: VLANs, ports, rules and their logs."""
    return {
        "/etc/lab/vlans": vlans(scene.vlans),
        "/etc/lab/taps": taps(scene.plugs),
        "/etc/lab/ipset": rules.sets(scene),
        "/etc/lab/iptables": rules.filter_table(scene, 4),
        "/etc/lab/ip6tables": rules.filter_table(scene, 6),
        "/etc/lab/ebtables": rules.frames(scene),
        **{path.replace("/run/cloud", "/etc/lab/run-cloud"): text for path, text in rules.logs(scene).items()},
    }


def vlans(numbers: tuple[int, ...]) -> str:
    """Return what makes VLAN devices and bridges, for ``ip -batch``. Source: modifyvlan.sh."""
    lines = []
    for number in numbers:
        device, bridge = f"{GUEST_UPLINK}.{number}", f"br{GUEST_UPLINK}-{number}"
        lines += [
            f"link add link {GUEST_UPLINK} name {device} type vlan id {number}",
            f"link add {bridge} type bridge",
            f"link set {device} addrgenmode none master {bridge} up",
            f"link set {bridge} addrgenmode none up",
        ]
    return "\n".join((*lines, ""))


def taps(plugs: tuple[Plug, ...]) -> str:
    """Return what plugs the guests' taps into their bridges, for ``ip -batch``; libvirt's MACs begin with fe."""
    return "".join(f"link set {one.tap} address fe{one.mac[2:]} master {one.bridge} up\n" for one in plugs)


def ports(plugs: tuple[Plug, ...]) -> str:
    """Return the script that plugs the guests' taps into Open vSwitch, as libvirt does, tagged."""
    words, lines = [], ["#!/bin/sh"]
    for one in plugs:
        if one.traffic == "Control":
            lines.append(f"ip link set {one.tap} master {CONTROL_BRIDGE}")
        else:
            tag = MANAGEMENT_VLAN if one.traffic == "Management" else one.vlan
            words.append(f"-- add-port {GUEST_BRIDGE} {one.tap}" + (f" tag={tag}" if tag else ""))
            words.append(f"-- set Interface {one.tap} external_ids:attached-mac={one.mac}")
        lines.append(f"ip link set {one.tap} address fe{one.mac[2:]} up")
    return "\n".join((*lines, f"ovs-vsctl {' '.join(words)}", ""))


def domains(scene: Scene) -> str:
    """Return the guests for libvirt's test driver, which numbers them in this order (see ``inside/virsh``)."""
    found = []
    for number, guest in enumerate(scene.guests, 1):
        nics = "".join(
            f"<interface type='bridge'><mac address='{one.mac}'/><source bridge='{one.bridge}'/>"
            f"<target dev='{one.tap.replace('vnet', 'vneT')}'/><model type='virtio'/></interface>"
            for one in guest.plugs
        )
        identity = f"00000000-0000-4000-8000-{number:012d}"
        found.append(
            f"<domain type='test'><name>{guest.name}</name><uuid>{identity}</uuid><memory>65536</memory>"
            f"<os><type>hvm</type></os><devices>{nics}</devices></domain>"
        )
    return f"<node>{''.join(found)}</node>\n"
