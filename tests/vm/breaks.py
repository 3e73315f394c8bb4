"""What is broken for real, how it is healed, and exactly what must be seen of it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from tests.vm.bench import Bench
from tests.vm.scene import MANAGEMENT_VLAN

Deed = Callable[[Bench], object]


@dataclass(frozen=True, slots=True, kw_only=True)
class Break:
    """One thing that breaks.

    Attributes:
        cause: the metric that must come first on the findings page, without the project's prefix.
        follows: the metrics that must stand beside it; no other may.
        unknown: the questions that can have no answer meanwhile.
        apart: seconds between two looks: what only counters show needs some.
        in_slice: whether it is broken in every run of the tests.
    """

    name: str
    do: Deed
    undo: Deed
    cause: str
    follows: frozenset[str] = frozenset()
    unknown: frozenset[str] = frozenset()
    apart: float = 3.0
    in_slice: bool = False

    @property
    def declared(self) -> set[str]:
        """Return every metric whose problem must be seen."""
        return {self.cause, *self.follows}


def _run(command: str) -> Deed:
    return lambda bench: bench.machine.run(command)


def _renamed(old: str, new: str) -> Deed:
    return _run(f"ip link set {old} down && ip link set {old} name {new} && ip link set {new} up")


NATIVE = (
    Break(
        name="a cable of the bond is pulled",
        do=lambda bench: bench.machine.plug(2, plugged=False),
        undo=lambda bench: bench.machine.plug(2, plugged=True),
        cause="hypervisor_links_bond_members_down",
        in_slice=True,
    ),
    Break(
        name="the switch stops speaking LACP",
        do=lambda bench: bench.switch.lacp(on=False),
        undo=lambda bench: bench.switch.lacp(on=True),
        cause="hypervisor_links_uplink_lacp_partner_missing",
    ),
    Break(
        name="the switch no longer trunks a VLAN",
        do=lambda bench: bench.switch.carry((MANAGEMENT_VLAN, 1300)),
        undo=lambda bench: bench.switch.carry(bench.switch.trunks),
        cause="vlan_trunking_one_way_vlans",
        apart=20.0,
    ),
    Break(
        name="a chain is flushed",
        do=_run("iptables -F i-3-61-def"),
        undo=_run("/etc/lab/rules"),
        cause="security_groups_machines_open",
        follows=frozenset(
            f"security_groups_{what}" for what in ("machine_open", "machines_cut_off", "machine_cut_off")
        ),
        in_slice=True,
    ),
    Break(
        name="bridge filtering is switched off",
        do=_run("echo 0 >/proc/sys/net/bridge/bridge-nf-call-iptables"),
        undo=_run("echo 1 >/proc/sys/net/bridge/bridge-nf-call-iptables"),
        cause="security_groups_bridges_unfiltered",
        follows=frozenset({"security_groups_machines_open", "security_groups_machine_open"}),
        in_slice=True,
    ),
    Break(
        name="a label's bridge has another name",
        do=_renamed("cloudbr1", "cloudbr9"),
        undo=_renamed("cloudbr9", "cloudbr1"),
        cause="physical_networks_label_missing",
        follows=frozenset(
            f"security_groups_{what}" for what in ("bridges_incomplete", "machines_open", "machine_open")
        ),
    ),
    Break(
        name="the MTU of a NIC is out of line",
        do=_run("ip link set eth2 mtu 1400"),
        undo=_run("ip link set eth2 mtu 1500"),
        cause="vlan_trunking_mtu_conflicts",
    ),
)
OPEN_VSWITCH = (
    Break(
        name="a cable of the bond is pulled",
        do=lambda bench: bench.machine.plug(2, plugged=False),
        undo=lambda bench: bench.machine.plug(2, plugged=True),
        cause="open_vswitch_bond_members_disabled",
    ),
    Break(
        name="the switch stops speaking LACP",
        do=lambda bench: bench.switch.lacp(on=False),
        undo=lambda bench: bench.switch.lacp(on=True),
        cause="open_vswitch_bond_members_without_partner",
        follows=frozenset(
            f"open_vswitch_{what}" for what in ("bond_members_disabled", "bond_members_enabled", "bridge_cut_off")
        ),
    ),
    Break(
        name="ovs-vswitchd alone is stopped",
        do=_run("/usr/share/openvswitch/scripts/ovs-ctl --no-ovsdb-server stop"),
        undo=_run("systemctl restart openvswitch-switch"),
        cause="open_vswitch_daemon_up",
    ),
    Break(
        name="systemd stops ovs-vswitchd and with it ovsdb-server",
        do=_run("systemctl stop ovs-vswitchd"),
        undo=_run("systemctl start openvswitch-switch"),
        cause="open_vswitch_daemon_up",
        unknown=frozenset({"host_ovs_database"}),
    ),
    Break(
        name="a port has another tag",
        do=_run("ovs-vsctl set Port vnet15 tag=1300"),
        undo=_run("ovs-vsctl set Port vnet15 tag=1234"),
        cause="open_vswitch_tags_wrong",
    ),
)
