"""A real MariaDB for the lab: a process of its own, small, unprivileged, on loopback, gone with the lab."""

from __future__ import annotations

import asyncio
import contextlib
import os
import secrets
import shutil
import tempfile
from pathlib import Path
from typing import Any

import aiomysql
import pymysql

from exporter.privileges import database_privileges

HERE = "127.0.0.1"
PROGRAMS = ("mariadbd", "mariadb-install-db", "setpriv")
INSTALL = "apt install mariadb-server-core mariadb-client-core"
SEARCH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
NOBODY = 65534
"""Who runs the server when the lab is run by root, which the server refuses to be."""
STARTING, KNOCKING, STOPPING = 60.0, 5.0, 20.0
"""Seconds that it may take: two and less on an idle machine. A stranger on its port may take a knock in silence."""
SCHEMA = (Path(__file__).parents[1] / "files" / "database.sql").read_text()
COMMON = (
    "--innodb-buffer-pool-size=16M", "--innodb-log-file-size=4M", "--innodb-flush-log-at-trx-commit=0",
    "--innodb-flush-method=nosync", "--innodb-doublewrite=0", "--aria-pagecache-buffer-size=1M",
    "--key-buffer-size=64K", "--debug-no-sync",
)  # fmt: skip
"""As small as it can be. Nothing is ever synced to the disk: what is in it is thrown away."""
RUNNING = (
    "--performance-schema=OFF", "--skip-log-bin", "--skip-name-resolve", "--innodb-fast-shutdown=2",
    "--table-open-cache=100", "--max-connections=20", f"--bind-address={HERE}", "--socket=socket", "--pid-file=pid",
)  # fmt: skip
START = """
set -- --datadir="$PWD/data" --tmpdir="$PWD/tmp" "$@"
if [ ! -d data/mysql ]; then
  mariadb-install-db --no-defaults --skip-test-db --auth-root-socket-user=root "$@" >&2 || exit 1
  set -- "$@" --init-file="$PWD/first.sql"
fi
exec mariadbd --no-defaults $RUNNING "$@"
"""
"""Becomes the server, so that one process stands for both steps and neither waits for us between them.

It has a directory of its own for temporary tables: a server that starts clears it of those that another may be using.
"""

Connection = Any  # aiomysql has no types


def is_installed(search: str) -> bool:
    """Return whether the programs are there."""
    return all(shutil.which(program, path=search) for program in PROGRAMS)


class Server:
    """The process; it may be stopped and started, and keeps its data until it is closed.

    Attributes:
        reader: account that may only read, and its password.
    """

    def __init__(self, port: int, reader: tuple[str, str]) -> None:
        self.port = port
        self.reader = reader
        self._secret = secrets.token_hex(16)
        self.folder = Path(tempfile.mkdtemp(prefix="lab-database-"))
        self._process: asyncio.subprocess.Process | None = None

    @property
    def pid(self) -> int:
        """Return the number of its process; 0 while there is none."""
        return self._process.pid if self._process else 0

    async def start(self) -> None:
        """Begin to start; ``connected`` tells when it is there."""
        if not (self.folder / "data").exists():
            self._prepare()
        with (self.folder / "log").open("ab") as log:
            self._process = await asyncio.create_subprocess_exec(
                "setpriv", "--pdeathsig", "TERM", "/bin/sh", "-c", START, "mariadb", f"--port={self.port}", *COMMON,
                cwd=self.folder, stdin=asyncio.subprocess.DEVNULL, stdout=log, stderr=log, start_new_session=True,
                env={"PATH": SEARCH, "LC_ALL": "C.UTF-8", "HOME": str(self.folder), "RUNNING": " ".join(RUNNING)},
                **_unprivileged(),
            )  # fmt: skip

    def _prepare(self) -> None:
        """Write what the server does when it starts for the first time."""
        account = f"lab@'{HERE}'"
        rights = f"GRANT ALL ON *.* TO {account} WITH GRANT OPTION"
        accounts = f"CREATE USER {account} IDENTIFIED BY '{self._secret}';\n{rights};\n"
        first, data, temporary = (self.folder / name for name in ("first.sql", "data", "tmp"))
        first.write_text(SCHEMA + accounts)
        data.mkdir(mode=0o700)
        temporary.mkdir(mode=0o700)
        if os.geteuid() == 0:
            for path in (self.folder, data, temporary, first):
                os.chown(path, NOBODY, NOBODY)

    async def connected(self) -> Connection:
        """Return a connection that may do everything, as soon as the server takes one.

        Raises:
            OSError: it has ended, or does not come up.
        """
        async with asyncio.timeout(STARTING):
            while True:
                with contextlib.suppress(pymysql.err.OperationalError, TimeoutError):
                    async with asyncio.timeout(KNOCKING):
                        return await self._connection()
                if self._process is None or self._process.returncode is not None:
                    message = f"it ended: {self._last_words()}"
                    raise OSError(message)
                await asyncio.sleep(0.05)

    async def _connection(self) -> Connection:
        return await aiomysql.connect(
            host=HERE, port=self.port, user="lab", password=self._secret, db="cloud", autocommit=True, charset="utf8mb4"
        )

    def _last_words(self) -> str:
        lines = (self.folder / "log").read_text(errors="replace").splitlines()
        return " / ".join(lines[-3:])

    def account(self) -> list[str]:
        """Return the statements that make the reading account: those that operators are told to type."""
        name, password = self.reader
        text = database_privileges(name, "cloud", tls=False, address=HERE).replace("'PASSWORD'", f"'{password}'")
        lines = (line for line in text.splitlines() if not line.startswith("--"))
        return [statement.strip() for statement in " ".join(lines).split(";") if statement.strip()]

    def password(self, *, is_other: bool) -> list[str]:
        """Return the statements that give the reading account another password, or its own, and end its sessions."""
        name, password = self.reader
        account = f"{name}@'{HERE}'"
        return [f"ALTER USER {account} IDENTIFIED BY '{password}{'-other' * is_other}'", f"KILL USER {account}"]

    async def stop(self) -> None:
        """End the process and wait for it."""
        process, self._process = self._process, None
        if process is None or process.returncode is not None:
            return
        process.terminate()
        try:
            await asyncio.wait_for(process.wait(), STOPPING)
        except TimeoutError:
            process.kill()
            await process.wait()

    async def close(self) -> None:
        """End the process and remove its data."""
        await self.stop()
        shutil.rmtree(self.folder, ignore_errors=True)


def _unprivileged() -> dict[str, Any]:
    """Return whose process it is: nobody's where we are root, else ours."""
    return {"user": NOBODY, "group": NOBODY, "extra_groups": []} if os.geteuid() == 0 else {}
