"""A hypervisor on its switch: built, booted, set up, with the account that ``privileges ssh`` prints, and ended."""

from __future__ import annotations

import os
import re
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from exporter.privileges import ssh_privileges
from exporter.questions.wrapper import collector
from exporter.sources.ssh import SshSettings
from tests.ssh_bench import free_port, make_key
from tests.vm import hypervisor
from tests.vm.image import image, requires_machine
from tests.vm.machine import VirtualMachine
from tests.vm.scene import MANAGEMENT_VLAN, Scene
from tests.vm.switch import Switch

ACCOUNT = "cloudstack-exporter"
SETUP_SECONDS = 600
EMULATED = 10
"""The emulated processor is that much slower than a slow hypervisor, and not alone on its core."""


@dataclass(frozen=True)
class Bench:
    """The hypervisor, the switch it is wired to, and what the exporter needs to log in."""

    place: Path
    scene: Scene
    backend: str
    machine: VirtualMachine
    switch: Switch

    @property
    def settings(self) -> SshSettings:
        """Return the exporter's settings of SSH; the port is the machine's."""
        return SshSettings(
            user=ACCOUNT,
            key_file=self.place / "exporter_key",
            known_hosts_file=self.place / "machine/known_hosts",
            port=self.machine.port,
        )


@contextmanager
def running(place: Path, scene: Scene, backend: str = "native", *, loose: int = 0) -> Iterator[Bench]:
    """Yield a hypervisor with everything in it, and so many NICs more that are on no network; end it and its switch."""
    requires_machine()
    built = image()
    namespace = f"vm-{os.getpid()}-{secrets.token_hex(2)}"
    switch = Switch(namespace, place / "switch", (MANAGEMENT_VLAN, *scene.vlans))
    port = free_port("127.0.0.1")
    (place / "machine").mkdir(parents=True)
    logins = {
        "/root/.ssh/authorized_keys": (make_key(place / "machine/key") + "\n", 0o600),
        "/etc/ssh/ssh_host_ed25519_key": (host_key(place / "machine", port), 0o600),
    }
    machine = VirtualMachine(built, place / "machine", logins | hypervisor.files(scene, backend), port, loose=loose)
    try:
        machine.taps = switch.start()
        machine.start()
        machine.run("/etc/lab/setup", seconds=SETUP_SECONDS)
        bench = Bench(place, scene, backend, machine, switch)
        install(bench)
        yield bench
    finally:
        machine.stop()
        switch.stop()


def host_key(place: Path, port: int) -> str:
    """Return a new host key; its public half is in known_hosts."""
    (place / "known_hosts").write_text(f"[127.0.0.1]:{port} {make_key(place / 'host_key')}\n")
    return (place / "host_key").read_text()


def install(bench: Bench) -> None:
    """Do on the host exactly what ``privileges ssh`` says, with the key and the address that it leaves open."""
    printed = ssh_privileges(bench.settings)
    account, wrapper = (line for line in printed.splitlines() if re.match(r"useradd|install ", line))
    rule = re.search(r"^Defaults!.*\n.*NOPASSWD.*\n", printed, re.MULTILINE)
    key = re.search(r"^restrict,.*\n", printed, re.MULTILINE)
    assert rule
    assert key
    line = (
        key[0]
        .replace("EXPORTER_ADDRESS", "10.0.2.2")
        .replace("ssh-ed25519 PUBLIC_KEY cloudstack-network-exporter", make_key(bench.place / "exporter_key"))
    )
    home = f"/home/{ACCOUNT}/.ssh"
    bench.machine.run(account)
    bench.machine.run(f"cat >collect && {wrapper} && rm collect", told=unhurried(collector()))
    bench.machine.run("f=/etc/sudoers.d/cloudstack-network-exporter; cat >$f && chmod 0440 $f", told=rule[0])
    bench.machine.run(f"mkdir {home} && cat >{home}/authorized_keys && chown -R {ACCOUNT}: {home}", told=line)


def unhurried(wrapper: str) -> str:
    """Return the wrapper with time limits and a clock for an emulated processor; nothing else in it changes."""
    slower = re.sub(r"(?<=\) seconds=)\d+(?= size=)", lambda found: str(int(found[0]) * EMULATED), wrapper)
    return re.sub(r"(?<= pause=)\d+$", lambda found: str(int(found[0]) * EMULATED), slower, flags=re.MULTILINE)
