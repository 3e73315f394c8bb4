"""Secondary storage VMs from inside: mounts of a real NFS server before and while it is cut off, names and routes."""

from __future__ import annotations

import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from exporter.model import Question, UnreadableError
from exporter.questions.system_vms.storage_mounts import (
    SSVM_MOUNTS,
    SSVM_TEMPLATE_DIRECTORIES,
    Mount,
    read_directories,
    read_mounts,
)
from exporter.questions.system_vms.storage_ways import SSVM_NAMES, SSVM_ROUTES, Lookup, read_names, read_routes

SAMPLES = Path(__file__).parents[2] / "samples" / "system_vm"
FOLDER = "/mnt/SecStorage/f5b1a0d4-2b0e-3d6c-a8b5-8c2e4a1f0b77"
SOURCE = "10.9.9.5:/srv/secondary"
LINKS = (SAMPLES / "links").read_text()
CIFS = "device //10.0.0.5/share mounted on /mnt/SecStorage/x with fstype cifs\n"


def sample(name: str) -> str:
    """Return a sample."""
    return (SAMPLES / name).read_text()


def asked(question: Question[Any], root: Path, *words: str, **tools: str) -> str:
    """Return what a question's real text prints below a root, where ``tools`` are scripts of sh by name."""
    (root / "bin").mkdir(exist_ok=True)
    for name, text in tools.items():
        (root / "bin" / name).write_text(f"#!/bin/sh\n{text}\n")
        (root / "bin" / name).chmod(0o755)
    done = subprocess.run(
        ["dash", "-c", question.text, "name", *words],
        env={"PATH": f"{root}/bin:/usr/bin:/bin", "LC_ALL": "C", "ROOT": str(root)},
        capture_output=True,
        text=True,
        check=True,
        timeout=30,
    )
    assert done.stderr == ""
    return done.stdout


def machine(root: Path, mountstats: str) -> Path:
    """Return a root with these mounts."""
    (root / "proc/self").mkdir(parents=True, exist_ok=True)
    (root / "proc/self/mountstats").write_text(mountstats)
    return root


@pytest.mark.parametrize(
    ("state", "threads", "sent", "received", "waiting"),
    [
        ("healthy", "healthy", 33, 33, 0),
        ("cut-off", "cut-off", 35, 33, 3),
        ("cut-off-later", "cut-off", 36, 33, 3),
        ("recovered", "healthy", 55, 52, 0),
    ],
)
def test_a_real_mount(tmp_path: Path, state: str, threads: str, sent: int, received: int, waiting: int) -> None:
    """While the server is cut off requests go out and no answer comes; of Python a thread waits, not the process."""
    text = asked(
        SSVM_MOUNTS, machine(tmp_path, sample(f"mountstats.{state}")), ps=f"cat {SAMPLES}/threads.{threads} # $*"
    )
    mounts = read_mounts(text)
    assert [(one.source, one.place, one.kind) for one in mounts.mounts] == [(SOURCE, FOLDER, "nfs4")]
    assert (mounts.mounts[0].sent, mounts.mounts[0].received, mounts.waiting) == (sent, received, waiting)
    assert len(text) < 1000  # of some sixty lines for each mount
    assert read_mounts(sample(f"mountstats.{state}") + f"waiting {waiting}\n") == mounts


def test_host_and_path_are_those_of_the_export() -> None:
    """They are compared with the URL of the store."""
    mount = Mount(SOURCE, FOLDER, "nfs4")
    assert (mount.host, mount.path) == ("10.9.9.5", "/srv/secondary")
    other = Mount("//10.0.0.5/share/", FOLDER, "cifs")
    assert (other.host, other.path) == ("10.0.0.5", "/share")


def test_a_zone_of_object_stores_has_no_mount(tmp_path: Path) -> None:
    """Nothing is mounted there, and that is an answer."""
    text = asked(SSVM_MOUNTS, machine(tmp_path, "device proc mounted on /proc with fstype proc\n"), ps="echo STAT")
    assert read_mounts(text).mounts == ()
    assert asked(SSVM_TEMPLATE_DIRECTORIES, tmp_path, ps="echo STAT") == ""


def test_of_cifs_and_udp_and_several_connections() -> None:
    """CIFS counts nothing here; UDP has no times; nconnect makes several lines. Constructed."""
    nfs = f"device {SOURCE} mounted on {FOLDER} with fstype nfs statvers=1.1\n\tage:\t7\n"
    tcp = "\txprt:\ttcp 0 0 1 0 5 20 19 0 27 0 2 0 2\n"
    assert read_mounts(CIFS + "waiting 0\n").mounts == (Mount("//10.0.0.5/share", "/mnt/SecStorage/x", "cifs"),)
    assert read_mounts(f"{nfs}\txprt:\tudp 800 1 12 11 0 1 0\nwaiting 0\n").mounts[0].sent == 12
    both = read_mounts(f"{nfs}{tcp}{tcp}waiting 0\n").mounts[0]
    assert (both.age, both.sent, both.received) == (7, 40, 38)


def template(root: Path, account: str, number: str) -> None:
    """Make the directory of a template."""
    (root / FOLDER.lstrip("/") / "template/tmpl" / account / number).mkdir(parents=True)


def test_templates_are_listed_by_number_alone(tmp_path: Path) -> None:
    """What bears another name never leaves the machine; nor do files."""
    for account, number in (("1", "3"), ("2", "201"), ("2", "secret-name"), ("lost+found", "1")):
        template(tmp_path, account, number)
    (tmp_path / FOLDER.lstrip("/") / "template/tmpl/2/201/password.qcow2").touch()
    text = asked(SSVM_TEMPLATE_DIRECTORIES, machine(tmp_path, sample("mountstats.healthy")), ps="echo STAT")
    assert read_directories(text) == {SOURCE: frozenset({(1, 3), (2, 201)})}
    assert "secret" not in text


def test_a_store_without_templates_is_listed(tmp_path: Path) -> None:
    """The directory comes with the first template."""
    text = asked(SSVM_TEMPLATE_DIRECTORIES, machine(tmp_path, sample("mountstats.healthy")), ps="echo STAT")
    assert read_directories(text) == {SOURCE: frozenset()}


def test_a_mount_that_hangs_is_not_touched(tmp_path: Path) -> None:
    """Something waits, and within a second no answer came: find is never started there."""
    text = asked(
        SSVM_TEMPLATE_DIRECTORIES,
        machine(tmp_path, sample("mountstats.cut-off")),
        ps=f"cat {SAMPLES}/threads.cut-off",
        find=f"touch {tmp_path}/touched",
        sleep=":",
    )
    assert read_directories(text) == {}
    assert not (tmp_path / "touched").exists()


def test_a_mount_that_answers_is_listed_while_others_wait(tmp_path: Path) -> None:
    """Somebody waits, but the answers of this mount go on."""
    template(tmp_path, "2", "201")
    grows = f"sed -i 's/ 35 33 / 40 39 /' {tmp_path}/proc/self/mountstats"
    text = asked(
        SSVM_TEMPLATE_DIRECTORIES,
        machine(tmp_path, sample("mountstats.cut-off")),
        ps=f"cat {SAMPLES}/threads.cut-off",
        sleep=grows,
    )
    assert read_directories(text) == {SOURCE: frozenset({(2, 201)})}


def test_a_mount_that_hangs_now_is_given_up(tmp_path: Path) -> None:
    """It was well a moment ago; the listing is killed, what came of it does not count."""
    text = asked(
        SSVM_TEMPLATE_DIRECTORIES,
        machine(tmp_path, sample("mountstats.healthy")),
        ps="echo STAT",
        timeout="echo 2/201; exit 137",
    )
    assert read_directories(text) == {}


def test_names_are_looked_up_at_once(tmp_path: Path) -> None:
    """Known, unknown, and a server that is silent; the servers are those of resolv.conf."""
    (tmp_path / "etc").mkdir()
    (tmp_path / "etc/resolv.conf").write_text("search a.example\nnameserver 10.0.0.53\nnameserver fe80::1%eth0\n")
    getent = "case $2 in good.*) echo 10.0.0.1 STREAM $2 ;; silent.*) exit 124 ;; *) exit 2 ;; esac"
    words = ("good.example@80", "silent.example@80", "bad.example@443")
    told = read_names(asked(SSVM_NAMES, tmp_path, *words, getent=getent))
    assert told.servers == ("10.0.0.53", "fe80::1")
    assert told.names == {
        "good.example": Lookup.KNOWN, "silent.example": Lookup.TIMEOUT, "bad.example": Lookup.UNKNOWN
    }  # fmt: skip


def test_a_dead_first_name_server_is_not_waited_for(tmp_path: Path) -> None:
    """The resolver asks each server for a second in its turn; as shipped it would wait for the first one alone."""
    (tmp_path / "etc").mkdir()
    (tmp_path / "etc/resolv.conf").write_text("nameserver 10.0.0.53\nnameserver 10.0.0.54\n")
    getent = "case $RES_OPTIONS in 'timeout:1 attempts:'[3-5]) echo 10.0.0.1 STREAM $2 ;; *) exit 124 ;; esac"
    told = read_names(asked(SSVM_NAMES, tmp_path, "nas.example@2049", getent=getent))
    assert told.names == {"nas.example": Lookup.KNOWN}


def test_routes_name_nics_of_this_machine(tmp_path: Path) -> None:
    """The real ip, on whatever machine this is: loopback is always there."""
    told = read_routes(asked(SSVM_ROUTES, tmp_path, "127.0.0.1"))
    assert told.devices == {"127.0.0.1": "lo"}
    assert told.macs["lo"] == ""


def test_routes_of_samples() -> None:
    """Forms of ip route get: by a gateway, to itself, and none at all."""
    told = read_routes(
        f"{LINKS}10.1.2.3 via 10.0.2.2 dev eth0 src 10.0.2.15 uid 0 \\    cache \n"
        "local 10.9.9.5 dev lo src 10.9.9.5 uid 0 \\    cache <local> \n192.0.2.1 none\n"
    )
    assert told.macs == {"lo": "", "eth0": "52:54:00:00:00:00"}
    assert told.devices == {"10.1.2.3": "eth0", "10.9.9.5": "lo", "192.0.2.1": ""}


@pytest.mark.parametrize(
    ("read", "text"),
    [
        (read_mounts, ""),
        (read_mounts, "waiting x"),
        (read_mounts, "garbage\nwaiting 0"),
        (read_mounts, "device\nwaiting 0"),
        (read_mounts, f"device a mounted on {FOLDER} with fstype nfs\n\txprt:\ttcp 0 0 1\nwaiting 0"),
        (read_mounts, f"device a mounted on {FOLDER} with fstype nfs\n\tage:\told\nwaiting 0"),
        (read_directories, "1/2"),
        (read_directories, f"mount {SOURCE}\nfind: No such file\n"),
        (read_names, "server nowhere"),
        (read_names, "a.example perhaps"),
        (read_routes, ""),
        (read_routes, "10.1.2.3 dev eth0"),
        (read_routes, LINKS + "10.1.2.3 dev eth7 src 10.0.0.1\n"),
        (read_routes, LINKS + "RTNETLINK answers: Network is unreachable\n"),
    ],
)
def test_what_is_no_answer_is_unreadable(read: Callable[[str], object], text: str) -> None:
    """Garbage never becomes a value."""
    with pytest.raises(UnreadableError):
        read(text)


@given(
    st.text()
    | st.lists(
        st.sampled_from([*sample("mountstats.cut-off").splitlines(), "waiting 1", "listed", "1/2", f"mount {SOURCE}"])
    ).map("\n".join)
)
def test_whatever_comes_is_read_or_refused(text: str) -> None:
    """No other exception."""
    readers: tuple[Callable[[str], object], ...] = (read_mounts, read_directories, read_names, read_routes)
    for read in readers:
        try:
            read(text)
        except UnreadableError:
            continue
