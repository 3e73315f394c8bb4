"""What the database knows of pools and rules, to be compared with what is found elsewhere."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Mapping
from types import MappingProxyType

from exporter.model import Question, UnreadableError, Via
from exporter.questions.database.rows import Rows

Taken = Mapping[str, frozenset[int]]
Pools = Mapping[str, Mapping[str, int]]
VLAN = re.compile(r"\d{1,10}", re.ASCII)


def read_pools(rows: Rows) -> Pools:
    """Return how many addresses each pod has, as zone/pod, by the name of the check that counts leaked ones."""
    found: defaultdict[str, dict[str, int]] = defaultdict(dict)
    for name, pod, size in _rows(rows, ("name", "pod", "size")):
        found[_text(name)][_text(pod)] = _number(size)
    return MappingProxyType({name: MappingProxyType(pods) for name, pods in found.items()})


def read_taken(rows: Rows) -> Taken:
    """Return the VLANs taken from the pool of each physical network, by its id; what is no number is left out."""
    found: defaultdict[str, set[int]] = defaultdict(set)
    for network, vnet in _rows(rows, ("network", "vnet")):
        taken = found[_text(network)]
        if vnet is not None and VLAN.fullmatch(_text(vnet)):
            taken.add(int(_text(vnet)))
    return MappingProxyType({network: frozenset(taken) for network, taken in found.items()})


def read_sequences(rows: Rows) -> Mapping[str, int]:
    """Return the number of the newest rules by machine, under its name on the hypervisor; 0 where none were made."""
    return MappingProxyType({_text(vm): _number(sequence) for vm, sequence in _rows(rows, ("vm", "sequence"))})


def _rows(rows: Rows, columns: tuple[str, ...]) -> tuple[tuple[object, ...], ...]:
    if rows.columns != columns:
        message = f"columns {', '.join(rows.columns)[:80]} instead of {', '.join(columns)}"
        raise UnreadableError(message)
    return rows.rows


def _text(value: object) -> str:
    told = value.decode("utf-8", "replace") if isinstance(value, bytes | bytearray) else str(value)
    return told if value is not None else ""


def _number(value: object) -> int:
    try:
        return int(str(value))
    except ValueError:
        message = f"{str(value)[:20]!r} is no number"
        raise UnreadableError(message) from None


ADDRESS_POOLS: Question[Pools] = Question(
    "database_address_pools",
    Via.DATABASE,
    "SELECT a.name AS name, CONCAT(z.name, '/', p.name) AS pod, a.size AS size FROM ("
    "SELECT 'management_address_leaked' AS name, data_center_id, pod_id, COUNT(*) AS size FROM op_dc_ip_address_alloc"
    " GROUP BY data_center_id, pod_id UNION ALL"
    " SELECT 'control_address_leaked', data_center_id, pod_id, COUNT(*) FROM op_dc_link_local_ip_address_alloc"
    " GROUP BY data_center_id, pod_id"
    ") a JOIN data_center z ON z.id = a.data_center_id JOIN host_pod_ref p ON p.id = a.pod_id",
    read_pools,
    privilege="SELECT on op_dc_ip_address_alloc, op_dc_link_local_ip_address_alloc, host_pod_ref, data_center",
    why="How many management and control addresses each pod has: leaked ones are told as a share, as pods share none.",
    every=10,
    seconds=1.0,
)
VLANS_TAKEN: Question[Taken] = Question(
    "database_vlans_taken",
    Via.DATABASE,
    "SELECT p.uuid AS network, v.vnet AS vnet FROM physical_network p"
    " LEFT JOIN (SELECT DISTINCT physical_network_id, vnet FROM op_dc_vnet_alloc WHERE taken IS NOT NULL) v"
    " ON v.physical_network_id = p.id WHERE p.removed IS NULL",
    read_taken,
    privilege="SELECT on physical_network, op_dc_vnet_alloc",
    why="Which VLANs the pool knows as taken: a host that carries another one of the range uses it behind its back.",
    every=10,
    seconds=1.0,
)
RULE_SEQUENCES: Question[Mapping[str, int]] = Question(
    "database_rule_sequences",
    Via.DATABASE,
    "SELECT m.instance_name AS vm, COALESCE(r.logsequence, 0) AS sequence FROM vm_instance m"
    " LEFT JOIN op_vm_ruleset_log r ON r.instance_id = m.id WHERE m.removed IS NULL AND m.state = 'Running'"
    " AND (r.logsequence IS NOT NULL OR m.instance_name LIKE 'i-%') AND EXISTS (SELECT 1 FROM op_vm_ruleset_log)",
    read_sequences,
    privilege="SELECT on op_vm_ruleset_log, vm_instance",
    why="D32: the number of the newest security group rules of each running machine, which its host must have too; 0"
    " where none were ever made.",
    every=10,
    seconds=3.0,  # a row for each machine
)
