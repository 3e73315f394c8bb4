"""The texts asked inside routers, run by the shells that routers have."""

from __future__ import annotations

from pathlib import Path

import pytest

from exporter.model import Question
from exporter.questions.routers.sockets import ROUTER_PROCESSES, ROUTER_SOCKETS, Process
from exporter.questions.routers.state import (
    ROUTER_ADDRESSES,
    ROUTER_IDENTITY,
    ROUTER_REDUNDANCY,
    ConfiguredAddress,
    Era,
    Role,
    RouterIdentity,
)
from tests.real_parts import require
from tests.remote_texts import Machine, sample, shells

CANARY = "Canary-Pw-7f3a"
CMDLINE = (
    f"vmpassword={CANARY} template=domP name=r-4-VM eth0ip=10.1.1.1 redundant_router=0 keystore_password={CANARY} "
    f"type=router authorized_key={CANARY} notype=x disable_rp_filter=true\n"
)


@pytest.fixture
def machine(tmp_path: Path) -> Machine:
    """Return a machine without files and tools of its own."""
    return Machine.at(tmp_path)


@pytest.fixture(params=shells())
def shell(request: pytest.FixtureRequest) -> str:
    """Return each shell in turn."""
    return str(request.param)


def lay_out_era_c(machine: Machine) -> None:
    """Write the files of a present router."""
    release = sample("router", "era-c.facts").splitlines()[1]
    machine.file("/etc/cloudstack-release", release + "\nsecond line\n")
    machine.file("/var/cache/cloud/cmdline", CMDLINE)
    machine.file("/proc/uptime", "42713.55 80000.10\n")
    machine.file("/opt/cloud/bin/passwd_server_ip.py")
    machine.file("/run/systemd/system/x")
    machine.file("/var/cache/cloud/boot_up_done")


def test_identity_of_a_present_router(machine: Machine, shell: str) -> None:
    """Release, type, role flag, systemd, scripts and uptime are read; nothing else of the boot arguments is."""
    lay_out_era_c(machine)
    code, output = machine.ask(ROUTER_IDENTITY, shell=shell)
    assert code == 0
    assert CANARY not in output
    assert ROUTER_IDENTITY.read(output) == RouterIdentity(
        release="Cloudstack Release 4.22.0 Fri Oct 17 09:12:44 UTC 2025",
        type="router",
        is_redundant=False,
        has_systemd=True,
        scripts=frozenset({"passwd_server_ip.py"}),
        is_configured=True,
        uptime=42713.55,
    )


def test_eras_are_told_by_what_is_there(machine: Machine, shell: str) -> None:
    """Without systemd it is era B when the Python server is installed, else era A; systemd is era C."""
    machine.file("/proc/uptime", "9 9\n")
    machine.file("/opt/cloud/bin/serve_password.sh")
    assert machine.read(ROUTER_IDENTITY, shell=shell).era is Era.A
    machine.file("/opt/cloud/bin/passwd_server_ip.py")
    assert machine.read(ROUTER_IDENTITY, shell=shell).era is Era.B
    machine.file("/run/systemd/system/x")
    assert machine.read(ROUTER_IDENTITY, shell=shell).era is Era.C


def test_boot_arguments_of_one_of_a_pair(machine: Machine, shell: str) -> None:
    """redundant_router=1 is a redundant router."""
    lay_out_era_c(machine)
    machine.file("/var/cache/cloud/cmdline", CMDLINE.replace("redundant_router=0", "redundant_router=1"))
    assert machine.read(ROUTER_IDENTITY, shell=shell).is_redundant


def test_role_of_a_lone_router_is_not_asked_of_checkrouter(machine: Machine, shell: str) -> None:
    """A router that is not redundant would call itself FAULT, so the script is not run."""
    lay_out_era_c(machine)
    machine.file("/opt/cloud/bin/checkrouter.sh", "echo Status: FAULT\n")
    assert machine.read(ROUTER_REDUNDANCY, shell=shell) is Role.ALONE


@pytest.mark.parametrize("place", ["/opt/cloud/bin/checkrouter.sh", "/root/checkrouter.sh"])
@pytest.mark.parametrize(
    ("word", "role"),
    [
        ("PRIMARY", Role.PRIMARY),
        ("MASTER", Role.PRIMARY),
        ("BACKUP", Role.BACKUP),
        ("FAULT", Role.FAULT),
        ("UNKNOWN", Role.UNKNOWN),
        ("MASTER&Bumped: NO", Role.PRIMARY),
    ],
)
def test_role_of_a_redundant_router(machine: Machine, place: str, word: str, role: Role) -> None:
    """The router's own script is asked where each era has it; MASTER is the older word for PRIMARY."""
    machine.file("/var/cache/cloud/cmdline", "redundant_router=1\n")
    machine.file(place, f"echo 'Status: {word}'\n")
    assert machine.read(ROUTER_REDUNDANCY) is role


def test_role_without_script_or_boot_arguments_is_missing(machine: Machine, shell: str) -> None:
    """Where the files are not there the question ends with 127, which is the reason missing."""
    assert machine.ask(ROUTER_REDUNDANCY, shell=shell)[0] == 127
    machine.file("/var/cache/cloud/cmdline", "redundant_router=1\n")
    assert machine.ask(ROUTER_REDUNDANCY, shell=shell)[0] == 127


def real_processes() -> str:
    """Return the recorded process list of a router, as ``ps`` prints it without the age."""
    lines = sample("router", "ps").splitlines()
    return "\n".join(" ".join(words[:2] + words[3:]) for words in map(str.split, lines)) + "\n"


def era_a_processes() -> str:
    """Return the recorded processes of the socat service, with the heading of ``ps``."""
    lines = [line.split() for line in sample("router", "password.bytes.era-a").splitlines()[1:3]]
    return "PID PPID COMMAND\n" + "\n".join(" ".join(words[:2] + words[3:]) for words in lines) + "\n"


def test_processes_of_a_real_router(machine: Machine) -> None:
    """The recorded list becomes the known services, the password server with its address."""
    machine.tool("ps", "-eo pid,ppid,args", real_processes())
    found = machine.read(ROUTER_PROCESSES)
    assert Process(2878, 1, "passwd_server_ip.py", ("10.1.1.1",)) in found
    assert [one.name for one in found] == [
        "rsyslogd",
        "dnsmasq",
        "apache2",
        "apache2",
        "apache2",
        "passwd_server_ip.py",
    ]


def test_processes_of_the_socat_service(machine: Machine) -> None:
    """Era A is a bash loop and a socat, each with the address."""
    machine.tool("ps", "-eo pid,ppid,args", era_a_processes())
    assert machine.read(ROUTER_PROCESSES) == (
        Process(2079, 1, "passwd_server_ip", ("10.1.1.1",)),
        Process(2081, 2079, "socat", ("10.1.1.1",)),
    )


def test_processes_of_other_shapes(machine: Machine) -> None:
    """Redundant and VPC instances, Python 2 and sshd are known; other programs and other socats are not."""
    machine.tool(
        "ps",
        "-eo pid,ppid,args",
        "  PID  PPID COMMAND\n"
        "    2     0 [kworker/0:1]\n"
        "  300     1 sshd: /usr/sbin/sshd -D [listener] 0 of 10-100 startups\n"
        "  301     1 python2.7 /opt/cloud/bin/passwd_server_ip.py 10.1.1.1,10.1.1.2\n"
        "  302     1 bash /opt/cloud/bin/vpc_passwd_server 10.1.2.1\n"
        "  303     1 socat TCP-LISTEN:9000 EXEC:cat\n"
        "  304     1 vi /opt/cloud/bin/passwd_server_ip.py 10.9.9.9\n"
        "  305     1 bash /opt/cloud/bin/passwd_server\n",
    )
    assert machine.read(ROUTER_PROCESSES) == (
        Process(300, 1, "sshd"),
        Process(301, 1, "passwd_server_ip.py", ("10.1.1.1", "10.1.1.2")),
        Process(302, 1, "vpc_passwd_server", ("10.1.2.1",)),
        Process(305, 1, "passwd_server"),
    )


def test_no_argument_of_a_process_leaves_the_router(machine: Machine) -> None:
    """Passwords stand in arguments of CloudStack's own helpers for moments: none is printed, in whatever shape."""
    machine.tool(
        "ps",
        "-eo pid,ppid,args",
        "PID PPID COMMAND\n"
        f"1 0 bash /opt/cloud/bin/savepassword.sh -v 10.1.1.5 -p {CANARY}\n"
        f"2 0 curl --header DomU_Request: save_password http://10.1.1.1:8080/ -F password={CANARY}\n"
        f"3 0 python /opt/cloud/bin/passwd_server_ip.py {CANARY}\n"
        f"4 0 socat TCP4-LISTEN:8080,{CANARY}\n"
        f"5 0 apache2 {CANARY}\n",
    )
    code, output = machine.ask(ROUTER_PROCESSES)
    assert code == 0
    assert CANARY not in output
    assert [one.name for one in ROUTER_PROCESSES.read(output)] == ["passwd_server_ip.py", "socat", "apache2"]


@pytest.mark.parametrize("question", [ROUTER_PROCESSES, ROUTER_ADDRESSES, ROUTER_SOCKETS])
def test_a_tool_that_fails_is_no_answer(machine: Machine, question: Question[object]) -> None:
    """An error of the tool is the question's error, never an empty answer."""
    for name in ("ps", "ip", "ss"):
        machine.file_tool(name, "echo broken >&2; exit 9\n")
    assert machine.ask(question)[0] == 9


@pytest.mark.real
def test_the_processes_of_this_machine(machine: Machine, shell: str) -> None:
    """The real ps is understood."""
    require("ps")
    code, output = machine.ask(ROUTER_PROCESSES, shell=shell)
    assert code == 0
    ROUTER_PROCESSES.read(output)


@pytest.mark.real
def test_the_addresses_of_this_machine(machine: Machine, shell: str) -> None:
    """The real ip names at least the loopback address."""
    require("ip")
    assert ConfiguredAddress("lo", "127.0.0.1", 8) in machine.read(ROUTER_ADDRESSES, shell=shell)
