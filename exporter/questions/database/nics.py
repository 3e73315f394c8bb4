"""NICs in the database: alive where they must not be, doubled, or of another VLAN than their network."""

from __future__ import annotations

from exporter.questions.database.found import finds

NIC_IN_REMOVED_NETWORK = finds(
    "nic_in_removed_network",
    "D07: NICs of live machines in networks that were removed.",
    "nics, networks, vm_instance",
    """
    SELECT m.instance_name AS name, CONCAT('NIC ', c.uuid, ' in network ', n.uuid, ', removed ', n.removed) AS seen
    FROM nics c JOIN networks n ON n.id = c.network_id JOIN vm_instance m ON m.id = c.instance_id
    WHERE c.removed IS NULL AND n.removed < UTC_TIMESTAMP() - INTERVAL 60 MINUTE AND m.removed IS NULL
    """,
)
NIC_OF_REMOVED_VM = finds(
    "nic_of_removed_vm",
    "D08: NICs that outlived their machine; none where unmanaged machines keep them (unmanage.vm.preserve.nics).",
    "nics, vm_instance, configuration",
    """
    SELECT m.instance_name AS name, CONCAT('NIC ', c.uuid, ' lives, the machine was removed ', m.removed) AS seen
    FROM nics c JOIN vm_instance m ON m.id = c.instance_id
    WHERE c.removed IS NULL AND m.removed < UTC_TIMESTAMP() - INTERVAL 60 MINUTE
      AND NOT EXISTS (SELECT 1 FROM configuration s WHERE s.name = 'unmanage.vm.preserve.nics' AND s.value = 'true')
    """,
)
MAC_TWICE = finds(
    "mac_twice",
    "D09: one MAC on two NICs of a network; redundant routers share theirs on purpose and are not counted,"
    " nor what unmanaged machines kept.",
    "nics, networks, vm_instance",
    """
    SELECT CONCAT(n.uuid, '/', MIN(LOWER(c.mac_address))) AS name, CONCAT(COUNT(*), ' NICs of instances') AS seen
    FROM nics c JOIN networks n ON n.id = c.network_id
    JOIN vm_instance m ON m.id = c.instance_id AND m.removed IS NULL
    WHERE c.removed IS NULL AND c.vm_type = 'User' AND c.mac_address IS NOT NULL
      AND COALESCE(c.strategy, '') <> 'PlaceHolder'
    GROUP BY c.network_id, n.uuid, LOWER(c.mac_address) HAVING COUNT(*) > 1
    """,
)
ADDRESS_TWICE = finds(
    "address_twice",
    "D10: one IPv4 address on two NICs of instances in a network.",
    "nics, networks, vm_instance",
    """
    SELECT CONCAT(n.uuid, '/', c.ip4_address) AS name, CONCAT(COUNT(*), ' NICs of instances') AS seen
    FROM nics c JOIN networks n ON n.id = c.network_id
    JOIN vm_instance m ON m.id = c.instance_id AND m.removed IS NULL
    WHERE c.removed IS NULL AND c.vm_type = 'User' AND c.ip4_address IS NOT NULL
      AND COALESCE(c.strategy, '') <> 'PlaceHolder'
    GROUP BY c.network_id, n.uuid, c.ip4_address HAVING COUNT(*) > 1
    """,
)
NIC_WITHOUT_PUBLIC_ADDRESS = finds(
    "nic_without_public_address",
    "D14: public NICs whose address the pool believes free: it may be given to somebody else.",
    "nics, networks, user_ip_address",
    """
    SELECT c.uuid AS name, CONCAT(c.ip4_address, ' is not allocated') AS seen
    FROM nics c JOIN networks n ON n.id = c.network_id AND n.traffic_type = 'Public'
    LEFT JOIN user_ip_address u ON u.public_ip_address = c.ip4_address AND u.source_network_id = c.network_id
      AND u.state IN ('Allocated', 'Allocating', 'Releasing') [[user_ip_address.removed:AND u.removed IS NULL]]
    WHERE c.removed IS NULL AND c.ip4_address IS NOT NULL AND COALESCE(c.strategy, '') <> 'PlaceHolder'
      AND u.id IS NULL AND c.created < UTC_TIMESTAMP() - INTERVAL 60 MINUTE
    """,
)
NIC_OTHER_VLAN = finds(
    "nic_other_vlan",
    "D28: NICs whose VLAN is not their network's: the machine is in the wrong network after its next start.",
    "nics, networks, network_offerings, vm_instance",
    """
    SELECT m.instance_name AS name,
      CONCAT(COALESCE(c.broadcast_uri, 'none'), ', its network has ', COALESCE(n.broadcast_uri, 'none')) AS seen
    FROM nics c
    JOIN networks n ON n.id = c.network_id
    JOIN network_offerings o ON o.id = n.network_offering_id
    JOIN vm_instance m ON m.id = c.instance_id
    WHERE c.removed IS NULL AND n.removed IS NULL AND m.removed IS NULL AND m.state = 'Running'
      AND c.state = 'Reserved' AND n.traffic_type = 'Guest' AND n.guest_type = 'Isolated' AND o.specify_vlan = 0
      AND n.state = 'Implemented' AND n.broadcast_domain_type IN ('Vlan', 'Vxlan')
      AND NOT (c.broadcast_uri <=> n.broadcast_uri)
    """,
)
