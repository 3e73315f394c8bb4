"""A real MariaDB in a private directory, over TLS, with CloudStack's tables and an account that may only read."""

from __future__ import annotations

import contextlib
import getpass
import shutil
import socket
import subprocess
import time
from collections import defaultdict
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import pymysql

from exporter.privileges import database_privileges
from exporter.sources.database import DatabaseSettings
from tests.real_parts import require
from tests.sources.certificate_maker import authority, leaf

COLUMNS = Path(__file__).parent / "samples/database/columns-4.22.tsv"
READER, SECRET = "exporter", "canary-7c1d"
STARTING = 60.0  # seconds
UNIQUE = {"op_dc_vnet_alloc": "vnet, physical_network_id, data_center_id"}
"""Keys of several columns, which the list of columns does not tell."""

Statements = list[str]


@dataclass(frozen=True, slots=True)
class Server:
    """A server that runs."""

    port: int
    folder: Path
    _processes: list[subprocess.Popen[bytes]] = field(default_factory=list)

    def start(self) -> None:
        """Start the process and wait until it answers."""
        command = ["mariadbd", f"--defaults-file={self.folder / 'my.cnf'}"]
        process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        self._processes.append(process)
        _wait(self, process)

    def stop(self) -> None:
        """End the process, if it runs."""
        while self._processes:
            process = self._processes.pop()
            process.terminate()
            try:
                process.wait(timeout=30)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()

    def rows(self, text: str) -> tuple[tuple[object, ...], ...]:
        """Return what a statement brings to root."""
        with closing(self.root()) as connection, connection.cursor() as cursor:
            cursor.execute(text)
            return tuple(cursor.fetchall())

    def root(self, database: str | None = "cloud") -> pymysql.connections.Connection[pymysql.cursors.Cursor]:
        """Return a connection that may do everything."""
        return pymysql.connect(unix_socket=str(self.folder / "sock"), user="root", database=database, autocommit=True)

    def run(self, *statements: str, database: str | None = "cloud") -> None:
        """Run statements as root."""
        with closing(self.root(database)) as connection, connection.cursor() as cursor:
            for statement in statements:
                cursor.execute(statement)

    def settings(self, **changes: object) -> DatabaseSettings:
        """Return how the exporter reaches it."""
        fields: dict[str, object] = {
            "servers": (("127.0.0.1", self.port),),
            "user": READER,
            "password": SECRET,
            "ca_file": self.folder / "ca.pem",
        }
        return DatabaseSettings(**(fields | changes))  # type: ignore[arg-type]


@contextmanager
def mariadb(folder: Path, *options: str) -> Iterator[Server]:
    """Start a server with the tables of 4.22 and the reading account; end it at the end.

    Args:
        folder: empty directory for its data; its path must be short, because of the socket.
        options: more lines for the configuration, such as ``server-id = 2``.
    """
    require("mariadbd", "mariadb-install-db")
    for name in ("data", "tmp"):
        (folder / name).mkdir(parents=True)
        shutil.chown(folder / name, user=_owner())
    done = subprocess.run(
        ["mariadb-install-db", "--no-defaults", f"--datadir={folder / 'data'}", f"--tmpdir={folder / 'tmp'}",
         "--skip-test-db", f"--user={_owner()}", "--auth-root-authentication-method=normal"],
        check=False, capture_output=True, text=True, timeout=120,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
    port = _free_port()
    (folder / "my.cnf").write_text(_configuration(folder, port, options))
    server = Server(port, folder)
    try:
        server.start()
        server.run("CREATE DATABASE cloud CHARACTER SET utf8mb4", database=None)
        server.run(*tables(), f"CREATE USER {READER}@'%' IDENTIFIED BY '{SECRET}' REQUIRE SSL")
        server.run(f"GRANT SELECT ON cloud.* TO {READER}@'%'", f"GRANT SLAVE MONITOR ON *.* TO {READER}@'%'")
        yield server
    finally:
        server.stop()


def install_account(server: Server, user: str) -> None:
    """Make the account that ``privileges database`` prints, with the client as an operator would; READER's password."""
    text = database_privileges(user, "cloud", tls=True, address="127.0.0.1").replace("PASSWORD'", f"{SECRET}'")
    done = subprocess.run(
        ["mariadb", "--no-defaults", f"--socket={server.folder / 'sock'}", "--user=root"],
        input=text, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr


def install_role(server: Server, role: str, schema: str = "cloud") -> None:
    """Make, or widen, a role that may read exactly what the account of ``privileges database`` may read.

    Within one transaction a session changes to it and back, so that it sees what was not committed. What an older
    schema lacks is not granted: the client goes on with ``--force``.
    """
    printed = database_privileges(role, schema, tls=True).splitlines()
    grants = [line.partition(" TO ")[0] for line in printed if line.startswith("GRANT SELECT")]
    server.run(f"CREATE ROLE IF NOT EXISTS {role}")
    for grant in grants:
        with contextlib.suppress(pymysql.err.OperationalError):
            server.run(f"{grant} TO {role}")


def replicate(primary: Server, replica: Server) -> None:
    """Have one fresh server follow another; both have the same tables already."""
    primary.run("CREATE USER follower@'%' IDENTIFIED BY 'follows'", "GRANT REPLICATION SLAVE ON *.* TO follower@'%'")
    primary.run("RESET MASTER")
    replica.run(
        f"CHANGE MASTER TO MASTER_HOST='127.0.0.1', MASTER_PORT={primary.port}, MASTER_USER='follower',"
        " MASTER_PASSWORD='follows', MASTER_USE_GTID=slave_pos",
        "START SLAVE",
    )


def _configuration(folder: Path, port: int, options: tuple[str, ...]) -> str:
    root = authority(f"database CA {port}")  # a name of its own: tests trust two of them
    certificate, key = leaf(root, "127.0.0.1", "localhost").write(folder, "server")
    (folder / "ca.pem").write_bytes(root.pem)
    for file in (certificate, key):
        shutil.chown(file, user=_owner())
    lines = (
        f"datadir = {folder / 'data'}",
        f"tmpdir = {folder / 'tmp'}",  # a server that starts clears it of tables that another one may be using
        f"socket = {folder / 'sock'}",
        f"pid-file = {folder / 'data' / 'pid'}",
        f"port = {port}",
        "bind-address = 127.0.0.1",
        f"user = {_owner()}",
        f"ssl-cert = {certificate}",
        f"ssl-key = {key}",
        f"ssl-ca = {folder / 'ca.pem'}",
        "innodb-buffer-pool-size = 64M",
        "innodb-flush-log-at-trx-commit = 0",
        "innodb-flush-method = nosync",
        "innodb-doublewrite = 0",
        "innodb-log-file-size = 8M",
        "skip-log-bin",
        *options,
    )
    return "[mariadbd]\n" + "\n".join(lines) + "\n"


def tables(missing: frozenset[str] = frozenset()) -> Statements:
    """Return what makes the tables that the checks read; ``missing`` names ``table.column`` of older schemas."""
    parts: defaultdict[str, list[str]] = defaultdict(list)
    primary: defaultdict[str, list[str]] = defaultdict(list)
    for line in COLUMNS.read_text().splitlines():
        if line.startswith("#"):
            continue
        table, _, name, kind, nullable, key, *_ = line.split("\t")
        if f"{table}.{name}" in missing:
            continue
        words = "" if nullable == "YES" and key != "PRI" else " NOT NULL"
        words += " AUTO_INCREMENT" if key == "PRI" and name == "id" and "int" in kind else ""
        parts[table].append(f"`{name}` {kind}{words}")
        if key == "PRI":
            primary[table].append(f"`{name}`")
        elif key and "text" not in kind and "blob" not in kind:
            parts[table].append(f"KEY (`{name}`)")
    for table, columns in UNIQUE.items():
        parts[table].append(f"UNIQUE KEY ({columns})")
    for table, names in primary.items():
        parts[table].append(f"PRIMARY KEY ({', '.join(names)})")
    return [
        f"CREATE TABLE `{table}` ({', '.join(rows)}) ENGINE=InnoDB CHARSET=utf8mb3" for table, rows in parts.items()
    ]


def _owner() -> str:
    """Return who runs the server: whoever runs the tests."""
    return getpass.getuser()


def _free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return int(listener.getsockname()[1])


def _wait(server: Server, process: subprocess.Popen[bytes]) -> None:
    until = time.monotonic() + STARTING
    while True:
        assert process.poll() is None, "the server ended"
        with socket.socket(socket.AF_UNIX) as knock:
            if knock.connect_ex(str(server.folder / "sock")) == 0:
                return
        assert time.monotonic() < until, "the server does not come up"
        time.sleep(0.1)
