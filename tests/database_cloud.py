"""A healthy cloud in CloudStack's own tables, of any size: rows as management servers write them, with their traps."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from contextlib import closing
from dataclasses import dataclass

from tests.mariadb import Server

LONG_AGO = "2026-01-01 00:00:00"
VNIS = 500_000
TABLES = (
    "account",
    "account_vnet_map",
    "cluster",
    "configuration",
    "data_center",
    "host",
    "host_pod_ref",
    "mshost",
    "network_offerings",
    "networks",
    "nics",
    "op_dc_ip_address_alloc",
    "op_dc_link_local_ip_address_alloc",
    "op_dc_vnet_alloc",
    "op_ha_work",
    "op_it_work",
    "op_lock",
    "op_networks",
    "op_nwgrp_work",
    "op_vm_ruleset_log",
    "physical_network",
    "physical_network_isolation_methods",
    "physical_network_traffic_types",
    "template_store_ref",
    "user_ip_address",
    "version",
    "vlan",
    "vm_instance",
    "vm_template",
)


@dataclass(frozen=True, slots=True)
class Size:
    """How large the cloud is."""

    networks: int = 40
    vms: int = 100
    vlans: int = 60
    addresses: int = 60
    vnis: int = 21


LARGE = Size(networks=1000, vms=10_000, vlans=4000, addresses=3000, vnis=100_001)


def fill(server: Server, size: Size = Size()) -> None:
    """Empty the tables and write a healthy cloud."""
    with closing(server.root()) as connection, connection.cursor() as cursor:
        cursor.execute("SET SESSION sql_mode = ''")  # columns that no check reads keep empty values
        cursor.execute("START TRANSACTION")
        for table in TABLES:
            cursor.execute(f"DELETE FROM `{table}`")
        every = (*_places(size), *_networks(size), *_machines(size), *_addresses(size), *_templates(size))
        for table, columns, rows in every:
            marks = ", ".join(["%s"] * len(columns))
            names = ", ".join(f"`{name}`" for name in columns)
            cursor.executemany(f"INSERT INTO `{table}` ({names}) VALUES ({marks})", list(rows))
        cursor.execute("UPDATE mshost SET last_update = UTC_TIMESTAMP()")
        cursor.execute("UPDATE op_lock SET acquired_on = UTC_TIMESTAMP()")
        cursor.execute("UPDATE op_it_work SET updated_at = UNIX_TIMESTAMP() WHERE step <> 'Done'")
        cursor.execute("COMMIT")


Table = tuple[str, tuple[str, ...], Iterable[Sequence[object]]]


def _templates(size: Size) -> list[Table]:
    """Return a template for each fifth machine; trap: a deleted one whose directory is not cleaned up yet."""
    count = size.vms // 5
    return [
        (
            "vm_template",
            ("id", "name", "uuid", "removed"),
            [(n, f"t{n}", f"template-{n}", LONG_AGO if n % 10 == 9 else None) for n in range(200, 200 + count)],
        ),
        (
            "template_store_ref",
            ("id", "store_id", "template_id", "state"),
            [(n, 1, n, "Ready") for n in range(200, 200 + count) if n % 10 != 9] + [(9_000_000, 1, 209, "Destroyed")],
        ),
    ]


def _places(size: Size) -> list[Table]:
    last = 100 + size.vlans - 1
    return [
        (
            "version",
            ("id", "version", "updated", "step"),
            [(1, "4.21.0.0", LONG_AGO, "Complete"), (2, "4.22.0.0", LONG_AGO, "Complete")],
        ),
        (
            "mshost",
            ("id", "msid", "runid", "name", "uuid", "state", "version", "service_ip", "last_update"),
            [
                (1, 9001, 1, "ms1", "ms-1", "Up", "4.22.0.0", "10.0.0.1", LONG_AGO),
                (2, 9002, 1, "ms2", "ms-2", "Up", "4.22.0.0", "10.0.0.2", LONG_AGO),
            ],
        ),
        (
            "data_center",
            ("id", "name", "uuid", "networktype", "is_security_group_enabled", "allocation_state", "type"),
            [
                (1, "zone1", "z-1", "Advanced", 0, "Enabled", "Core"),
                # traps: an edge zone has no public traffic; one that is being built has none yet
                (2, "edge", "z-2", "Advanced", 0, "Enabled", "Edge"),
                (3, "new", "z-3", "Advanced", 0, "Disabled", "Core"),
            ],
        ),
        (
            "host_pod_ref",
            (
                "id",
                "name",
                "uuid",
                "data_center_id",
                "gateway",
                "cidr_address",
                "cidr_size",
                "allocation_state",
                "description",
            ),
            [
                (
                    1,
                    "pod1",
                    "p-1",
                    1,
                    "10.0.0.254",
                    "10.0.0.0",
                    24,
                    "Enabled",
                    "10.0.0.50-10.0.0.99-0-untagged,10.0.0.100-10.0.0.120-1-7",
                ),
            ],
        ),
        (
            "cluster",
            ("id", "name", "uuid", "pod_id", "data_center_id", "hypervisor_type", "managed_state"),
            [(1, "cluster1", "c-1", 1, 1, "KVM", "Managed"), (2, "cluster2", "c-2", 1, 1, "KVM", "Unmanaged")],
        ),
        (
            "host",
            (
                "id",
                "name",
                "uuid",
                "status",
                "type",
                "private_ip_address",
                "cluster_id",
                "pod_id",
                "data_center_id",
                "hypervisor_type",
                "mgmt_server_id",
                "resource_state",
                "created",
                "removed",
            ),
            [
                (
                    n,
                    f"kvm{n}",
                    f"h-{n}",
                    "Up",
                    "Routing",
                    f"10.0.0.{10 + n}",
                    1,
                    1,
                    1,
                    "KVM",
                    9001 + n % 2,
                    "Enabled",
                    LONG_AGO,
                    None,
                )
                for n in range(1, 9)
            ]
            + [
                (
                    20,
                    "s-1-VM",
                    "h-20",
                    "Up",
                    "SecondaryStorageVM",
                    "10.0.0.50",
                    None,
                    1,
                    1,
                    None,
                    9001,
                    "Enabled",
                    LONG_AGO,
                    None,
                ),
                (
                    21,
                    "v-2-VM",
                    "h-21",
                    "Up",
                    "ConsoleProxy",
                    "10.0.0.51",
                    None,
                    1,
                    1,
                    None,
                    9002,
                    "Enabled",
                    LONG_AGO,
                    None,
                ),
                # traps: a host that was removed, a device that is not supervised, a cluster that is not managed
                (
                    22,
                    "kvm1",
                    "h-22",
                    "Removed",
                    "Routing",
                    "10.0.0.11",
                    1,
                    1,
                    1,
                    "KVM",
                    None,
                    "Enabled",
                    LONG_AGO,
                    LONG_AGO,
                ),
                (
                    23,
                    "meter",
                    "h-23",
                    "Up",
                    "TrafficMonitor",
                    "10.0.0.30",
                    None,
                    1,
                    1,
                    None,
                    None,
                    "Enabled",
                    LONG_AGO,
                    None,
                ),
                (24, "kvm24", "h-24", "Up", "Routing", "10.0.0.34", 2, 1, 1, "KVM", None, "Enabled", LONG_AGO, None),
            ],
        ),
        (
            "physical_network",
            ("id", "uuid", "name", "data_center_id", "vnet", "state"),
            [
                (200, "pn-200", "guest", 1, f"100-{last}", "Enabled"),
                (201, "pn-201", "public", 1, None, "Enabled"),
                # trap: the same VLANs on other wires
                (204, "pn-204", "guest2", 1, "100-101", "Enabled"),
                # trap: a VNI is no VLAN, on whatever bridge both are; and a range far from all others, of any size
                (205, "pn-205", "overlay", 1, "100-110", "Enabled"),
                (206, "pn-206", "vast", 1, f"7-7,{VNIS}-{VNIS + size.vnis - 2}", "Enabled"),
            ],
        ),
        (
            "physical_network_isolation_methods",
            ("physical_network_id", "isolation_method"),
            [(200, "VLAN"), (204, "VLAN"), (205, "VXLAN"), (206, "VXLAN")],
        ),
        (
            "physical_network_traffic_types",
            ("id", "uuid", "physical_network_id", "traffic_type", "kvm_network_label"),
            [
                (1, "t-1", 200, "Guest", "cloudbr1"),
                (2, "t-2", 201, "Public", "cloudbr0"),
                (3, "t-3", 201, "Management", "cloudbr0"),
                (4, "t-4", 204, "Guest", "cloudbr2"),
                (5, "t-5", 205, "Guest", "cloudbr1"),
            ],
        ),
        (
            "account",
            ("id", "account_name", "uuid", "type", "domain_id", "state"),
            [(1, "system", "a-1", 1, 1, "enabled"), (2, "admin", "a-2", 1, 1, "enabled")],
        ),
        (
            "account_vnet_map",
            ("id", "uuid", "vnet_range", "account_id", "physical_network_id"),
            [(1, "am-1", f"{last}-{last}", 2, 200)],
        ),
        (
            "network_offerings",
            ("id", "name", "uuid", "traffic_type", "specify_vlan", "guest_type", "state"),
            [
                (1, "isolated", "o-1", "Guest", 0, "Isolated", "Enabled"),
                (2, "shared", "o-2", "Guest", 1, "Shared", "Enabled"),
                (3, "system", "o-3", "Public", 0, None, "Enabled"),
                (4, "shared without VLAN", "o-4", "Guest", 0, "Shared", "Enabled"),
            ],
        ),
        (
            "op_dc_vnet_alloc",
            ("id", "vnet", "physical_network_id", "data_center_id", "taken", "account_vnet_map_id"),
            [
                (n + 1, str(100 + n), 200, 1, LONG_AGO if n <= size.networks else None, 1 if 100 + n == last else None)
                for n in range(size.vlans)
            ]
            + [(100_001, "100", 204, 1, None, None), (100_002, "101", 204, 1, None, None)]
            + [(100_010 + n, str(100 + n), 205, 1, None, None) for n in range(11)]
            + [(200_000 + n, str(VNIS + n - 1 if n else 7), 206, 1, None, None) for n in range(size.vnis)],
        ),
    ]


def _networks(size: Size) -> list[Table]:
    columns = (
        "id",
        "uuid",
        "name",
        "traffic_type",
        "broadcast_domain_type",
        "broadcast_uri",
        "network_offering_id",
        "physical_network_id",
        "data_center_id",
        "state",
        "related",
        "guest_type",
        "removed",
    )
    guests = [
        (
            1000 + n,
            f"n-{n}",
            f"net{n}",
            "Guest",
            "Vlan",
            f"vlan://{100 + n}",
            1,
            200,
            1,
            "Implemented",
            1000 + n,
            "Isolated",
            None,
        )
        for n in range(size.networks)
    ]
    others = [
        (10, "n-pub", "public", "Public", "Vlan", None, 3, 201, 1, "Setup", 10, None, None),
        (11, "n-mgmt", "management", "Management", "Native", None, 3, 201, 1, "Setup", 11, None, None),
        (12, "n-shared", "shared", "Guest", "Vlan", "vlan://4000", 2, 200, 1, "Setup", 12, "Shared", None),
        # traps: removed with another state than Destroy; stopped, so without a VLAN
        (13, "n-gone", "gone", "Guest", "Vlan", "vlan://100", 1, 200, 1, "Allocated", 13, "Isolated", LONG_AGO),
        (14, "n-idle", "idle", "Guest", "Vlan", None, 1, 200, 1, "Allocated", 14, "Isolated", None),
        # trap: a shared network whose VLAN was not chosen takes one from the pool
        (
            15,
            "n-pooled",
            "pooled",
            "Guest",
            "Vlan",
            f"vlan://{100 + size.networks}",
            4,
            200,
            1,
            "Setup",
            15,
            "Shared",
            None,
        ),
    ]
    return [
        ("networks", columns, [*guests, *others]),
        # trap: this counter drifts
        ("op_networks", ("id", "mac_address_seq", "nics_count", "gc", "check_for_gc"), [(1000, 1, 77, 1, 1)]),
    ]


def _machines(size: Size) -> list[Table]:
    machines = (
        "id",
        "name",
        "uuid",
        "instance_name",
        "state",
        "type",
        "vm_type",
        "host_id",
        "data_center_id",
        "hypervisor_type",
        "update_time",
        "removed",
    )
    nics = (
        "id",
        "uuid",
        "instance_id",
        "network_id",
        "mac_address",
        "ip4_address",
        "broadcast_uri",
        "state",
        "strategy",
        "vm_type",
        "created",
        "removed",
    )
    users = [
        (
            100 + n,
            f"vm{n}",
            f"v-{n}",
            f"i-2-{100 + n}-VM",
            "Running",
            "User",
            "User",
            1 + n % 8,
            1,
            "KVM",
            LONG_AGO,
            None,
        )
        for n in range(size.vms)
    ]
    cards = [
        (
            1000 + n,
            f"c-{n}",
            100 + n,
            1000 + n % size.networks,
            f"02:00:{n >> 16:02x}:{n >> 8 & 255:02x}:{n & 255:02x}:01",
            f"10.{1 + n // 60000}.{n // 240 % 250}.{n % 240 + 2}",
            f"vlan://{100 + n % size.networks}",
            "Reserved",
            "Start",
            "User",
            LONG_AGO,
            None,
        )
        for n in range(size.vms)
    ]
    system = [
        (
            1,
            "s-1-VM",
            "v-s1",
            "s-1-VM",
            "Running",
            "SecondaryStorageVm",
            "SecondaryStorageVm",
            1,
            1,
            "KVM",
            LONG_AGO,
            None,
        ),
        (2, "v-2-VM", "v-v2", "v-2-VM", "Running", "ConsoleProxy", "ConsoleProxy", 2, 1, "KVM", LONG_AGO, None),
        (4, "r-4-VM", "v-r4", "r-4-VM", "Running", "DomainRouter", "DomainRouter", 3, 1, "KVM", LONG_AGO, None),
        (5, "r-5-VM", "v-r5", "r-5-VM", "Running", "DomainRouter", "DomainRouter", 4, 1, "KVM", LONG_AGO, None),
        # traps: expunged long ago with its NIC; still in state Expunging
        (6, "old", "v-old", "i-2-6-VM", "Expunging", "User", "User", None, 1, "KVM", LONG_AGO, LONG_AGO),
        (7, "dying", "v-dying", "i-2-7-VM", "Expunging", "User", "User", None, 1, "KVM", LONG_AGO, None),
        (8, "off", "v-off", "i-2-8-VM", "Stopped", "User", "User", None, 1, "KVM", LONG_AGO, None),
    ]
    special = [
        (
            1,
            "c-s1",
            1,
            11,
            "0e:00:00:00:00:01",
            "10.0.0.50",
            None,
            "Reserved",
            "Start",
            "SecondaryStorageVm",
            LONG_AGO,
            None,
        ),
        (
            2,
            "c-s1p",
            1,
            10,
            "06:00:00:00:00:01",
            "203.0.113.2",
            "vlan://50",
            "Reserved",
            "Start",
            "SecondaryStorageVm",
            LONG_AGO,
            None,
        ),
        # traps: redundant routers share MAC and address; a placeholder belongs to nobody; a NIC that went with its VM
        (
            3,
            "c-r4",
            4,
            10,
            "06:00:00:00:00:02",
            "203.0.113.3",
            "vlan://50",
            "Reserved",
            "Start",
            "DomainRouter",
            LONG_AGO,
            None,
        ),
        (
            4,
            "c-r5",
            5,
            10,
            "06:00:00:00:00:02",
            "203.0.113.3",
            "vlan://50",
            "Reserved",
            "Start",
            "DomainRouter",
            LONG_AGO,
            None,
        ),
        (5, "c-ph", None, 1000, None, "10.1.0.250", None, "Reserved", "PlaceHolder", "User", LONG_AGO, None),
        (
            6,
            "c-old",
            6,
            1000,
            "02:00:00:00:00:01",
            "10.1.0.2",
            "vlan://100",
            "Deallocating",
            "Start",
            "User",
            LONG_AGO,
            LONG_AGO,
        ),
        (7, "c-dying", 7, 1000, "02:00:00:00:77:07", "10.77.0.7", None, "Allocated", "Start", "User", LONG_AGO, None),
        (8, "c-off", 8, 14, "02:00:00:00:77:08", "10.77.0.8", None, "Allocated", "Start", "User", LONG_AGO, None),
    ]
    return [
        ("vm_instance", machines, [*users, *system]),
        ("nics", nics, [*cards, *special]),
        (
            "op_vm_ruleset_log",
            ("id", "instance_id", "created", "logsequence"),
            [(n + 1, 100 + n, LONG_AGO, 3) for n in range(size.vms)],
        ),
        # trap: a queue that is not used any more
        ("op_nwgrp_work", ("id", "instance_id", "created", "step"), [(1, 100, LONG_AGO, "Processing")]),
    ]


def _addresses(size: Size) -> list[Table]:
    columns = (
        "id",
        "uuid",
        "public_ip_address",
        "state",
        "allocated",
        "account_id",
        "data_center_id",
        "vlan_db_id",
        "source_network_id",
        "network_id",
        "is_system",
        "is_portable",
        "forsystemvms",
        "source_nat",
        "one_to_one_nat",
        "removed",
        "vpc_id",
    )
    used = size.addresses // 2
    rows = [
        (
            10 + n,
            f"u-{n}",
            f"203.0.{113 + n // 250}.{n % 250 + 4}",
            "Allocated" if n < used else "Free",
            LONG_AGO if n < used else None,
            2 if n < used else None,
            1,
            1,
            10,
            1000 + n % size.networks if n < used else None,
            0,
            0,
            0,
            int(n < used),
            0,
            None,
            None,
        )
        for n in range(size.addresses)
    ]
    system = [
        # a system VM's address has no network; two routers share one
        (1, "u-s1", "203.0.113.2", "Allocated", LONG_AGO, 1, 1, 1, 10, None, 1, 0, 1, 0, 0, None, None),
        (2, "u-r4", "203.0.113.3", "Allocated", LONG_AGO, 2, 1, 1, 10, 1000, 0, 0, 0, 1, 0, None, None),
        (3, "u-old", "203.0.113.4", "Allocated", LONG_AGO, 2, 1, 1, 10, 13, 0, 0, 0, 0, 0, LONG_AGO, None),
        # traps: of a VPC, portable, of a shared network, reserved
        (4, "u-vpc", "203.0.126.2", "Allocated", LONG_AGO, 2, 1, 3, 10, None, 0, 0, 0, 1, 0, None, 7),
        (5, "u-portable", "203.0.126.3", "Allocated", LONG_AGO, 2, 1, 3, 10, None, 0, 1, 0, 0, 0, None, None),
        (6, "u-shared", "192.0.2.9", "Allocated", LONG_AGO, 2, 1, 2, 12, None, 0, 0, 0, 0, 0, None, None),
        (7, "u-reserved", "203.0.126.4", "Reserved", LONG_AGO, 2, 1, 3, 10, None, 0, 0, 0, 0, 0, None, None),
    ]
    return [
        (
            "vlan",
            (
                "id",
                "uuid",
                "vlan_id",
                "vlan_type",
                "data_center_id",
                "network_id",
                "physical_network_id",
                "vlan_gateway",
                "vlan_netmask",
                "ip4_range",
                "removed",
            ),
            [
                (
                    1,
                    "l-1",
                    "vlan://50",
                    "VirtualNetwork",
                    1,
                    10,
                    201,
                    "203.0.112.1",
                    "255.255.240.0",
                    "203.0.113.2-203.0.125.254",
                    None,
                ),
                (2, "l-2", "vlan://4000", "DirectAttached", 1, 12, 200, None, None, "192.0.2.5-192.0.2.99", None),
                # traps: a second range of the subnet, the same in another zone, one that was removed, one of the pool
                (
                    3,
                    "l-3",
                    "vlan://50",
                    "VirtualNetwork",
                    1,
                    10,
                    201,
                    "203.0.112.1",
                    "255.255.240.0",
                    "203.0.126.2-203.0.126.254",
                    None,
                ),
                (
                    4,
                    "l-4",
                    "vlan://50",
                    "VirtualNetwork",
                    2,
                    None,
                    None,
                    "203.0.112.1",
                    "255.255.240.0",
                    "203.0.113.2-203.0.125.254",
                    None,
                ),
                (
                    5,
                    "l-5",
                    "vlan://50",
                    "VirtualNetwork",
                    1,
                    10,
                    201,
                    "203.0.112.1",
                    "255.255.240.0",
                    "203.0.113.2-203.0.125.254",
                    LONG_AGO,
                ),
                (6, "l-6", f"vlan://{100 + size.networks}", "DirectAttached", 1, 15, 200, None, None, None, None),
            ],
        ),
        ("user_ip_address", columns, [*rows, *system]),
        (
            "op_dc_ip_address_alloc",
            ("id", "ip_address", "data_center_id", "pod_id", "nic_id", "taken"),
            [
                (1, "10.0.0.50", 1, 1, 1, LONG_AGO),
                (2, "10.0.0.60", 1, 1, None, None),
                (3, "10.0.0.61", 1, 1, None, LONG_AGO),
            ],
        ),
        (
            "op_dc_link_local_ip_address_alloc",
            ("id", "ip_address", "data_center_id", "pod_id", "nic_id", "taken"),
            [(1, "169.254.0.2", 1, 1, 2, LONG_AGO), (2, "169.254.0.3", 1, 1, None, None)],
        ),
        (
            "op_ha_work",
            ("id", "type", "vm_type", "state", "created", "step", "instance_id"),
            [
                (1, "HA", "User", "Running", LONG_AGO, "Done", 100),
                (2, "HA", "User", "Running", LONG_AGO, "Cancelled", 100),
            ],
        ),
        (
            "op_it_work",
            ("id", "created_at", "type", "vm_type", "step", "updated_at", "instance_id"),
            [
                ("w1", 1_700_000_000, "Start", "User", "Done", 1_700_000_100, 100),
                ("w2", 1_700_000_000, "Start", "User", "Prepare", 1_700_000_100, 101),  # it is being done now
            ],
        ),
        # trap: a lock that a living server holds now
        ("op_lock", ("key", "mac", "ip", "thread"), [("networks1000", "9001", "Job-Executor-7", "1234")]),
        ("configuration", ("instance", "name", "value"), [("DEFAULT", "unmanage.vm.preserve.nics", "false")]),
    ]
