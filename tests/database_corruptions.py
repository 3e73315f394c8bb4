"""What people do by hand to CloudStack's tables, and exactly what must be found; and what only looks odd.

Each is made on the healthy cloud of :mod:`tests.database_cloud` in its small size.
"""

from __future__ import annotations

AGO = "UTC_TIMESTAMP() - INTERVAL 2 HOUR"
NOW = "UTC_TIMESTAMP()"
AHEAD = "UTC_TIMESTAMP() + INTERVAL 3 HOUR"
BACKWARDS = "203.0.126.254-203.0.126.2"
LARGE_POOL = (
    "INSERT INTO op_dc_vnet_alloc (vnet, physical_network_id, data_center_id) SELECT seq, 206, 1"
    " FROM seq_600000_to_699999"
)

CORRUPTIONS: list[tuple[str, str, set[str]]] = [
    ("a VLAN taken for nobody", f"UPDATE op_dc_vnet_alloc SET taken = {AGO} WHERE vnet = '150'", {"vlan_leaked"}),
    ("a used VLAN freed", "UPDATE op_dc_vnet_alloc SET taken = NULL WHERE vnet = '101'", {"vlan_not_taken"}),
    (
        "two networks on one VLAN",
        (
            "UPDATE networks SET broadcast_uri = 'vlan://100' WHERE id = 1001;"
            "UPDATE nics SET broadcast_uri = 'vlan://100' WHERE network_id = 1001;"
            "UPDATE op_dc_vnet_alloc SET taken = NULL WHERE vnet = '101'"
        ),
        {"vlan_shared"},
    ),
    ("the range edited by hand", "UPDATE physical_network SET vnet = '100-170' WHERE id = 200", {"vlan_range_differs"}),
    ("one row of the pool deleted", "DELETE FROM op_dc_vnet_alloc WHERE vnet = '158'", {"vlan_range_differs"}),
    *(
        (
            f"the range {vnet} written by hand",
            f"UPDATE physical_network SET vnet = '{vnet}' WHERE id = {network}",
            {"vlan_range_differs"},
        )
        for vnet, network in (
            ("100\u2013159", 200),
            ("100-120/121-159", 200),
            ("none", 201),
            ("159-100", 200),
            ("159-100", 201),
            ("5000-200000", 201),
            ("1-10,200000-200010", 206),
            ("7-7,500000-700000", 206),
            ("7-7,500001-500020", 206),
        )
    ),
    (
        "one row of a large pool deleted",
        (
            f"UPDATE physical_network SET vnet = '7-7,500000-500019,600000-699999' WHERE id = 206; {LARGE_POOL};"
            "DELETE FROM op_dc_vnet_alloc WHERE vnet = '650000'"
        ),
        {"vlan_range_size_differs"},
    ),
    (
        "the range of a large pool lost",
        f"UPDATE physical_network SET vnet = NULL WHERE id = 206; {LARGE_POOL}",
        {"vlan_range_size_differs"},
    ),
    (
        "a public VLAN inside the guest range",
        "UPDATE vlan SET vlan_id = 'vlan://155', physical_network_id = 200 WHERE id = 1",
        {"public_vlan_in_pool"},
    ),
    (
        "a public VLAN that a tenant has",
        "UPDATE vlan SET vlan_id = 'vlan://100', physical_network_id = 200 WHERE id = 1",
        {"public_vlan_taken"},
    ),
    (
        "one VLAN in two pools of one bridge",
        (
            "INSERT INTO physical_network (id, uuid, name, data_center_id, vnet, state) VALUES (202, 'x', 'two', 1,"
            " '120-120', 'Enabled');"
            "INSERT INTO physical_network_traffic_types (id, uuid, physical_network_id, traffic_type,"
            " kvm_network_label) VALUES (9, 't-9', 202, 'Guest', 'cloudbr1');"
            "INSERT INTO op_dc_vnet_alloc (id, vnet, physical_network_id, data_center_id) VALUES (9999, '120', 202, 1)"
        ),
        {"vlan_on_one_bridge"},
    ),
    (
        "one VNI in two pools of one bridge",
        (
            "INSERT INTO physical_network (id, uuid, name, data_center_id, vnet, state) VALUES (202, 'x', 'two', 1,"
            " '90-100,300-400', 'Enabled');"
            "INSERT INTO physical_network_isolation_methods (physical_network_id, isolation_method) VALUES"
            " (202, 'vxlan');"
            "INSERT INTO physical_network_traffic_types (id, uuid, physical_network_id, traffic_type,"
            " kvm_network_label) VALUES (9, 't-9', 202, 'Guest', 'cloudbr1');"
            "INSERT INTO op_dc_vnet_alloc (vnet, physical_network_id, data_center_id) SELECT seq, 202, 1"
            " FROM seq_90_to_400 WHERE seq <= 100 OR seq >= 300"
        ),
        {"vlan_on_one_bridge"},
    ),
    (
        "one VLAN in two pools of one XenServer network",
        "UPDATE host SET hypervisor_type = 'XenServer' WHERE id = 8",
        {"vlan_on_one_bridge"},
    ),
    (
        "one VLAN in two pools of one vSwitch",
        (
            "UPDATE host SET hypervisor_type = 'VMware' WHERE id = 8;"
            "UPDATE physical_network_traffic_types SET vmware_network_label = 'vSwitch1,,vmwaresvs' WHERE id = 1;"
            "UPDATE physical_network_traffic_types SET vmware_network_label = 'vSwitch1' WHERE id = 4"
        ),
        {"vlan_on_one_bridge"},
    ),
    ("no management network", "DELETE FROM physical_network_traffic_types WHERE id = 3", {"traffic_type_missing"}),
    (
        "the VNI of a public range in the pool",
        "UPDATE vlan SET vlan_id = 'vxlan://105', physical_network_id = 205 WHERE id = 1",
        {"public_vlan_in_pool"},
    ),
    ("no public network", "DELETE FROM physical_network_traffic_types WHERE id = 2", {"traffic_type_missing"}),
    ("a network half destroyed", "UPDATE networks SET state = 'Destroy' WHERE id = 14", {"network_half_destroyed"}),
    (
        "storage on two physical networks",
        (
            "INSERT INTO physical_network_traffic_types (id, uuid, physical_network_id, traffic_type) VALUES"
            " (7, 't-7', 200, 'Storage'), (8, 't-8', 201, 'Storage')"
        ),
        {"traffic_type_twice"},
    ),
    (
        "a network on a removed physical network",
        (
            "INSERT INTO physical_network (id, uuid, name, data_center_id, state, removed) VALUES"
            f" (203, 'y', 'gone', 1, 'Disabled', {AGO}); UPDATE networks SET physical_network_id = 203 WHERE id = 12"
        ),
        {"network_misplaced"},
    ),
    ("a range of a removed account", f"UPDATE account SET removed = {AGO} WHERE id = 2", {"vlan_dedicated_to_nobody"}),
    (
        "a VLAN of a dedicated range open to all",
        "UPDATE op_dc_vnet_alloc SET account_vnet_map_id = NULL WHERE vnet = '159'",
        {"vlan_not_dedicated"},
    ),
    (
        "a dedicated range over VLANs of others",
        "UPDATE account_vnet_map SET vnet_range = '150-159'",
        {"vlan_not_dedicated"},
    ),
    (
        "a NIC in a removed network",
        (
            f"UPDATE nics SET network_id = 13, ip4_address = '10.9.9.9' WHERE id = 1001;"
            f" UPDATE networks SET removed = {AGO}"
            " WHERE id = 13"
        ),
        {"nic_in_removed_network"},
    ),
    ("a machine removed, its NIC not", f"UPDATE vm_instance SET removed = {AGO} WHERE id = 105", {"nic_of_removed_vm"}),
    (
        "one MAC twice",
        (
            "UPDATE nics SET mac_address = (SELECT m FROM (SELECT UPPER(mac_address) m FROM nics WHERE id = 1000) x)"
            " WHERE id = 1040"
        ),
        {"mac_twice"},
    ),
    (
        "one address twice",
        (
            "UPDATE nics SET ip4_address = (SELECT a FROM (SELECT ip4_address a FROM nics WHERE id = 1000) x)"
            " WHERE id = 1040"
        ),
        {"address_twice"},
    ),
    (
        "a public NIC whose address is free",
        "UPDATE user_ip_address SET state = 'Free', allocated = NULL, network_id = NULL, source_nat = 0 WHERE id = 2",
        {"nic_without_public_address"},
    ),
    ("a NIC of another VLAN", "UPDATE nics SET broadcast_uri = 'vlan://999' WHERE id = 1003", {"nic_other_vlan"}),
    (
        "a free address with a rule",
        "UPDATE user_ip_address SET one_to_one_nat = 1 WHERE id = 60",
        {"address_free_with_owner"},
    ),
    (
        "an address allocated to nothing",
        "UPDATE user_ip_address SET network_id = NULL WHERE id = 12",
        {"address_allocated_to_nothing"},
    ),
    (
        "an address of a removed network",
        "UPDATE user_ip_address SET network_id = 13 WHERE id = 12",
        {"address_in_removed_network"},
    ),
    (
        "a leaked management address",
        f"UPDATE op_dc_ip_address_alloc SET nic_id = 99999, taken = {AGO} WHERE id = 2",
        {"management_address_leaked"},
    ),
    (
        "a leaked control address",
        f"UPDATE op_dc_link_local_ip_address_alloc SET nic_id = 99999, taken = {AGO} WHERE id = 2",
        {"control_address_leaked"},
    ),
    (
        "a range of a removed network",
        f"UPDATE vlan SET network_id = 13 WHERE id = 2; UPDATE networks SET removed = {AGO} WHERE id = 13",
        {"range_of_removed_network"},
    ),
    ("addresses of a removed range", f"UPDATE vlan SET removed = {AGO} WHERE id = 1", {"address_of_removed_range"}),
    (
        "two public ranges over each other",
        "UPDATE vlan SET ip4_range = '203.0.125.1-203.0.126.254' WHERE id = 3",
        {"ranges_overlap"},
    ),
    (
        "two public subnets over each other",
        "UPDATE vlan SET vlan_gateway = '203.0.126.1', vlan_netmask = '255.255.255.0' WHERE id = 3",
        {"ranges_overlap"},
    ),
    (
        "a gateway inside its range",
        "UPDATE vlan SET ip4_range = '203.0.112.1-203.0.112.9' WHERE id = 3",
        {"ranges_overlap"},
    ),
    (
        "public addresses inside a pod",
        (
            "UPDATE vlan SET vlan_id = '51', vlan_gateway = '10.0.1.1', vlan_netmask = '255.255.255.0',"
            " ip4_range = '10.0.0.110-10.0.1.9' WHERE id = 3"
        ),
        {"ranges_overlap"},
    ),
    (
        "a public range that runs backwards",
        f"UPDATE vlan SET ip4_range = '{BACKWARDS}' WHERE id = 3",
        {"ranges_overlap"},
    ),
    (
        "a pod's range in words",
        "UPDATE host_pod_ref SET description = '10.0.0.50 to 10.0.0.99' WHERE id = 1",
        {"ranges_overlap"},
    ),
    (
        "two public ranges over each other, one UNTAGGED",
        (
            "UPDATE vlan SET vlan_id = 'vlan://UNTAGGED' WHERE id = 1;"
            "UPDATE vlan SET vlan_id = 'untagged', ip4_range = '203.0.125.1-203.0.126.254' WHERE id = 3"
        ),
        {"ranges_overlap"},
    ),
    ("a management server dies", f"UPDATE mshost SET last_update = {AGO} WHERE id = 2", {"host_of_dead_server"}),
    (
        "a management server dies whose clock was ahead",
        f"UPDATE mshost SET last_update = {AHEAD} WHERE id = 2; UPDATE op_lock SET mac = '9002'",
        {"host_of_dead_server", "lock_of_dead_server"},
    ),
    (
        "a management server dies where the threshold is larger",
        (
            f"UPDATE mshost SET last_update = {NOW} - INTERVAL 400 SECOND WHERE id = 2; INSERT INTO configuration"
            " (instance, name, value) VALUES ('DEFAULT', 'cluster.heartbeat.threshold', '300000')"
        ),
        {"host_of_dead_server"},
    ),
    (
        "a management server dies where the threshold is the default",
        (
            f"UPDATE mshost SET last_update = {NOW} - INTERVAL 200 SECOND WHERE id = 2; INSERT INTO configuration"
            " (instance, name, value) VALUES ('DEFAULT', 'cluster.heartbeat.threshold', NULL)"
        ),
        {"host_of_dead_server"},
    ),
    ("a running machine without a host", "UPDATE vm_instance SET host_id = NULL WHERE id = 103", {"vm_without_host"}),
    (
        "a running machine without a host that was imported",
        "UPDATE vm_instance SET host_id = NULL, update_time = NULL WHERE id = 103",
        {"vm_without_host"},
    ),
    (
        "two hosts of one address",
        "UPDATE host SET private_ip_address = '10.0.0.11' WHERE id = 2",
        {"host_address_twice"},
    ),
    ("a host in a removed cluster", f"UPDATE cluster SET removed = {AGO} WHERE id = 1", {"host_in_removed_place"}),
    (
        "an agent without its machine",
        (
            f"UPDATE vm_instance SET removed = {AGO} WHERE id = 1; UPDATE nics SET removed ="
            f" {AGO} WHERE instance_id = 1; UPDATE op_dc_ip_address_alloc SET taken = NULL, nic_id = NULL WHERE id = 1;"
            " UPDATE op_dc_link_local_ip_address_alloc SET taken = NULL, nic_id = NULL WHERE id = 1"
        ),
        {"agent_without_vm"},
    ),
    (
        "a lock of a dead server",
        (
            "INSERT INTO op_lock (`key`, mac, ip, thread, acquired_on) VALUES ('networks204', '7777',"
            " 't', 'x', UTC_TIMESTAMP())"
        ),
        {"lock_of_dead_server"},
    ),
    (
        "a lock held too long",
        (
            "INSERT INTO op_lock (`key`, mac, ip, thread, acquired_on) VALUES ('networks204', '9001',"
            " 't', 'x', UTC_TIMESTAMP() - INTERVAL 7 HOUR)"
        ),
        {"lock_held_long"},
    ),
    (
        "work of HA that stands",
        f"UPDATE op_ha_work SET step = 'Investigating', created = {AGO}, tried = 3 WHERE id = 1",
        {"ha_work_stuck"},
    ),
    (
        "work on a machine that stands",
        "UPDATE op_it_work SET step = 'Prepare', updated_at = UNIX_TIMESTAMP() - 7200",
        {"vm_work_stuck"},
    ),
]
"""What was done by hand, and exactly what must be found then."""

QUIET: list[tuple[str, str]] = [
    ("a VLAN taken a minute ago", f"UPDATE op_dc_vnet_alloc SET taken = {NOW} WHERE vnet = '150'"),
    ("a machine removed a minute ago", f"UPDATE vm_instance SET removed = {NOW} WHERE id = 105"),
    (
        "unmanaged machines keep their NICs",
        f"UPDATE vm_instance SET removed = {AGO} WHERE id = 105; UPDATE configuration SET value = 'true'",
    ),
    (
        "an unmanaged machine kept its NIC and was imported again",
        (
            f"UPDATE vm_instance SET removed = {AGO} WHERE id = 105; UPDATE configuration SET value = 'true';"
            "UPDATE nics a JOIN nics b ON b.id = 1045 SET a.mac_address = b.mac_address, a.ip4_address = b.ip4_address,"
            " a.network_id = b.network_id, a.broadcast_uri = b.broadcast_uri WHERE a.id = 1005"
        ),
    ),
    (
        "a management server late by less than the threshold",
        (
            f"UPDATE mshost SET last_update = {NOW} - INTERVAL 200 SECOND WHERE id = 2; INSERT INTO configuration"
            " (instance, name, value) VALUES ('DEFAULT', 'cluster.heartbeat.threshold', '300000');"
            "UPDATE op_lock SET mac = '9002'"
        ),
    ),
    (
        "a public VLAN beside a VNI of its number",
        "UPDATE vlan SET vlan_id = '105', physical_network_id = 205 WHERE id = 1",
    ),
    (
        "two hosts of one address, one a simulator",
        "UPDATE host SET private_ip_address = '10.0.0.11', hypervisor_type = 'Simulator' WHERE id = 2",
    ),
    ("an old row of the range without a dash", "UPDATE physical_network SET vnet = '100-158,159' WHERE id = 200"),
    ("every management server is dead", f"UPDATE mshost SET last_update = {AGO}"),
    ("every management server's clock is ahead", f"UPDATE mshost SET last_update = {AHEAD}"),
    ("a clock that is a minute ahead", f"UPDATE mshost SET last_update = {NOW} + INTERVAL 1 MINUTE"),
    (
        "a network that is migrated to another offering, and its copy",
        (
            "UPDATE networks SET broadcast_uri = 'vlan://100', related = 1000 WHERE id = 1001;"
            "UPDATE networks SET related = 1001 WHERE id = 1000;"
            "UPDATE nics SET broadcast_uri = 'vlan://100' WHERE network_id = 1001;"
            "UPDATE op_dc_vnet_alloc SET taken = NULL WHERE vnet = '101'"
        ),
    ),
    ("a shared network inside the pool", "UPDATE vlan SET vlan_id = 'vlan://155' WHERE id = 2"),
    ("an old schema's bare VLAN", "UPDATE vlan SET vlan_id = 'untagged' WHERE id = 1"),
    ("a network without router or tag", "UPDATE networks SET broadcast_uri = NULL, state = 'Allocated' WHERE id = 14"),
    (
        "redundant routers in a guest network",
        (
            "UPDATE nics SET network_id = 1000, mac_address = '02:00:00:00:99:01', ip4_address = '10.1.1.1',"
            " broadcast_uri = 'vlan://100' WHERE id IN (3, 4)"
        ),
    ),
    (
        "a zone without security groups' public network",
        (
            "UPDATE data_center SET is_security_group_enabled = 1 WHERE id = 1;"
            "DELETE FROM physical_network_traffic_types WHERE id = 2"
        ),
    ),
    (
        "a controller's own way out",
        (
            "UPDATE physical_network_isolation_methods SET isolation_method = 'NSX' WHERE physical_network_id = 204;"
            "DELETE FROM physical_network_traffic_types WHERE id = 2"
        ),
    ),
    (
        "a pool that a plug-in fills",
        (
            "UPDATE physical_network_isolation_methods SET isolation_method = 'ODL' WHERE physical_network_id = 200;"
            f"UPDATE op_dc_vnet_alloc SET taken = {AGO} WHERE vnet = '150'"
        ),
    ),
    ("a key behind its scheme", "UPDATE networks SET broadcast_uri = 'vs://vpc.140' WHERE id = 15"),
    ("an old pod", "UPDATE host_pod_ref SET description = '10.0.0.50-10.0.0.99' WHERE id = 1"),
    ("a range of IPv6 alone", "UPDATE vlan SET ip4_range = NULL, vlan_gateway = NULL, vlan_netmask = '' WHERE id = 3"),
    (
        "work that began a minute ago",
        "UPDATE op_ha_work SET step = 'Scheduled', created = UTC_TIMESTAMP(), tried = 4 WHERE id = 1",
    ),
    (
        "work of long ago that was put off twice",
        f"UPDATE op_ha_work SET step = 'Scheduled', created = {AGO}, tried = 2 WHERE id = 1",
    ),
    (
        "a large pool that has what its range says",
        f"UPDATE physical_network SET vnet = '7-7,500000-500019,600000-699999' WHERE id = 206; {LARGE_POOL}",
    ),
    ("a range that nobody has given yet", "UPDATE physical_network SET vnet = '' WHERE id = 201"),
    (
        "a machine that started a minute ago",
        "UPDATE vm_instance SET host_id = NULL, update_time = UTC_TIMESTAMP() WHERE id = 103",
    ),
    (
        "a network removed a minute ago",
        (
            f"UPDATE networks SET removed = {NOW} WHERE id = 1003;"
            "UPDATE op_dc_vnet_alloc SET taken = NULL WHERE vnet = '103'"
        ),
    ),
]
"""What looks odd and is not."""
