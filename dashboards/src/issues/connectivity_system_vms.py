"""Rows about routers, console proxies and secondary storage VMs from inside (issue 5)."""

from __future__ import annotations

from dashboards.src.board import Row
from dashboards.src.metrics import metrics_of
from dashboards.src.panels import failing, graph, judged, once, seen, stat, table, total
from dashboards.src.style import WARNING, steps
from exporter.model import Issue

BOARD = "csnet-connectivity"
metric = metrics_of(Issue.HOST_CONNECTIVITY)
VM = ("zone", "system_vm")
STORAGE_VM = ("zone", "secondary_storage_vm")
STORE = (*STORAGE_VM, "image_store")


def _seen(name: str) -> str:
    return seen(metric(name))


NOW = Row(
    title="System VMs now",
    panels=(
        stat(
            "Disks read-only",
            "Routers and system VMs that cannot write. If orange: runbook CloudStackNetSystemVmReadOnly.",
            total(_seen("system_vm_root_read_only")),
            thresholds=steps((1, WARNING)),
        ),
        stat(
            "Services missing",
            "Services that routers and system VMs need. If orange: runbook CloudStackNetSystemVmServiceDown.",
            total(_seen("system_vm_services_missing")),
            thresholds=steps((1, WARNING)),
        ),
        stat(
            "Mounts that hang",
            "Image stores that leave someone waiting. If orange: runbook CloudStackNetSecondaryStorageMountHangs.",
            total(_seen("secondary_storage_vm_mount_hangs")),
            thresholds=steps((1, WARNING)),
        ),
        stat(
            "Stores out of reach",
            "Image stores by secondary storage VM. If orange: runbook CloudStackNetSecondaryStorageUnreachable.",
            failing(_seen("secondary_storage_vm_store_reachable")),
            thresholds=steps((1, WARNING)),
        ),
        stat(
            "Agents not connected",
            "Of secondary storage VMs. If orange: runbook CloudStackNetSecondaryStorageVmDisconnected.",
            failing(_seen("secondary_storage_vm_connected")),
            thresholds=steps((1, WARNING)),
        ),
        stat(
            "Machines seen from inside",
            "Routers, console proxies and secondary storage VMs that told of themselves; 0: nobody looks.",
            f"count({once(_seen('system_vm_started_timestamp_seconds'))})",
        ),
    ),
)

CONDITION = Row(
    title="Condition of system VMs",
    panels=(
        table(
            "Each system VM",
            "What runs out, what does not run, and whether its clock is right, of routers too.",
            (
                judged("Disk used", metric("system_vm_disk_used_ratio"), *VM, unit="percentunit"),
                judged("Inodes used", metric("system_vm_inodes_used_ratio"), *VM, unit="percentunit"),
                judged("Read-only", metric("system_vm_root_read_only"), *VM),
                judged("Memory left", metric("system_vm_memory_available_ratio"), *VM, unit="percentunit", worst="min"),
                judged("Connections", metric("system_vm_connections_used_ratio"), *VM, unit="percentunit"),
                judged("Clock apart", metric("system_vm_clock_apart_seconds"), *VM, unit="s"),
                judged("Services missing", metric("system_vm_services_missing"), *VM),
                judged("Units failed", metric("system_vm_units_failed"), *VM),
                judged("Boot incomplete", metric("system_vm_boot_incomplete"), *VM),
            ),
        ),
        graph(
            "Programs killed for want of memory",
            "By the kernels of routers and system VMs, within an hour. Runbook CloudStackNetSystemVmOutOfMemory.",
            {"{{system_vm}}": f"increase({_seen('system_vm_out_of_memory_kills_total')}[1h]) > 0"},
            unit="short",
        ),
        graph(
            "Boots of system VMs",
            "How many have booted within the last hour. Many at once: a host was lost, or somebody upgrades.",
            {
                "booted": f"count(time() - {once(_seen('system_vm_started_timestamp_seconds'))} < 3600)"
                f" or 0 * count({once(_seen('system_vm_started_timestamp_seconds'))})"
            },
            unit="short",
        ),
    ),
)

STORAGE = Row(
    title="Secondary storage VMs from inside",
    panels=(
        table(
            "Each secondary storage VM",
            "Is its agent connected, do its name servers answer, and do internal sites lie behind the right NIC?",
            (
                judged("Connected", metric("secondary_storage_vm_connected"), *STORAGE_VM),
                judged("Agent runs", metric("secondary_storage_vm_agent_process_up"), *STORAGE_VM),
                judged("Told right servers", metric("secondary_storage_vm_agent_hosts_ok"), *STORAGE_VM),
                judged("Finds names", metric("secondary_storage_vm_resolves"), *STORAGE_VM),
                judged("Internal sites", metric("secondary_storage_vm_internal_route_ok"), *STORAGE_VM),
                judged("Mounts", metric("secondary_storage_vm_mounts"), *STORAGE_VM),
            ),
        ),
        table(
            "Each image store",
            "Is it reached, mounted when needed, and does it answer? Mounts come when they are needed.",
            (
                judged("Reached", metric("secondary_storage_vm_store_reachable"), *STORE),
                judged("Hangs", metric("secondary_storage_vm_mount_hangs"), *STORE),
                judged("Missing", metric("secondary_storage_vm_mount_missing"), *STORE),
            ),
        ),
    ),
)

ROWS = (NOW, CONDITION, STORAGE)
