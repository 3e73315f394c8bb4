"""VLANs in the database: pool, networks, ranges and physical networks that contradict each other."""

from __future__ import annotations

import re

from exporter.model import UnreadableError
from exporter.questions.database_found import Found, finds
from exporter.questions.database_rows import Rows


def read_leaks(rows: Rows) -> tuple[Found, ...]:
    """Return the VLANs taken for long that no network of their zone has; rows are taken VLANs and networks' tags.

    They are compared here: the server would compare each with each.
    """
    if rows.columns != ("name", "zone", "vnet", "taken"):
        message = "not the VLANs that are taken and used"
        raise UnreadableError(message)
    used = {(zone, str(vnet)) for name, zone, vnet, _ in rows.rows if name is None}
    taken = [
        (f"{name}/{vnet}", taken) for name, zone, vnet, taken in rows.rows if name and (zone, str(vnet)) not in used
    ]
    return tuple(Found(name, f"taken since {taken} UTC, and no network has it") for name, taken in taken)


VLAN_LEAKED = finds(
    "vlan_leaked",
    "D01: VLANs taken from the pool that no network has: they are lost until somebody frees them.",
    "op_dc_vnet_alloc, physical_network, physical_network_isolation_methods, networks",
    """
    SELECT p.name AS name, v.data_center_id AS zone, v.vnet AS vnet, v.taken AS taken
    FROM op_dc_vnet_alloc v JOIN physical_network p ON p.id = v.physical_network_id AND p.removed IS NULL
    WHERE v.taken < UTC_TIMESTAMP() - INTERVAL 60 MINUTE
      AND NOT EXISTS (SELECT 1 FROM physical_network_isolation_methods i WHERE i.physical_network_id = p.id
                      AND UPPER(i.isolation_method) NOT IN ('VLAN', 'VXLAN', 'GRE', 'NETRIS'))
    UNION ALL
    SELECT NULL, data_center_id, SUBSTRING_INDEX(SUBSTRING_INDEX(broadcast_uri, '://', -1), '.', -1), NULL
    FROM networks WHERE removed IS NULL AND broadcast_uri IS NOT NULL
    """,
    read=read_leaks,
)
VLAN_NOT_TAKEN = finds(
    "vlan_not_taken",
    "D02: networks that use a VLAN which the pool believes free: it may be handed out twice.",
    "networks, network_offerings, physical_network, op_dc_vnet_alloc",
    """
    SELECT n.uuid AS name, CONCAT(n.broadcast_uri, ' is free in the pool') AS seen
    FROM networks n
    JOIN network_offerings o ON o.id = n.network_offering_id
    JOIN physical_network p ON p.id = n.physical_network_id AND p.removed IS NULL
    LEFT JOIN (SELECT DISTINCT physical_network_id, vnet FROM op_dc_vnet_alloc WHERE taken IS NOT NULL) v
      ON v.physical_network_id = n.physical_network_id AND v.vnet = SUBSTRING_INDEX(n.broadcast_uri, '://', -1)
    WHERE n.removed IS NULL AND n.traffic_type = 'Guest' AND n.state = 'Implemented' AND o.specify_vlan = 0
      AND n.broadcast_domain_type IN ('Vlan', 'Vxlan') AND n.broadcast_uri REGEXP '^(vlan|vxlan)://[0-9]+$'
      AND v.vnet IS NULL
    """,
)
VLAN_SHARED = finds(
    "vlan_shared",
    "D03: one VLAN of the pool used by two isolated networks: two tenants see each other.",
    "networks, network_offerings, physical_network",
    """
    SELECT CONCAT(COALESCE(p.name, 'no physical network'), '/', n.broadcast_uri) AS name,
      CONCAT('used by networks ', GROUP_CONCAT(n.uuid ORDER BY n.id)) AS seen
    FROM networks n JOIN network_offerings o ON o.id = n.network_offering_id
    LEFT JOIN physical_network p ON p.id = n.physical_network_id
    WHERE n.removed IS NULL AND n.traffic_type = 'Guest' AND n.guest_type = 'Isolated' AND o.specify_vlan = 0
      AND n.state IN ('Implemented', 'Implementing') AND n.broadcast_uri REGEXP '^(vlan|vxlan)://[0-9]+$'
    GROUP BY n.physical_network_id, p.name, n.broadcast_uri HAVING COUNT(DISTINCT n.related) > 1
    """,
)


def read_ranges(rows: Rows) -> tuple[Found, ...]:
    """Return the physical networks whose range and pool differ, by count, sum and sum of squares of the numbers."""
    if rows.columns != ("name", "vnet", "numbers", "total", "squares"):
        message = "not the ranges of physical networks"
        raise UnreadableError(message)
    found = []
    for name, text, *pool in rows.rows:
        wanted = _sums(str(text or ""))
        there = tuple(map(_whole, pool))
        if wanted is not None and wanted != there:
            found.append(Found(str(name), f"range {text or 'none'}: {wanted[0]} VLANs, in the pool {there[0]}"))
    return tuple(found)


def _whole(value: object) -> int:
    """Return a number of the pool, which the server adds up as a decimal; 0 where it has none."""
    try:
        return int(str(value or 0).partition(".")[0])
    except ValueError:
        message = f"{str(value)[:20]!r} is no number"
        raise UnreadableError(message) from None


def _sums(text: str) -> tuple[int, int, int] | None:
    """Return count, sum and sum of squares of ``100-199,300-300,17``; None when it cannot be read."""
    ranges = []
    for word in filter(None, (part.strip() for part in text.split(","))):
        match = re.fullmatch(r"(\d{1,10})(?:-(\d{1,10}))?", word)
        if match is None:
            return None
        ranges.append((int(match[1]), int(match[2] or match[1])))
    count = total = squares = 0
    until = -1
    for first, last in sorted(ranges):  # a number that two ranges name is in the pool once
        low = max(first, until + 1)
        if low <= last:
            count += last - low + 1
            total += (low + last) * (last - low + 1) // 2
            squares += _squares(last) - _squares(low - 1)
            until = last
    return count, total, squares


def _squares(number: int) -> int:
    """Return 1 + 4 + 9 + ... + number^2."""
    return number * (number + 1) * (2 * number + 1) // 6


VLAN_RANGE_DIFFERS = finds(
    "vlan_range_differs",
    "D04: the range of a physical network and the rows of its pool differ: the classic edit by hand.",
    "physical_network, op_dc_vnet_alloc",
    """
    SELECT p.name AS name, p.vnet AS vnet, COUNT(v.id) AS numbers,
      SUM(CAST(v.vnet AS DECIMAL(20))) AS total,
      SUM(CAST(v.vnet AS DECIMAL(20)) * CAST(v.vnet AS DECIMAL(20))) AS squares
    FROM physical_network p LEFT JOIN op_dc_vnet_alloc v ON v.physical_network_id = p.id
    WHERE p.removed IS NULL GROUP BY p.id, p.name, p.vnet
    """,
    seconds=3.0,
    read=read_ranges,
)
PUBLIC_VLAN_IN_POOL = finds(
    "public_vlan_in_pool",
    "D05: a public VLAN inside the guest range of its physical network, still free: a tenant may get it.",
    "vlan, op_dc_vnet_alloc",
    """
    SELECT l.uuid AS name, CONCAT(l.vlan_id, ' is free in the guest pool') AS seen
    FROM vlan l JOIN op_dc_vnet_alloc v ON v.physical_network_id = l.physical_network_id
      AND v.vnet = SUBSTRING_INDEX(l.vlan_id, '://', -1)
    WHERE [[vlan.removed:l.removed IS NULL AND]] l.vlan_type = 'VirtualNetwork' AND v.taken IS NULL
    """,
)
PUBLIC_VLAN_TAKEN = finds(
    "public_vlan_taken",
    "D05: a public VLAN that was taken from the guest pool as well: a tenant's network is the public one.",
    "vlan, op_dc_vnet_alloc",
    """
    SELECT l.uuid AS name, CONCAT(l.vlan_id, ' was taken from the guest pool ', v.taken, ' UTC') AS seen
    FROM vlan l JOIN op_dc_vnet_alloc v ON v.physical_network_id = l.physical_network_id
      AND v.vnet = SUBSTRING_INDEX(l.vlan_id, '://', -1)
    WHERE [[vlan.removed:l.removed IS NULL AND]] l.vlan_type = 'VirtualNetwork' AND v.taken IS NOT NULL
    """,
)
VLAN_ON_ONE_BRIDGE = finds(
    "vlan_on_one_bridge",
    "D06: one VLAN in the pools of two physical networks whose guest labels are one bridge on live hypervisors.",
    "op_dc_vnet_alloc, physical_network, physical_network_traffic_types, host",
    """
    SELECT CONCAT(pa.name, '+', pb.name) AS name,
      CONCAT(COUNT(DISTINCT a.vnet), ' VLANs in both, from ', MIN(CAST(a.vnet AS UNSIGNED)), ', on ',
             COALESCE(MIN(ta.kvm_network_label), 'the default')) AS seen
    FROM op_dc_vnet_alloc a
    JOIN op_dc_vnet_alloc b ON b.data_center_id = a.data_center_id AND b.vnet = a.vnet
      AND b.physical_network_id > a.physical_network_id
    JOIN physical_network pa ON pa.id = a.physical_network_id AND pa.removed IS NULL
    JOIN physical_network pb ON pb.id = b.physical_network_id AND pb.removed IS NULL
    JOIN physical_network_traffic_types ta ON ta.physical_network_id = pa.id AND ta.traffic_type = 'Guest'
    JOIN physical_network_traffic_types tb ON tb.physical_network_id = pb.id AND tb.traffic_type = 'Guest'
    JOIN (SELECT DISTINCT data_center_id, hypervisor_type FROM host WHERE removed IS NULL AND type = 'Routing') h
      ON h.data_center_id = pa.data_center_id
      AND (h.hypervisor_type = 'KVM' AND ta.kvm_network_label <=> tb.kvm_network_label
           OR h.hypervisor_type = 'XenServer' AND ta.xenserver_network_label <=> tb.xenserver_network_label
           OR h.hypervisor_type = 'VMware' AND SUBSTRING_INDEX(ta.vmware_network_label, ',', 1)
              <=> SUBSTRING_INDEX(tb.vmware_network_label, ',', 1))
    GROUP BY pa.id, pb.id, pa.name, pb.name
    """,
)
NETWORK_HALF_DESTROYED = finds(
    "network_half_destroyed",
    "D21: networks in state Destroy that were not removed.",
    "networks",
    "SELECT uuid AS name, CONCAT('state ', state, ', not removed') AS seen FROM networks"
    " WHERE removed IS NULL AND state = 'Destroy'",
)
TRAFFIC_TYPE_TWICE = finds(
    "traffic_type_twice",
    "D22: a traffic type that may be once in a zone and is on several physical networks.",
    "physical_network_traffic_types, physical_network, data_center",
    """
    SELECT CONCAT(z.name, '/', t.traffic_type) AS name, CONCAT('on ', GROUP_CONCAT(p.name ORDER BY p.id)) AS seen
    FROM physical_network_traffic_types t
    JOIN physical_network p ON p.id = t.physical_network_id AND p.removed IS NULL
    JOIN data_center z ON z.id = p.data_center_id AND z.removed IS NULL
    WHERE t.traffic_type IN ('Management', 'Storage', 'Public', 'Control')
    GROUP BY p.data_center_id, z.name, t.traffic_type HAVING COUNT(*) > 1
    """,
)
TRAFFIC_TYPE_MISSING = finds(
    "traffic_type_missing",
    "D22: zones that carry a traffic type nowhere; not edge zones, nor those whose networks a controller makes.",
    "physical_network_traffic_types, physical_network, physical_network_isolation_methods, data_center",
    """
    SELECT CONCAT(z.name, '/', w.kind) AS name, 'on no physical network' AS seen
    FROM data_center z
    JOIN (SELECT 'Guest' AS kind UNION ALL SELECT 'Public' UNION ALL SELECT 'Management') w
    WHERE z.removed IS NULL AND z.networktype = 'Advanced' AND z.allocation_state = 'Enabled'
      [[data_center.type:AND COALESCE(z.type, 'Core') = 'Core']]
      AND (w.kind <> 'Public' OR z.is_security_group_enabled = 0)
      AND NOT EXISTS (
        SELECT 1 FROM physical_network_isolation_methods i JOIN physical_network p ON p.id = i.physical_network_id
        WHERE p.data_center_id = z.id AND p.removed IS NULL AND UPPER(i.isolation_method) <> 'VLAN')
      AND NOT EXISTS (
        SELECT 1 FROM physical_network_traffic_types t JOIN physical_network p ON p.id = t.physical_network_id
        WHERE p.data_center_id = z.id AND p.removed IS NULL AND t.traffic_type = w.kind)
    """,
)
NETWORK_ON_NO_PHYSICAL_NETWORK = finds(
    "network_misplaced",
    "D23: networks bound to a physical network that is removed or of another zone.",
    "networks, physical_network",
    """
    SELECT n.uuid AS name, CONCAT('bound to ', p.name, IF(p.removed IS NULL, ' of another zone', ', removed')) AS seen
    FROM networks n JOIN physical_network p ON p.id = n.physical_network_id
    WHERE n.removed IS NULL AND (p.removed IS NOT NULL OR p.data_center_id <> n.data_center_id)
    """,
)
DEDICATED_TO_NOBODY = finds(
    "vlan_dedicated_to_nobody",
    "D27: VLAN ranges dedicated to an account that is no more.",
    "account_vnet_map, account",
    """
    SELECT m.uuid AS name, CONCAT('range ', m.vnet_range, ' of an account that is removed') AS seen
    FROM account_vnet_map m LEFT JOIN account a ON a.id = m.account_id
    WHERE a.id IS NULL OR a.removed IS NOT NULL
    """,
)
VLAN_NOT_DEDICATED = finds(
    "vlan_not_dedicated",
    "D27: VLANs inside a dedicated range that the pool does not hold for its account: others may get them.",
    "account_vnet_map, op_dc_vnet_alloc",
    """
    SELECT CONCAT(m.uuid, '/', v.vnet) AS name,
      CONCAT('in range ', m.vnet_range, ', and ',
             IF(v.account_vnet_map_id IS NULL, 'open to all', 'dedicated to another account')) AS seen
    FROM account_vnet_map m JOIN op_dc_vnet_alloc v ON v.physical_network_id = m.physical_network_id
      AND CAST(v.vnet AS UNSIGNED) BETWEEN CAST(SUBSTRING_INDEX(m.vnet_range, '-', 1) AS UNSIGNED)
                                       AND CAST(SUBSTRING_INDEX(m.vnet_range, '-', -1) AS UNSIGNED)
    WHERE NOT (v.account_vnet_map_id <=> m.id)
    """,
)
