"""The stub tools refuse what the real ones would not know, and print their formats."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

import pytest

from exporter.lab.inside.console_proxy import console_tree
from exporter.lab.inside.host import host_tree
from exporter.lab.inside.router import router_tree
from exporter.lab.inside.tree import TOOLS, Shelf
from exporter.lab.options import Options
from exporter.lab.world.build import build
from exporter.lab.world.world import Ports

SAMPLES = Path(__file__).parents[1] / "samples" / "router"
ERA_A, ERA_C, ROUTED, PROXY, HOST = "r-5-VM", "r-4-VM", "r-11-VM", "v-1-VM", "kvm-1"


@pytest.fixture(scope="module")
def shelf(tmp_path_factory: pytest.TempPathFactory) -> Shelf:
    """Lay out a router of each kind, a console proxy and a host."""
    world = build(Options(), Ports.block(20000), 1_795_000_000.0)
    made = Shelf(tmp_path_factory.mktemp("machines") / "all", world.start)
    made.gather()
    for number in (4, 5, 11):
        made.put(router_tree(world, world.router(number)))
    made.put(console_tree(world, world.system_vm(1)))
    made.put(host_tree(world, world.hosts[0]))
    return made


def run(shelf: Shelf, machine: str, command: str) -> subprocess.CompletedProcess[str]:
    """Run a command line with the machine's PATH and nothing else."""
    return subprocess.run(
        ["/bin/sh", "-c", command],
        env={"PATH": shelf.path(machine)},
        capture_output=True,
        text=True,
        timeout=20,
        check=False,
    )


@pytest.mark.parametrize(
    ("machine", "command"),
    [
        (ERA_C, "ss -Z"),
        (ERA_C, "ss --tpc"),
        (ERA_A, "ss -Hltn"),
        (ERA_C, "ss -tn state open"),
        (ERA_C, "ss -tn '( dport == 8250 )'"),
        (ERA_C, "ps -eo pid,nosuchcolumn"),
        (ERA_C, "ps --nonsense"),
        (ERA_C, "ip -o -4 link set eth0 down"),
        (ERA_C, "ip -6x addr"),
        (ERA_C, "ip -o -4 addr show dev eth9"),
        (ERA_C, "iptables-save -t nosuchtable"),
        (ERA_C, "iptables-save --flush"),
        (ERA_C, "nft flush ruleset"),
        (ERA_C, "nft list table ip nosuch"),
        (ERA_C, "systemctl restart apache2"),
        (ERA_C, "systemctl --nonsense"),
        (ERA_C, "hostname other"),
        (ERA_C, "netstat -lntz"),
        (HOST, "ssh -Q cipher"),
        (HOST, "ssh -o NoSuchOption=1 127.0.0.1 true"),
        (HOST, "ssh -i /nonexistent 169.254.1.5 true"),
    ],
)
def test_what_the_real_tool_would_refuse_is_refused(shelf: Shelf, machine: str, command: str) -> None:
    """A question that only works with the lab's tools would be worth nothing."""
    ended = run(shelf, machine, command)
    assert ended.returncode not in {0, 126, 127}
    assert ended.stderr


LACKING = [(ERA_A, "systemctl"), (ERA_A, "nft"), (HOST, "ovs-vsctl"), (ERA_C, "ssh"), (ERA_C, "curl")]


@pytest.mark.parametrize(("machine", "tool"), LACKING)
def test_a_tool_that_the_machine_lacks_is_not_found(shelf: Shelf, machine: str, tool: str) -> None:
    """Only what is laid out for a machine is there, whatever is installed around the lab."""
    assert run(shelf, machine, f"command -v {tool}").returncode == 127


def shape(line: str) -> str:
    """Return a line with every address, number and program made alike, and blanks closed up."""
    line = re.sub(r"\d+(\.\d+){3}", "A", line)
    line = re.sub(r'"[a-z0-9._]+"', '"p"', line)
    return re.sub(r"\s+", " ", re.sub(r"\d+", "N", line)).strip()


@pytest.mark.parametrize(
    ("sample", "command"),
    [("ss-tcp", "ss -Hltnp"), ("ss-udp", "ss -Hlunp"), ("ps", "ps -eo pid,ppid,etimes,args")],
)
def test_formats_are_those_of_recorded_outputs(shelf: Shelf, sample: str, command: str) -> None:
    """Each line has the shape of some line that a real router printed."""
    recorded = {_first_program(shape(line)) for line in (SAMPLES / sample).read_text().splitlines()[1:]}
    printed = [shape(line) for line in run(shelf, ERA_C, command).stdout.splitlines()]
    assert printed
    if sample == "ps":
        assert printed[0] in recorded  # the heading; below it numbers and any words
        assert all(re.match(r"N N N \S", line) for line in printed[1:])
    else:
        assert set(printed) <= recorded


def _first_program(line: str) -> str:
    """Return a line of ss with one program: how many processes share a socket does not matter."""
    return re.sub(r'(\(\("p",pid=N,fd=N\))(,\("p",pid=N,fd=N\))*\)', r"\1)", line)


def test_the_firewall_has_the_recorded_rules(shelf: Shelf) -> None:
    """The rules for guests are those that CloudStack's own script made."""
    printed = run(shelf, ERA_C, "iptables-save -t filter").stdout
    recorded = (SAMPLES / "iptables-save").read_text()
    for port in (53, 80, 443, 8080):
        rule = next(
            line for line in recorded.splitlines() if f"-s 10.1.1.0/24 -i eth0 -p tcp -m tcp --dport {port} " in line
        )
        assert rule.replace("10.1.1.", "127.16.5.") in printed
    assert "*nat" not in printed
    assert "*nat" in run(shelf, ERA_C, "iptables-save").stdout


def test_a_routed_network_has_its_rules_in_nftables(shelf: Shelf) -> None:
    """iptables is empty there, as recorded."""
    assert run(shelf, ROUTED, "iptables-save -t filter").stdout == ""
    printed = run(shelf, ROUTED, "nft list ruleset").stdout
    recorded = (SAMPLES / "nft-ruleset.routed").read_text()
    rule = next(line for line in recorded.splitlines() if "dport 8080" in line).strip()
    assert re.sub(r"10\.1\.1\.0", "127.16.9.0", rule) in printed
    assert "table ip ip4_firewall {" in printed


def test_systemctl_show_and_is_active(shelf: Shelf) -> None:
    """A pattern shows loaded units only, a name is always shown; is-active ends as the real one does."""
    units = run(shelf, ERA_C, "systemctl show -p Id,ActiveState 'cloud-password-server@*'").stdout
    assert units == "Id=cloud-password-server@127.16.5.1.service\nActiveState=active\n"
    assert run(shelf, ERA_C, "systemctl show -p ActiveState 'nosuch@*'").stdout == ""
    assert run(shelf, ERA_C, "systemctl show -p ActiveState nosuch.service").stdout == "ActiveState=inactive\n"
    assert run(shelf, ERA_C, "systemctl is-active apache2").stdout == "active\n"
    assert run(shelf, ERA_C, "systemctl is-active cloud.service").returncode == 3


def test_netstat_and_ss_tell_the_same_sockets(shelf: Shelf) -> None:
    """Old routers may have one and not the other."""
    by_ss = re.findall(r"(\S+:\d+) +\*:\*", run(shelf, ERA_A, "ss -ltn").stdout)
    by_netstat = re.findall(r"(\S+:\d+) +0\.0\.0\.0:\*", run(shelf, ERA_A, "netstat -lnt").stdout)
    assert by_ss
    assert sorted(place.replace("*:", "0.0.0.0:") for place in by_ss) == sorted(by_netstat)


def test_connections_of_a_console_proxy(shelf: Shelf) -> None:
    """The filter selects by the peer's port and leaves the column of states out."""
    printed = run(shelf, PROXY, "ss -tn state established '( dport = :8250 )'").stdout.splitlines()
    assert len(printed) == 2
    assert re.fullmatch(r"0 +0 +127\.3\.0\.1:48222 +192\.0\.2\.10:8250 *", printed[1])
    assert len(run(shelf, PROXY, "ss -tn state established '( dport = :8251 )'").stdout.splitlines()) == 1


def test_every_call_is_noted(shelf: Shelf) -> None:
    """The harmlessness test reads these notes."""
    run(shelf, ERA_C, "ss -ltn; ps -eo pid")
    assert {"ss -ltn", "ps -eo pid"} <= set(shelf.log(ERA_C))


@pytest.mark.parametrize("tool", sorted(path.name for path in TOOLS.iterdir()))
def test_tools_are_plain_sh(tool: str) -> None:
    """They run under dash, and nobody has to make them executable."""
    subprocess.run(["/bin/sh", "-n", str(TOOLS / tool)], check=True)
