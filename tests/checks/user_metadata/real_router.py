"""Debian's apache2 and a metadata tree laid out as CloudStack does, on a loopback address.

Source: the layout, the .htaccess texts and the virtual host are those of samples/metadata.
"""

from __future__ import annotations

import os
import pwd
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from tests.remote_texts import Machine, sample

ROUTER = "127.0.0.1"
GUEST = "127.0.0.10"
STRANGER = "127.0.0.99"
SECRET = "Canary-user-data-91"
MODULES = ("mpm_event", "authn_core", "authz_core", "authz_host", "access_compat", "autoindex", "dir")
GUARD = "Options -Indexes\nOrder Deny,Allow\nDeny from all\nAllow from {}\n"


@dataclass
class RealRouter:
    """A router's files and its web server."""

    machine: Machine
    port: int
    modules: tuple[str, ...] = (*MODULES, "rewrite")
    server: subprocess.Popen[bytes] | None = field(default=None)

    @property
    def place(self) -> str:
        """Return the guest address and port, as question parameters name them."""
        return f"{ROUTER}@{self.port}"

    @property
    def web(self) -> Path:
        """Return the web root."""
        return self.machine.root / "var/www/html"

    @property
    def rules(self) -> Path:
        """Return the file with the rewrite rules."""
        return self.web / "latest/.htaccess"

    @property
    def vhost(self) -> Path:
        """Return the configuration file of the guest address."""
        return self.machine.root / f"etc/apache2/sites-enabled/vhost-{ROUTER}.conf"

    def lay_out(self) -> None:
        """Write tree and configuration of a healthy router with one instance."""
        self.machine.file("/var/www/html/.htaccess", "Options -Indexes\n")
        self.machine.file("/var/www/html/latest/.htaccess", shipped_rules())
        self.add_instance(GUEST, "5c1f0f7a-1d2e-4a37-9a55-0c7f6f2f1a10")
        template = (
            f"<VirtualHost {ROUTER}:{self.port}>\n    DocumentRoot {self.web}\n    <Directory {self.web}>\n"
            "        Options Indexes FollowSymLinks MultiViews\n        AllowOverride All\n"
            f"        Order allow,deny\n        allow from all\n    </Directory>\n</VirtualHost>\n\n"
            f"Listen {ROUTER}:{self.port}\n"
        )
        self.machine.file(f"/etc/apache2/sites-enabled/vhost-{ROUTER}.conf", template)

    def add_instance(self, address: str, vm_id: str) -> None:
        """Write the data of one instance."""
        for folder in ("metadata", "userdata"):
            self.machine.file(f"/var/www/html/{folder}/{address}/.htaccess", GUARD.format(address))
        for name, text in (("vm-id", vm_id), ("public-keys", f"ssh-rsa {SECRET}"), ("meta-data", "vm-id\n")):
            self.machine.file(f"/var/www/html/metadata/{address}/{name}", text)
        self.machine.file(f"/var/www/html/userdata/{address}/user-data", f"#cloud-config\npassword: {SECRET}\n")

    def start(self) -> None:
        """Start the web server, if it can; it cannot without any virtual host."""
        run = self.machine.root.parent / "run"
        shutil.rmtree(run, ignore_errors=True)
        run.mkdir()
        config = run / "apache2.conf"
        loads = [f"LoadModule {name}_module /usr/lib/apache2/modules/mod_{name}.so" for name in self.modules]
        user = "www-data" if os.geteuid() == 0 else pwd.getpwuid(os.geteuid()).pw_name
        lines = (f"ServerRoot {run}", "ServerName router", f"PidFile {run}/pid", f"ErrorLog {run}/error.log")
        lines += (f"User {user}", f"DefaultRuntimeDir {run}", f"Mutex file:{run}", *loads)
        config.write_text("\n".join((*lines, f"IncludeOptional {self.vhost.parent}/*.conf")) + "\n")
        environment = {"PATH": "/usr/sbin:/usr/bin:/sbin:/bin"}
        self.server = subprocess.Popen(
            ["/usr/sbin/apache2", "-f", config, "-D", "FOREGROUND"],
            env=environment,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )
        # the real ps, but of this machine's processes only: others may run a web server too
        only_ours = f'[ "$*" = "-eo comm" ] || exit 2\n/usr/bin/ps -s {self.server.pid} -o comm || :\n'
        self.machine.file_tool("ps", only_ours)
        deadline = time.monotonic() + 10
        while time.monotonic() < deadline and self.server.poll() is None and not self._answers():
            time.sleep(0.01)

    def stop(self) -> None:
        """End the web server and its children."""
        if self.server is None:
            return
        if self.server.poll() is None:
            os.killpg(self.server.pid, signal.SIGCONT)
            self.server.terminate()
            try:
                self.server.wait(10)
            except subprocess.TimeoutExpired:
                os.killpg(self.server.pid, signal.SIGKILL)
                self.server.wait(10)
        self.server = None

    def restart(self) -> None:
        """Stop and start the web server."""
        self.stop()
        self.start()

    def freeze(self) -> None:
        """Let the web server hang: it accepts connections and answers nothing; every thread of it stands still."""
        assert self.server is not None
        assert self.server.poll() is None, "it has ended: somebody else took its port"
        os.killpg(self.server.pid, signal.SIGSTOP)
        told = ["/usr/bin/ps", "-L", "-s", str(self.server.pid), "-o", "stat="]
        deadline = time.monotonic() + 10
        while not all(state.startswith("T") for state in subprocess.check_output(told, text=True).split()):
            assert time.monotonic() < deadline, "it does not stop"
            time.sleep(0.01)

    def get(self, path: str, source: str) -> tuple[int, str]:
        """Return status and body of a GET from ``source``, as a guest would ask."""
        with socket.create_connection((ROUTER, self.port), timeout=5, source_address=(source, 0)) as connection:
            connection.sendall(f"GET {path} HTTP/1.0\r\n\r\n".encode())
            text = b"".join(iter(lambda: connection.recv(4096), b"")).decode()
        head, _, body = text.partition("\r\n\r\n")
        return int(head.split(" ")[1]), body

    def _answers(self) -> bool:
        try:
            return self.get("/", ROUTER)[0] > 0
        except (OSError, ValueError, IndexError):
            return False


def shipped_rules() -> str:
    """Return the latest/.htaccess of a router that has written its instances' data."""
    tree = sample("metadata", "metadata.tree")
    return tree.partition("## /var/www/html/latest/.htaccess\n")[2].partition("## /var/www/html/userdata/.htaccess\n")[
        0
    ]


def free_port() -> int:
    """Return a port that nobody uses on the router's address."""
    with socket.socket() as probe:
        probe.bind((ROUTER, 0))
        return int(probe.getsockname()[1])


@contextmanager
def real_router() -> Iterator[RealRouter]:
    """Yield a healthy router whose web server runs; its user cannot read pytest's own directories."""
    with tempfile.TemporaryDirectory(prefix="router-") as place:
        Path(place).chmod(0o755)
        made = RealRouter(Machine.at(Path(place)), 0)
        while made.server is None or made.server.poll() is not None:  # once more where somebody else took the port
            made.port = free_port()
            made.lay_out()
            made.start()
        try:
            yield made
        finally:
            made.stop()
