"""What operators are told to install: complete, in working shell and sudo syntax, and no more than is needed."""

from __future__ import annotations

import asyncio
import re
import subprocess
from dataclasses import replace
from pathlib import Path

import asyncssh
import pytest

from docs import generate
from exporter.checks import discover
from exporter.cloud.cloud import Cloud
from exporter.cloud.objects import Host, ManagementServer, Router, Zone
from exporter.cloud.targets import RouterTarget
from exporter.judging import plan
from exporter.model import Check, GroupJudge, Via
from exporter.privileges import Lost, authorized_keys, keyscan_hosts, lost, ssh_privileges, sudoers
from exporter.questions import catalogue
from exporter.questions.wrapper import version
from exporter.sources.ssh_login import Mode, SshSettings
from tests.hostile_ssh import answers_well, make_keys, true_server
from tests.real_parts import require


def settings(mode: Mode = Mode.SUDO) -> SshSettings:
    """Return settings with places that are no one's."""
    return SshSettings(
        user="collector" if mode is Mode.SUDO else "root",
        key_file=Path("/etc/exporter/id_ed25519"),
        known_hosts_file=Path("/etc/exporter/known_hosts"),
        key_passphrase="canary-phrase",
        mode=mode,
    )


@pytest.mark.real
def test_the_sudoers_file_is_one_that_sudo_takes(tmp_path: Path) -> None:
    """One program, no arguments, no wildcards, no password."""
    require("visudo")
    file = tmp_path / "sudoers"
    file.write_text(sudoers(settings()))
    done = subprocess.run(["/usr/sbin/visudo", "-c", "-f", str(file)], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    assert file.read_text().splitlines()[-1] == (
        "collector ALL=(root) NOPASSWD: /usr/local/lib/cloudstack-network-exporter/collect"
    )
    assert "*" not in file.read_text()


@pytest.mark.parametrize("mode", list(Mode))
def test_the_authorized_keys_line_restricts_all_that_can_be(mode: Mode) -> None:
    """No forwarding, no terminal, one source address; with a forced command where that is the mode."""
    public = asyncssh.generate_private_key("ssh-ed25519").export_public_key().decode().strip()
    line = authorized_keys(settings(mode), "192.0.2.9", public)
    assert line.startswith('restrict,from="192.0.2.9"')
    assert ('command="/usr/local/lib/cloudstack-network-exporter/collect"' in line) is (mode is Mode.FORCED)
    assert line.endswith(f" {public}\n")
    assert asyncssh.import_authorized_keys(line)


@pytest.mark.parametrize("mode", list(Mode))
def test_what_is_printed_holds_every_step_and_no_secret(mode: Mode) -> None:
    """Wrapper, sudoers and key for sudo; wrapper and key for a forced command; the key for root."""
    text = ssh_privileges(settings(mode))
    assert authorized_keys(settings(mode)) in text
    assert (sudoers(settings(mode)) in text) is (mode is Mode.SUDO)
    assert ("install -D" in text) is (mode is not Mode.ROOT)
    assert version() in text
    assert "canary" not in text


def test_what_is_printed_names_every_question_that_is_lost_without_it() -> None:
    """So an operator can decide."""
    text = ssh_privileges(settings())
    asked = [question for question in catalogue() if question.via in {Via.HOST, Via.SYSTEM_VM}]
    assert asked
    for question in asked:
        assert f"#   {question.name}: {question.why} ({question.privilege})\n" in text


def test_every_line_that_is_not_a_comment_is_a_command_or_a_line_to_install() -> None:
    """The text can be read top to bottom in a shell window."""
    lines = [line for line in ssh_privileges(settings()).splitlines() if line and not line.startswith("#")]
    first = {re.split(r"[ !,]", line)[0] for line in lines}
    assert first == {"useradd", "cloudstack-network-exporter", "install", "Defaults", "collector", "restrict"}


def test_keyscan_lists_every_machine_once() -> None:
    """Hosts, and the management server where it holds the way to VMware's routers; nobody without an address."""
    hosts = {
        name: Host(
            id=name,
            name=name,
            type="Routing",
            state="Up",
            resource_state="Enabled",
            address=address,
            zone_id="z",
            hypervisor=kind,
        )
        for name, address, kind in (
            ("kvm2", "10.0.0.12", "KVM"),
            ("kvm1", "10.0.0.11", "KVM"),
            ("esx1", "10.0.0.13", "VMware"),
        )
    }
    cloud = Cloud(
        zones={"z": Zone("z", "zone", "Advanced", security_groups=False, enabled=True)},
        hosts=hosts,
        routers={
            "r": Router(id="r", name="r-4-VM", state="Running", zone_id="z", host_id="kvm1", hypervisor="KVM"),
            "s": Router(id="s", name="r-5-VM", state="Running", zone_id="z", host_id="esx1", hypervisor="VMware"),
        },
        management_servers={"m": ManagementServer("m", "ms1", "Up", "10.0.0.2")},
    )
    assert keyscan_hosts(cloud) == "# ssh-keyscan -p 22 -f -\n10.0.0.11\n10.0.0.12\n10.0.0.2\n"
    assert keyscan_hosts(cloud, 2222).startswith("# ssh-keyscan -p 2222 -f -\n")


@pytest.mark.real
async def test_ssh_keyscan_takes_what_is_printed(tmp_path: Path) -> None:
    """With the command that stands in the first line, a comment, it brings the line for known_hosts."""
    require("ssh-keyscan")
    host = Host(
        id="h", name="k", type="Routing", state="Up", resource_state="Enabled", address="127.0.0.1", zone_id="z",
        hypervisor="KVM",
    )  # fmt: skip
    zone = Zone("z", "zone", "Advanced", security_groups=False, enabled=True)
    async with true_server(make_keys(tmp_path), answers_well) as port:
        printed = keyscan_hosts(Cloud(zones={"z": zone}, hosts={"h": host}), port)
        command = printed.splitlines()[0].removeprefix("# ").split()
        process = await asyncio.create_subprocess_exec(
            *command, stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE
        )
        told, errors = await process.communicate(printed.encode())
    assert b"getaddrinfo" not in errors
    public = " ".join((tmp_path / "host.pub").read_text().split()[:2])
    assert told.decode() == f"[127.0.0.1]:{port} {public}\n"


def test_what_is_lost_without_a_question_is_told_by_how_much() -> None:
    """A check that cannot judge, one that leaves the machine out, one that sees less; the others are not named."""
    asked, other = (replace(question, name=name) for question, name in zip(catalogue()[:1] * 2, "ab", strict=True))
    judges = Check(title="judges", metrics=(), asks={RouterTarget: (asked,)}, uses={RouterTarget: (asked,)})
    compares = Check(title="compares", metrics=(), groups=(GroupJudge(Zone, iter, {RouterTarget: (asked, other)}),))
    sees = Check(title="sees", metrics=(), asks={RouterTarget: (other,)}, uses={RouterTarget: (asked,)})
    found = lost(asked, (judges, compares, sees))
    assert (found.verdicts, found.comparisons, found.details) == ((judges,), (compares,), (sees,))
    assert lost(other, (judges, compares, sees)) == Lost((sees,), (compares,), ())


def test_the_document_names_every_question_that_is_asked_with_a_privilege() -> None:
    """docs/privileges.md; whether it is word for word what the code says, generate.py --check tells."""
    text = "\n".join(generate.privileges_document())
    asked = {question for questions in plan(discover()).values() for question in questions}
    by_collector = {Via.HOST, Via.SYSTEM_VM, Via.MANAGEMENT_SERVER}
    needed = [question for question in asked if question.via in by_collector]
    assert needed
    assert [question.name for question in needed if f"### {question.name}\n" not in text] == []
    assert text.count("Needs: ") == len(needed)
    for registered in discover():
        asks = {question.via for questions in registered.check.asks.values() for question in questions}
        for metric in registered.check.metrics if asks & by_collector else ():
            assert f"`{metric.name}`" in text
