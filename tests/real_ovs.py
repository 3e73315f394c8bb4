"""A real Open vSwitch in user space, in a network namespace of its own, with a partner to bond with.

``cloudbr1`` is the hypervisor's bridge with an LACP bond of two members, ``sw0`` the physical switch at their
other ends; both live in one ovs-vswitchd.
"""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from exporter.model import Question
from tests.remote_texts import Machine

SCHEMA = Path("/usr/share/openvswitch/vswitch.ovsschema")
FAST = "other_config:lacp-time=fast"


@dataclass
class RealOvs:
    """The daemons, by name with their process ids, and the machine on which the questions are asked."""

    machine: Machine
    namespace: str
    daemons: dict[str, int] = field(default_factory=dict)

    @property
    def run(self) -> Path:
        """Return the directory of sockets and process ids."""
        return self.machine.root / "var/run/openvswitch"

    def vsctl(self, *words: str) -> str:
        """Run ovs-vsctl."""
        return self._called("ovs-vsctl", "--timeout=10", *words)

    def appctl(self, *words: str) -> str:
        """Run ovs-appctl."""
        return self._called("ovs-appctl", "--timeout=10", *words)

    def ip(self, *words: str) -> str:
        """Run ip inside the namespace."""
        return self._called("ip", "-n", self.namespace, *words)

    def until(self, question: Question[Any], is_so: Callable[[Any], bool], seconds: float = 20) -> Any:
        """Ask the question until the answer is so, and return that answer."""
        deadline = time.monotonic() + seconds
        while True:
            answer = self.machine.read(question)
            if is_so(answer):
                return answer
            assert time.monotonic() < deadline, answer
            time.sleep(0.1)

    def start_database(self) -> None:
        """Start ovsdb-server."""
        self._called("ovsdb-server", f"{self._home / 'conf.db'}", f"--remote=punix:{self.run / 'db.sock'}", *DAEMON)
        self._remember("ovsdb-server")

    def start_switch(self) -> None:
        """Start ovs-vswitchd without a kernel datapath."""
        log = self.machine.root / "var/log/openvswitch/ovs-vswitchd.log"
        words = (f"unix:{self.run / 'db.sock'}", "--disable-system", f"--log-file={log}", *DAEMON)
        self._called("ip", "netns", "exec", self.namespace, "ovs-vswitchd", *words)
        self._remember("ovs-vswitchd")

    def stop(self, daemon: str, how: signal.Signals = signal.SIGTERM) -> None:
        """End a daemon and wait until it is gone."""
        process = self.daemons.pop(daemon)
        os.kill(process, how)
        deadline = time.monotonic() + 10
        while _is_there(process):
            assert time.monotonic() < deadline
            time.sleep(0.02)

    @contextmanager
    def stopped(self, daemon: str) -> Iterator[None]:
        """Let a daemon hang."""
        os.kill(self.daemons[daemon], signal.SIGSTOP)
        try:
            yield
        finally:
            os.kill(self.daemons[daemon], signal.SIGCONT)

    @property
    def _home(self) -> Path:
        return self.machine.root.parent

    def _remember(self, daemon: str) -> None:
        self.daemons[daemon] = int((self.run / f"{daemon}.pid").read_text())

    def _called(self, *words: str) -> str:
        places = {
            "OVS_RUNDIR": self.run,
            "OVS_LOGDIR": self._home,
            "OVS_DBDIR": self._home,
            "OVS_SYSCONFDIR": self._home,
        }
        path = f"{os.environ.get('PATH', '')}:/usr/sbin:/sbin"
        env = {"PATH": path, **{name: str(place) for name, place in places.items()}}
        done = subprocess.run(words, env=env, capture_output=True, text=True, timeout=20, check=False)
        assert done.returncode == 0, done.stderr
        return done.stdout


DAEMON = ("--pidfile", "--detach", "--no-chdir")


@contextmanager
def real_ovs() -> Iterator[RealOvs]:
    """Yield a switch with nothing in it but the two bridges; everything ends with the test."""
    home = Path(tempfile.mkdtemp(prefix="ovs"))  # a short path: sockets lie below it
    made = RealOvs(Machine.at(home), f"{home.name}-host")
    made.run.mkdir(parents=True)
    (made.machine.root / "var/log/openvswitch").mkdir(parents=True)
    (made.machine.root / "proc").symlink_to("/proc")
    subprocess.run(["ip", "netns", "add", made.namespace], check=True, timeout=10)
    try:
        made._called("ovsdb-tool", "create", str(home / "conf.db"), str(SCHEMA))
        made.start_database()
        made.vsctl("--no-wait", "init", "--", "set", "Open_vSwitch", ".", "ovs_version=3.1.0")
        made.start_switch()
        for bridge in ("cloudbr1", "sw0"):
            made.vsctl("add-br", bridge, "--", "set", "bridge", bridge, "datapath_type=netdev")
        yield made
    finally:
        for process in made.daemons.values():
            os.kill(process, signal.SIGCONT)
            os.kill(process, signal.SIGKILL)
        subprocess.run(["ip", "netns", "delete", made.namespace], check=True, timeout=10)
        shutil.rmtree(home)


def bond(ovs: RealOvs) -> None:
    """Join the two bridges by an LACP bond: bond0 of bh0 and bh1, towards lag1 of bs0 and bs1."""
    for number in (0, 1):
        ovs.ip("link", "add", f"bh{number}", "up", "type", "veth", "peer", "name", f"bs{number}")
        ovs.ip("link", "set", f"bs{number}", "up")
    for bridge, name, members in (("cloudbr1", "bond0", "bh"), ("sw0", "lag1", "bs")):
        words = ("add-bond", bridge, name, f"{members}0", f"{members}1", "bond_mode=balance-tcp", "lacp=active", FAST)
        ovs.vsctl(*words)


def tap(ovs: RealOvs, name: str, mac: str, tag: int) -> None:
    """Plug a NIC as libvirt does: a port with the tag, and the machine's MAC in its external ids."""
    ovs.ip("link", "add", name, "up", "type", "veth", "peer", "name", f"{name}-vm")
    ids = f'external_ids:attached-mac="{mac}"'
    ovs.vsctl("add-port", "cloudbr1", name, f"tag={tag}", "--", "set", "interface", name, ids)


def _is_there(process: int) -> bool:
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    return True
