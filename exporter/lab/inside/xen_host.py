"""Dom0 of a XenServer host as a tree: its network back-end, and what security groups need there."""

from __future__ import annotations

from exporter.lab.inside.tree import Tree, tools
from exporter.lab.world.world import XenHost

BRIDGES = ("xenbr0", "xapi1")
DAEMON = 1402
"""Number of the process of Open vSwitch's daemon."""


def xen_tree(host: XenHost) -> Tree:
    """Return the dom0 of a host; Open vSwitch has no folders of Linux bridges."""
    made = host.dom0
    found = {
        name: source for name, source in tools("iptables", "ebtables", "ipset").items() if name not in made.missing
    }
    tree = Tree(host.name, tools=found | tools("hostname"), knows={"hostname": host.name})
    tree.put("proc/sys/kernel/hostname", f"{host.name}\n", mode=0o444)
    if made.configured is not None:
        tree.put("etc/xensource/network.conf", f"{made.configured}\n")
    brand, version = made.product
    tree.put(
        "etc/xensource-inventory",
        f"PRODUCT_BRAND='{brand}'\nPRODUCT_VERSION='{version}'\nINSTALLATION_UUID='{host.id}'\n",
    )
    if made.running == "bridge":
        for name in BRIDGES:
            tree.put(f"sys/class/net/{name}/bridge/stp_state", "0\n", mode=0o644)
        for name, value in made.sysctls.items():
            tree.put(f"proc/sys/net/bridge/bridge-nf-call-{name}", f"{value}\n", mode=0o644)
    else:
        tree.put("sys/class/net/ovs-system", "")  # a folder would stay when this is mended
        tree.put("var/run/openvswitch/ovs-vswitchd.pid", f"{DAEMON}\n")
        tree.put(f"proc/{DAEMON}/stat", f"{DAEMON} (ovs-vswitchd) S 1 {DAEMON} {DAEMON} 0 -1 4202752\n", mode=0o444)
    return tree
