"""The SSH servers of the lab's hosts: one address each, one port for all, real keys.

There is no sudo here: a command ``sudo -n <wrapper> <word>...`` is taken as sudo with exactly the printed rule
would take it, ``collect <word>...`` as under the printed forced command, and ``sh -s -- <word>...`` as root.
"""

from __future__ import annotations

import asyncio
import contextlib
import re
import shlex
from pathlib import Path
from typing import Any, cast

import asyncssh

from exporter.lab.daemons.listeners import Closer, ended, nothing, served, silence
from exporter.lab.daemons.management_log import Logs
from exporter.lab.runner import Runner
from exporter.lab.seen import Seen
from exporter.lab.world.world import Host, ManagementServer, World, XenHost

WRAPPER = "/usr/local/lib/cloudstack-network-exporter/collect"
USERS = {"sudo": "exporter", "forced": "exporter", "root": "root"}
MOVED = re.compile(rb"^(ROOT|PATH)=.*$", re.MULTILINE)
DRAINING = 5.0
"""Seconds for a client to take the rest of an answer."""
Process = asyncssh.SSHServerProcess[bytes]
Machine = Host | XenHost | ManagementServer
"""What is logged in to."""


class _Server(asyncssh.SSHServer):
    """One connection: notes what it tries beside running commands, and is known while it lasts."""

    def __init__(self, seen: Seen, open_connections: set[tuple[str, asyncssh.SSHServerConnection]]) -> None:
        self._seen = seen
        self._open = open_connections
        self._host = ""
        self._entry: tuple[str, asyncssh.SSHServerConnection] | None = None

    def connection_made(self, conn: asyncssh.SSHServerConnection) -> None:
        self._host = str(conn.get_extra_info("sockname")[0])
        self._entry = (self._host, conn)
        self._open.add(self._entry)

    def connection_lost(self, _exc: Exception | None) -> None:
        if self._entry is not None:
            self._open.discard(self._entry)

    def connection_requested(self, dest_host: str, dest_port: int, _orig_host: str, _orig_port: int) -> bool:
        """Refuse forwarding."""
        self._seen.files.append((self._host, f"forward {dest_host}:{dest_port}"))
        return False


class SshServers:
    """The SSH servers of all hosts and management servers."""

    def __init__(self, folder: Path, runner: Runner, seen: Seen, mode: str, logs: Logs) -> None:
        self.user = USERS[mode]
        self.key_file = folder / "user_key"
        self.known_hosts_file = folder / "known_hosts"
        self._runner, self._seen, self._mode, self._logs = runner, seen, mode, logs
        self._host_key = asyncssh.generate_private_key("ssh-ed25519")
        self._other_key = asyncssh.generate_private_key("ssh-ed25519")
        self._authorized = folder / "authorized_keys"
        self._listeners: dict[str, tuple[str, Closer]] = {}
        self._machines: dict[str, Machine] = {}
        self._made: dict[str, asyncssh.SSHServerConnectionOptions] = {}
        self._busy: set[asyncio.Task[None]] = set()
        self._open: set[tuple[str, asyncssh.SSHServerConnection]] = set()
        key = asyncssh.generate_private_key("ssh-ed25519")
        key.write_private_key(self.key_file)
        self._authorized.write_bytes(key.export_public_key())

    async def show(self, world: World) -> None:
        """Listen as the machines of this world do."""
        port = world.ports.ssh
        public = self._host_key.export_public_key().decode().strip()
        machines: list[Machine] = [*world.hosts, *world.xen_hosts, *world.management_servers]
        self._machines = {machine.address: machine for machine in machines}
        self.known_hosts_file.write_text("".join(f"[{address}]:{port} {public}\n" for address in self._machines))
        for address, machine in self._machines.items():
            kind = machine.ssh if machine.ssh in {"refused", "silent", "new_key"} else "up"
            if self._listeners.get(address, ("", nothing))[0] != kind:
                await self._listen(address, port, kind)

    async def _listen(self, address: str, port: int, kind: str) -> None:
        """Replace the listener of one address, and end what it had accepted."""
        _, close = self._listeners.pop(address, ("", nothing))
        await close()
        for _, connection in [entry for entry in self._open if entry[0] == address]:
            connection.abort()
        if kind == "refused":
            self._listeners[address] = (kind, nothing)
        elif kind == "silent":
            self._listeners[address] = (kind, await served(silence)(address, port))
        else:
            key = self._other_key if kind == "new_key" else self._host_key
            self._listeners[address] = (kind, await self._accept(address, port, key))

    async def _accept(self, address: str, port: int, key: asyncssh.SSHKey) -> Closer:
        acceptor = await asyncssh.listen(address, port, options=self._options(key), backlog=256)

        async def close() -> None:
            acceptor.close()

        return close

    def _options(self, key: asyncssh.SSHKey) -> asyncssh.SSHServerConnectionOptions:
        """Return the options of one kind of server; made once for all addresses."""
        name = key.get_fingerprint()
        if name not in self._made:
            self._made[name] = asyncssh.SSHServerConnectionOptions(
                server_factory=lambda: _Server(self._seen, self._open),
                server_host_keys=[key],
                authorized_client_keys=str(self._authorized),
                process_factory=self._process,
                encoding=None,
                allow_pty=False,
                agent_forwarding=False,
            )
        return self._made[name]

    async def _process(self, process: Process) -> None:
        """Run one command and end with its exit code."""
        machine = self._machines[str(process.get_extra_info("sockname")[0])]
        command = process.command or ""
        self._seen.ssh.append((machine.name, command))
        task = cast("asyncio.Task[None]", asyncio.current_task())
        self._busy.add(task)
        task.add_done_callback(self._busy.discard)
        with contextlib.suppress(asyncssh.Error, ConnectionError, TimeoutError):
            code = await self._answer(machine, process, command)
            process.exit(code)

    async def _answer(self, machine: Machine, process: Process, command: str) -> int:
        if process.get_extra_info("username") != self.user:
            return 1
        if machine.ssh in {"floods", "garbage", "disconnects"}:
            return await _misbehave(machine.ssh, process)
        words = _words(self._mode, command)
        if words is None or machine.wrapper == "missing":
            process.stderr.write(_refusal(self._mode, command))
            return 1 if self._mode == "sudo" else 127
        if isinstance(machine, ManagementServer):
            self._logs.write(machine)
        elif isinstance(machine, Host):
            copied = await self._runner.copied(machine, words)
            if copied is not None:
                process.stdout.write(copied)
                return 0
        return await self._run(machine, process, words, command)

    async def _run(self, machine: Machine, process: Process, words: list[str], command: str) -> int:
        """Run the collector of this machine, or in root mode the script that comes in."""
        path = self._runner.wrapper(machine.name)
        arguments = {"sudo": [str(path), *words], "forced": [str(path)], "root": ["-s", "--", *words]}[self._mode]
        more = {"SSH_ORIGINAL_COMMAND": command} if self._mode == "forced" else {}
        async with self._runner.start(machine.name, arguments, **more) as child:
            # the collector closes its standard error at once, which must not end the channel
            await process.redirect(stdout=child.stdout, stderr=child.stderr, send_eof=False)
            feed = asyncio.create_task(self._feed(process, child))
            try:
                code = await child.wait()
                async with asyncio.timeout(DRAINING):
                    await process.stdout.drain()
            finally:
                feed.cancel()
        return code

    async def _feed(self, process: Process, child: asyncio.subprocess.Process) -> None:
        """Hand on what the client sends; a script is moved into the tree of the machine on its way."""
        assert child.stdin is not None  # noqa: S101 - asked for in Runner.start
        with contextlib.suppress(ConnectionError, asyncssh.Error):
            while line := await process.stdin.readline():
                child.stdin.write(MOVED.sub(rb"\1=$LAB_\1", line) if self._mode == "root" else line)
                await child.stdin.drain()
        child.stdin.close()

    async def close(self) -> None:
        """Stop listening and cut every connection."""
        for _, close in self._listeners.values():
            await close()
        self._listeners.clear()
        for _, connection in list(self._open):
            connection.abort()
        await ended(self._busy)


def _words(mode: str, command: str) -> list[str] | None:
    """Return the collector's words, or None when the account may not run this command."""
    words = shlex.split(command)
    start = {"sudo": ["sudo", "-n", WRAPPER], "forced": ["collect"], "root": ["sh", "-s", "--"]}[mode]
    return words[len(start) :] if words[: len(start)] == start and len(words) > len(start) + 1 else None


def _refusal(mode: str, command: str) -> bytes:
    if mode == "sudo":
        return b"sudo: a password is required\n"
    return f"sh: 1: {command.partition(' ')[0]}: not found\n".encode()


async def _misbehave(how: str, process: Process) -> int:
    """Send what no collector would."""
    if how == "disconnects":
        process.stdout.write(b"\n@@ 0123")
        await process.stdout.drain()
        connection: Any = process.get_extra_info("connection")
        connection.abort()
        return 1
    if how == "garbage":
        process.stdout.write(bytes(range(256)) * 64)
        return 0
    while not process.stdout.is_closing():
        process.stdout.write(b"x" * 65536)
        await process.stdout.drain()
    return 1
