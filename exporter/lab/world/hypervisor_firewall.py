"""What the agent programmed for security groups on one hypervisor: plain mutable records, changed by faults."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(slots=True, eq=False)
class MachineRules:
    """What the agent programmed for one machine; ``missing`` names the parts that are gone.

    Parts for IPv4: ``def``, ``vm``, ``eg`` (the chain is gone with what jumps to it), ``def:empty``, ``vm:empty``,
    ``eg:empty``, ``in_hook``, ``out_hook`` (jumps from BF-<bridge>-IN and -OUT); the same with ``6`` before it for
    IPv6 (``6def``); further ``ipset``, ``address`` (not in the set), ``ebtables``, ``ebtables_hook``, ``arp:empty``
    (the chain of the addresses that it may use in ARP), ``arp`` (its own address there), ``log``.
    ``domain`` is the libvirt number in its rule log, None for the true one; ``first`` are rules that somebody put
    before those of a chain (IPv4), as ``i-2-55-VM -j ACCEPT``; ``strange`` are further addresses in its set.
    """

    machine: str
    sequence: int = 3
    signature: str = "9b0c1d2e3f405162738495a6b7c8d9e0"
    domain: int | None = None
    log: str | None = None  # the whole line, when it is not as it should be
    missing: set[str] = field(default_factory=set)
    first: list[str] = field(default_factory=list)
    strange: list[str] = field(default_factory=list)
    stays: bool = False  # although no such machine runs here


@dataclass(slots=True, eq=False)
class Firewall:
    """Security groups of one host: rules per machine, and what is wrong around them.

    Attributes:
        above: rules before everything in FORWARD (IPv4), without "-A FORWARD"; above6: of IPv6.
        without_jumps: bridges whose jumps from FORWARD are gone (IPv4), without_jumps6: of IPv6.
        emptied: bridges whose BF- chain is flushed.
        uplinks: bridge -> the uplink that its BF- chain names, when not the true one.
        flushed: all chains of the agent are gone, as after a reload of another firewall.
        flavour: nf_tables | legacy, of the commands; other_flavour_rules: rules that only the other one shows.
        native: chains of nft that others made, as ``inet filter forward drop``: family, table, chain, policy.
    """

    machines: dict[str, MachineRules] = field(default_factory=dict)
    above: list[str] = field(default_factory=list)
    above6: list[str] = field(default_factory=list)
    without_jumps: set[str] = field(default_factory=set)
    without_jumps6: set[str] = field(default_factory=set)
    emptied: set[str] = field(default_factory=set)
    uplinks: dict[str, str] = field(default_factory=dict)
    flushed: bool = False
    flavour: str = "nf_tables"
    other_flavour_rules: list[str] = field(default_factory=list)
    policy: str = "ACCEPT"
    native: list[str] = field(default_factory=list)
