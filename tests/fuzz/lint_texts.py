"""What reads the files inside template images: each reader alone, and all rules over one file that is anything."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Iterator
from functools import partial
from random import Random
from typing import Any

from exporter.lint import hive, initramfs, interfaces, netplan, password_script, reading, wire
from exporter.lint.judge import judged
from exporter.lint.rule import LONGEST_SEEN, About
from exporter.model import UnreadableError
from exporter.questions.template_images import Flaw, ImageReport
from tests.fuzz.contract import Target
from tests.fuzz.corpus import text_case
from tests.lint.dict_files import DictFiles
from tests.lint.test_rules_guests import DEFECTS as GUESTS
from tests.lint.test_rules_guests import FORMS
from tests.lint.test_rules_network import DEFECTS as NETWORK
from tests.lint.test_rules_windows import software, system

NETPLAN = b"""network:
  version: 2
  ethernets:
    ens3: &a {dhcp4: true, match: {macaddress: '52:54:00:aa:bb:cc'}}
    b: *a
  bonds:
    bond0: {interfaces: [ens3, b]}
"""
TREES = [tree for tree, _ in (*NETWORK.values(), *GUESTS.values())]
PLACES = {
    path: tuple(
        one if isinstance(one, bytes) else str(one).encode()
        for one in dict.fromkeys(tree.get(path, "") for tree in TREES)
    )
    for path in sorted({path for tree in TREES for path in tree})
}
"""Path -> what stands there in the images of the tests of rules, nothing in most."""
REPORT = ImageReport(image="a", flaws=(Flaw("hosts", "low", "/etc/hosts", "10.1.1.9 a"),), unknown=("machine_id",))


def lint_targets() -> Iterator[Target]:
    """Yield a target for each reader, and one for all rules."""
    for name, read in {
        "yaml": reading.mapping, "netplan": netplan.ethernets, "netplan_stacked": partial(netplan.stacked, path="/x"),
    }.items():  # fmt: skip
        yield _target(f"lint_{name}", _text(read), (NETPLAN, b"a: [1, {b: c}]\n"), UnreadableError)
    shell = b"DEVICE=\"eth0\"\nHWADDR='52:54:00:aa:bb:cc' # x\nexport ONBOOT=yes\n[Match]\nName=e* \\\n eth*\n"
    yield _target("lint_assignments", _text(reading.assignments), (shell,))
    yield _target("lint_entries", _text(lambda content: list(reading.entries(content))), (shell,))
    stanzas = b"auto eth0\nallow-hotplug ens3\niface eth0 inet dhcp\n bond-slaves a b\niface br0 inet static\n"
    yield _target("lint_interfaces", _text(lambda content: interfaces.stanzas(content, "/x")), (stanzas,))
    script = (
        b"netplan ip leases $N\ngrep x /var/lib/dhcp/*\nwget --header 'DomU_Request: send_my_password' data-server\n"
    )
    yield _target("lint_script", _text(lambda content: password_script.script("/x", content)), (script,))
    yield _target("lint_initramfs", lambda raw: list(initramfs.names(raw)), tuple(FORMS.values()), UnreadableError)
    yield _target("lint_report", wire.loaded, (wire.dumped((REPORT, REPORT)),), UnreadableError)
    yield _target("lint_hive", _read_hive, (system(), software("IMAGE_STATE_COMPLETE")), UnreadableError)
    seeds = tuple(path.encode() + b"\n" + one for path, contents in PLACES.items() for one in contents)
    yield Target("lint_rules", _read_rules, _anywhere, seeds=seeds)


def _anywhere(random: Random) -> bytes:
    """Return a path that rules read, a line feed, and what stands there."""
    path = random.choice(sorted(PLACES))
    return path.encode() + b"\n" + text_case(PLACES[path], random)


def _text(read: Any) -> Any:
    return lambda raw: read(raw.decode("utf-8-sig", "replace"))


def _read_hive(raw: bytes) -> Any:
    """Return what is asked of a hive, with its sign as it must be, or nothing but the sign would be tried."""
    made = hive.Hive(b"regf" + raw[4:])
    below = made.below("ControlSet001\\Services\\Tcpip\\Parameters\\Interfaces")
    return [made.value_of(key, "IPAddress") for key in below], made.value("Select", "Current")


def _read_rules(given: bytes) -> Any:
    """Return what all rules say of an image with this one file; every flaw fits a line."""
    path, _, raw = given.partition(b"\n")
    about = About(system="linux", format="qcow2", password_enabled=True)
    flaws, unknown = asyncio.run(judged(DictFiles({"/usr/bin/cloud-init": b"", os.fsdecode(path): raw}), about))
    assert all(len(flaw.seen) <= LONGEST_SEEN and flaw.seen.isprintable() for flaw in flaws)
    return flaws, unknown


def _target(name: str, read: Any, seeds: tuple[bytes, ...], *allowed: type[Exception]) -> Target:
    return Target(name, read, partial(text_case, seeds), allowed, seeds=seeds)
