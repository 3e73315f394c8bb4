"""What switches say by LLDP: the reader on outputs of lldpd, and the true text of the question."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from exporter.model import UnreadableError
from exporter.questions.hosts.lldp import LLDP, Neighbour, read_neighbours
from tests.remote_texts import Machine, sample, shells

NUMBERS = st.sampled_from(["100", "0", "4094", "4095", "4096", "-1", "", "x", "1_0", "\u0663", "9" * 400])
TEXTS = st.lists(st.fixed_dictionaries({"value": st.text(max_size=4) | NUMBERS}), max_size=2)
INTERFACES = st.fixed_dictionaries(
    {"name": st.sampled_from(["eth0", ""]), "via": st.sampled_from(["LLDP", "CDPv2"])},
    optional={
        "chassis": st.lists(st.fixed_dictionaries({"id": TEXTS, "name": TEXTS}), max_size=2),
        "port": st.lists(st.fixed_dictionaries({"id": TEXTS, "descr": TEXTS, "mfs": TEXTS}), max_size=2),
        "vlan": st.lists(st.fixed_dictionaries({"vlan-id": NUMBERS, "pvid": st.booleans()}), max_size=3),
    },
)
ANYTHING = st.text() | st.lists(INTERFACES, max_size=3).map(lambda rows: json.dumps({"lldp": [{"interface": rows}]}))


@given(text=ANYTHING)
def test_garbage_is_unreadable(text: str) -> None:
    """Whatever comes back is a value with VLANs that exist, or UnreadableError."""
    try:
        found = read_neighbours(text)
    except UnreadableError:
        return
    for neighbours in found.values():
        for neighbour in neighbours:
            assert all(0 < vlan < 4095 for vlan in (*neighbour.vlans, neighbour.pvid or 1))


@pytest.mark.parametrize(
    "text", ["[]", "{}", "lldp.eth0.via=LLDP", '{"lldp": {"interface": {}}}', '{"lldp": [{"interface": [{}]}]}']
)
def test_other_formats_are_unreadable(text: str) -> None:
    """The other formats of lldpcli change their shape with the number of neighbours and are not read."""
    with pytest.raises(UnreadableError):
        read_neighbours(text)


def test_a_neighbour_with_a_named_port_vlan() -> None:
    """The VLAN that is the port's own is among the named ones."""
    assert read_neighbours(sample("lldp", "two-vlans.json0")) == {
        "eth0": (
            Neighbour(
                nic="eth0",
                chassis="6e:0c:88:db:04:40",
                chassis_name="leaf01",
                port="6e:0c:88:db:04:40",
                port_description="Ethernet1/1",
                vlans=frozenset({100, 200}),
                pvid=100,
            ),
        )
    }


def test_port_vlans_and_frame_sizes() -> None:
    """A port VLAN without a name is none of the named ones, 0 is no port VLAN, and a NIC may hear two ports."""
    found = read_neighbours(sample("lldp", "three-nics.json0"))
    facts = {
        nic: [(one.chassis_name, one.port, sorted(one.vlans), one.pvid, one.max_frame) for one in neighbours]
        for nic, neighbours in found.items()
    }
    assert facts == {
        "va0": [("leaf1", "Ethernet12", [100, 101], 1, 9236)],
        "va1": [("leaf2", "Ethernet12", [100, 101], 100, 1518)],
        "va2": [("leaf3", "Ethernet7", [], None, 1522), ("leaf4", "Ethernet8", [7], None, None)],
    }


@pytest.mark.parametrize("text", ["", "\n", sample("lldp", "nobody.json0")])
def test_nobody_is_heard(text: str) -> None:
    """Neither lldpd without neighbours nor a host without lldpd is a failure."""
    assert read_neighbours(text) == {}


def test_other_protocols_are_left_out() -> None:
    """A switch that also speaks CDP is one neighbour: the one it is by LLDP."""
    rows: list[dict[str, Any]] = [{"name": "eth0", "via": "CDPv2"}, {"name": "eth0", "via": "LLDP"}]
    assert read_neighbours(json.dumps({"lldp": [{"interface": rows}]})) == {
        "eth0": (Neighbour(nic="eth0", chassis=""),)
    }


@pytest.mark.parametrize("shell", shells())
def test_the_question_as_it_is_run(tmp_path: Path, shell: str) -> None:
    """One tool with exactly these words; one that fails is a failure."""
    machine = Machine.at(tmp_path)
    machine.tool("lldpcli", "-f json0 show neighbors details", sample("lldp", "three-nics.json0"))
    assert set(machine.read(LLDP, shell=shell)) == {"va0", "va1", "va2"}
    machine.file_tool("lldpcli", "echo 'unable to connect to socket' >&2\nexit 1\n")
    assert machine.ask(LLDP, shell=shell) == (1, "unable to connect to socket\n")


@pytest.mark.parametrize("shell", shells())
def test_a_host_without_lldpd_is_no_failure(tmp_path: Path, shell: str) -> None:
    """Nobody can be asked, so nothing is known, and nothing is wrong."""
    assert Machine.at(tmp_path).ask(LLDP, shell=shell, path="/usr/bin:/bin") == (0, "")
