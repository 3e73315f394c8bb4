"""Domains of a host and their NICs: the reader on samples and garbage, the text with the real virsh."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from exporter.model import UnreadableError
from exporter.questions.hosts.domains import DOMAINS, Domain, Interface, read_domains
from tests.process_counting import count
from tests.real_parts import require
from tests.remote_texts import SHELLS, Machine, sample, shells

NODE = Path(__file__).parents[2] / "samples/virsh/node.xml"
WORDS = """@@ 1 2 -1 list error: running paused shut off in shutdown vnet0 bridge cloudbr0 virtio - network
1e:00:b4:00:00:05 1E:0:b4:0:0:5 i-2-55-VM 99999999999 \u0663 Id Name State ----"""
LINES = st.lists(st.sampled_from([*WORDS.split(), "\n", "\n@@ 1\n", "\n@@ list\n", " 1   i-2-55-VM   running\n"]))


@given(text=st.text() | LINES.map(" ".join) | LINES.map("".join))
def test_garbage_is_unreadable(text: str) -> None:
    """Whatever comes back, the reader returns domains or raises UnreadableError."""
    try:
        found = read_domains(text)
    except UnreadableError:
        return
    assert all(domain.name and domain.state for domain in found.values())
    assert all(len(nic.mac) == 17 for domain in found.values() for nic in domain.interfaces)


def test_domains_of_the_real_virsh() -> None:
    """Names and sources with blanks, NICs without a tap or a source, and a domain without NICs."""
    found = read_domains(sample("virsh", "domains.txt"))
    assert list(found) == ["s-1-VM", "r-4-VM", "i-2-70-VM", "without-nics", "my own vm; list"]
    assert found["i-2-70-VM"] == Domain(
        "i-2-70-VM",
        3,
        "running",
        (
            Interface("testnet0", "bridge", "cloudbr0", "1e:00:b4:00:00:70", "virtio"),
            Interface("testnet1", "bridge", "brbond0-1234", "1e:00:b4:00:00:71", "virtio"),
        ),
    )
    assert found["without-nics"].interfaces == ()
    assert [(nic.kind, nic.source, nic.model) for nic in found["my own vm; list"].interfaces] == [
        ("network", "my net work", ""),
        ("direct", "eth0", ""),
        ("user", "", ""),
        ("hostdev", "", ""),
    ]


def test_domains_that_come_and_go() -> None:
    """One that went away (7, 12) or came (14) while it was asked is left out; a paused one stays."""
    found = read_domains(sample("virsh", "domains-1.2.txt"))
    assert {name: (one.id, one.state, one.is_running) for name, one in found.items()} == {
        "s-1-VM": (3, "running", True),
        "i-2-55-VM": (9, "paused", False),
    }
    assert [nic.mac for nic in found["s-1-VM"].interfaces] == ["0e:00:a9:fe:10:01", "1e:00:0a:00:00:11"]
    assert [nic.tap for nic in found["i-2-55-VM"].interfaces] == ["vnet5", ""]


def test_links_of_taps_that_are_switched_off() -> None:
    """virsh says so in a line of its own, and of taps of other domains that they are not found."""
    found = read_domains(
        "\n@@ 1\n vnet0 bridge cloudbr0 virtio 1e:00:b4:00:00:05\n vnet1 bridge cloudbr0 virtio 1e:00:b4:00:00:06\n"
        " vnet2 bridge cloudbr0 virtio 1e:00:b4:00:00:07\n"
        "\n@@ links 1\nvnet0 up \nvnet1 down \nerror: Interface (dev: vnet9) not found.\n\n"
        "\n@@ list\n 1 i-2-55-VM running\n"
    )
    assert [nic.is_linked for nic in found["i-2-55-VM"].interfaces] == [True, False, None]


def test_no_domain_is_an_answer() -> None:
    """An empty host."""
    assert read_domains("\n@@ list\n\n") == {}


@pytest.mark.parametrize(
    "text",
    [
        "",
        "\n@@ 1\n vnet0 bridge cloudbr0 virtio 1e:00:b4:00:00:05\n",
        "\n@@ list\n error: something\n",
        "\n@@ list\n 1 i-2-55-VM sleeping\n",
        "\n@@ list\n - i-2-55-VM running\n",
        "\n@@ 1\n vnet0 bridge cloudbr0\n\n@@ list\n 1 i-2-55-VM running\n",
        "\n@@ 1\n vnet0 bridge cloudbr0 virtio 1e:00:b4:00:00\n\n@@ list\n 1 i-2-55-VM running\n",
    ],
)
def test_what_is_no_list_of_domains(text: str) -> None:
    """Cut off before the list, or with words of no known form."""
    with pytest.raises(UnreadableError):
        read_domains(text)


@pytest.fixture(params=shells())
def shell(request: pytest.FixtureRequest) -> str:
    """Return each shell in turn."""
    return str(request.param)


def test_the_text_with_the_real_virsh(tmp_path: Path, shell: str) -> None:
    """What is asked of libvirt's own test driver is what the sample holds."""
    require("virsh")
    before = ("env", f"LIBVIRT_DEFAULT_URI=test://{NODE}")
    code, output = Machine.at(tmp_path).ask(DOMAINS, shell=shell, before=before)
    assert (code, output) == (0, sample("virsh", "domains.txt"))


def test_a_domain_that_goes_away_in_between_costs_no_other(tmp_path: Path, shell: str) -> None:
    """The real virsh, first with five domains, then with the first four of them gone but one."""
    require("virsh")
    machine = Machine.at(tmp_path)
    fewer = machine.file("fewer.xml", "<node>" + NODE.read_text().split("<node>")[1].split("<domain")[0])
    fewer.write_text("<node><domain" + NODE.read_text().split("<domain")[1] + "</node>")
    machine.file_tool(
        "virsh",
        f"""[ "$1 $2 $3 $4" = '-r -q -c qemu:///system' ] || exit 9
PATH={machine.tools.parent}:/usr/bin:/bin
case $5 in list) node={NODE} ;; *) node={fewer} ;; esac
exec virsh -r -q -c "test://$node" "$5"
""",
    )
    found = machine.read(DOMAINS, shell=shell)
    assert {name: len(one.interfaces) for name, one in found.items()} == {"s-1-VM": 2}


def test_libvirt_says_whether_the_link_of_a_tap_is_off_on_purpose(tmp_path: Path, shell: str) -> None:
    """The real virsh, whose taps of the test driver are called otherwise; only taps that are off are asked for."""
    require("virsh")
    machine = Machine.at(tmp_path)
    for name, flags in {"vnet0": "0x1002", "vnet1": "0x1002", "vnet2": "0x1003", "vnet9": "0x1002"}.items():
        machine.file(f"/sys/class/net/{name}/flags", f"{flags}\n")
    link = "<source bridge='cloudbr0'/><link state='down'/>"
    node = machine.file("node.xml", NODE.read_text().replace("<source bridge='cloudbr0'/>", link))
    machine.file_tool(
        "virsh",
        f"""PATH=/usr/bin:/bin
asked=$(printf '%s' "$5" | tee -a {tmp_path}/asked | sed 's/getlink \\([0-9]*\\) vnet/getlink \\1 testnet/g')
exec virsh -r -q -c "test://{node}" "$asked"
""",
    )
    found = machine.read(DOMAINS, shell=shell)
    assert {nic.tap: nic.is_linked for name in ("s-1-VM", "r-4-VM") for nic in found[name].interfaces} == {
        "testnet0": True,
        "testnet1": False,
    }
    assert list(found) == ["s-1-VM", "r-4-VM", "i-2-70-VM", "without-nics", "my own vm; list"]
    assert "vnet2" not in (tmp_path / "asked").read_text()


def test_libvirt_that_is_down_or_goes_down(tmp_path: Path, shell: str) -> None:
    """Not an empty host: the code and the last line say why, the first or the second time."""
    require("virsh")
    machine = Machine.at(tmp_path)
    before = ("env", f"LIBVIRT_DEFAULT_URI=qemu+unix:///system?socket={tmp_path}/none")
    code, output = machine.ask(DOMAINS, shell=shell, before=before)
    assert code == 1
    assert "Failed to connect socket" in output.splitlines()[-1]
    machine.file_tool(
        "virsh",
        f"""PATH=/usr/bin:/bin
case $5 in list) uri=test://{NODE} ;; *) uri='qemu+unix:///system?socket={tmp_path}/none' ;; esac
exec virsh -r -q -c "$uri" "$5"
""",
    )
    code, output = machine.ask(DOMAINS, shell=shell)
    assert code == 1
    assert "Failed to connect socket" in output.splitlines()[-1]


def test_a_host_without_virsh(tmp_path: Path) -> None:
    """127: it is missing."""
    code, _ = Machine.at(tmp_path).ask(DOMAINS, path="", before=("/usr/bin/env",))
    assert code == 127


def test_two_processes_whatever_the_number_of_domains(tmp_path: Path) -> None:
    """The shell, the first virsh and its thread, the second in the shell's place and its thread."""
    require("virsh")
    many = tmp_path / "many.xml"
    domain = "<domain type='test'><name>i-2-{}-VM</name><memory>1</memory><os><type>hvm</type></os></domain>"
    many.write_text("<node>" + "".join(domain.format(number) for number in range(300)) + "</node>")
    environment = {"LIBVIRT_DEFAULT_URI": f"test://{many}", "ROOT": "", "LC_ALL": "C", "text": DOMAINS.text}
    counted = count(*SHELLS["dash"], "-c", 'eval "$text"', environment=environment)
    assert counted.code == 0
    assert len(read_domains(counted.output.decode())) == 300
    assert counted.processes <= 4


def test_nothing_is_written(tmp_path: Path) -> None:
    """virsh keeps a history only when it is talked to."""
    require("virsh")
    home = tmp_path / "home"
    home.mkdir()
    before = ("env", f"LIBVIRT_DEFAULT_URI=test://{NODE}", f"HOME={home}")
    assert Machine.at(tmp_path).ask(DOMAINS, before=before)[0] == 0
    assert list(home.rglob("*")) == []
