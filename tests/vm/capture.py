"""Writes what the commands of our questions print on the virtual hypervisor to ``tests/samples/vm``.

    .venv/bin/python -m tests.vm.capture

Readers are tested on these files, so they are taken anew only when a question asks something else.
"""

from __future__ import annotations

import tempfile
import time
from pathlib import Path

from tests.vm.bench import Bench, running
from tests.vm.scene import SMALL

SAMPLES = Path(__file__).parents[1] / "samples/vm"
NATIVE = {
    "ip-link.json": "ip -j -d -s -s link show",
    "ip-link-indented.json": "ip -j -p -d link show",
    "proc-net-bonding-bond0.txt": "cat /proc/net/bonding/bond0",
    "proc-net-vlan-config.txt": "cat /proc/net/vlan/config",
    "ethtool-i-eth1.txt": "ethtool -i eth1",
    "ethtool-k-eth1.txt": "ethtool -k eth1",
    "ethtool-S-eth1.txt": "ethtool -S eth1",
    "ethtool-eth1.txt": "ethtool eth1",
    "ethtool-i-bond0.txt": "ethtool -i bond0",
    "ethtool-k-bond0.txt": "ethtool -k bond0",
    "sysfs-eth1.txt": "cd /sys/class/net/eth1; grep -H '' speed duplex carrier carrier_changes mtu operstate "
    "device/vendor device/device master/bonding/mode statistics/rx_crc_errors",
    "bridge-link.json": "bridge -j -d link show",
    "brctl-show.txt": "brctl show",
    "lldpcli-neighbors.json": "lldpcli -f json0 show neighbors details",
    "lldpcli-neighbors.txt": "lldpcli show neighbors details",
    "iptables-save.txt": "iptables-save -t filter",
    "ip6tables-save.txt": "ip6tables-save -t filter",
    "iptables-version.txt": "iptables -V; ip6tables -V; ebtables -V; ipset -v",
    "ebtables-L.txt": "ebtables -t nat -L",
    "ebtables-save.txt": "ebtables-save",
    "ipset-save.txt": "ipset save",
    "run-cloud.txt": "cd /run/cloud; grep -H '' *",
    "sysctl-bridge.txt": "sysctl net.bridge",
    "virsh-list.txt": "virsh -r -q list",
    "virsh-many-domiflist.txt": "virsh -r -q 'domiflist 1; domiflist 2; domiflist 6'",
    "virsh-list-table.txt": "virsh list; virsh domiflist i-2-70-VM",
    "systemctl.txt": "systemctl is-active cloudstack-agent libvirtd; "
    "systemctl show -p ActiveState,SubState,NRestarts,ExecMainStartTimestamp cloudstack-agent",
}
OPEN_VSWITCH = {
    "ip-link-ovs.json": "ip -j -d -s -s link show",
    **{
        f"vsctl-{table}.json": f"ovs-vsctl --format=json list {table}"
        for table in ("Open_vSwitch", "Bridge", "Port", "Interface")
    },
    "vsctl-show.txt": "ovs-vsctl show",
    "appctl-bond-show.txt": "ovs-appctl bond/show",
    "appctl-lacp-show.txt": "ovs-appctl lacp/show",
    "appctl-upcall-show.txt": "ovs-appctl upcall/show",
    "appctl-dpctl-show.txt": "ovs-appctl dpctl/show -s",
    "appctl-coverage-show.txt": "ovs-appctl coverage/show",
    "appctl-fdb-stats-show.txt": "ovs-appctl fdb/stats-show cloudbr1",
    "appctl-fdb-show.txt": "ovs-appctl fdb/show cloudbr1",
    "appctl-memory-show.txt": "ovs-appctl memory/show",
}


def write(bench: Bench, commands: dict[str, str], prefix: str = "") -> None:
    """Write the output of every command."""
    for name, command in commands.items():
        place = SAMPLES / (prefix + name)
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_text(bench.machine.run(f"{{ {command}; }} 2>&1", check=False))


def native(bench: Bench) -> None:
    """Write healthy bridges and rules, then one cable out, then a switch that speaks no LACP."""
    time.sleep(30)  # LLDP has been heard, the bond's churn machine is through, every VLAN has counted
    write(bench, NATIVE)
    bond = {name: NATIVE[name] for name in ("proc-net-bonding-bond0.txt", "ip-link.json")}
    bench.machine.plug(1, plugged=False)
    time.sleep(5)
    write(bench, bond, "FAIL-eth1-unplugged-")
    bench.machine.plug(1, plugged=True)
    time.sleep(10)
    write(bench, bond, "healed-after-unplugged-")
    bench.switch.lacp(on=False)
    time.sleep(100)  # the kernel takes 90 s of silence for churn
    write(bench, bond, "FAIL-no-lacp-")


def open_vswitch(bench: Bench) -> None:
    """Write healthy bridges of Open vSwitch, then one cable out, a switch without LACP, a dead daemon."""
    time.sleep(20)
    write(bench, OPEN_VSWITCH, "ovs/")
    bond = {name: OPEN_VSWITCH[name] for name in ("appctl-bond-show.txt", "appctl-lacp-show.txt")}
    bench.machine.plug(1, plugged=False)
    time.sleep(5)
    write(bench, bond, "ovs/FAIL-eth1-unplugged-")
    bench.machine.plug(1, plugged=True)
    bench.machine.run("ovs-vsctl add-port cloudbr1 vnet99 tag=1234", check=False)
    write(bench, {"vsctl-Interface.json": OPEN_VSWITCH["vsctl-Interface.json"]}, "ovs/FAIL-no-such-tap-")
    bench.switch.lacp(on=False)
    time.sleep(15)
    write(bench, bond, "ovs/FAIL-no-lacp-")
    bench.machine.run("systemctl stop ovs-vswitchd")
    failing = {"appctl-bond-show.txt": "ovs-appctl bond/show; echo exit=$?", "ip-link.json": "ip -j -d -s -s link show"}
    write(bench, failing, "ovs/FAIL-no-vswitchd-")


def main() -> None:
    """Write everything."""
    for backend, captured in (("native", native), ("openvswitch", open_vswitch)):
        with tempfile.TemporaryDirectory() as place, running(Path(place) / "vm", SMALL, backend) as bench:
            captured(bench)


if __name__ == "__main__":
    main()
