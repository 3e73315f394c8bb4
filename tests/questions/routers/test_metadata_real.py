"""The texts about metadata, run against Debian's apache2 and dnsmasq, and judged, one thing broken at a time."""

from __future__ import annotations

import os
import pwd
import shutil
import socket
import subprocess
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from exporter.checks.user_metadata import (
    metadata_http,
    metadata_instances,
    metadata_name,
    metadata_rewrite,
    metadata_vhosts,
    metadata_web_server,
)
from exporter.model import Question
from exporter.questions.routers.metadata import METADATA_HTTP, METADATA_RULES, METADATA_VHOSTS, METADATA_WEB_SERVER
from exporter.questions.routers.metadata_instances import METADATA_INSTANCES, InstanceData
from exporter.questions.routers.metadata_name import METADATA_NAME, NameAnswer
from tests.checks.user_metadata import scene
from tests.checks.user_metadata.real_router import GUEST, ROUTER, SECRET, STRANGER, RealRouter, free_port, real_router
from tests.real_parts import require
from tests.remote_texts import Machine

pytestmark = pytest.mark.real

LIST = "/latest/meta-data/"
QUESTIONS: tuple[Question[Any], ...] = (METADATA_HTTP, METADATA_RULES, METADATA_VHOSTS, METADATA_INSTANCES)
ASKED = (*QUESTIONS, METADATA_WEB_SERVER)
SERVED = scene.router(nics=(scene.nic(ROUTER),))
CLOUD = scene.cloud(SERVED, instances=(scene.instance(GUEST),))


@pytest.fixture
def served() -> Iterator[RealRouter]:
    """Yield a healthy router with a web server that runs."""
    require("apache2", "dash", "bash", "ip")
    with real_router() as made:
        yield made


def verdicts(served: RealRouter) -> dict[tuple[str, ...], float]:
    """Return the verdicts on what the question texts find on the router, run by dash."""
    values = {question: served.machine.read(question, *_places(question, served)) for question in ASKED}
    checks = (metadata_http, metadata_rewrite, metadata_vhosts, metadata_instances, metadata_web_server)
    found: dict[tuple[str, ...], float] = {}
    for check in checks:
        found |= scene.values_of(scene.judged(check.judge, SERVED, CLOUD, values))
    return found


def _places(question: Question[Any], served: RealRouter) -> tuple[str, ...]:
    return (served.place,) if question is METADATA_HTTP else ()


HEALTHY = {
    ("http_up", "r-4-VM", ROUTER): 1,
    ("http_status", "r-4-VM", ROUTER): 404,
    ("rewrite_rules", "r-4-VM"): 4,
    ("vhost_up", "r-4-VM", ROUTER): 1,
    ("web_server_up", "r-4-VM"): 1,
    ("instances", "r-4-VM"): 1,
    ("instances_incomplete", "r-4-VM"): 0,
    ("instances_stale", "r-4-VM"): 0,
    ("directories_exposed", "r-4-VM"): 0,
}


def test_a_healthy_router(served: RealRouter) -> None:
    """The guest gets its data, the router itself gets 404, and every verdict is good."""
    assert served.get(LIST, GUEST) == (200, "vm-id\n")
    assert served.get("/latest/user-data", GUEST)[0] == 200
    assert served.get(LIST, ROUTER)[0] == 404
    assert served.get(f"/metadata/{GUEST}/vm-id", STRANGER)[0] == 403
    assert verdicts(served) == HEALTHY


def _stop(served: RealRouter) -> None:
    served.stop()


def _remove_vhost(served: RealRouter) -> None:
    served.vhost.unlink()
    served.restart()


def _keep_template(served: RealRouter) -> None:
    served.vhost.write_text(served.vhost.read_text().replace(str(served.port), "8180"))
    served.stop()  # port 8180 may be somebody else's on this machine


def _disable_rewrite(served: RealRouter) -> None:
    served.modules = tuple(name for name in served.modules if name != "rewrite")
    served.restart()


def _cut_rules(served: RealRouter) -> None:
    served.rules.write_text(served.rules.read_text() + "RewriteRule ^hypervisor-host")


def _remove_rules(served: RealRouter) -> None:
    served.rules.unlink()


def _empty_rules(served: RealRouter) -> None:
    served.rules.write_text("")


def _append_to_empty_rules(served: RealRouter) -> None:
    """Do what CloudStack does on the next push: it writes the head only into a file it makes."""
    served.rules.write_text("RewriteRule ^meta-data/(.+)$  ../metadata/%{REMOTE_ADDR}/$1 [L,NC,QSA]\n")


def _leave_index(served: RealRouter) -> None:
    (served.web / "index.html").write_text("<title>It works</title>")


def _remove_instance(served: RealRouter) -> None:
    shutil.rmtree(served.web / "metadata" / GUEST)


def _empty_identity(served: RealRouter) -> None:
    (served.web / "metadata" / GUEST / "vm-id").write_text("")


def _change_owner(served: RealRouter) -> None:
    (served.web / "metadata" / GUEST / "vm-id").write_text(scene.OTHER_UUID)


def _remove_guard(served: RealRouter) -> None:
    (served.web / "metadata" / GUEST / ".htaccess").unlink()


UP, STATUS = ("http_up", "r-4-VM", ROUTER), ("http_status", "r-4-VM", ROUTER)
NAME = "i-2-10-VM"
Break = Callable[[RealRouter], None]
CASES: dict[str, tuple[Break, int | None, dict[tuple[str, ...], float | None]]] = {
    "apache stopped": (_stop, None, {UP: 0, STATUS: None, ("web_server_up", "r-4-VM"): 0}),
    "vhost missing": (
        _remove_vhost,
        None,
        {UP: 0, STATUS: None, ("web_server_up", "r-4-VM"): 0, ("vhost_up", "r-4-VM", ROUTER): 0},
    ),
    "template not filled in": (
        _keep_template,
        None,
        {UP: 0, STATUS: None, ("web_server_up", "r-4-VM"): 0, ("vhost_up", "r-4-VM", ROUTER): 0},
    ),
    "rewrite disabled": (_disable_rewrite, 500, {UP: 0, STATUS: 500}),
    "rules cut": (_cut_rules, 500, {UP: 0, STATUS: 500}),
    "rules missing": (_remove_rules, 404, {("rewrite_rules", "r-4-VM"): 0}),
    "rules empty": (_empty_rules, 404, {("rewrite_rules", "r-4-VM"): 0}),
    "rules without engine": (_append_to_empty_rules, 404, {("rewrite_rules", "r-4-VM"): 0}),
    "index.html left": (_leave_index, 200, {}),
    "instance missing": (
        _remove_instance,
        404,
        {
            ("instances_incomplete", "r-4-VM"): 1,
            ("instance_incomplete", "r-4-VM", NAME, GUEST): 1,
            ("rewrite_rules", "r-4-VM"): None,
        },
    ),
    "identity empty": (
        _empty_identity,
        200,
        {
            ("instances_incomplete", "r-4-VM"): 1,
            ("instance_incomplete", "r-4-VM", NAME, GUEST): 1,
            ("rewrite_rules", "r-4-VM"): None,
        },
    ),
    "other owner": (
        _change_owner,
        200,
        {("instances_stale", "r-4-VM"): 1, ("instance_stale", "r-4-VM", NAME, GUEST): 1},
    ),
    "guard missing": (_remove_guard, 200, {("directories_exposed", "r-4-VM"): 1}),
}


@pytest.mark.parametrize("case", CASES)
def test_a_broken_router(served: RealRouter, case: str) -> None:
    """Each broken state changes exactly its own verdicts, and guests meet what the case says."""
    break_it, status, changes = CASES[case]
    break_it(served)
    if status is not None:
        assert served.get(LIST, GUEST)[0] == status
    expected = {key: value for key, value in (HEALTHY | changes).items() if value is not None}
    assert verdicts(served) == expected


def test_a_web_server_that_hangs(served: RealRouter) -> None:
    """A server that takes the connection and says nothing is a timeout, within the question's own limit."""
    served.freeze()
    limit = ("timeout", str(METADATA_HTTP.seconds))
    answers = served.machine.read(METADATA_HTTP, served.place, "10.99.99.99@80", before=limit)
    assert {(answer.address, answer.word) for answer in answers} == {(ROUTER, "timeout"), ("10.99.99.99", "absent")}


def test_something_that_is_not_http(served: RealRouter) -> None:
    """A listener that speaks another protocol is told apart from one that refuses."""
    served.stop()
    with socket.create_server((ROUTER, served.port)) as listener:
        talker = subprocess.Popen(["dash", "-c", f"exec {_dash_ask(served)}"], stdout=subprocess.PIPE)
        for _ in range(2):
            connection, _ = listener.accept()
            connection.sendall(b"\x00\xffSSH-2.0\r\n")
            connection.close()
        output, _ = talker.communicate(timeout=10)
    assert {answer.word for answer in METADATA_HTTP.read(output.decode())} == {"other"}


def _dash_ask(served: RealRouter) -> str:
    script = served.machine.root.parent / "ask"
    script.write_text(f'set -- {served.place}\nROOT=""\n{METADATA_HTTP.text}')
    return f"dash {script}"


def test_no_secret_leaves_the_router(served: RealRouter) -> None:
    """User data, keys and passwords of real files are in no output; of user data only that it exists."""
    served.machine.file("/var/cache/cloud/passwords-10.1.1.1", f"{GUEST}={SECRET}\n")
    for question in ASKED:
        code, output = served.machine.ask(question, *_places(question, served))
        assert code == 0
        assert SECRET not in output
    data = served.machine.read(METADATA_INSTANCES)[GUEST]
    assert data == InstanceData(vm_id=scene.UUID, has_user_data=True)


def test_thousands_of_instances_in_one_pass(tmp_path: Path) -> None:
    """A full shared network is read within time and size, and by a handful of processes."""
    machine = Machine.at(tmp_path)
    for number in range(2000):
        address = f"10.1.{number // 250}.{number % 250 + 1}"
        machine.file(f"/var/www/html/metadata/{address}/vm-id", f"{number:08x}-1d2e-4a37-9a55-0c7f6f2f1a10")
        machine.file(f"/var/www/html/metadata/{address}/.htaccess", "x")
    code, output = machine.ask(METADATA_INSTANCES)
    assert code == 0
    assert len(output) < METADATA_INSTANCES.size
    assert len(METADATA_INSTANCES.read(output)) == 2000


@pytest.fixture
def named(tmp_path: Path) -> Iterator[tuple[Machine, int, Callable[[str], None]]]:
    """Yield a machine, the port of its dnsmasq, and a way to give it another hosts file."""
    require("dnsmasq", "dash", "bash", "ip")
    machine, port = Machine.at(tmp_path), free_port()
    running: list[subprocess.Popen[bytes]] = []

    def serve(hosts: str) -> None:
        for process in running:
            process.terminate()
            process.wait(10)
        running.clear()
        file = machine.file("/etc/hosts", hosts)
        own = f"no-hosts\naddn-hosts={file}\nlisten-address={ROUTER}\nport={port}\nno-resolv\npid-file=\n"
        user = pwd.getpwuid(os.geteuid()).pw_name  # the test's files are closed to others
        conf = machine.file("/etc/dnsmasq.conf", f"{NAMING}{own}user={user}\nbind-interfaces\n")
        command = ["/usr/sbin/dnsmasq", f"--conf-file={conf}", "--no-daemon"]
        running.append(subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL))
        _wait_for(port, running[0])

    yield machine, port, serve
    for process in running:
        process.terminate()
        process.wait(10)


def _wait_for(port: int, process: subprocess.Popen[bytes]) -> None:
    deadline = time.monotonic() + 10
    while time.monotonic() < deadline:
        assert process.poll() is None
        try:
            socket.create_connection((ROUTER, port), timeout=1).close()
        except OSError:
            time.sleep(0.01)
        else:
            return


NAMING = "domain-needed\nbogus-priv\nexpand-hosts\ndomain=lab.internal\nlocal=/lab.internal/\nlocalise-queries\n"
"""What a router's dnsmasq.conf says about names; see samples/metadata/dnsmasq.config."""
HOSTS = "127.0.0.1\tlocalhost\n127.0.1.1\tr-4-VM\n10.1.1.10\tweb01\n"


def test_the_name_data_server(named: tuple[Machine, int, Callable[[str], None]]) -> None:
    """The router's own dnsmasq is asked; the name must lead to the address that serves."""
    machine, port, serve = named
    seen = {}
    for case, line in (("right", f"{ROUTER}\tr-4-VM data-server\n"), ("wrong", "10.9.9.9 data-server\n"), ("none", "")):
        serve(HOSTS + line)
        answer = machine.read(METADATA_NAME, f"{ROUTER}@{port}")
        samples = scene.judged(metadata_name.judge, SERVED, CLOUD, {METADATA_NAME: answer})
        seen[case] = (answer.hosts, scene.values_of(samples)["data_server_resolves", "r-4-VM", ROUTER], samples[0].seen)
    assert seen == {
        "right": ((ROUTER,), 1, ""),
        "wrong": (("10.9.9.9",), 0, "data-server is 10.9.9.9"),
        "none": ((), 0, "DNS answers NXDOMAIN for data-server"),
    }


def test_nobody_answers_dns(named: tuple[Machine, int, Callable[[str], None]]) -> None:
    """A port without a server and one that stays silent are told apart, and neither hangs the question."""
    machine, port, _ = named
    machine.file("/etc/hosts", f"{ROUTER} r-4-VM data-server\n")
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as silent:
        silent.bind((ROUTER, 0))
        answer = machine.read(METADATA_NAME, f"{ROUTER}@{port}", f"{ROUTER}@{silent.getsockname()[1]}", "10.9.9.9@53")
    assert set(answer.answers) == {
        NameAnswer(ROUTER, "refused"),
        NameAnswer(ROUTER, "timeout"),
        NameAnswer("10.9.9.9", "absent"),
    }
