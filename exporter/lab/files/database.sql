-- Tables and columns of CloudStack 4.22 that the exporter asks for; a test compares them with the whole schema.
CREATE DATABASE cloud CHARACTER SET utf8mb4;
USE cloud;
CREATE TABLE account (
  id bigint(20) unsigned NOT NULL AUTO_INCREMENT, account_name varchar(100), uuid varchar(40),
  type int(1) unsigned NOT NULL, state varchar(10) NOT NULL DEFAULT 'enabled', created datetime, removed datetime,
  PRIMARY KEY (id), KEY (account_name), KEY (uuid), KEY (removed)
) CHARSET=utf8mb3;
CREATE TABLE account_vnet_map (
  id bigint(20) unsigned NOT NULL AUTO_INCREMENT, uuid varchar(255), vnet_range varchar(255) NOT NULL,
  account_id bigint(20) unsigned NOT NULL, physical_network_id bigint(20) unsigned NOT NULL, PRIMARY KEY (id),
  KEY (uuid), KEY (account_id), KEY (physical_network_id)
) CHARSET=utf8mb3;
CREATE TABLE cluster (
  id bigint(20) unsigned NOT NULL AUTO_INCREMENT, name varchar(255), uuid varchar(40),
  pod_id bigint(20) unsigned NOT NULL, data_center_id bigint(20) unsigned NOT NULL, hypervisor_type varchar(32),
  cluster_type varchar(64) DEFAULT 'CloudManaged', allocation_state varchar(32) NOT NULL DEFAULT 'Enabled',
  managed_state varchar(32) NOT NULL DEFAULT 'Managed', removed datetime, created datetime, PRIMARY KEY (id),
  KEY (uuid), KEY (pod_id), KEY (data_center_id), KEY (allocation_state), KEY (removed)
) CHARSET=utf8mb3;
CREATE TABLE configuration (
  instance varchar(255) NOT NULL, name varchar(255) NOT NULL, value varchar(8191), PRIMARY KEY (name),
  KEY (instance)
) CHARSET=utf8mb3;
CREATE TABLE data_center (
  id bigint(20) unsigned NOT NULL AUTO_INCREMENT, name varchar(255), uuid varchar(40),
  networktype varchar(255) NOT NULL DEFAULT 'Basic', allocation_state varchar(32) NOT NULL DEFAULT 'Enabled',
  is_security_group_enabled tinyint(4) NOT NULL DEFAULT 0, removed datetime, created datetime,
  type varchar(32) DEFAULT 'Core', PRIMARY KEY (id), KEY (uuid), KEY (allocation_state), KEY (removed)
) CHARSET=utf8mb3;
CREATE TABLE host (
  id bigint(20) unsigned NOT NULL AUTO_INCREMENT, name varchar(255) NOT NULL, uuid varchar(40),
  status varchar(32) NOT NULL, type varchar(32) NOT NULL, private_ip_address char(40) NOT NULL,
  cluster_id bigint(20) unsigned, data_center_id bigint(20) unsigned NOT NULL, pod_id bigint(20) unsigned,
  hypervisor_type varchar(32), version varchar(40) NOT NULL, mgmt_server_id bigint(20) unsigned, created datetime,
  removed datetime, resource_state varchar(32) NOT NULL DEFAULT 'Enabled', PRIMARY KEY (id), KEY (uuid),
  KEY (status), KEY (cluster_id), KEY (data_center_id), KEY (pod_id), KEY (removed)
) CHARSET=utf8mb3;
CREATE TABLE host_pod_ref (
  id bigint(20) unsigned NOT NULL AUTO_INCREMENT, name varchar(255), uuid varchar(40),
  data_center_id bigint(20) unsigned NOT NULL, gateway varchar(255) NOT NULL, cidr_address varchar(15) NOT NULL,
  cidr_size bigint(20) unsigned NOT NULL, description varchar(255),
  allocation_state varchar(32) NOT NULL DEFAULT 'Enabled', removed datetime, created datetime, PRIMARY KEY (id),
  KEY (name), KEY (uuid), KEY (data_center_id), KEY (allocation_state), KEY (removed)
) CHARSET=utf8mb3;
CREATE TABLE mshost (
  id bigint(20) unsigned NOT NULL AUTO_INCREMENT, msid bigint(20) unsigned NOT NULL,
  runid bigint(20) NOT NULL DEFAULT 0, name varchar(255), uuid varchar(40), state varchar(25),
  version varchar(255), service_ip char(40) NOT NULL, last_update datetime, removed datetime, PRIMARY KEY (id),
  KEY (msid), KEY (uuid), KEY (last_update), KEY (removed)
) CHARSET=utf8mb3;
CREATE TABLE mshost_peer (
  id bigint(20) unsigned NOT NULL AUTO_INCREMENT, owner_mshost bigint(20) unsigned NOT NULL,
  peer_mshost bigint(20) unsigned NOT NULL, peer_runid bigint(20) NOT NULL,
  peer_state varchar(10) NOT NULL DEFAULT 'Down', last_update datetime, PRIMARY KEY (id), KEY (owner_mshost),
  KEY (peer_mshost)
) CHARSET=utf8mb3;
CREATE TABLE network_offerings (
  id bigint(20) unsigned NOT NULL AUTO_INCREMENT, name varchar(64), uuid varchar(40),
  traffic_type varchar(32) NOT NULL, specify_vlan int(1) unsigned NOT NULL DEFAULT 0, created datetime NOT NULL,
  removed datetime, state char(32), guest_type char(32), PRIMARY KEY (id), KEY (uuid), KEY (removed)
) CHARSET=utf8mb3;
CREATE TABLE networks (
  id bigint(20) unsigned NOT NULL AUTO_INCREMENT, name varchar(255), uuid varchar(40),
  traffic_type varchar(32) NOT NULL, broadcast_domain_type varchar(32) NOT NULL, broadcast_uri varchar(255),
  network_offering_id bigint(20) unsigned NOT NULL, physical_network_id bigint(20) unsigned,
  data_center_id bigint(20) unsigned NOT NULL, state varchar(32) NOT NULL, related bigint(20) unsigned NOT NULL,
  account_id bigint(20) unsigned NOT NULL, guest_type char(32), created datetime NOT NULL, removed datetime,
  vpc_id bigint(20) unsigned, PRIMARY KEY (id), KEY (uuid), KEY (network_offering_id), KEY (data_center_id),
  KEY (related), KEY (account_id), KEY (removed), KEY (vpc_id)
) CHARSET=utf8mb3;
CREATE TABLE nics (
  id bigint(20) unsigned NOT NULL AUTO_INCREMENT, uuid varchar(40), instance_id bigint(20) unsigned,
  mac_address varchar(17), ip4_address char(40), broadcast_uri varchar(255),
  network_id bigint(20) unsigned NOT NULL, state varchar(32) NOT NULL, strategy varchar(32) NOT NULL,
  vm_type varchar(32), created datetime NOT NULL, removed datetime, PRIMARY KEY (id), KEY (uuid),
  KEY (instance_id), KEY (network_id), KEY (removed)
) CHARSET=utf8mb3;
CREATE TABLE op_dc_ip_address_alloc (
  id bigint(20) unsigned NOT NULL AUTO_INCREMENT, ip_address char(40) NOT NULL,
  data_center_id bigint(20) unsigned NOT NULL, pod_id bigint(20) unsigned NOT NULL, nic_id bigint(20) unsigned,
  taken datetime, PRIMARY KEY (id), KEY (ip_address), KEY (data_center_id), KEY (pod_id)
) CHARSET=utf8mb3;
CREATE TABLE op_dc_link_local_ip_address_alloc (
  id bigint(20) unsigned NOT NULL AUTO_INCREMENT, ip_address char(40) NOT NULL,
  data_center_id bigint(20) unsigned NOT NULL, pod_id bigint(20) unsigned NOT NULL, nic_id bigint(20) unsigned,
  taken datetime, PRIMARY KEY (id), KEY (data_center_id), KEY (pod_id), KEY (nic_id)
) CHARSET=utf8mb3;
CREATE TABLE op_dc_vnet_alloc (
  id bigint(20) unsigned NOT NULL AUTO_INCREMENT, vnet varchar(18) NOT NULL,
  physical_network_id bigint(20) unsigned NOT NULL, data_center_id bigint(20) unsigned NOT NULL,
  account_id bigint(20) unsigned, taken datetime, account_vnet_map_id bigint(20) unsigned,
  PRIMARY KEY (id), UNIQUE KEY (vnet, physical_network_id, data_center_id), KEY (physical_network_id),
  KEY (data_center_id, taken), KEY (account_vnet_map_id)
) CHARSET=utf8mb3;
CREATE TABLE op_ha_work (
  id bigint(20) unsigned NOT NULL AUTO_INCREMENT, instance_id bigint(20) unsigned NOT NULL,
  type varchar(32) NOT NULL, vm_type varchar(32) NOT NULL, state varchar(32) NOT NULL,
  mgmt_server_id bigint(20) unsigned, host_id bigint(20) unsigned, created datetime NOT NULL,
  tried int(10) unsigned, taken datetime, step varchar(32) NOT NULL, PRIMARY KEY (id), KEY (instance_id),
  KEY (type), KEY (mgmt_server_id), KEY (host_id), KEY (step)
) CHARSET=utf8mb3;
CREATE TABLE op_it_work (
  id char(40) NOT NULL, mgmt_server_id bigint(20) unsigned, created_at bigint(20) unsigned NOT NULL,
  type char(32) NOT NULL, vm_type char(32) NOT NULL, step char(32) NOT NULL,
  updated_at bigint(20) unsigned NOT NULL, instance_id bigint(20) unsigned NOT NULL, PRIMARY KEY (id),
  KEY (mgmt_server_id), KEY (type), KEY (step), KEY (instance_id)
) CHARSET=utf8mb3;
CREATE TABLE op_lock (
  `key` varchar(128) NOT NULL, mac varchar(17) NOT NULL, ip char(40) NOT NULL, thread varchar(255) NOT NULL,
  acquired_on timestamp NOT NULL DEFAULT current_timestamp(), waiters int(11) NOT NULL DEFAULT 0,
  PRIMARY KEY (`key`), KEY (mac)
) CHARSET=utf8mb3;
CREATE TABLE op_vm_ruleset_log (
  id bigint(20) unsigned NOT NULL AUTO_INCREMENT, instance_id bigint(20) unsigned NOT NULL,
  created datetime NOT NULL, logsequence bigint(20) unsigned, PRIMARY KEY (id), KEY (instance_id)
) CHARSET=utf8mb3;
CREATE TABLE physical_network (
  id bigint(20) unsigned NOT NULL AUTO_INCREMENT, uuid varchar(40), name varchar(255) NOT NULL,
  data_center_id bigint(20) unsigned NOT NULL, vnet varchar(255), state varchar(32) NOT NULL DEFAULT 'Disabled',
  created datetime, removed datetime, PRIMARY KEY (id), KEY (uuid), KEY (data_center_id), KEY (removed)
) CHARSET=utf8mb3;
CREATE TABLE physical_network_isolation_methods (
  id bigint(20) unsigned NOT NULL AUTO_INCREMENT, physical_network_id bigint(20) unsigned NOT NULL,
  isolation_method varchar(255) NOT NULL, PRIMARY KEY (id), KEY (physical_network_id)
) CHARSET=utf8mb3;
CREATE TABLE physical_network_traffic_types (
  id bigint(20) unsigned NOT NULL AUTO_INCREMENT, uuid varchar(40),
  physical_network_id bigint(20) unsigned NOT NULL, traffic_type varchar(32) NOT NULL,
  xenserver_network_label varchar(255), kvm_network_label varchar(255) DEFAULT 'cloudbr0',
  vmware_network_label varchar(255) DEFAULT 'vSwitch0', vlan varchar(255), PRIMARY KEY (id), KEY (uuid),
  KEY (physical_network_id)
) CHARSET=utf8mb3;
CREATE TABLE template_store_ref (
  id bigint(20) unsigned NOT NULL AUTO_INCREMENT, store_id bigint(20) unsigned, template_id bigint(20) unsigned NOT NULL,
  state varchar(255) NOT NULL, PRIMARY KEY (id), KEY (store_id), KEY (template_id)
) CHARSET=utf8mb3;
CREATE TABLE user_ip_address (
  id bigint(20) unsigned NOT NULL AUTO_INCREMENT, uuid varchar(40), account_id bigint(20) unsigned,
  public_ip_address char(40) NOT NULL, data_center_id bigint(20) unsigned NOT NULL,
  source_nat int(1) unsigned NOT NULL DEFAULT 0, allocated datetime, vlan_db_id bigint(20) unsigned NOT NULL,
  one_to_one_nat int(1) unsigned NOT NULL DEFAULT 0, vm_id bigint(20) unsigned,
  state char(32) NOT NULL DEFAULT 'Free', source_network_id bigint(20) unsigned NOT NULL,
  network_id bigint(20) unsigned, physical_network_id bigint(20) unsigned NOT NULL,
  is_system int(1) unsigned NOT NULL DEFAULT 0, vpc_id bigint(20) unsigned,
  is_portable int(1) unsigned NOT NULL DEFAULT 0, removed datetime, created datetime,
  forsystemvms tinyint(1) NOT NULL DEFAULT 0, PRIMARY KEY (id), KEY (uuid), KEY (account_id),
  KEY (public_ip_address), KEY (data_center_id), KEY (source_nat), KEY (allocated), KEY (vlan_db_id), KEY (vm_id),
  KEY (state), KEY (source_network_id), KEY (network_id), KEY (physical_network_id), KEY (vpc_id)
) CHARSET=utf8mb3;
CREATE TABLE version (
  id bigint(20) unsigned NOT NULL AUTO_INCREMENT, version char(40) NOT NULL, updated datetime NOT NULL,
  step char(32) NOT NULL, PRIMARY KEY (id), KEY (version)
) CHARSET=utf8mb3;
CREATE TABLE vlan (
  id bigint(20) unsigned NOT NULL AUTO_INCREMENT, uuid varchar(40), vlan_id varchar(255),
  vlan_gateway varchar(255), vlan_netmask varchar(255), ip4_range varchar(255), vlan_type varchar(255),
  data_center_id bigint(20) unsigned NOT NULL, network_id bigint(20) unsigned NOT NULL,
  physical_network_id bigint(20) unsigned NOT NULL, removed datetime, created datetime, PRIMARY KEY (id),
  KEY (uuid), KEY (data_center_id), KEY (physical_network_id)
) CHARSET=utf8mb3;
CREATE TABLE vm_instance (
  id bigint(20) unsigned NOT NULL AUTO_INCREMENT, name varchar(255) NOT NULL, uuid varchar(40),
  instance_name varchar(255) NOT NULL, state varchar(32) NOT NULL, pod_id bigint(20) unsigned,
  data_center_id bigint(20) unsigned NOT NULL, host_id bigint(20) unsigned, update_time datetime,
  created datetime NOT NULL, removed datetime, type varchar(32) NOT NULL, vm_type varchar(32) NOT NULL,
  account_id bigint(20) unsigned NOT NULL, hypervisor_type char(32), PRIMARY KEY (id), KEY (uuid), KEY (state),
  KEY (pod_id), KEY (data_center_id), KEY (host_id), KEY (update_time), KEY (removed), KEY (type), KEY (account_id)
) CHARSET=utf8mb3;
CREATE TABLE vm_template (
  id bigint(20) unsigned NOT NULL AUTO_INCREMENT, name varchar(255) NOT NULL, uuid varchar(40), removed datetime,
  PRIMARY KEY (id), UNIQUE KEY (uuid), KEY (removed)
) CHARSET=utf8mb3;
