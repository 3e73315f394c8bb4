"""API rows of a small cloud, invented after the fields of CloudStack's responses (4.20); one row of each kind."""

from __future__ import annotations

from typing import Any

CREATED = "2026-11-21T05:43:13+0000"
CREATED_UNIX = 1795239793.0

NIC: dict[str, Any] = {
    "id": "nic1",
    "networkid": "net1",
    "networkname": "tier1",
    "traffictype": "Guest",
    "type": "Isolated",
    "ipaddress": "10.1.1.20",
    "ip6address": "2001:DB8:0:0::20",
    "macaddress": "02:00:5C:3A:00:07",
    "netmask": "255.255.255.0",
    "gateway": "10.1.1.1",
    "broadcasturi": "vlan://1234",
    "isdefault": True,
    "deviceid": "0",
    "secondaryip": [{"id": "s1", "ipaddress": "10.1.1.77"}, {"id": "s2", "ipaddress": "2001:db8::77"}],
}
HEALTH = [
    {"checkname": "webserver.service", "checktype": "basic", "success": True, "status": "SUCCESS",
     "lastupdated": CREATED, "details": "ok"},
    {"checkname": "dhcp_check.py", "checktype": "advanced", "success": False, "status": "FAILED",
     "lastupdated": CREATED, "details": "missing"},
]  # fmt: skip
ROUTER: dict[str, Any] = {
    "id": "r1",
    "name": "r-12-VM",
    "state": "Running",
    "zoneid": "z1",
    "zonename": "zone1",
    "role": "VIRTUAL_ROUTER",
    "hostid": "h1",
    "hostname": "kvm1",
    "hypervisor": "KVM",
    "linklocalip": "169.254.10.12",
    "guestnetworkid": "net1",
    "guestipaddress": "10.1.1.1",
    "isredundantrouter": True,
    "redundantstate": "PRIMARY",
    "requiresupgrade": False,
    "version": "4.20.1",
    "healthchecksfailed": False,
    "healthcheckresults": HEALTH,
    "created": CREATED,
    "nic": [
        {**NIC, "id": "nic2", "ipaddress": "10.1.1.1"},
        {"id": "nic3", "networkid": "pub", "traffictype": "Public", "ipaddress": "203.0.113.9", "deviceid": "2"},
        {"id": "nic4", "networkid": "ctl", "traffictype": "Control", "ipaddress": "169.254.10.12", "deviceid": "1"},
    ],
}
PROXY: dict[str, Any] = {
    "id": "v1",
    "name": "v-2-VM",
    "systemvmtype": "consoleproxy",
    "state": "Running",
    "agentstate": "Up",
    "zoneid": "z1",
    "hostid": "h1",
    "hostname": "kvm1",
    "hypervisor": "KVM",
    "publicip": "203.0.113.7",
    "privateip": "10.0.0.7",
    "linklocalip": "169.254.3.4",
    "version": "4.20.1.0",
    "activeviewersessions": 3,
    "created": CREATED,
    "disconnected": CREATED,
}
SETTINGS = [
    {"name": "host", "value": "10.0.0.2,10.0.0.3", "scope": "Global", "category": "Advanced"},
    {"name": "consoleproxy.url.domain", "value": "", "scope": "Zone", "category": "Console Proxy"},
    {"name": "consoleproxy.sslEnabled", "value": "false", "scope": "Zone,Cluster", "category": "Console Proxy"},
    {"name": "integration.api.port", "value": 8096, "scope": "Global"},
    {"name": "consoleproxy.static.publicIp", "scope": "Global"},
    {"name": "not.host.but.like.it", "value": "wrong", "scope": "Global"},
]
ZONE_VALUES = {"consoleproxy.url.domain": "*.console.example.com", "consoleproxy.sslEnabled": "true"}

ROWS: dict[str, list[dict[str, Any]]] = {
    "listZones": [
        {"id": "z1", "name": "zone1", "networktype": "Advanced", "securitygroupsenabled": False,
         "allocationstate": "Enabled", "dns1": "192.0.2.53"},
        {"id": "z2", "name": "zone2", "networktype": "Basic", "securitygroupsenabled": True,
         "allocationstate": "Disabled"},
    ],
    "listPods": [
        {"id": "p1", "name": "pod1", "zoneid": "z1", "gateway": "10.0.0.1", "netmask": "255.255.255.0",
         "startip": ["10.0.0.5"], "endip": ["10.0.0.9"], "vlanid": ["vlan://untagged", "vlan://untagged", "200"],
         "allocationstate": "Enabled"}
    ],
    "listClusters": [
        {"id": "c1", "name": "cluster1", "zoneid": "z1", "podid": "p1", "hypervisortype": "KVM",
         "allocationstate": "Enabled", "managedstate": "Managed", "clustertype": "CloudManaged"}
    ],
    "listHosts": [
        {"id": "h1", "name": "kvm1", "type": "Routing", "state": "Up", "resourcestate": "Enabled",
         "ipaddress": "10.0.0.21", "zoneid": "z1", "podid": "p1", "clusterid": "c1", "hypervisor": "KVM",
         "version": "4.20.1.0", "managementserverid": "m1", "created": CREATED,
         "lastpinged": "1970-01-21T00:00:00+0000"},
        {"id": "h2", "name": "v-2-VM", "type": "ConsoleProxy", "state": "Disconnected", "resourcestate": "Enabled",
         "ipaddress": "10.0.0.7", "zoneid": "z1"},
    ],
    "listPhysicalNetworks": [
        {"id": "pn1", "name": "guest", "zoneid": "z1", "state": "Enabled", "isolationmethods": "VXLAN",
         "vlan": "100-199,300-300", "tags": "a,b"},
        {"id": "pn2", "name": "public", "zoneid": "z1", "state": "Disabled"},
    ],
    "listTrafficTypes": [
        {"id": "t1", "traffictype": "Guest", "physicalnetworkid": "pn1", "kvmnetworklabel": "cloudbr1",
         "xennetworklabel": "guest"},
        {"id": "t2", "traffictype": "Public", "physicalnetworkid": "pn2"},
    ],
    "listNetworkServiceProviders": [
        {"id": "np1", "name": "VirtualRouter", "physicalnetworkid": "pn1", "state": "Enabled",
         "servicelist": ["Dns"], "canenableindividualservice": True},
        {"id": "np2", "name": "NiciraNvp", "physicalnetworkid": "pn1", "state": "Enabled"},
    ],
    "listNiciraNvpDevices": [
        {"nvpdeviceid": "nv1", "niciradevicename": "NiciraNvp", "hostname": "10.0.0.60", "physicalnetworkid": "pn1",
         "transportzoneuuid": "tz"},
    ],
    "listNetworkOfferings": [
        {"id": "no1", "name": "isolated", "state": "Enabled", "traffictype": "Guest", "guestiptype": "Isolated",
         "tags": "fast,red", "specifyvlan": False,
         "service": [{"name": "Dns", "provider": [{"name": "VirtualRouter"}]}]},
    ],
    "listStorageNetworkIpRange": [
        {"id": "sr1", "zoneid": "z1", "networkid": "sto", "vlan": 70, "startip": "10.70.0.2", "endip": "10.70.0.9"},
        {"id": "sr2", "zoneid": "z1", "networkid": "sto2", "vlan": 0},
    ],
    "listDedicatedGuestVlanRanges": [
        {"id": "dr1", "account": "bank", "guestvlanrange": "110-119", "physicalnetworkid": "pn1", "zoneid": 1}
    ],
    "listVlanIpRanges": [
        {"id": "vr1", "zoneid": "z1", "vlan": "vlan://50", "forvirtualnetwork": True, "startip": "203.0.113.5",
         "endip": "203.0.113.20", "networkid": "pub", "physicalnetworkid": "pn2", "forsystemvms": True}
    ],
    "listPrivateGateways": [
        {"id": "pg1", "gateway": "10.9.0.1", "netmask": "255.255.255.0", "ipaddress": "10.9.0.2", "zoneid": "z1",
         "vlan": "vlan://3000", "vpcid": "vpc1", "physicalnetworkid": "pn1", "state": "Ready", "account": "bank"}
    ],
    "listNetworks": [
        {"id": "net1", "name": "tier1", "zoneid": "z1", "type": "Isolated", "state": "Implemented", "vlan": "1234",
         "traffictype": "Guest", "gateway": "10.1.1.1", "cidr": "10.1.1.0/24", "networkdomain": "cs1.example",
         "physicalnetworkid": "pn1", "service": [
             {"name": "Dns", "provider": [{"name": "VirtualRouter"}], "capability": []},
             {"name": "UserData", "provider": [{"name": "ConfigDrive"}]}]},
        {"id": "net2", "name": "of a project", "zoneid": "z1", "type": "L2", "state": "Setup", "projectid": "pr1"},
    ],
    "listVirtualMachines": [
        {"id": "i1", "name": "web", "instancename": "i-2-10-VM", "state": "Running", "zoneid": "z1", "hostid": "h1",
         "templateid": "tpl1", "isoid": "iso1", "hypervisor": "KVM", "passwordenabled": True, "created": CREATED,
         "nic": [NIC, {**NIC, "id": "nic9", "isdefault": False, "deviceid": 1}], "password": "never kept"},
        {"id": "i2", "name": "db", "state": "Stopped", "zoneid": "z1", "projectid": "pr1",
         "nic": [{"id": "nic5", "networkid": "net2", "traffictype": "Guest"}]},
    ],
    "listRouters": [ROUTER],
    "listSystemVms": [PROXY, {"id": "s1", "name": "s-1-VM", "systemvmtype": "secondarystoragevm", "state": "Stopped",
                              "zoneid": "z1"}],
    "listImageStores": [
        {"id": "is1", "name": "nfs1", "zoneid": "z1", "protocol": "nfs", "url": "nfs://10.0.0.40/export/secondary"},
        {"id": "is2", "name": "cifs1", "zoneid": "z1", "protocol": "cifs",
         "url": "cifs://user:pw-canary@10.0.0.41/share?user=u&password=pw-canary#pw-canary"},
    ],
    "listTemplates": [
        {"id": "tpl1", "zoneid": "z1", "name": "debian", "isready": True, "status": "Download Complete",
         "hypervisor": "KVM", "format": "QCOW2", "templatetype": "USER", "passwordenabled": True,
         "created": CREATED, "ostypename": "Debian 12", "url": "https://user:pw-canary@images.example/debian.qcow2",
         "account": "admin", "ispublic": True, "directdownload": False, "downloaddetails": [
             {"datastore": "nfs1", "downloadPercent": "100", "downloadState": "DOWNLOADED", "datastoreId": "is1"}]},
        {"id": "tpl1", "zoneid": "z1", "name": "debian", "isready": False, "status": "12% Downloaded"},
        {"id": "tpl1", "zoneid": "z2", "name": "debian", "isready": False, "status": "12% Downloaded"},
    ],
    "listManagementServers": [
        {"id": "m1", "name": "mgmt1", "state": "Up", "serviceip": "10.0.0.2", "version": "4.20.1.0"}
    ],
}  # fmt: skip


def rows(command: str, parameters: dict[str, str]) -> list[dict[str, Any]]:
    """Answer as ``api_application`` asks."""
    if command != "listConfigurations":
        return ROWS[command]
    zone = ZONE_VALUES if parameters.get("zoneid") == "z1" else {}
    return [{**row, "value": zone.get(row["name"], row.get("value"))} for row in SETTINGS]
