"""Faults of security groups. They strike kvm-5 in zone south, where i-2-38-VM must be guarded."""

from __future__ import annotations

from exporter.lab.faults.fault import fault
from exporter.lab.world.hypervisor import Firewall, Hypervisor, MachineRules
from exporter.lab.world.world import World
from exporter.model import Issue

GROUPS = Issue.SECURITY_GROUPS
HOST, VM, UNGUARDED = "kvm-5", "i-2-38-VM", "i-2-42-VM"
OPEN = ("machines_open", "machine_open")
CUT_OFF = ("machines_cut_off", "machine_cut_off")
SPOOFING = ("machines_spoofing", "machine_spoofing")
LOG = ("rule_logs_invalid", "rule_log_invalid")
UNEXPECTED = ("machines_unexpected", "machine_unexpected")


def _host(world: World) -> Hypervisor:
    return next(host.hypervisor for host in world.hosts if host.name == HOST)


def _wall(world: World) -> Firewall:
    wall = _host(world).firewall
    if wall is None:
        message = f"{HOST} has no security groups"
        raise LookupError(message)
    return wall


def _rules(world: World) -> MachineRules:
    return _wall(world).machines[VM]


def _bridge(world: World) -> str:
    return next(tap.bridge for tap in _host(world).taps if tap.machine == VM)


@fault(GROUPS, "bridges_unfiltered", *OPEN)
def security_sysctl_off(world: World) -> None:
    """The sysctl bridge-nf-call-iptables of kvm-5 was set to 0: all its security groups stand open."""
    _host(world).sysctls["net/bridge/bridge-nf-call-iptables"] = "0"


@fault(GROUPS, "bridges_unfiltered", *OPEN)
def security_sysctl6_off(world: World) -> None:
    """The sysctl bridge-nf-call-ip6tables of kvm-5 was set to 0: IPv6 stands open."""
    _host(world).sysctls["net/bridge/bridge-nf-call-ip6tables"] = "0"


@fault(GROUPS, "bridges_unfiltered", *OPEN)
def security_module_gone(world: World) -> None:
    """The module br_netfilter is not loaded on kvm-5."""
    _host(world).netfilter = False


@fault(GROUPS, "rules_above", *OPEN)
def security_accept_above(world: World) -> None:
    """Other software put an ACCEPT before everything in FORWARD of kvm-5."""
    _wall(world).above.append("-j ACCEPT")


@fault(GROUPS, "rules_above")
def security_partial_accept_above(world: World) -> None:
    """Other software accepts pings before everything in FORWARD of kvm-5."""
    _wall(world).above.append("-p icmp -j ACCEPT")


@fault(GROUPS, "bridges_incomplete", *OPEN)
def security_forward_flushed(world: World) -> None:
    """FORWARD of kvm-5 was flushed; its other chains are left."""
    _wall(world).without_jumps |= {tap.bridge for tap in _host(world).taps}


@fault(GROUPS, "bridges_incomplete", *OPEN)
def security_forward6_flushed(world: World) -> None:
    """FORWARD of ip6tables on kvm-5 was flushed; IPv4 is not touched."""
    _wall(world).without_jumps6 |= {tap.bridge for tap in _host(world).taps}


@fault(GROUPS, "bridges_incomplete", *OPEN)
def security_chains_flushed(world: World) -> None:
    """A reload of another firewall took every chain of the agent on kvm-5 away."""
    _wall(world).flushed = True


@fault(GROUPS, "bridges_incomplete", *CUT_OFF)
def security_bridge_chain_flushed(world: World) -> None:
    """The BF- chain of a bridge on kvm-5 was flushed: its machines and its router are cut off."""
    _wall(world).emptied.add(_bridge(world))


@fault(GROUPS, "bridges_incomplete", *CUT_OFF)
def security_wrong_uplink(world: World) -> None:
    """The BF- chain of a bridge on kvm-5 names a port that is not the uplink: machines cannot send."""
    _wall(world).uplinks[_bridge(world)] = "tap9"


@fault(GROUPS, *OPEN, *SPOOFING)
def security_nic_passed_through(world: World) -> None:
    """The NIC of i-2-38-VM was plugged past its bridge, by libvirt.vif.driver in agent.properties: a macvtap."""
    tap = next(tap for tap in _host(world).taps if tap.machine == VM)
    tap.kind, tap.name, tap.bridge, tap.source = "direct", "macvtap0", "", "bond0"


@fault(GROUPS, *OPEN)
def security_egress_hook_gone(world: World) -> None:
    """The jump from BF-<bridge>-IN for i-2-38-VM is gone: what it sends is not judged."""
    _rules(world).missing.add("in_hook")


@fault(GROUPS, *CUT_OFF)
def security_ingress_hook_gone(world: World) -> None:
    """The jump from BF-<bridge>-OUT for i-2-38-VM is gone: nothing gets to it."""
    _rules(world).missing.add("out_hook")


@fault(GROUPS, *OPEN, *CUT_OFF)
def security_default_chain_flushed(world: World) -> None:
    """The default chain of i-2-38-VM was flushed: it sends freely and gets nothing."""
    _rules(world).missing.add("def:empty")


@fault(GROUPS, *OPEN)
def security_egress_chain_flushed(world: World) -> None:
    """The egress chain of i-2-38-VM was flushed, which CloudStack's own verifier does not see."""
    _rules(world).missing.add("eg:empty")


@fault(GROUPS, *CUT_OFF)
def security_ingress_chain_flushed(world: World) -> None:
    """The ingress chain of i-2-38-VM was flushed."""
    _rules(world).missing.add("vm:empty")


@fault(GROUPS, *OPEN)
def security_ingress_accepted_first(world: World) -> None:
    """Somebody put an ACCEPT before all rules of i-2-38-VM; its own last rule still drops, and is never reached."""
    _rules(world).first.append(f"{VM} -j ACCEPT")


@fault(GROUPS, *OPEN)
def security_egress_accepted_first(world: World) -> None:
    """Somebody put an ACCEPT before all rules of the egress chain of i-2-38-VM."""
    _rules(world).first.append(f"{VM}-eg -j ACCEPT")


@fault(GROUPS, *OPEN, *CUT_OFF)
def security_default_chain_left_first(world: World) -> None:
    """Somebody put a RETURN before all rules of the default chain of i-2-38-VM: it sends freely and gets nothing."""
    _rules(world).first.append("i-2-38-def -j RETURN")


@fault(GROUPS, *OPEN)
def security_egress_chain6_flushed(world: World) -> None:
    """The egress chain of i-2-38-VM in ip6tables was flushed."""
    _rules(world).missing.add("6eg:empty")


@fault(GROUPS, *CUT_OFF)
def security_address_gone(world: World) -> None:
    """The address of i-2-38-VM is not in its ipset any more."""
    _rules(world).missing.add("address")


@fault(GROUPS, *SPOOFING)
def security_ebtables_flushed(world: World) -> None:
    """The rules of ebtables for i-2-38-VM are gone."""
    _rules(world).missing.add("ebtables_hook")


@fault(GROUPS, *SPOOFING)
def security_arp_chain_flushed(world: World) -> None:
    """The chain of ebtables for the ARP addresses of i-2-38-VM was flushed; the jump to it is left."""
    _rules(world).missing.add("arp:empty")


@fault(GROUPS, *SPOOFING)
def security_strange_address(world: World) -> None:
    """The ipset of i-2-38-VM holds an address of another machine, so it may send from there."""
    _rules(world).strange.append("192.0.2.77")


@fault(GROUPS, *CUT_OFF)
def security_arp_address_gone(world: World) -> None:
    """The rules of ebtables do not let i-2-38-VM use its own address in ARP: nobody finds it, and it finds nobody."""
    _rules(world).missing.add("arp")


@fault(GROUPS, "rules_never_applied", "rules_behind", after=310)
def security_rules_never_came(world: World) -> None:
    """i-2-38-VM has only the rules of its start: CloudStack has made others and does not send them."""
    rules = _rules(world)
    rules.signature, rules.sequence = "_initial_", -1
    rules.missing |= {"eg:empty", "6eg:empty"}


@fault(GROUPS, *LOG)
def security_log_gone(world: World) -> None:
    """The rule log of i-2-38-VM is gone."""
    _rules(world).missing.add("log")


@fault(GROUPS, *LOG)
def security_log_malformed(world: World) -> None:
    """The rule log of i-2-38-VM has five fields, which cuts the agent's report off."""
    _rules(world).log = f"{VM},38,127.16.11.10,4,7"


@fault(GROUPS, *LOG)
def security_log_of_an_earlier_run(world: World) -> None:
    """The rule log of i-2-38-VM is of an earlier run."""
    _rules(world).domain = 999


@fault(GROUPS, *UNEXPECTED)
def security_rules_where_none_must_be(world: World) -> None:
    """i-2-42-VM has rules although its network has no security groups."""
    _wall(world).machines[UNGUARDED] = MachineRules(UNGUARDED)


@fault(GROUPS, "flavours_mixed")
def security_rules_in_both_flavours(world: World) -> None:
    """Rules of the agent were left in the legacy tables of kvm-5 when the commands were switched to nf_tables."""
    rule = "-A BF-cloudbr0 -m state --state RELATED,ESTABLISHED -j ACCEPT"
    _wall(world).other_flavour_rules += [":BF-cloudbr0 - [0:0]", rule]


@fault(GROUPS, "native_chains_dropping")
def security_nftables_conf(world: World) -> None:
    """The file /etc/nftables.conf of kvm-5 drops what is forwarded, in a table of its own: all machines are cut off."""
    _wall(world).native += ["inet firewalld filter_FORWARD accept", "inet filter forward drop"]


@fault(GROUPS, "connections_used_ratio")
def security_connections_full(world: World) -> None:
    """The kernel of kvm-5 can hardly track more connections: new ones of all its machines are dropped."""
    _host(world).connections = 262_000


@fault(GROUPS, "tools_missing")
def security_ebtables_missing(world: World) -> None:
    """The program ebtables is not installed on kvm-5; what it would tell is unknown."""
    _host(world).missing.add("ebtables")


@fault(GROUPS, "tools_missing")
def security_ipset_missing(world: World) -> None:
    """The program ipset is not installed on kvm-5, which CloudStack itself does not look for."""
    _host(world).missing.add("ipset")


@fault(
    GROUPS,
    "cluster_unenforceable",
    "open_vswitch:daemon_up",
    "hypervisor_links:cluster_network_backends",
)
def security_groups_over_open_vswitch(world: World) -> None:
    """The agent of kvm-5 is set to Open vSwitch, which is not even there, although its zone has security groups."""
    _host(world).properties["network.bridge.type"] = "openvswitch"


@fault(GROUPS, "provider_disabled")
def security_provider_disabled(world: World) -> None:
    """The provider of security groups is disabled in zone south."""
    zone = next(zone for zone in world.zones if zone.name == "south")
    zone.physical[0].providers["SecurityGroupProvider"] = "Disabled"


@fault(GROUPS)
def security_rules_refused(world: World) -> None:
    """iptables-save may not be run on kvm-5: nobody knows whether its machines are guarded."""
    _host(world).refused.add("iptables-save")
