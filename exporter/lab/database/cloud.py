"""CloudStack's database in the lab: a real server with the healthy cloud's tables, and what faults do to them.

The tables are those of the healthy cloud and stay so: no fault of hosts, networks or routers changes them. Only
management servers and the agents that belong to them follow the world; and faults of the database itself edit
tables, stop the server or change the password.
"""

from __future__ import annotations

import asyncio
import contextlib
import re
from collections.abc import Collection, Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

import pymysql

from exporter.lab.database.places import POOL, Numbers, Row, Tables, management, physical_networks, places, pool
from exporter.lab.database.record import Database, Edit
from exporter.lab.database.server import HERE, INSTALL, SEARCH, Connection, Server, is_installed
from exporter.lab.database.templates import templates
from exporter.lab.database.tenants import machines, networks, nics
from exporter.lab.inside.router import CANARY
from exporter.lab.world.management import ManagementServer
from exporter.lab.world.world import World

BEAT = 1.0
"""Seconds between two heartbeats of the management servers; true ones write each 1.5 s."""
ABSENT = (pymysql.err.ProgrammingError, pymysql.err.OperationalError)
"""What is said to a grant on a column that another release has."""
TOUCHED = re.compile(r"(?:UPDATE|INTO|FROM|JOIN) (\w+)")
"""The tables that a statement names; more than it changes is no harm."""


class LabDatabase:
    """The server with its contents; it starts while the rest of the lab does.

    Attributes:
        missing: why there is no database, for people; empty when there is one.
    """

    def __init__(self, port: int, secret_file: Path, search: str = SEARCH) -> None:
        self._secret_file = secret_file
        reader = ("exporter", f"{CANARY}-database")
        secret_file.write_text(reader[1])
        self.missing = "" if is_installed(search) else f"no MariaDB is installed ({INSTALL})"
        self._server = Server(port, reader)
        self._number = Numbers()
        self._writer: Connection | None = None
        self._turn = asyncio.Lock()
        self._beating: asyncio.Task[None] | None = None
        self._tables: Tables = {}
        self._pool: list[str] = []
        self._shown = Database()

    @property
    def pid(self) -> int:
        """Return the number of the server's process; 0 while there is none."""
        return self._server.pid

    @property
    def folder(self) -> Path:
        """Return where the server keeps its data."""
        return self._server.folder

    async def start(self) -> None:
        """Begin to start the server, where it is installed."""
        if not self.missing:
            await self._server.start()

    def hold(self, world: World) -> None:
        """Take a healthy world; its tables are written as soon as the server is there."""
        for tables in (places, physical_networks, networks, machines, nics, templates, management):
            self._tables |= tables(world, self._number)
        self._pool = pool(world, self._number)

    def configuration(self) -> dict[str, Any]:
        """Return the section ``database`` of the exporter's configuration; nothing where there is no database."""
        if self.missing:
            return {}
        place, (user, _) = f"{HERE}:{self._server.port}", self._server.reader
        return {"database": {"servers": [place], "user": user, "password_file": str(self._secret_file), "tls": False}}

    async def show(self, world: World) -> None:
        """Show what is wrong in this world with the database, and nothing that was wrong in the one before."""
        async with self._turn:
            now = world.database
            self._world = world
            if self._beating is None and not self.missing:
                await self._fill()
            if self.missing:
                return
            await self._run(is_down=now.is_down)
            if self._writer is not None:
                await self._follow(world, now)

    async def _fill(self) -> None:
        """Write everything for the first time, and begin with heartbeats."""
        try:
            self._writer = await self._server.connected()
        except OSError as error:
            self.missing = f"MariaDB does not start: {error}"
            return
        await self._write({*self._tables, POOL}, ())
        for statement in self._server.account():
            with contextlib.suppress(*ABSENT):
                await self._execute((statement,))
        self._beating = asyncio.create_task(self._beat())

    async def _run(self, *, is_down: bool) -> None:
        if is_down and self._writer is not None:
            self._writer.close()
            self._writer = None
            await self._server.stop()
        elif not is_down and self._writer is None:
            await self._server.start()
            self._writer = await self._server.connected()

    async def _follow(self, world: World, now: Database) -> None:
        """Make management servers and agents anew, undo the edits of before, make those of now."""
        fresh = management(world, self._number)
        dirty = {table for table, rows in fresh.items() if rows != self._tables[table]}
        dirty |= {table for statement, _ in self._shown.edits for table in TOUCHED.findall(statement)}
        self._tables |= fresh
        if dirty or now.edits:
            await self._write(dirty & {*self._tables, POOL}, now.edits)
        if now.refuses != self._shown.refuses:
            await self._execute(self._server.password(is_other=now.refuses))
        await self._execute(
            (f"SET GLOBAL read_only = {int(now.behind > 0)}", *self._heartbeats(self._world.management_servers))
        )
        self._shown = now

    async def _write(self, tables: Collection[str], edits: Iterable[Edit]) -> None:
        """Write tables anew and edit them, as one change for whoever reads."""
        await self._execute(("START TRANSACTION",))
        for table in tables:
            await self._execute([f"DELETE FROM {table}", *(self._pool if table == POOL else ())])  # noqa: S608 - ours
            await self._insert(table, self._tables.get(table, []))
        await self._execute((*edits, *self._heartbeats(self._world.management_servers), "COMMIT"))
        await self._execute(f"ANALYZE TABLE {table}" for table in tables)  # a plan made of old figures takes seconds

    async def _insert(self, table: str, rows: Sequence[Row]) -> None:
        if rows and self._writer is not None:
            names, marks = (", ".join(words) for words in (rows[0], ["%s"] * len(rows[0])))
            text = f"INSERT INTO {table} ({names}) VALUES ({marks})"  # noqa: S608 - names of our own
            async with self._writer.cursor() as cursor:
                await cursor.executemany(text, [tuple(row.values()) for row in rows])

    async def _execute(self, statements: Iterable[str | Edit]) -> None:
        if self._writer is None:
            return
        async with self._writer.cursor() as cursor:
            for one in statements:
                statement, values = (one, ()) if isinstance(one, str) else one
                await cursor.execute(statement, values or None)

    def _heartbeats(self, servers: Iterable[ManagementServer]) -> Iterator[str]:
        for server in servers:
            ago = f"UTC_TIMESTAMP() - INTERVAL {server.heartbeat + self._world.database.behind:.0f} SECOND"
            yield f"UPDATE mshost SET last_update = {ago} WHERE msid = {server.msid}"  # noqa: S608 - numbers

    async def _beat(self) -> None:
        """Write the heartbeats of the management servers whose service runs; those of the others stand still."""
        while True:
            await asyncio.sleep(BEAT)
            async with self._turn:
                servers = self._world.management_servers
                if self._writer is not None:
                    with contextlib.suppress(pymysql.err.Error, OSError):  # the next visit tells that it is gone
                        await self._execute(self._heartbeats(one for one in servers if one.beats))

    async def close(self) -> None:
        """End everything."""
        if self._beating is not None:
            self._beating.cancel()
            await asyncio.gather(self._beating, return_exceptions=True)
        if self._writer is not None:
            self._writer.close()
        await self._server.close()
