"""The true text of the password probe against real servers on loopback addresses.

Recorded bytes are sent by a server of ours that also keeps what it was asked; socat, nginx and Python's own
server are real. The script behind socat is a stand-in of ours with the documented behaviour.
"""

from __future__ import annotations

import ast
import re
import shutil
import socket
import subprocess
import threading
from collections.abc import Iterator
from contextlib import AbstractContextManager, ExitStack
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pytest

from exporter.clock import SystemClock
from exporter.questions.routers.password import PASSWORD_PROBE, Probe
from tests.real_parts import require, require_root
from tests.remote_texts import Machine, sample, shells

HEAD = b"HEAD / HTTP/1.0\r\n\r\n"
CANARY = "Canary-Pw-7f3a"
HERE = "1: lo    inet 127.0.0.1/8 scope host lo\\       valid_lft forever preferred_lft forever\n" + "".join(
    f"2: eth2    inet 127.0.{tier}.1/24 scope global eth2\\       valid_lft forever\n" for tier in range(1, 9)
)
SERVE_PASSWORD = """#!/bin/bash
# A stand-in written for these tests: reads the header, answers raw text without a status line.
while read -r line; do
    [ -n "$line" ] || break
    case $line in DomU_Request:*) request=${line#DomU_Request: }; break ;; esac
done
echo "$1 $request" >>requests
case $request in
    send_my_password) echo Canary-Pw-7f3a ;;
    saved_password) echo saved_password ;;
    *) echo bad_request ;;
esac
"""
LOOP = """#!/bin/bash
# A stand-in written for these tests: one connection for each socat, as in 4.0 to 4.5.
while :; do
    socat -lf log TCP4-LISTEN:$2,reuseaddr,crnl,bind=$1 SYSTEM:'./serve_password.sh "$SOCAT_PEERADDR"' || sleep 0.2
done
"""


def recorded(name: str, heading: str) -> bytes:
    """Return the bytes that a recorded server answered under a heading."""
    text = sample("router", name)
    after = text[text.index(f"## {heading}\n") :]
    found = re.search(r"^received (.*)$", after, re.MULTILINE)
    assert found
    answer = ast.literal_eval(found[1])
    assert isinstance(answer, bytes)
    return answer


@dataclass
class Replay:
    """A server that answers every request with the same bytes and keeps what it was asked.

    ``holds`` keeps connections open without an answer; ``refusals`` closes the listener for as many tries.
    """

    answer: bytes
    address: str = "127.0.0.1"
    holds: bool = False
    asked: list[bytes] = field(default_factory=list)
    port: int = 0

    def __enter__(self) -> Replay:
        self._stack = ExitStack()
        self._listener = self._stack.enter_context(socket.create_server((self.address, 0)))
        self.port = self._listener.getsockname()[1]
        self._thread = threading.Thread(target=self._serve)
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._listener.shutdown(socket.SHUT_RDWR)
        self._thread.join()
        self._stack.close()

    def _serve(self) -> None:
        while True:
            try:
                connection, _ = self._listener.accept()
            except OSError:
                return
            if self.holds:
                self._stack.enter_context(connection)
                continue
            with connection:
                connection.settimeout(5)
                request = b""
                while b"\r\n\r\n" not in request and (more := connection.recv(4096)):
                    request += more
                self.asked.append(request)
                connection.sendall(self.answer)


@pytest.fixture
def machine(tmp_path: Path) -> Machine:
    """Return a present router that has the addresses 127.0.<tier>.1."""
    require("bash", "timeout")
    machine = Machine.at(tmp_path)
    machine.tool("ip", "-o -4 addr show", HERE)
    machine.file("/opt/cloud/bin/passwd_server_ip.py")
    return machine


@pytest.fixture(params=shells())
def shell(request: pytest.FixtureRequest) -> str:
    """Return each shell in turn."""
    return str(request.param)


def free_port(address: str = "127.0.0.1") -> int:
    """Return a port that nobody listens on."""
    with socket.create_server((address, 0)) as listener:
        port: int = listener.getsockname()[1]
    return port


@pytest.mark.real
@pytest.mark.parametrize(
    ("name", "heading", "outcome"),
    [
        ("password.bytes", "router: HEAD", Probe.UNSUPPORTED_METHOD),
        ("password.bytes", "router: GET without header", Probe.BAD_REQUEST),
        ("password.bytes.python2", "router: HEAD", Probe.UNSUPPORTED_METHOD),
        ("password.bytes.python2", "router: GET without header", Probe.BAD_REQUEST),
        ("password.bytes.era-a", "router: HEAD", Probe.BAD_REQUEST),
        ("password.bytes.status-line", "router: GET without header", Probe.NEVER_SERVES),
        ("password.bytes", "client 10.1.1.10: send_my_password", Probe.OTHER),
        ("password.bytes.era-a", "client 10.1.1.10: send_my_password", Probe.OTHER),
        ("password.bytes", "router: not HTTP", Probe.OTHER),
    ],
)
def test_recorded_answers(machine: Machine, shell: str, name: str, heading: str, outcome: Probe) -> None:
    """Each recorded answer is told, and every request was exactly a HEAD without a word about passwords."""
    with Replay(recorded(name, heading)) as server:
        assert machine.read(PASSWORD_PROBE, f"127.0.0.1@{server.port}", shell=shell) == {"127.0.0.1": outcome}
    assert server.asked == [HEAD]


@pytest.mark.real
def test_the_answer_of_python_2_is_longer_than_256_bytes() -> None:
    """The recording is the long one, whose end tells."""
    assert len(recorded("password.bytes.python2", "router: GET without header")) == 272


@pytest.mark.real
@pytest.mark.parametrize(
    "answer",
    [
        f"HTTP/1.0 200 OK\r\nServer: CloudStack Password Server 4.x\r\n\r\n{CANARY}".encode(),
        f"{CANARY}\r\n".encode(),
        f"HTTP/1.1 400 Bad Request\r\nServer: nginx\r\n\r\n{CANARY}".encode(),
        bytes(range(256)) * 40,
        b"\x00" * 5000,
        b"'\"; echo " + CANARY.encode() + b" $(echo x) `id` *\n",
        b"bad_request but more",
    ],
)
def test_no_byte_of_a_strange_answer_is_printed(machine: Machine, answer: bytes) -> None:
    """Passwords, binary, floods and words of shells end in one word; nothing of them is printed."""
    with Replay(answer) as server:
        code, output = machine.ask(PASSWORD_PROBE, f"127.0.0.1@{server.port}")
    assert code == 0
    assert output in ("127.0.0.1 other\n", "127.0.0.1 closed\n")


@pytest.mark.real
def test_closed_silent_and_refusing_ports(machine: Machine) -> None:
    """Several addresses are asked at once: closed without an answer, silent, refused, and not on this router."""
    with Replay(b"", "127.0.1.1") as closing, Replay(b"", "127.0.2.1", holds=True) as silent:
        parameters = (
            f"127.0.1.1@{closing.port}",
            f"127.0.2.1@{silent.port}",
            f"127.0.3.1@{free_port('127.0.3.1')}",
            "127.0.99.1@8080",
        )
        found = machine.read(PASSWORD_PROBE, *parameters)
    assert found == {
        "127.0.1.1": Probe.CLOSED,
        "127.0.2.1": Probe.SILENT,
        "127.0.3.1": Probe.REFUSED,
        "127.0.99.1": Probe.ABSENT,
    }


@pytest.mark.real
def test_an_address_that_the_router_lacks_is_not_dialled(machine: Machine) -> None:
    """It could be somebody else's: nothing is sent there."""
    machine.tool("ip", "-o -4 addr show", "2: eth2    inet 127.0.5.10/24 scope global eth2\\       valid_lft forever")
    with Replay(b"bad_request\r\n") as server:
        assert machine.read(PASSWORD_PROBE, f"127.0.0.1@{server.port}") == {"127.0.0.1": Probe.ABSENT}
    assert server.asked == []


@pytest.mark.real
def test_a_listener_whose_queue_is_full(machine: Machine) -> None:
    """A server without file descriptors still listens: connecting to it times out."""
    with socket.create_server(("127.0.0.1", 0), backlog=0) as listener, ExitStack() as stack:
        address = listener.getsockname()
        for _ in range(3):
            waiting = stack.enter_context(socket.socket())
            waiting.setblocking(False)
            waiting.connect_ex(address)
        assert machine.read(PASSWORD_PROBE, f"127.0.0.1@{address[1]}") == {"127.0.0.1": Probe.TIMEOUT}


@pytest.mark.real
def test_many_addresses_in_one_line_each(machine: Machine) -> None:
    """The lines of probes that run side by side do not mix."""
    with ExitStack() as stack:
        answers = recorded("password.bytes", "router: HEAD")
        servers = [stack.enter_context(Replay(answers, f"127.0.{tier}.1")) for tier in range(1, 9)]
        found = machine.read(PASSWORD_PROBE, *(f"{server.address}@{server.port}" for server in servers))
    assert found == {server.address: Probe.UNSUPPORTED_METHOD for server in servers}


@pytest.mark.real
def test_without_bash_it_is_missing(machine: Machine) -> None:
    """Only bash can connect from a shell."""
    for tool in ("sh", "dash", "cat"):
        (machine.tools / tool).symlink_to(shutil.which(tool) or "")
    assert machine.ask(PASSWORD_PROBE, "127.0.0.1@9", path="/nowhere")[0] == 127


class OldServer(AbstractContextManager["OldServer"]):
    """A real socat in a bash loop, as the routers of 4.0 to 4.5 have it."""

    def __init__(self, place: Path) -> None:
        self.place = place
        self.port = free_port()

    def __enter__(self) -> OldServer:
        for name, text in (("serve_password.sh", SERVE_PASSWORD), ("loop.sh", LOOP)):
            script = self.place / name
            script.write_text(text)
            script.chmod(0o755)
        self._loop = subprocess.Popen(["setsid", "./loop.sh", "127.0.0.1", str(self.port)], cwd=self.place)
        until(lambda: is_listening(self.port))
        return self

    def __exit__(self, *_: object) -> None:
        subprocess.run(["kill", "--", f"-{self._loop.pid}"], check=True)
        self._loop.wait()

    @property
    def requests(self) -> list[str]:
        """Return who asked for what."""
        return (self.place / "requests").read_text().splitlines()


def is_listening(port: int) -> bool:
    """Return whether the kernel has a listener on 127.0.0.1 and the port, without touching it."""
    wanted = f"0100007F:{port:04X} 00000000:0000 0A"
    return wanted in Path("/proc/net/tcp").read_text()


def until(condition: object) -> None:
    """Wait for a condition, at most ten seconds."""
    assert callable(condition)
    end = SystemClock().boot() + 10
    while not condition():
        assert SystemClock().boot() < end
        threading.Event().wait(0.02)


@pytest.fixture
def old_server(tmp_path: Path) -> Iterator[OldServer]:
    """Run the service of era A."""
    require("socat", "bash", "setsid", "kill")
    with OldServer(tmp_path) as server:
        yield server


@pytest.mark.real
def test_a_real_socat_service(machine: Machine, shell: str, old_server: OldServer) -> None:
    """The service of era A is good, and its script saw a request that asks for nothing."""
    (machine.root / "opt/cloud/bin/passwd_server_ip.py").unlink()
    assert machine.read(PASSWORD_PROBE, f"127.0.0.1@{old_server.port}", shell=shell) == {"127.0.0.1": Probe.BAD_REQUEST}
    assert [line.split() for line in old_server.requests] == [["127.0.0.1"]]


@pytest.mark.real
def test_a_socat_service_that_serves_somebody_is_asked_again(machine: Machine, old_server: OldServer) -> None:
    """While one guest is connected the port refuses everybody else; the second or third try finds it."""
    (machine.root / "opt/cloud/bin/passwd_server_ip.py").unlink()
    guest = socket.create_connection(("127.0.0.1", old_server.port))
    until(lambda: not is_listening(old_server.port))
    leaving = threading.Timer(1.0, guest.close)
    leaving.start()
    try:
        found = machine.read(PASSWORD_PROBE, f"127.0.0.1@{old_server.port}")
    finally:
        leaving.join()
    assert found == {"127.0.0.1": Probe.BAD_REQUEST}


@pytest.mark.real
def test_a_real_nginx_on_the_port(machine: Machine, tmp_path: Path) -> None:
    """Another web server on 8080 is not a password server."""
    require("nginx")
    port = free_port()
    config = tmp_path / "nginx.conf"
    config.write_text(
        f"daemon off; error_log stderr; pid {tmp_path}/pid; events {{}}\n"
        f"http {{ access_log off; server {{ listen 127.0.0.1:{port}; return 200 bad_request; }} "
        + " ".join(f"{name}_temp_path {tmp_path}/t;" for name in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi"))
        + " }\n"
    )
    server = subprocess.Popen(
        ["nginx", "-c", str(config)], stderr=subprocess.DEVNULL, env={"PATH": "/usr/sbin:/usr/bin"}
    )
    try:
        until(lambda: is_listening(port))
        assert machine.read(PASSWORD_PROBE, f"127.0.0.1@{port}") == {"127.0.0.1": Probe.OTHER}
    finally:
        server.terminate()
        server.wait()


class PasswordHandler(BaseHTTPRequestHandler):
    """A stand-in of ours: like passwd_server_ip.py it knows GET and POST only."""

    server_version = "CloudStack Password Server"
    sys_version = "4.x"

    def log_message(self, *_: object) -> None:
        """Stay quiet."""


@pytest.mark.real
def test_a_real_python_server(machine: Machine, shell: str) -> None:
    """Python's own server refuses HEAD with 501 and the name of the password server."""
    with HTTPServer(("127.0.0.1", 0), PasswordHandler) as server:
        thread = threading.Thread(target=server.handle_request)
        thread.start()
        found = machine.read(PASSWORD_PROBE, f"127.0.0.1@{server.server_port}", shell=shell)
        thread.join()
    assert found == {"127.0.0.1": Probe.UNSUPPORTED_METHOD}


@pytest.mark.real
def test_the_real_ip_in_a_namespace(tmp_path: Path) -> None:
    """With the real ip and no server: the guest address refuses, the one that was taken away is absent."""
    require_root("only root makes network namespaces")
    require("ip", "unshare", "bash")
    machine = Machine.at(tmp_path)
    machine.file("/opt/cloud/bin/passwd_server_ip.py")
    setup = 'ip link set lo up && ip addr add 10.1.1.1/24 dev lo && exec "$@"'
    found = machine.read(
        PASSWORD_PROBE, "10.1.1.1@8080", "10.1.2.1@8080", before=("unshare", "-n", "sh", "-c", setup, "setup")
    )
    assert found == {"10.1.1.1": Probe.REFUSED, "10.1.2.1": Probe.ABSENT}
