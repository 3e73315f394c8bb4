"""The ARP table of routers: the reader on real and old outputs, and the true text of the question."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from exporter.model import UnreadableError
from exporter.questions.routers.neighbours import (
    ROUTER_NEIGHBOURS,
    STATES,
    RouterNeighbour,
    read_router_neighbours,
)
from tests.real_parts import require, require_root
from tests.remote_texts import Machine, sample

WORDS = st.sampled_from(
    [
        "10.1.1.10",
        "999.1.1.1",
        "dev",
        "eth0",
        "lladdr",
        "02:00:2c:6a:01:10",
        "x",
        "\n",
        "used",
        "1/2/3",
        *sorted(STATES),
    ]
)


@given(text=st.text() | st.lists(WORDS).map(" ".join))
def test_garbage_is_unreadable(text: str) -> None:
    """Whatever comes back is neighbours in known states, or UnreadableError."""
    try:
        found = read_router_neighbours(text)
    except UnreadableError:
        return
    assert {one.state for one in found} <= STATES


def test_two_machines_that_got_their_addresses() -> None:
    """Both were heard, a while ago; ip names no device when it was asked about one alone."""
    found = read_router_neighbours(sample("router", "ip-neigh.after-dhcp"))
    assert found == (
        RouterNeighbour("10.1.1.10", "", "02:00:2c:6a:01:10", "STALE"),
        RouterNeighbour("10.1.1.11", "", "02:00:2c:6a:01:11", "STALE"),
    )
    assert all(one.has_answered and not one.is_silent for one in found)


@pytest.mark.parametrize(("part", "state"), [(1, "INCOMPLETE"), (2, "FAILED")])
def test_a_machine_that_does_not_answer(part: int, state: str) -> None:
    """For three seconds the router waits, then it gives up; both mean that it asked in vain."""
    text = sample("router", "ip-neigh.failed").split("## ")[part].partition("\n")[2]
    (silent,) = [one for one in read_router_neighbours(text) if one.is_silent]
    assert silent == RouterNeighbour("10.1.1.12", "", "", state)


def test_devices_flags_and_statistics() -> None:
    """Constructed: lines as other versions and options of ip print them."""
    text = (
        "169.254.0.1 dev eth1 lladdr fe:00:a9:fe:00:01 ref 1 used 0/0/0 probes 4 REACHABLE\n"
        "10.1.1.20 dev eth0  FAILED\n"
        "10.1.1.21 dev eth0 lladdr 02:00:2C:6A:01:21 extern_learn router PROBE\n"
        "10.8.0.2 dev gre1 lladdr 10.9.9.9 PERMANENT\n"
    )
    found = read_router_neighbours(text)
    assert [(one.address, one.device, one.mac, one.state) for one in found] == [
        ("169.254.0.1", "eth1", "fe:00:a9:fe:00:01", "REACHABLE"),
        ("10.1.1.20", "eth0", "", "FAILED"),
        ("10.1.1.21", "eth0", "02:00:2c:6a:01:21", "PROBE"),
        ("10.8.0.2", "gre1", "", "PERMANENT"),
    ]
    assert [(one.has_answered, one.is_silent) for one in found[1:]] == [(False, True), (False, False), (False, False)]


@pytest.mark.parametrize("text", ["10.1.1.10", "10.1.1.10 dev eth0 ASLEEP", "FAILED dev eth0 FAILED", "a\nb"])
def test_what_is_no_neighbour(text: str) -> None:
    """A line without an address or a known state is unreadable."""
    with pytest.raises(UnreadableError):
        read_router_neighbours(text)


def test_an_empty_table_is_an_answer() -> None:
    """The router has talked to nobody lately."""
    assert read_router_neighbours("") == ()


def test_the_question_as_it_is_run(tmp_path: Path) -> None:
    """One tool, read only, with exactly these words."""
    require("dash")  # busybox would run its own ip
    machine = Machine.at(tmp_path)
    machine.tool("ip", "-4 neigh show", "10.1.1.10 dev eth0 lladdr 02:00:2c:6a:01:10 STALE")
    (found,) = machine.read(ROUTER_NEIGHBOURS)
    assert found.address == "10.1.1.10"


KERNEL = """
ip link add va0 type veth peer name vb0 && ip link set va0 up && ip link set vb0 up && ip addr add 10.1.1.1/24 dev va0
for state in reachable stale delay probe permanent; do
    number=$((number + 1))
    ip neigh add "10.1.1.1$number" lladdr "02:00:00:00:00:0$number" dev va0 nud "$state"
done
ip neigh add 10.1.1.20 dev va0 nud failed
sh -c "$text"
"""


def test_a_real_table() -> None:
    """As the kernel and ip of Debian show each state."""
    require("ip", "unshare")
    require_root("namespaces need root")
    done = subprocess.run(
        ["unshare", "-n", "sh", "-c", KERNEL],
        env={"PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "text": ROUTER_NEIGHBOURS.text},
        capture_output=True,
        text=True,
        timeout=20,
        check=True,
    )
    found = {one.address: one for one in read_router_neighbours(done.stdout)}
    assert found["10.1.1.11"] == RouterNeighbour("10.1.1.11", "va0", "02:00:00:00:00:01", "REACHABLE")
    assert {found[f"10.1.1.1{number}"].state for number in (1, 2, 5)} == {"REACHABLE", "STALE", "PERMANENT"}
    assert found["10.1.1.20"].is_silent
