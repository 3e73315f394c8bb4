"""What whole visits cost a host in processes: all its questions, by the true collector over hosts of the lab.

The tools of the lab are scripts that start others, where the real ones are one process each; so what they print is
recorded first, and told again by tools of one process. ``tests/vm`` counts the same on a whole hypervisor.
"""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from exporter.checks import discover
from exporter.cloud.targeting import MOST_PLACES, NEIGHBOURS
from exporter.cloud.targets import HostTarget
from exporter.judging import plan
from exporter.lab.inside.host import booted, host_tree
from exporter.lab.inside.tree import Shelf
from exporter.lab.options import Options
from exporter.lab.world.build import build
from exporter.lab.world.world import Ports
from exporter.memory import PROCESSES, TargetMemory
from exporter.model import Answer, Failure, Outcome, Question, Reason
from exporter.questions.hosts.agent_connection import HOST_AGENT_CONNECTION
from exporter.questions.hosts.ovs_runtime import OVS_RUNTIME
from exporter.questions.hosts.reach import HOST_REACH
from exporter.questions.wrapper import script
from exporter.sources.sections import read_sections
from tests.collector_shells import NONCE
from tests.process_counting import count
from tests.real_parts import require

pytestmark = pytest.mark.real

LIMIT = 40
"""What a visit may start, with four NICs; on Open vSwitch too, where iptables speaks to nft and there are sets."""
COLLECTOR, SUDO = 4, 4
"""The collector's own, and those of sshd, of the account's shell and of sudo: see test_collector_processes.py."""
QUESTIONS = plan(discover())[HostTarget]
NEIGHBOUR = ("127.0.0.2", "127.0.0.3")
STORES = tuple(f"127.0.0.1@{port}" for port in range(1, MOST_PLACES + 1))
PARAMETERS = {
    HOST_AGENT_CONNECTION.name: ("8250",),
    HOST_REACH.name: ("8250", "1", "2", "3", *NEIGHBOUR, *STORES),
}
RECORD = """#!/bin/sh
name=${0##*/}
said=$("${0%/*}/../real/$name" "$@")
code=$?
printf '%s' "$*" >"${0%/*}/../told/$name.$$.words"
printf '%s' "$said" >"${0%/*}/../told/$name.$$.said"
printf '%s' "$code" >"${0%/*}/../told/$name.$$.code"
printf '%s\\n' "$said"
exit "$code"
"""


class Host:
    """One host of the lab, whose tools first record and then tell what they have recorded."""

    def __init__(self, folder: Path, name: str) -> None:
        now = booted() + float(Path("/proc/uptime").read_text().split()[0])
        world = build(Options(), Ports.block(20000), now - 1000)
        shelf = Shelf(folder / "all", world.start)
        shelf.gather()
        shelf.put(host_tree(world, next(host for host in world.hosts if host.name == name)))
        self.name = name
        self.home = shelf.folder / name
        self.path = shelf.path(name)
        self._use_spare_parts()
        shutil.copytree(self.home / "bin", self.home / "real")
        (self.home / "told").mkdir()
        self._equip(dict.fromkeys(self._tools(), RECORD))
        self.processes(QUESTIONS)
        self._equip({tool: self._told(tool) for tool in self._tools()})

    def _use_spare_parts(self) -> None:
        """Let four NICs be in use, and of the bridges of Open vSwitch as many as are asked."""
        for nic in (self.home / "root/sys/class/net").iterdir():
            if (nic / "device").exists():
                (nic / "upper_spare").mkdir()
        for bridge in (self.home / "root/var/run/openvswitch").glob("*br0.mgmt"):
            bridge.with_name("spare.mgmt").touch()

    def _tools(self) -> list[str]:
        return [tool.name for tool in (self.home / "real").iterdir()]

    def _equip(self, scripts: dict[str, str]) -> None:
        for name, text in scripts.items():
            tool = self.home / "bin" / name
            tool.write_text(text)
            tool.chmod(0o755)

    def _told(self, tool: str) -> str:
        """Return a tool of one process that says what the recorded one has said."""
        arms = []
        for words in sorted((self.home / "told").glob(f"{tool}.*.words")):
            said, code = (words.with_suffix(f".{kind}").read_text() for kind in ("said", "code"))
            arms.append(f"    {quoted(words.read_text())}) printf '%s\\n' {quoted(said)}; exit {code} ;;\n")
        return f"#!/bin/sh\ncase $* in\n{''.join(arms)}esac\nexit 99\n"

    def processes(self, asked: tuple[Question[Any], ...]) -> int:
        """Return how many processes a visit that asks these questions starts; each of them must be answered."""
        text = script().moved(root=str(self.home / "root"), path=self.path)
        words = [":".join(filter(None, (one.name, ",".join(PARAMETERS.get(one.name, ()))))) for one in asked]
        counted = count("dash", "-s", "--", script().version, NONCE, "host", *words, script=text.encode())
        found = read_sections(counted.output, NONCE, {one.name: one.size for one in asked})
        assert {name: section.code for name, section in found.sections.items()} == {one.name: 0 for one in asked}
        assert counted.output.count(b"\n127.0.0.") == (2 * NEIGHBOURS + MOST_PLACES if HOST_REACH in asked else 0)
        return counted.processes + SUDO


def quoted(text: str) -> str:
    return "'" + text.replace("'", "'\\''") + "'"


def visits(lost: int | None) -> Iterator[tuple[Question[Any], ...]]:
    """Yield what is asked of a host at each of many visits, of which one may have failed altogether."""
    memory = TargetMemory()
    for visit in range(45):
        due = memory.due(QUESTIONS)
        told: Outcome = Answer("x", visit, visit, 1e9) if visit != lost else Failure(Reason.DISCONNECTED)
        memory.note(dict.fromkeys(due, told), float(visit))
        yield due


@pytest.fixture(scope="module", params=["kvm-1", "kvm-8"], ids=["linux_bridges", "open_vswitch"])
def host(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Host:
    """A host with four NICs."""
    require("dash", "python3")
    return Host(tmp_path_factory.mktemp("host"), request.param)


def test_no_question_starts_more_processes_than_it_declares(host: Host) -> None:
    """Beside what is asked of Open vSwitch each time: where there is none, that pays for more calls of ethtool."""
    for one in QUESTIONS:
        asked = tuple(dict.fromkeys((OVS_RUNTIME, one)))
        assert host.processes(asked) <= COLLECTOR + SUDO + sum(question.processes for question in asked), one.name


def test_no_visit_starts_more_processes_than_it_may(host: Host) -> None:
    """Neither one of those that ask more than each visit does, nor one after a visit that has failed."""
    asked = {due for lost in (None, 0, 1, 10, 11) for due in visits(lost)}
    assert {one.name for due in asked for one in due} == {one.name for one in QUESTIONS}
    cost = {due: host.processes(due) for due in asked}
    assert max(cost.values()) <= LIMIT == COLLECTOR + SUDO + PROCESSES, {
        len(due): number for due, number in cost.items()
    }
    assert min(cost.values()) > len(QUESTIONS)


def test_dialling_many_costs_no_more_than_what_is_asked_beside_it(host: Host) -> None:
    """Two ports of each neighbour and eight stores, at once."""
    each = tuple(one for one in QUESTIONS if one.every == 1)
    assert host.processes((*each, HOST_REACH)) - host.processes(each) == HOST_REACH.processes
