"""Faults of Open vSwitch on kvm-7, a host whose machines are plugged into it."""

from __future__ import annotations

from exporter.lab.faults.fault import fault
from exporter.lab.world.hypervisor import Bond, BondMember, Hypervisor, Traffic
from exporter.lab.world.hypervisor_ovs import Ovs, OvsInterface, OvsPort
from exporter.lab.world.world import World
from exporter.model import Issue
from exporter.thresholds import OVS_LACP_SETTLES_SECONDS

OVS = Issue.OPEN_VSWITCH
HOST = "kvm-7"
FAST = 2_000_000
"""Frames a second: enough between two looks that follow each other at once."""
AGREED = OVS_LACP_SETTLES_SECONDS + 1.0


def _host(world: World) -> Hypervisor:
    return next(host.hypervisor for host in world.hosts if host.name == HOST)


def _switch(world: World) -> Ovs:
    ovs = _host(world).ovs
    if ovs is None:
        message = f"{HOST} has no Open vSwitch"
        raise LookupError(message)
    return ovs


def _bond(world: World, bridge: str, name: str) -> OvsPort:
    return _switch(world).bridge(bridge).port(name)


@fault(OVS, "daemon_up")
def ovs_vswitchd_dead(world: World) -> None:
    """ovs-vswitchd of kvm-7 does not run."""
    _switch(world).vswitchd = "dead"


@fault(OVS, "daemon_up")
def ovs_vswitchd_hangs(world: World) -> None:
    """ovs-vswitchd of kvm-7 runs and answers nobody."""
    _switch(world).vswitchd = "hangs"


@fault(OVS, "daemon_up")
def ovsdb_dead(world: World) -> None:
    """ovsdb-server of kvm-7 does not run; what its database would tell is unknown."""
    _switch(world).ovsdb = "dead"


@fault(OVS, "daemon_up")
def ovsdb_hangs(world: World) -> None:
    """ovsdb-server of kvm-7 runs and answers nobody."""
    _switch(world).ovsdb = "hangs"


@fault(OVS, "daemon_up")
def ovs_all_dead(world: World) -> None:
    """Neither daemon of kvm-7 runs after a reboot."""
    _switch(world).vswitchd = _switch(world).ovsdb = "dead"


@fault(OVS, "poll_interval_seconds")
def ovs_long_polls(world: World) -> None:
    """ovs-vswitchd of kvm-7 was busy with one thing for four seconds."""
    line = "timeval|WARN|Unreasonably long 4210ms poll interval (3900ms user, 210ms system)"
    _switch(world).log.append(line)


@fault(OVS, "bond_members_disabled", after=AGREED)
def ovs_bond_member_disabled(world: World) -> None:
    """One member of bond1 of kvm-7 is disabled, although its link is up."""
    _bond(world, "cloudbr1", "bond1").interface("eth3").enabled = False


@fault(OVS, "bond_members_disabled", after=AGREED)
def ovs_bond_member_disabled_old_words(world: World) -> None:
    """The same, on a version that says slave instead of member."""
    _switch(world).old_words = True
    ovs_bond_member_disabled(world)


@fault(
    OVS,
    "bond_members_without_partner",
    "bond_members_disabled",
    "bond_members_enabled",
    "bridge_cut_off",
    after=AGREED,
)
def ovs_bond_partner_silent(world: World) -> None:
    """The switch stopped LACP towards bond0 of kvm-7; its headline still says negotiated."""
    for member in _bond(world, "cloudbr0", "bond0").interfaces:
        member.lacp, member.enabled = "expired", False


@fault(OVS, "bond_members_without_partner", "bond_members_disabled", after=AGREED)
def ovs_bond_member_outside_channel(world: World) -> None:
    """One switch port of bond0 of kvm-7 is in no port channel."""
    member = _bond(world, "cloudbr0", "bond0").interface("eth1")
    member.lacp, member.enabled, member.partner_mac = "defaulted", False, ""


@fault(OVS, "bridge_cut_off", "ports_failed", "physical_networks:label_without_uplink")
def ovs_uplink_not_opened(world: World) -> None:
    """cloudbr1 of kvm-7 has eth2 for its only uplink, and its device is not there."""
    bridge = _switch(world).bridge("cloudbr1")
    nic = bridge.port("bond1").interface("eth2")
    nic.ofport, nic.error, nic.link_state = -1, "could not open network device eth2 (No such device)", ""
    bridge.ports = [OvsPort("eth2", [nic])]


@fault(OVS, "bridge_cut_off")
def ovs_dpdk_uplink_down(world: World) -> None:
    """cloudbr1 of kvm-7 has a NIC of DPDK for its only uplink, which the kernel does not know, and its cable is out."""
    _switch(world).bridge("cloudbr1").ports = [
        OvsPort("dpdk0", [OvsInterface("dpdk0", kind="dpdk", link_state="down")])
    ]
    for name in ("eth2", "eth3"):
        nic = _host(world).nic(name)
        nic.is_up, nic.carrier, nic.switch = False, False, ""


@fault(OVS, "vlan_trunking:native_vlan_conflicts", "vlan_trunking:native_vlan_differs")
def ovs_over_kernel_bond(world: World) -> None:
    """cloudbr1 of kvm-7 has a bond of the kernel, whose switch ports give a VLAN without a tag that a machine uses."""
    made = _host(world)
    made.bonds.append(Bond("bond1", [BondMember("eth2"), BondMember("eth3")]))
    _switch(world).bridge("cloudbr1").ports = [OvsPort("bond1", [OvsInterface("bond1")])]
    for name in ("eth2", "eth3"):
        made.nic(name).pvid = next(tap.tag for tap in made.taps if tap.tag is not None)


@fault(OVS, "vlan_trunking:one_way_vlans", after=1.0)
def ovs_vlan_one_way(world: World) -> None:
    """Machines of kvm-8 in the network fabric send and hear nobody, while those on the other hosts send too."""
    vlan = next(one.vlan for one in world.networks if one.name == "fabric")
    for host in world.hosts:
        for tap in (tap for tap in host.hypervisor.taps if tap.tag == vlan):
            tap.traffic = Traffic(rx=FAST, tx=0 if host.name == "kvm-8" else 3 * FAST)


@fault(OVS, "ports_failed")
def ovs_port_failed(world: World) -> None:
    """The port of a machine on kvm-7 is in the database, its device is not there."""
    tap = next(tap.name for tap in _host(world).taps if tap.tag is not None)
    _switch(world).tap_errors[tap] = f"could not open network device {tap} (No such device)"


@fault(OVS, "tags_wrong")
def ovs_tag_wrong(world: World) -> None:
    """A machine's port on kvm-7 has the tag of another VLAN."""
    tap = next(tap for tap in _host(world).taps if tap.tag is not None)
    tap.tag = 4001


@fault(OVS, "tags_wrong")
def ovs_tag_lost(world: World) -> None:
    """A machine's port on kvm-7 has no tag any more."""
    tap = next(tap for tap in _host(world).taps if tap.tag is not None)
    tap.tag = None


@fault(OVS, "tags_wrong")
def ovs_port_is_trunk(world: World) -> None:
    """A machine's port on kvm-7 has its tag, and was made a trunk of other VLANs beside it."""
    tap = next(tap for tap in _host(world).taps if tap.tag is not None)
    tap.trunks = [tap.tag or 0, 4001]


@fault(OVS, "vlan_trunking:mismatches")
def ovs_uplink_trunks_other_vlans(world: World) -> None:
    """bond1 of kvm-7 lets only VLAN 4001 through, which none of its machines is in."""
    _bond(world, "cloudbr1", "bond1").trunks = [4001]


@fault(OVS, "vlan_trunking:mismatches")
def ovs_uplink_is_access_port(world: World) -> None:
    """bond1 of kvm-7 was made an access port of VLAN 4001; the ports of its machines are as they should be."""
    _bond(world, "cloudbr1", "bond1").tag = 4001


@fault(OVS, "vlan_trunking:mtu_conflicts")
def ovs_tap_larger_than_uplink(world: World) -> None:
    """A machine's port on kvm-7 takes frames of 9000 bytes, the bond below its bridge does not."""
    next(tap for tap in _host(world).taps if tap.tag is not None).mtu = 9000


@fault(OVS, "flows_ratio")
def ovs_flow_table_full(world: World) -> None:
    """The flow table of kvm-7 is nearly full."""
    _switch(world).flows = 9_800


@fault(OVS, "flow_dump_seconds")
def ovs_flow_dump_slow(world: World) -> None:
    """A walk over the flows of kvm-7 takes more than two seconds."""
    _switch(world).dump_ms = 2_400


@fault(OVS, "mac_table_ratio")
def ovs_mac_table_full(world: World) -> None:
    """The MAC table of cloudbr1 on kvm-7 is full, and entries are evicted."""
    bridge = _switch(world).bridge("cloudbr1")
    bridge.macs, bridge.macs_evicted = bridge.macs_max, 912


@fault(OVS, "controllers_lost")
def ovs_controller_lost(world: World) -> None:
    """cloudbr1 of kvm-7 waits for a controller that is not there."""
    bridge = _switch(world).bridge("cloudbr1")
    bridge.fail_mode, bridge.controllers = "secure", {"tcp:192.0.2.200:6653": False}


@fault(OVS, "controllers_lost")
def ovs_secure_without_controller(world: World) -> None:
    """cloudbr1 of kvm-7 is to wait for a controller, and none is set: after a reboot nothing passes."""
    _switch(world).bridge("cloudbr1").fail_mode = "secure"


@fault(OVS, "version_differs")
def ovs_version_differs(world: World) -> None:
    """kvm-7 runs an older Open vSwitch than the other hosts of its cluster."""
    _switch(world).version = "2.17.9"
