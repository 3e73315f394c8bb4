"""The condition of a system VM: real answers, real file systems, every era, and garbage."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from exporter.model import UnreadableError
from exporter.questions.system_vms.system_vm import SYSTEM_VM_STATE, SystemVmState, read_state
from tests.real_parts import require, require_root

SAMPLE = (Path(__file__).parents[2] / "samples" / "system_vm" / "state.systemd").read_text()
HEAD = SAMPLE.partition("units\n")[0]
PROCESSES = "processes\nCOMMAND\ninit\nrsyslogd\nsshd\n"
CANARY = "hunter2"
REAL = "/usr/sbin:/usr/bin:/sbin:/bin"


def tree(root: Path, cmdline: str = "", mounts: str = "/dev/vda / ext4 rw,relatime 0 0\n") -> Path:
    """Return a root below which a machine's files are; numbers are those of the machine that runs the test."""
    for name in ("uptime", "meminfo", "vmstat"):
        (root / "proc").mkdir(exist_ok=True)
        (root / "proc" / name).write_text(Path("/proc", name).read_text())
    (root / "proc/mounts").write_text(mounts)
    (root / "var/cache/cloud").mkdir(parents=True)
    (root / "var/log").mkdir()
    (root / "var/cache/cloud/cmdline").write_text(cmdline)
    return root


def asked(root: Path | str, *before: str, shell: str = "dash") -> SystemVmState:
    """Return what the real text prints, read."""
    done = subprocess.run(
        [*before, shell, "-c", SYSTEM_VM_STATE.text],
        env={"PATH": REAL, "LC_ALL": "C", "ROOT": str(root)},
        capture_output=True,
        text=True,
        check=True,
        timeout=30,
    )
    assert CANARY not in done.stdout
    assert done.stderr == ""
    return read_state(done.stdout)


def test_a_real_answer_under_systemd() -> None:
    """Printed in an emulated machine; what is only mentioned, or masked, is no unit."""
    state = read_state(SAMPLE)
    assert (state.clock, state.uptime, state.type, state.is_redundant) == (1795288507, 232.77, "", False)
    assert (state.is_read_only, state.kills, state.connections, state.processes) == (False, 0, None, None)
    assert [one.place for one in state.file_systems] == ["/"]
    assert state.file_systems[0].used == pytest.approx(0.2076, abs=0.0001)  # df said 21 %
    assert state.file_systems[0].inodes == pytest.approx(0.0857, abs=0.0001)
    assert state.memory == pytest.approx(804164 / 996368)
    assert state.units is not None
    assert state.units["ssh"] == "active"
    assert "auditd" not in state.units
    assert "e2scrub_reap" not in state.units


def test_before_systemd_there_are_processes() -> None:
    """Constructed after eras A and B."""
    state = read_state(HEAD + PROCESSES)
    assert state.units is None
    assert state.processes == frozenset({"init", "rsyslogd", "sshd"})


def test_a_kernel_without_available_memory() -> None:
    """Linux 3.2 of eras A and B tells what is free and what could be freed; it counts no kills. Constructed."""
    old = "\n".join(line for line in HEAD.splitlines() if not line.startswith(("MemAvailable", "oom_kill")))
    state = read_state(f"{old}\n{PROCESSES}")
    assert state.memory == pytest.approx((825484 + 4104 + 79800) / 996368)
    assert state.kills is None


def test_failed_units_with_a_dot() -> None:
    """Debian 9 prints one before them even where the list is plain. Constructed."""
    state = read_state(HEAD + "units\n● logrotate.service loaded failed failed Rotate log files\n")
    assert state.units == {"logrotate": "failed"}


@pytest.mark.parametrize("shell", ["dash", "bash", "busybox"])
def test_the_text_on_this_machine(tmp_path: Path, shell: str) -> None:
    """The real programs of Debian; of the boot arguments, which hold passwords, two words leave."""
    require(shell)
    cmdline = f"template=domP vmpassword={CANARY} type=vpcrouter name=r-9-VM redundant_router=1 type_x=1"
    found = [shell, "sh"] if shell == "busybox" else [shell]
    state = asked(tree(tmp_path, cmdline), *found[:-1], shell=found[-1])
    assert (state.type, state.is_redundant, state.has_booted) == ("vpcrouter", True, False)
    assert state.processes is not None
    assert "sh" in state.processes or shell in state.processes or "python" in " ".join(state.processes)
    assert 0 < state.memory < 1
    (tmp_path / "var/cache/cloud/boot_up_done").touch()
    assert asked(tmp_path).has_booted


def test_nothing_but_the_two_file_systems_is_looked_at(tmp_path: Path) -> None:
    """A mount of a dead server in the list is not touched: here it does not even exist."""
    mounts = "rootfs / rootfs rw 0 0\n/dev/vda6 / ext4 ro,relatime 0 0\n10.0.0.5:/s /mnt/SecStorage/x nfs4 rw 0 0\n"
    state = asked(tree(tmp_path, mounts=f"{mounts}/dev/vda2 /var/log ext4 rw 0 0\n"))
    assert [one.place for one in state.file_systems] == ["/", "/var/log"]
    assert state.is_read_only  # the last line of / counts


def test_a_real_file_system_that_is_full_and_read_only(tmp_path: Path) -> None:
    """A tmpfs of a megabyte with one inode left, in a mount namespace of its own."""
    require("unshare", "mount")
    require_root("mounts need root")
    root = tree(tmp_path)
    script = (
        f"log={root}/var/log; mount -t tmpfs -o size=1M,nr_inodes=100 tmpfs $log; "
        "head -c 1000000 /dev/zero >$log/fill; i=0; while [ $i -lt 97 ]; do : >$log/$i; i=$((i + 1)); done; "
        f"mount -o remount,ro $log; grep $log /proc/mounts | sed 's|{root}||' >>{root}/proc/mounts; "
        'exec dash -c "$0"'
    )
    done = subprocess.run(
        ["unshare", "-m", "sh", "-c", script, SYSTEM_VM_STATE.text],
        env={"PATH": REAL, "LC_ALL": "C", "ROOT": str(root)},
        capture_output=True,
        text=True,
        check=True,
        timeout=30,
    )
    log = read_state(done.stdout).file_systems[1]
    assert log.used > 0.9
    assert log.inodes is not None
    assert log.inodes > 0.95


@pytest.mark.parametrize(
    "text",
    [
        "",
        HEAD.replace("clock", "clack") + PROCESSES,
        HEAD.replace("root rw", "root ") + PROCESSES,
        HEAD.replace("disk /", "disk /mnt") + PROCESSES,
        HEAD.replace("408539", "999999") + PROCESSES,
        HEAD.replace("MemTotal", "MemTotel") + PROCESSES,
        HEAD.replace("804164 kB", "99999999 kB") + PROCESSES,
        HEAD + "units\n",
        HEAD + "units\nFailed to connect to bus: No such file or directory\n",
        HEAD + "processes\nerror: unsupported option\nps usage\n",
        HEAD + "conntrack_count 5\n" + PROCESSES,
    ],
)
def test_what_is_not_a_state_is_unreadable(text: str) -> None:
    """Garbage never becomes a value."""
    with pytest.raises(UnreadableError):
        read_state(text)


@given(st.text() | st.lists(st.sampled_from(SAMPLE.splitlines())).map("\n".join))
def test_whatever_comes_is_read_or_refused(text: str) -> None:
    """No other exception; ratios are ratios."""
    try:
        state = read_state(text)
    except UnreadableError:
        return
    assert 0 <= state.memory <= 1
    assert all(0 <= one.used <= 1 for one in state.file_systems)
