"""The physical switch: Open vSwitch in user space, with LACP, trunks and LLDP, and the rest of the network."""

from __future__ import annotations

import contextlib
import os
import select
import struct
import subprocess
import threading
import time
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path

from tests.vm import wires

NAME = "leaf1"
MEMBERS = ("up1", "up2")
FAR = "far0"
NATIVE = 1
SCHEMA = "/usr/share/openvswitch/vswitch.ovsschema"
ETHERNET, ARP = struct.Struct("!6s6sH"), struct.Struct("!HHBBH6s4s6s4s")
ROUTER = bytes.fromhex("02005e000001")


@dataclass
class Switch:
    """One switch in a namespace.

    Attributes:
        place: directory of its files.
        trunks: VLANs that its ports to the hypervisor carry, beside the native one.
    """

    namespace: str
    place: Path
    trunks: tuple[int, ...]
    stopping: threading.Event = field(default_factory=threading.Event)
    rest: threading.Thread | None = None
    lldpd: subprocess.Popen[bytes] | None = None

    def start(self) -> tuple[int, ...]:
        """Start it and return the other end of each cable: a descriptor for each member of its bond."""
        self.place.mkdir(parents=True, exist_ok=True)
        wires.make_namespace(self.namespace)
        cables = tuple(wires.open_tap(self.namespace, member) for member in MEMBERS)
        far = wires.open_tap(self.namespace, FAR)
        for command in (
            ("ovsdb-tool", "create", "@/conf.db", SCHEMA),
            ("ovsdb-server", "@/conf.db", "--remote=punix:@/db.sock", "--pidfile=@/db.pid", "--detach"),
            ("ovs-vsctl", "--db=unix:@/db.sock", "--no-wait", "init"),
            ("ovs-vswitchd", "unix:@/db.sock", "--pidfile=@/switch.pid", "--detach", "--disable-system"),
        ):
            self._run(*command)
        self.vsctl("add-br", NAME, "--", "set", "bridge", NAME, "datapath_type=netdev", "fail-mode=standalone")
        self.vsctl("add-bond", NAME, "host", *MEMBERS, "bond_mode=balance-tcp", "other_config:lacp-time=fast")
        self.lacp(on=True)
        self.carry(self.trunks)
        self.vsctl("add-port", NAME, FAR)
        self.rest = threading.Thread(target=answer_arp, args=(far, self.stopping), daemon=True)
        self.rest.start()
        self._start_lldp()
        return cables

    def stop(self) -> None:
        """End it with everything in its namespace."""
        if not Path("/run/netns", self.namespace).exists():
            return  # it never began
        self.stopping.set()
        if self.rest is not None:
            self.rest.join(10)
        if self.lldpd is not None:
            self.lldpd.terminate()
            self.lldpd.wait(10)
        for name in ("switch.pid", "db.pid"):
            with contextlib.suppress(OSError, ValueError):
                os.kill(int((self.place / name).read_text()), 15)
        _until_gone(self.place / "switch.pid", self.place / "db.pid")
        wires.drop_namespace(self.namespace)

    def vsctl(self, *words: str) -> str:
        """Run ovs-vsctl on the switch."""
        return self._run("ovs-vsctl", "--db=unix:@/db.sock", "--timeout=10", *words)

    def appctl(self, *words: str) -> str:
        """Run ovs-appctl."""
        pid = (self.place / "switch.pid").read_text().strip()
        return self._run("ovs-appctl", "-t", f"@/ovs-vswitchd.{pid}.ctl", *words)

    def lacp(self, *, on: bool) -> None:
        """Speak LACP to the hypervisor, or stop."""
        self.vsctl("set", "port", "host", f"lacp={'active' if on else 'off'}")

    def carry(self, vlans: Iterable[int]) -> None:
        """Carry these VLANs and the native one to the hypervisor and no other."""
        carried = ",".join(map(str, (NATIVE, *vlans)))
        self.vsctl("set", "port", "host", f"tag={NATIVE}", "vlan_mode=native-untagged", f"trunks={carried}")

    def _run(self, *command: str) -> str:
        """Run a command in the namespace; ``@`` stands for the directory of the switch."""
        place = str(self.place)
        told = dict.fromkeys(("OVS_RUNDIR", "OVS_LOGDIR", "OVS_DBDIR", "OVS_SYSCONFDIR"), place)
        return wires.run_in(self.namespace, *(word.replace("@", place) for word in command), environment=told)

    def _start_lldp(self) -> None:
        """Tell the hypervisor by LLDP which port it is wired to, and which VLANs it carries."""
        script = (
            "mount --make-rprivate / && mount -t tmpfs run /run && mkdir /run/lldpd && cp lldp.conf /run/lldp.conf &&"
            f" hostname {NAME} && exec lldpd -d -u /run/lldp -S 'switch of the tests' -I up1,up2 -O /run/lldp.conf"
        )
        lines = ["configure lldp portidsubtype ifname", "configure lldp tx-interval 5", *self._tlvs()]
        (self.place / "lldp.conf").write_text("\n".join((*lines, "")))
        with (self.place / "lldp.log").open("wb") as log:
            self.lldpd = subprocess.Popen(
                ["ip", "netns", "exec", self.namespace, "unshare", "-u", "-m", "sh", "-c", script],
                cwd=self.place, stdin=subprocess.DEVNULL, stdout=log, stderr=log,
            )  # fmt: skip

    def _tlvs(self) -> Iterable[str]:
        """Yield the TLVs of IEEE 802.1: port VLAN id, and the name of each VLAN."""
        yield f"configure lldp custom-tlv oui 00,80,c2 subtype 1 oui-info {NATIVE >> 8:02x},{NATIVE & 255:02x}"
        for vlan in self.trunks[:20]:
            name = f"VLAN{vlan}".encode()
            octets = [vlan >> 8, vlan & 255, len(name), *name]
            told = ",".join(f"{octet:02x}" for octet in octets)
            yield f"configure lldp custom-tlv add oui 00,80,c2 subtype 3 oui-info {told}"


def answer_arp(tap: int, stopping: threading.Event) -> None:
    """Be the rest of the network: answer, on the VLAN it came on, whoever asks for an address."""
    try:
        while not stopping.is_set():
            if not select.select([tap], [], [], 0.2)[0]:
                continue
            with contextlib.suppress(OSError):
                reply = arp_reply(os.read(tap, 65536))
                if reply:
                    os.write(tap, reply)
    finally:
        os.close(tap)


def arp_reply(frame: bytes) -> bytes:
    """Return the answer to an ARP request, tagged as it was; nothing for another frame."""
    if len(frame) < ETHERNET.size:
        return b""
    _, source, kind = ETHERNET.unpack_from(frame)
    at, tag = ETHERNET.size, b""
    if kind == 0x8100:
        tag, kind, at = frame[12:16], int.from_bytes(frame[16:18], "big"), at + 4
    if kind != 0x0806 or len(frame) < at + ARP.size:
        return b""
    *shape, operation, mac, address, _, wanted = ARP.unpack_from(frame, at)
    if operation != 1:
        return b""
    head = source + ROUTER + tag + b"\x08\x06"
    return head + ARP.pack(*shape, 2, ROUTER, wanted, mac, address)


def _until_gone(*files: Path) -> None:
    """Wait until daemons have removed their pid files."""
    until = time.monotonic() + 10
    while any(file.exists() for file in files) and time.monotonic() < until:
        time.sleep(0.05)
