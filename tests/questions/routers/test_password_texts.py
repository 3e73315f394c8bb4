"""The texts about passwords, run over files that hold canaries: nothing of them may come out."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from exporter.clock import SystemClock
from exporter.model import Via
from exporter.questions import catalogue
from exporter.questions.routers.password import (
    PASSWORD_PENDING,
    PASSWORD_REQUESTS,
    PASSWORD_UNITS,
    PasswordFile,
    Unit,
    Units,
)
from tests.remote_texts import Machine, sample, shells

CANARY = "Canary-Pw-7f3a"
SECRET_FILES = {
    "/var/cache/cloud/passwords": f"10.1.1.9={CANARY}\n{CANARY}\n{CANARY}=10.1.1.9\n10.1.1.8 {CANARY}\n",
    "/var/cache/cloud/passwords-10.1.1.1": f"10.1.1.5={CANARY}=x\n10.1.1.6=={CANARY}\n={CANARY}\n10.1.1.7.{CANARY}=x\n",
    "/var/cache/cloud/passwords-10.1.1.1.bak": f"10.1.1.5={CANARY}\n",
    "/var/cache/cloud/processed/vm_password.json.1.gz": CANARY,
    "/var/cache/cloud/cmdline": f"type=router vmpassword={CANARY} keystore_password={CANARY} name=r-4-VM\n",
    "/etc/cloudstack/vmpassword.json": f'{{"10.1.1.5": "{CANARY}"}}',
    "/etc/cloudstack/vmdata.json": CANARY,
    "/etc/cloudstack/cmdline.json": f'{{"config": {{"vmpassword": "{CANARY}"}}}}',
    "/tmp/passwdsrvrtoken": CANARY,
    "/var/www/html/userdata/10.1.1.5/user-data": CANARY,
    "/var/www/html/metadata/10.1.1.5/public-keys": CANARY,
    "/var/www/html/metadata/10.1.1.5/vm-id": "6f2f1a1e-0000-0000-0000-000000000001",
    "/var/www/html/latest/user-data": CANARY,
    "/var/log/messages": (
        f"Nov 21 06:38:06 r-4-VM passwd_server_ip.py: serve_password: empty ip/password[10.1.1.5/{CANARY}]\n"
        f"Nov 21 06:38:06 r-4-VM passwd_server_ip.py: serve_password: password sent to {CANARY}\n"
        f"Nov 21 06:38:06 r-4-VM cloud: serve_password sent a password to 10.1.1.5. {CANARY}\n"
    ),
    "/var/log/cloud.log": CANARY,
    "/proc/uptime": "9.0 9.0\n",
    "/proc/sys/kernel/hostname": "r-4-VM\n",
    "/run/systemd/system/x": "",
}


@pytest.fixture
def machine(tmp_path: Path) -> Machine:
    """Return a machine without files and tools of its own."""
    return Machine.at(tmp_path)


@pytest.fixture(params=shells())
def shell(request: pytest.FixtureRequest) -> str:
    """Return each shell in turn."""
    return str(request.param)


@pytest.mark.parametrize(
    "name",
    [question.name for question in catalogue() if question.via is Via.SYSTEM_VM],
)
def test_no_question_of_the_catalogue_prints_a_secret(machine: Machine, name: str) -> None:
    """Every text asked inside a system VM is run over files full of canaries, good and bad; none comes out."""
    question = {question.name: question for question in catalogue()}[name]
    for path, text in SECRET_FILES.items():
        machine.file(path, text)
    machine.file_tool("systemctl", "exit 0\n")
    words = ("10.1.1.5", "r-4-VM") if question.parameters else ()
    for parameters in (words, ("127.0.0.1@9",), ()):
        _, output = machine.ask(question, *parameters)
        assert CANARY not in output


def test_pending_of_the_python_server(machine: Machine, shell: str) -> None:
    """A line is pending until it is removed, whatever signs the password has; an empty file is none pending."""
    file = machine.file("/var/cache/cloud/passwords-10.1.1.1", "10.1.1.10=Example-Pw1\n10.1.1.11==x=\n10.1.1.12=\n\n")
    before = SystemClock().unix() - 500
    os.utime(file, (before, before))
    machine.file("/var/cache/cloud/passwords-10.1.2.1")
    machine.file("/var/cache/cloud/passwords-10.1.2.1.old", "10.1.2.9=x\n")
    old, new = machine.read(PASSWORD_PENDING, shell=shell)
    assert (old.name, old.addresses) == ("passwords-10.1.1.1", ("10.1.1.10", "10.1.1.11"))
    assert old.seconds >= 500
    assert (new.name, new.addresses) == ("passwords-10.1.2.1", ())


def test_pending_of_the_socat_service(machine: Machine, shell: str) -> None:
    """An acknowledged password is replaced by a word, also with white space behind it."""
    machine.file(
        "/var/cache/cloud/passwords", "10.1.1.10=saved_password\n10.1.1.11=Example-Pw1\n10.1.1.12=saved_password\r\n"
    )
    (file,) = machine.read(PASSWORD_PENDING, shell=shell)
    assert file == PasswordFile("passwords", file.seconds, ("10.1.1.11",))


def test_nothing_was_ever_saved(machine: Machine, shell: str) -> None:
    """Without files the answer is empty, and good."""
    assert machine.read(PASSWORD_PENDING, shell=shell) == ()


def test_a_directory_in_the_place_of_a_file(machine: Machine) -> None:
    """What is no file is left out."""
    machine.file("/var/cache/cloud/passwords-10.1.1.1/x")
    assert machine.read(PASSWORD_PENDING) == ()


def test_units_are_asked_of_systemd_only(machine: Machine, shell: str) -> None:
    """Eras A and B have no systemd; in C systemctl is asked for five properties."""
    machine.file_tool("systemctl", "echo must not be called; exit 1\n")
    assert machine.read(PASSWORD_UNITS, shell=shell) == Units(has_systemd=False)
    machine.file("/run/systemd/system/x")
    machine.tool(
        "systemctl",
        "show -p Id,ActiveState,SubState,NRestarts,Result cloud-password-server@*",
        "NRestarts=5\nResult=exit-code\nId=cloud-password-server@10.1.1.1.service\nActiveState=failed\nSubState=failed\n",
    )
    unit = Unit(("10.1.1.1",), "failed", "failed", "exit-code", 5)
    assert machine.read(PASSWORD_UNITS, shell=shell) == Units(has_systemd=True, units=(unit,))


def test_requests_of_the_python_server(machine: Machine, shell: str) -> None:
    """The recorded log: one guest was sent its password; those without one are not counted."""
    machine.file("/var/log/messages", sample("router", "messages.password"))
    assert machine.read(PASSWORD_REQUESTS, shell=shell) == {"10.1.1.10"}


def test_requests_of_the_socat_service_and_of_the_rotated_log(machine: Machine, shell: str) -> None:
    """Era A ends its message with a full stop; the last rotated log counts too."""
    machine.file("/var/log/messages.1", "Nov 21 06:41:07 r-4-VM cloud: serve_password sent a password to 10.1.1.12.\n")
    machine.file(
        "/var/log/messages",
        "Nov 21 06:41:07 r-4-VM cloud: serve_password sent bad_request to 10.1.1.13.\n"
        "Nov 21 06:41:08 r-4-VM cloud: serve_password sent saved_password to 10.1.1.14.\n",
    )
    assert machine.read(PASSWORD_REQUESTS, shell=shell) == {"10.1.1.12"}


def test_requests_without_a_log_are_missing(machine: Machine) -> None:
    """A router that logs to the journal alone cannot tell."""
    assert machine.ask(PASSWORD_REQUESTS)[0] == 127
