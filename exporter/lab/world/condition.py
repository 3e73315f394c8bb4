"""The condition of a router or system VM: its disks, memory, clock and services, and what tells of them."""

from __future__ import annotations

from dataclasses import dataclass, field

from exporter.lab.inside.tree import Tree, tools

BLOCKS, NODES, MEMORY = 1_250_000, 327_680, 1_015_416
"""Of each file system: blocks of 4 KiB, inodes; of the machine: KiB."""
CONNTRACK = 262_144
EVERYWHERE = ("ssh", "rsyslog", "cron")
"""Services of every era and type."""
PROCESSES = {"ssh": "sshd", "rsyslog": "rsyslogd"}
"""Service -> its process, where it has another name."""


@dataclass(slots=True)
class Condition:
    """What may be wrong in a machine whatever it serves.

    ``disk``, ``log`` and ``inodes`` (of ``/``, ``/var/log``, ``/``) and ``memory`` are percent in use; ``connections``
    are those that its kernel tracks; ``clock``: seconds ahead; ``stopped`` and ``failed``: services.
    """

    disk: int = 34
    log: int = 12
    inodes: int = 9
    memory: int = 41
    is_read_only: bool = False
    connections: int = 213
    clock: int = 0
    out_of_memory: int = 0
    has_booted: bool = True
    stopped: set[str] = field(default_factory=set)
    failed: set[str] = field(default_factory=set)


def put(tree: Tree, condition: Condition, *, mounts: str = "") -> None:
    """Add the files and tools that tell a machine's condition; ``mounts`` are further lines of /proc/mounts."""
    state = "ro" if condition.is_read_only else "rw"
    tree.put(
        "proc/mounts",
        f"/dev/vda6 / ext4 {state},relatime,errors=remount-ro 0 0\nproc /proc proc rw 0 0\n"
        f"/dev/vda2 /var/log ext4 rw,relatime 0 0\n{mounts}",
        mode=0o444,
    )
    available = MEMORY * (100 - condition.memory) // 100
    tree.put(
        "proc/meminfo",
        f"MemTotal:        {MEMORY} kB\nMemFree:         {available // 2} kB\nMemAvailable:    {available} kB\n"
        f"Buffers:          22312 kB\nCached:          301220 kB\nSwapCached:            0 kB\n",
        mode=0o444,
    )
    tree.put("proc/vmstat", f"nr_free_pages 11234\noom_kill {condition.out_of_memory}\n", mode=0o444)
    tree.put("proc/sys/net/netfilter/nf_conntrack_count", f"{condition.connections}\n", mode=0o444)
    tree.put("proc/sys/net/netfilter/nf_conntrack_max", f"{CONNTRACK}\n", mode=0o444)
    if condition.has_booted:
        tree.put("var/cache/cloud/boot_up_done", "")
    tree.tools |= tools("stat", "date")
    rows = (("/", condition.disk, condition.inodes), ("/var/log", condition.log, 2))
    tree.knows["filesystems"] = "".join(
        f"{place} {BLOCKS} {_left(BLOCKS, disk)} {_left(BLOCKS, disk)} {NODES} {_left(NODES, inodes)}\n"
        for place, disk, inodes in rows
    )
    tree.knows["ahead"] = f"{condition.clock}\n"


def _left(whole: int, percent: int) -> int:
    return whole * (100 - percent) // 100


def unit_lines(condition: Condition, *running: str, told: str = "") -> str:
    """Return what systemctl knows: services that run everywhere and ``running`` ones, then ``told`` lines of others."""
    lines = [f"{name}.service loaded active running success 0" for name in (*EVERYWHERE, *running)]
    changed = dict.fromkeys(condition.stopped, "inactive dead success 0")
    changed |= dict.fromkeys(condition.failed, "failed failed exit-code 5")
    lines = [line for line in (*lines, *told.splitlines()) if line.partition(".service ")[0] not in changed]
    lines += [f"{name}.service loaded {state}" for name, state in changed.items()]
    return "\n".join(dict.fromkeys(lines)) + "\n"


def process_lines(condition: Condition, text: str) -> str:
    """Return the lines of ps without those of services that do not run."""
    down = {PROCESSES.get(name, name) for name in (*condition.stopped, *condition.failed)}
    return "".join(line for line in text.splitlines(keepends=True) if line.split()[3] not in down)
