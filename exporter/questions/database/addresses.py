"""Addresses in the database: allocated to nothing, free with an owner, or leaked."""

from __future__ import annotations

from exporter.questions.database.found import finds

FREE_WITH_OWNER = finds(
    "address_free_with_owner",
    "D11: free public addresses that still say whose they are.",
    "user_ip_address, data_center",
    """
    SELECT CONCAT(z.name, '/', u.public_ip_address) AS name,
      'free, and still bound to a network, machine or rule' AS seen
    FROM user_ip_address u JOIN data_center z ON z.id = u.data_center_id
    WHERE u.state = 'Free' [[user_ip_address.removed:AND u.removed IS NULL]]
      AND (u.allocated IS NOT NULL OR u.network_id IS NOT NULL OR u.vpc_id IS NOT NULL OR u.vm_id IS NOT NULL
           OR u.source_nat = 1 OR u.one_to_one_nat = 1)
    """,
)
ALLOCATED_TO_NOTHING = finds(
    "address_allocated_to_nothing",
    "D12: allocated public addresses that belong to no network, VPC or machine.",
    "user_ip_address, vlan, data_center",
    """
    SELECT CONCAT(z.name, '/', u.public_ip_address) AS name,
      CONCAT('allocated since ', u.allocated, ' UTC to nothing') AS seen
    FROM user_ip_address u JOIN vlan l ON l.id = u.vlan_db_id JOIN data_center z ON z.id = u.data_center_id
    WHERE u.state = 'Allocated' [[user_ip_address.removed:AND u.removed IS NULL]]
      AND l.vlan_type = 'VirtualNetwork' AND z.networktype = 'Advanced'
      AND z.is_security_group_enabled = 0 AND u.is_system = 0
      [[user_ip_address.forsystemvms:AND u.forsystemvms = 0]]
      [[user_ip_address.is_portable:AND u.is_portable = 0]]
      AND COALESCE(u.account_id, 0) <> 1 AND u.network_id IS NULL AND u.vpc_id IS NULL AND u.vm_id IS NULL
      AND u.allocated < UTC_TIMESTAMP() - INTERVAL 60 MINUTE
    """,
)
ADDRESS_IN_REMOVED_NETWORK = finds(
    "address_in_removed_network",
    "D13: allocated addresses of networks that are no more.",
    "user_ip_address, networks, data_center",
    """
    SELECT CONCAT(z.name, '/', u.public_ip_address) AS name,
      CONCAT('network ', COALESCE(n.uuid, u.network_id), ' is removed') AS seen
    FROM user_ip_address u JOIN data_center z ON z.id = u.data_center_id
    LEFT JOIN networks n ON n.id = u.network_id
    WHERE u.state = 'Allocated' [[user_ip_address.removed:AND u.removed IS NULL]] AND u.network_id IS NOT NULL
      AND (n.id IS NULL OR n.removed < UTC_TIMESTAMP() - INTERVAL 60 MINUTE)
    """,
)
MANAGEMENT_ADDRESS_LEAKED = finds(
    "management_address_leaked",
    "D15: management addresses taken by a NIC that is no more; rows without a NIC belong to external devices.",
    "op_dc_ip_address_alloc, nics, host_pod_ref, data_center",
    """
    SELECT CONCAT(z.name, '/', p.name, '/', a.ip_address) AS name,
      CONCAT('taken since ', a.taken, ' UTC by a NIC that is gone') AS seen
    FROM op_dc_ip_address_alloc a JOIN data_center z ON z.id = a.data_center_id
    JOIN host_pod_ref p ON p.id = a.pod_id
    LEFT JOIN nics c ON c.id = a.nic_id AND c.removed IS NULL
    WHERE a.taken < UTC_TIMESTAMP() - INTERVAL 60 MINUTE AND a.nic_id IS NOT NULL AND c.id IS NULL
    """,
)
CONTROL_ADDRESS_LEAKED = finds(
    "control_address_leaked",
    "D16: link-local control addresses taken by a NIC that is no more.",
    "op_dc_link_local_ip_address_alloc, nics, host_pod_ref, data_center",
    """
    SELECT CONCAT(z.name, '/', p.name, '/', a.ip_address) AS name,
      CONCAT('taken since ', a.taken, ' UTC by a NIC that is gone') AS seen
    FROM op_dc_link_local_ip_address_alloc a JOIN data_center z ON z.id = a.data_center_id
    JOIN host_pod_ref p ON p.id = a.pod_id
    LEFT JOIN nics c ON c.id = a.nic_id AND c.removed IS NULL
    WHERE a.taken < UTC_TIMESTAMP() - INTERVAL 60 MINUTE AND a.nic_id IS NOT NULL AND c.id IS NULL
    """,
)
RANGE_OF_REMOVED_NETWORK = finds(
    "range_of_removed_network",
    "D33: address ranges whose network was removed.",
    "vlan, networks",
    """
    SELECT l.uuid AS name, CONCAT(l.vlan_id, ', network removed ', n.removed) AS seen
    FROM vlan l JOIN networks n ON n.id = l.network_id
    WHERE [[vlan.removed:l.removed IS NULL AND]] n.removed < UTC_TIMESTAMP() - INTERVAL 60 MINUTE
    """,
)
ADDRESS_OF_REMOVED_RANGE = finds(
    "address_of_removed_range",
    "D33: addresses whose range was removed.",
    "user_ip_address, vlan, data_center",
    """
    SELECT CONCAT(z.name, '/', u.public_ip_address) AS name, CONCAT('range removed ', l.removed) AS seen
    FROM user_ip_address u JOIN vlan l ON l.id = u.vlan_db_id JOIN data_center z ON z.id = u.data_center_id
    WHERE l.removed < UTC_TIMESTAMP() - INTERVAL 60 MINUTE [[user_ip_address.removed:AND u.removed IS NULL]]
    """,
)
