"""A virtual machine under software emulation: booted, logged in to, unplugged and ended."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tests.vm.image import Image

BOOT_SECONDS = 300
LIFE_SECONDS = 3600  # whatever happens to the test, the machine does not outlive this
KERNEL_WORDS = "root=/dev/vda rw console=ttyS0 net.ifnames=0 panic=1 quiet mitigations=off audit=0"
NIC = "virtio-net-pci,id=nic{0},netdev=net{0},mac=52:54:00:00:00:0{0},speed=10000,duplex=full"


@dataclass
class VirtualMachine:
    """One machine; eth0 leads to loopback only, eth1 and further are the given taps.

    Attributes:
        place: directory of this boot.
        files: path in the machine -> content, mode; there before its first process.
        port: loopback port that is the machine's port 22.
        taps: descriptors, one for each further NIC; they are the machine's from its start on.
        loose: how many NICs come after these whose cables lead nowhere.
    """

    image: Image
    place: Path
    files: dict[str, tuple[str, int]]
    port: int
    taps: tuple[int, ...] = ()
    loose: int = 0
    memory: int = 1024  # MiB
    process: subprocess.Popen[bytes] | None = None
    master: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Boot it and wait until root can log in."""
        self.place.mkdir(parents=True, exist_ok=True)
        first = self.image.initrd.read_bytes()
        (self.place / "initrd").write_bytes(first + bytes(-len(first) % 4) + self._pushed())
        with (self.place / "qemu.log").open("wb") as log:
            self.process = subprocess.Popen(
                ["timeout", "-k", "5", str(LIFE_SECONDS), "qemu-system-x86_64", *self._words()],
                stdin=subprocess.DEVNULL, stdout=log, stderr=log, pass_fds=self.taps,
            )  # fmt: skip
        for tap in self.taps:
            os.close(tap)
        self._wait()

    def stop(self) -> None:
        """End it, by its process."""
        for process in (self.process, self.master):
            if process is not None and process.poll() is None:
                process.terminate()  # timeout(1) passes it on to the machine
                try:
                    process.wait(10)
                except subprocess.TimeoutExpired:
                    process.kill()
                    process.wait(10)
        self.master = self.process = None

    def run(self, command: str, *, check: bool = True, told: str = "", seconds: float = 120) -> str:
        """Run a command line as root, with ``told`` as its input, and return what it prints."""
        done = subprocess.run(
            ["ssh", *self._login(), "root@127.0.0.1", command],
            check=False, capture_output=True, text=True, timeout=seconds, input=told,
        )  # fmt: skip
        assert not check or done.returncode == 0, f"{command[:200]}: {done.returncode}: {done.stderr[-2000:]}"
        return done.stdout

    def plug(self, nic: int, *, plugged: bool) -> None:
        """Plug the cable of a NIC in, or out."""
        self.monitor("set_link", name=f"nic{nic}", up=plugged)

    def monitor(self, command: str, **arguments: Any) -> Any:
        """Return the answer of one QMP command."""
        with socket.socket(socket.AF_UNIX) as sock:
            sock.settimeout(30)
            sock.connect(str(self.place / "monitor"))
            lines = sock.makefile("rw")
            lines.readline()
            answer: Any = None
            for said in ({"execute": "qmp_capabilities"}, {"execute": command, "arguments": arguments}):
                lines.write(json.dumps(said) + "\n")
                lines.flush()
                while "event" in (answer := json.loads(lines.readline())):
                    pass
        assert "return" in answer, answer
        return answer["return"]

    def _words(self) -> list[str]:
        words = [
            *("-accel", "tcg,thread=multi", "-cpu", "max,la57=off", "-smp", "2", "-m", str(self.memory)),
            *("-nodefaults", "-display", "none", "-no-reboot", "-serial", f"file:{self.place / 'console'}"),
            *("-qmp", f"unix:{self.place / 'monitor'},server=on,wait=off", "-device", "virtio-rng-pci"),
            *("-kernel", str(self.image.kernel), "-initrd", str(self.place / "initrd"), "-append", KERNEL_WORDS),
            *("-drive", f"file={self.image.disk},if=virtio,snapshot=on,cache=unsafe"),
            *("-netdev", f"user,id=net0,restrict=on,hostfwd=tcp:127.0.0.1:{self.port}-:22"),
            *("-device", NIC.format(0)),
        ]
        for number, tap in enumerate(self.taps, 1):
            words += ["-netdev", f"tap,id=net{number},fd={tap}", "-device", NIC.format(number)]
        for number in range(len(self.taps) + 1, len(self.taps) + self.loose + 1):
            words += ["-netdev", f"hubport,id=net{number},hubid={number}", "-device", NIC.format(number)]
        return words

    def _pushed(self) -> bytes:
        """Return a cpio archive of the files, below /pushed."""
        base = self.place / "push"
        for path, (content, mode) in self.files.items():
            file = base / "pushed" / path.lstrip("/")
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(content)
            file.chmod(mode)
        names = "\n".join(str(found.relative_to(base)) for found in sorted(base.rglob("*")))
        packed = subprocess.run(
            ["cpio", "--quiet", "-o", "-H", "newc", "-R", "0:0"],
            cwd=base, input=names.encode(), capture_output=True, check=True,
        )  # fmt: skip
        return packed.stdout

    def _login(self) -> tuple[str, ...]:
        return (
            "-F", "/dev/null", "-p", str(self.port), "-i", str(self.place / "key"), "-o", "BatchMode=yes",
            "-o", f"UserKnownHostsFile={self.place / 'known_hosts'}", "-o", "LogLevel=ERROR",
            "-o", f"ControlPath={self.place / 'master'}",
        )  # fmt: skip

    def _wait(self) -> None:
        """Log in, as soon as it listens; the session stays, so that further commands need no login of their own."""
        until = time.monotonic() + BOOT_SECONDS
        while time.monotonic() < until:
            assert self.process is not None
            if self.process.poll() is not None:
                break
            if (self.place / "master").exists():
                return
            if self.master is None or self.master.poll() is not None:
                login = [*self._login(), "-o", "ConnectTimeout=60", "-M", "-N", "root@127.0.0.1"]
                self.master = subprocess.Popen(["ssh", *login], stdin=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
            time.sleep(0.2)
        console = self.place / "console"
        said = console.read_text(errors="replace")[-3000:] if console.exists() else ""
        pytest.fail(f"no login in {BOOT_SECONDS} s: {(self.place / 'qemu.log').read_text()} {said}")
