"""VLANs in the database: pool, networks, ranges and physical networks that contradict each other."""

from __future__ import annotations

from exporter.model import UnreadableError
from exporter.questions.database.found import Found, finds
from exporter.questions.database.numbers import number_ranges
from exporter.questions.database.rows import Rows


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
    "op_dc_vnet_alloc, physical_network, physical_network_isolation_methods, networks, data_center",
    """
    SELECT CONCAT(z.name, '/', p.name) AS name, v.data_center_id AS zone, v.vnet AS vnet, v.taken AS taken
    FROM (SELECT DISTINCT physical_network_id, data_center_id, vnet, taken FROM op_dc_vnet_alloc
          WHERE taken < UTC_TIMESTAMP() - INTERVAL 60 MINUTE) v
    JOIN physical_network p ON p.id = v.physical_network_id AND p.removed IS NULL
    JOIN data_center z ON z.id = v.data_center_id
    WHERE NOT EXISTS (SELECT 1 FROM physical_network_isolation_methods i WHERE i.physical_network_id = p.id
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
    "D03: one VLAN of the pool used by two isolated networks: two tenants see each other. A network that is migrated"
    " and its copy are one: they name each other as related.",
    "networks, network_offerings, physical_network, data_center",
    """
    SELECT CONCAT(z.name, '/', p.name, '/', n.broadcast_uri) AS name,
      CONCAT('used by networks ', GROUP_CONCAT(n.uuid ORDER BY n.id)) AS seen
    FROM networks n JOIN network_offerings o ON o.id = n.network_offering_id
    JOIN physical_network p ON p.id = n.physical_network_id JOIN data_center z ON z.id = p.data_center_id
    WHERE n.removed IS NULL AND n.traffic_type = 'Guest' AND n.guest_type = 'Isolated' AND o.specify_vlan = 0
      AND n.state IN ('Implemented', 'Implementing') AND n.broadcast_uri REGEXP '^(vlan|vxlan)://[0-9]+$'
    GROUP BY n.physical_network_id, z.name, p.name, n.broadcast_uri HAVING COUNT(DISTINCT LEAST(n.id, n.related)) > 1
    """,
)
PUBLIC_VLAN_IN_POOL = finds(
    "public_vlan_in_pool",
    "D05: a public VLAN inside the guest range of its physical network, still free: a tenant may get it.",
    "vlan, op_dc_vnet_alloc, physical_network_isolation_methods",
    """
    SELECT l.uuid AS name, CONCAT(l.vlan_id, ' is free in the guest pool') AS seen
    FROM vlan l JOIN op_dc_vnet_alloc v ON v.physical_network_id = l.physical_network_id
      AND v.vnet = SUBSTRING_INDEX(l.vlan_id, '://', -1)
    WHERE [[vlan.removed:l.removed IS NULL AND]] l.vlan_type = 'VirtualNetwork' AND v.taken IS NULL
      AND (l.vlan_id LIKE 'vxlan://%') = EXISTS (
        SELECT 1 FROM physical_network_isolation_methods i
        WHERE i.physical_network_id = l.physical_network_id AND UPPER(i.isolation_method) = 'VXLAN')
    """,
)
PUBLIC_VLAN_TAKEN = finds(
    "public_vlan_taken",
    "D05: a public VLAN that was taken from the guest pool as well: a tenant's network is the public one.",
    "vlan, op_dc_vnet_alloc, physical_network_isolation_methods",
    """
    SELECT l.uuid AS name, CONCAT(l.vlan_id, ' was taken from the guest pool ', v.taken, ' UTC') AS seen
    FROM vlan l JOIN op_dc_vnet_alloc v ON v.physical_network_id = l.physical_network_id
      AND v.vnet = SUBSTRING_INDEX(l.vlan_id, '://', -1)
    WHERE [[vlan.removed:l.removed IS NULL AND]] l.vlan_type = 'VirtualNetwork' AND v.taken IS NOT NULL
      AND (l.vlan_id LIKE 'vxlan://%') = EXISTS (
        SELECT 1 FROM physical_network_isolation_methods i
        WHERE i.physical_network_id = l.physical_network_id AND UPPER(i.isolation_method) = 'VXLAN')
    """,
)


def read_overlaps(rows: Rows) -> tuple[Found, ...]:
    """Return the pairs of physical networks on one bridge whose ranges share numbers; rows are pairs and ranges.

    Ranges are compared and not the rows of pools, of which VXLAN has millions; D04 tells where the two differ.
    """
    if rows.columns != ("name", "label", "one", "other"):
        message = "not the ranges of two physical networks"
        raise UnreadableError(message)
    found = []
    for name, label, *texts in rows.rows:
        one, other = (number_ranges(str(text or "")) or [] for text in texts)
        both = [(max(a[0], b[0]), min(a[1], b[1])) for a in one for b in other if a[0] <= b[1] and b[0] <= a[1]]
        if both:
            count = sum(last - first + 1 for first, last in both)
            found.append(Found(str(name), f"{count} VLANs in both, from {both[0][0]}, on {label or 'the default'}"))
    return tuple(found)


VLAN_ON_ONE_BRIDGE = finds(
    "vlan_on_one_bridge",
    "D06: one VLAN, or one VNI, in the ranges of two physical networks whose guest labels are one bridge on live"
    " hypervisors. A VLAN and a VNI of one number are two things.",
    "physical_network, physical_network_traffic_types, physical_network_isolation_methods, host, data_center",
    """
    SELECT CONCAT(z.name, '/', pa.name, '+', pb.name) AS name,
      MIN(CASE h.hypervisor_type WHEN 'KVM' THEN ta.kvm_network_label
          WHEN 'XenServer' THEN ta.xenserver_network_label ELSE ta.vmware_network_label END) AS label,
      pa.vnet AS one, pb.vnet AS other
    FROM physical_network pa
    JOIN physical_network pb ON pb.data_center_id = pa.data_center_id AND pb.id > pa.id AND pb.removed IS NULL
    JOIN data_center z ON z.id = pa.data_center_id
    LEFT JOIN (SELECT physical_network_id, MAX(UPPER(isolation_method)) AS method
               FROM physical_network_isolation_methods GROUP BY physical_network_id) ma
      ON ma.physical_network_id = pa.id
    LEFT JOIN (SELECT physical_network_id, MAX(UPPER(isolation_method)) AS method
               FROM physical_network_isolation_methods GROUP BY physical_network_id) mb
      ON mb.physical_network_id = pb.id
    JOIN physical_network_traffic_types ta ON ta.physical_network_id = pa.id AND ta.traffic_type = 'Guest'
    JOIN physical_network_traffic_types tb ON tb.physical_network_id = pb.id AND tb.traffic_type = 'Guest'
    JOIN (SELECT DISTINCT data_center_id, hypervisor_type FROM host WHERE removed IS NULL AND type = 'Routing') h
      ON h.data_center_id = pa.data_center_id
      AND (h.hypervisor_type = 'KVM' AND ta.kvm_network_label <=> tb.kvm_network_label
           OR h.hypervisor_type = 'XenServer' AND ta.xenserver_network_label <=> tb.xenserver_network_label
           OR h.hypervisor_type = 'VMware' AND SUBSTRING_INDEX(ta.vmware_network_label, ',', 1)
              <=> SUBSTRING_INDEX(tb.vmware_network_label, ',', 1))
    WHERE pa.removed IS NULL AND COALESCE(ma.method, 'VLAN') = COALESCE(mb.method, 'VLAN')
      AND COALESCE(ma.method, 'VLAN') IN ('VLAN', 'VXLAN')
    GROUP BY pa.id, pb.id, z.name, pa.name, pb.name, pa.vnet, pb.vnet
    """,
    read=read_overlaps,
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
    JOIN (SELECT 'Core' AS type) before_4_18
    WHERE z.removed IS NULL AND z.networktype = 'Advanced' AND z.allocation_state = 'Enabled'
      AND (SELECT COALESCE(type, 'Core') FROM data_center WHERE id = z.id) = 'Core'
      AND (w.kind <> 'Public' OR z.is_security_group_enabled = 0)
      AND NOT EXISTS (
        SELECT 1 FROM physical_network_isolation_methods i JOIN physical_network p ON p.id = i.physical_network_id
        WHERE p.data_center_id = z.id AND p.removed IS NULL AND UPPER(i.isolation_method) NOT IN ('VLAN', 'VXLAN'))
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
