"""Real OpenSSH servers for tests: a host with sudo, and a system VM behind it.

Each server runs in namespaces of its own (mounts, processes, host name), so that accounts, sudoers, wrapper
and keys are exactly what we print, at the places where they really lie, and nothing of it stays.
"""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from exporter.cloud.targets import Machine
from exporter.model import Question
from exporter.privileges import authorized_keys, sudoers
from exporter.questions.wrapper import Script, assemble
from exporter.sources.ssh import Hop, Mode, SshSettings
from tests.process_counting import next_number
from tests.real_parts import require, require_root

ACCOUNT = "collector"
NAMESPACES = ("unshare", "-m", "-u", "-p", "-f", "--kill-child", "--mount-proc")
PORT_OF_SYSTEM_VMS = 3922
PASSWD = """root:x:0:0:root:/root:/bin/sh
sshd:x:100:65534::/run/sshd:/usr/sbin/nologin
collector:x:4711:4711::/home/collector:/bin/sh
nobody:x:65534:65534:nobody:/nonexistent:/usr/sbin/nologin
"""
START = """set -e
mount --make-rprivate /
for place in etc/passwd etc/shadow etc/group etc/hosts; do mount --bind "$1/$place" "/$place"; done
for place in etc/sudoers.d usr/local/lib root home run var/tmp tmp; do mount --bind "$1/$place" "/$place"; done
hostname "$2"
exec /usr/sbin/sshd -D -e -f /run/sshd/config
"""


def free_address() -> str:
    """Return a loopback address that this process alone uses."""
    return f"127.{10 + os.getpid() % 200}.{os.getpid() // 200 % 250}.{next(_numbers) % 250 + 1}"


def free_port(address: str) -> int:
    """Return a port that nobody listens on."""
    with socket.socket() as sock:
        sock.bind((address, 0))
        port: int = sock.getsockname()[1]
        return port


_numbers = iter(range(1, 1_000_000))


def make_key(path: Path, kind: str = "ed25519", comment: str = "test") -> str:
    """Make a key pair and return its public line."""
    subprocess.run(
        ["ssh-keygen", "-q", "-t", kind, "-N", "", "-C", comment, "-f", str(path)], check=True, stdin=subprocess.DEVNULL
    )
    return path.with_name(path.name + ".pub").read_text().strip()


def requires_bench() -> None:
    """Skip, or fail in CI, where there are no real parts for the servers."""
    require("sshd", "ssh", "ssh-keygen", "sudo", "unshare")
    require_root("namespaces and sudo need root")


@dataclass
class Sshd:
    """One real server.

    Attributes:
        place: directory that holds what is mounted over the real places.
        name: host name.
        options: lines for sshd_config.
    """

    place: Path
    name: str
    address: str
    port: int
    options: tuple[str, ...] = ()
    process: subprocess.Popen[bytes] | None = None
    host_key: str = ""
    places: tuple[str, ...] = field(
        default=(
            "etc",
            "etc/sudoers.d",
            "usr/local/lib",
            "root/.ssh",
            "home/collector/.ssh",
            "run/sshd",
            "tmp",
            "var/tmp",
        )
    )

    def lay_out(self) -> None:
        """Make the files that are mounted over the real ones."""
        for place in self.places:
            (self.place / place).mkdir(parents=True, exist_ok=True)
        self.write("etc/passwd", PASSWD)
        self.write("etc/shadow", "root:*:19000:0:99999:7:::\ncollector:*:19000:0:99999:7:::\n", 0o640)
        self.write("etc/group", "root:x:0:\ncollector:x:4711:\nnogroup:x:65534:\n")
        self.write("etc/hosts", f"127.0.0.1 localhost {self.name}\n")
        self.host_key = make_key(self.place / "run/sshd/host_key")
        (self.place / "home/collector").chmod(0o755)
        os.chown(self.place / "home/collector", 4711, 4711)
        for place in ("tmp", "var/tmp"):
            (self.place / place).chmod(0o1777)

    def write(self, path: str, text: str, mode: int = 0o644) -> Path:
        """Write a file of the server."""
        file = self.place / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text)
        file.chmod(mode)
        return file

    def start(self) -> None:
        """Start the server and wait until it listens."""
        lines = (
            f"ListenAddress {self.address}:{self.port}",
            "HostKey /run/sshd/host_key",
            "AuthorizedKeysFile %h/.ssh/authorized_keys",
            "UsePAM no",
            "StrictModes no",
            "PidFile none",
            "PasswordAuthentication no",
            "KbdInteractiveAuthentication no",
            "PermitRootLogin prohibit-password",
            "LogLevel VERBOSE",
            *self.options,
        )
        self.write("run/sshd/config", "\n".join(lines) + "\n")
        with (self.place / "log").open("ab") as log:
            self.process = subprocess.Popen(
                [*NAMESPACES, "sh", "-c", START, "start", str(self.place), self.name],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
            )
        self._wait()

    def _wait(self) -> None:
        until = time.monotonic() + 10
        while time.monotonic() < until:
            assert self.process is not None
            if self.process.poll() is not None:
                break
            with socket.socket() as sock:
                if sock.connect_ex((self.address, self.port)) == 0:
                    return
            time.sleep(0.02)
        pytest.fail(f"sshd did not start: {self.log()}")

    def stop(self) -> None:
        """End the server with everything in its namespace."""
        if self.process is not None:
            for child in self._children():
                os.kill(int(child), signal.SIGKILL)
            self.process.wait(10)
            self.process = None

    def log(self) -> str:
        """Return what the server has logged."""
        return (self.place / "log").read_text(errors="replace")

    def processes(self) -> list[str]:
        """Return the command lines of the server's processes but sshd's own."""
        found = []
        inside = self._namespace()
        for place in Path("/proc").iterdir():
            if not place.name.isdigit():
                continue
            try:
                if (place / "ns/pid").readlink() != inside:
                    continue
                command = (place / "cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace").strip()
            except (OSError, ProcessLookupError):
                continue
            if command and not command.startswith(("sshd:", "/usr/sbin/sshd")):
                found.append(command)
        return found

    def next_number(self) -> int:
        """Return the number of the next process in the server's namespace; asking takes it."""
        return next_number(int(self._children()[0]))

    def _namespace(self) -> Path:
        return Path(f"/proc/{self._children()[0]}/ns/pid").readlink()

    def _children(self) -> list[str]:
        """Return the first process of the namespace, unless it has ended."""
        assert self.process is not None
        return Path(f"/proc/{self.process.pid}/task/{self.process.pid}/children").read_text().split()

    def settled(self, seconds: float = 8.0) -> list[str]:
        """Return the processes that are left when they have become none, or after ``seconds``."""
        until = time.monotonic() + seconds
        while (left := self.processes()) and time.monotonic() < until:
            time.sleep(0.02)
        return left

    def files(self) -> set[str]:
        """Return every file below the places that can be written."""
        roots = ("root", "home", "run", "tmp", "var/tmp", "etc", "usr")
        return {str(file.relative_to(self.place)) for root in roots for file in (self.place / root).rglob("*")}

    def signal_sessions(self, number: signal.Signals = signal.SIGKILL) -> None:
        """Send a signal to every sshd process of a login; by default it ends them as a crash would."""
        inside = self._namespace()
        for place in Path("/proc").iterdir():
            try:
                is_session = (place / "ns/pid").readlink() == inside and b"sshd: " in (place / "cmdline").read_bytes()
            except (OSError, ProcessLookupError):
                continue
            if is_session and b"listener" not in (place / "cmdline").read_bytes():
                os.kill(int(place.name), number)


@dataclass(frozen=True)
class Bench:
    """A host and a router behind it, with a key for each mode."""

    place: Path
    host: Sshd
    router: Sshd
    script: Script

    @property
    def machine(self) -> Machine:
        """Return the host as visits know it."""
        return Machine("kvm1", self.host.address)

    @property
    def hop(self) -> Hop:
        """Return the way to the router."""
        return Hop("r-4-VM", self.router.address)

    def settings(self, mode: Mode = Mode.SUDO, **changes: Any) -> SshSettings:
        """Return settings that log in with the key of ``mode``."""
        known_hosts = self.place / "known_hosts"
        known_hosts.write_text(f"[{self.host.address}]:{self.host.port} {self.host.host_key}\n")
        whole: dict[str, Any] = {
            "user": ACCOUNT if mode is Mode.SUDO else "root",
            "key_file": self.place / f"key_{mode}",
            "known_hosts_file": known_hosts,
            "mode": mode,
            "port": self.host.port,
            "connect_seconds": 5.0,
            "retry_seconds": 0.0,
        }
        return SshSettings(**{**whole, **changes})

    def install(self) -> None:
        """Lay out exactly what ``privileges ssh`` prints, and CloudStack's own key."""
        settings = {mode: self.settings(mode) for mode in Mode}
        lines = {
            mode: authorized_keys(settings[mode], "127.0.0.0/8", make_key(self.place / f"key_{mode}")) for mode in Mode
        }
        self.host.write("home/collector/.ssh/authorized_keys", lines[Mode.SUDO])
        self.host.write("root/.ssh/authorized_keys", lines[Mode.FORCED] + lines[Mode.ROOT])
        self.host.write("usr/local/lib/cloudstack-network-exporter/collect", self.script.text, 0o755)
        self.install_sudoers()
        key = make_key(self.host.place / "root/.ssh/id_rsa.cloud", "rsa")
        self.router.write("root/.ssh/authorized_keys", f"{key}\n")

    def install_sudoers(self) -> None:
        """Write the sudoers file that is printed."""
        self.permit(sudoers(self.settings(Mode.SUDO)))

    def permit(self, text: str) -> None:
        """Write the sudoers file."""
        self.host.write("etc/sudoers.d/cloudstack-network-exporter", text, 0o440)


def running(place: Path, questions: tuple[Question[Any], ...], *options: str) -> Iterator[Bench]:
    """Start a host and a router whose collector knows ``questions``, hand them out, end them."""
    requires_bench()
    host = Sshd(place / "host", "kvm1", free_address(), 0, options)
    router = Sshd(place / "router", "r-4-VM", free_address(), PORT_OF_SYSTEM_VMS)
    host.port = free_port(host.address)
    bench = Bench(place, host, router, assemble(questions))
    try:
        for server in (host, router):
            server.lay_out()
        bench.install()
        for server in (host, router):
            server.start()
        yield bench
    finally:
        host.stop()
        router.stop()
