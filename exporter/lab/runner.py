"""Runs the collector, as one process group that never outlives its caller."""

from __future__ import annotations

import asyncio
import contextlib
import os
import re
import signal
import time
from collections import defaultdict
from collections.abc import AsyncIterator
from dataclasses import fields
from pathlib import Path

from exporter.children import begun, let_go
from exporter.lab.inside.copies import PLACE, Copies
from exporter.lab.inside.tree import Shelf
from exporter.lab.world.scale import MODEL_HOST
from exporter.lab.world.world import Host, Router, SystemVm, World
from exporter.questions import wrapper

NONCE = "0" * 16
NOTICING = 5.0
"""Seconds for the collector to notice that nobody listens any more, and to end its questions."""
SLOW = re.compile(rb"timeout|\n@@ \w+ (?:hop|end \w+) (?:124|129|137|143)\b")
"""What an answer says when something took too long; on a busy machine it may not the next time."""
CLOCK = re.compile(r"~now([+-]\d{1,9})~")
"""What is remembered of a machine's clock: by how many seconds it is ahead."""
ROOT, PATH = "$LAB_ROOT", "$LAB_PATH"
"""What the two lines of the collector say in the lab; each machine has its own values in the environment."""


class Runner:
    """Where the collector is installed on every host of the lab, and how it is run there."""

    def __init__(self, shelf: Shelf, world: World, *, remembers: bool = False) -> None:
        self._shelf = shelf
        self._remembers = remembers
        self._script = wrapper.script()
        self._installed: dict[str, str] = {}
        self._captured: dict[tuple[str, ...], asyncio.Task[bytes]] = {}
        self._busy: defaultdict[str, asyncio.Lock] = defaultdict(asyncio.Lock)
        self.show(world)

    def show(self, world: World) -> None:
        """Take copies and their models from another world; captures of machines that were not changed stay."""
        self._copies = Copies(world)
        self._start = world.start
        self._reach = _reach(world)
        inside: list[Router | SystemVm] = [*world.routers, *world.models, *world.system_vms]
        self._services = {vm.name: _own(vm) for vm in inside}

    def install(self, name: str, how: str) -> None:
        """Install the wrapper on a host; ``old`` is one of another version. Running ones keep theirs."""
        if self._installed.get(name) == how:
            return
        text = self._script.moved(root=ROOT, path=PATH)
        if how == "old":
            text = text.replace(f"VERSION={self._script.version}", "VERSION=000000000000")
        fresh = self._shelf.folder / name / "collect.new"
        fresh.write_text(text)
        fresh.replace(self.wrapper(name))
        self._installed[name] = how

    def wrapper(self, name: str) -> Path:
        """Return where the wrapper of a host lies."""
        return self._shelf.folder / name / "collect"

    @contextlib.asynccontextmanager
    async def start(self, name: str, arguments: list[str], **more: str) -> AsyncIterator[asyncio.subprocess.Process]:
        """Run /bin/sh with these arguments on a machine; it and its children are ended when the block ends."""
        home, path = self._shelf.folder / name, self._shelf.path(name)
        process = await begun(
            "/bin/sh",
            *arguments,
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
            cwd=home / "root",
            env={"HOME": "/root", "PATH": path, "LAB_PATH": path, "LAB_ROOT": str(home / "root"), **more},
        )
        try:
            yield process
        finally:
            if process.returncode is None:
                await _end(process)
            let_go(process)

    async def copied(self, host: Host, words: list[str]) -> bytes | None:
        """Return the answer of a copied router or host, or None when the host itself must run the collector.

        A lab that remembers asks a machine's tools again only when something about that machine was changed.
        """
        copy = self._copies.about(host, words)
        remembers = self._remembers and self._installed[host.name] == "current"
        if copy is not None:
            answer = await self._copied_router(host, copy, words)
        elif host.model or (remembers and words[2] == "host"):
            answer = await self._copied_host(host, words)
        elif remembers and words[3] in self._services:
            answer = await self._remembered(host, words)
        else:
            return None
        now = int(time.clock_gettime(time.CLOCK_REALTIME))
        answer = CLOCK.sub(lambda found: str(now + int(found[1])), answer)
        return answer.replace(f"@@ {NONCE} ", f"@@ {words[1]} ").encode(errors="surrogateescape")

    async def _copied_router(self, host: Host, copy: Router, words: list[str]) -> str:
        there, back = self._copies.exchanges(host, copy)
        asked = [words[0], NONCE, *map(there, words[2:])]
        return back((await self._captured_by(MODEL_HOST, copy.model, asked)).decode(errors="surrogateescape"))

    async def _copied_host(self, host: Host, words: list[str]) -> str:
        name = host.model or host.name
        places = self._copies.stand_ins(host, words)
        asked = [PLACE.sub(lambda found: places.get(found[0], found[0]), word) for word in words[2:]]
        captured = await self._captured_by(name, name, [words[0], NONCE, *asked])
        elapsed = int(time.clock_gettime(time.CLOCK_REALTIME) - self._start)
        return self._copies.host_answer(host, captured, elapsed, places)

    async def _remembered(self, host: Host, words: list[str]) -> str:
        """Return what a router or system VM answers, anew when it, its services or its host were changed."""
        inside = words[3]
        state = (str(self._shelf.changes[inside]), self._services[inside])
        asked = [words[0], NONCE, *words[2:]]
        return (await self._captured_by(host.name, inside, asked, state)).decode(errors="surrogateescape")

    async def _captured_by(self, machine: str, model: str, words: list[str], state: tuple[str, ...] = ()) -> bytes:
        """Return what the collector answers on a host; it is asked once in one ``state`` of what it is asked about."""
        key = (machine, str(self._shelf.changes[machine]), *state, *_whenever(words), self._reach)
        if key not in self._captured:
            self._captured[key] = asyncio.create_task(self._capture(machine, words, self._busy[model]))
        answer = await asyncio.shield(self._captured[key])
        if SLOW.search(answer):
            self._captured.pop(key, None)
        return answer

    async def _capture(self, machine: str, words: list[str], lock: asyncio.Lock) -> bytes:
        """Return what the collector answers on a models' host; its standard input stays open meanwhile.

        One capture of a model at a time: the password service of era A serves one client.
        """
        arguments = [str(self.wrapper(machine)), *words]
        async with lock, self.start(machine, arguments, LAB_RAW="1") as process:
            assert process.stdout is not None  # noqa: S101 - asked for above
            answer = await process.stdout.read()
            await process.wait()
            return answer

    async def close(self) -> None:
        """End every capture."""
        for task in self._captured.values():
            task.cancel()
        await asyncio.gather(*self._captured.values(), return_exceptions=True)


def _whenever(words: list[str]) -> list[str]:
    """Return what is asked, however much time is left for it: what took too long is not remembered."""
    return words[:6] + words[7:] if words[2] == "hop" else words


def _reach(world: World) -> str:
    """Return what becomes of dials between machines."""
    hosts = [(one, one.hypervisor) for one in world.hosts if not one.model]
    ports = [
        (one.address, one.ssh, made.libvirt, made.libvirt_tls, made.libvirt_tcp, sorted(made.dropped))
        for one, made in hosts
    ]
    servers = [(one.address, one.runs, one.cluster) for one in world.management_servers]
    return repr([ports, servers, [(zone.store, zone.store_answers) for zone in world.zones]])


def _own(vm: Router | SystemVm) -> str:
    """Return what a machine's services answer from; what stands in its tree besides is counted there."""
    return repr([getattr(vm, own.name) for own in fields(vm) if own.name not in {"host", "zone", "nics", "networks"}])


async def _end(process: asyncio.subprocess.Process) -> None:
    """Hang up, as sshd does for a client that went away; kill what has not noticed in time."""
    if process.stdin:
        process.stdin.close()
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(NOTICING):
            await process.wait()
            while session(process.pid):  # noqa: ASYNC110 - strangers give no event
                await asyncio.sleep(0.05)
    for number in session(process.pid):
        with contextlib.suppress(ProcessLookupError):
            os.kill(number, signal.SIGKILL)
    await process.wait()


def session(leader: int) -> list[int]:
    """Return the processes of a session that are alive."""
    found = []
    for entry in Path("/proc").iterdir():
        if entry.name.isdecimal():
            with contextlib.suppress(ProcessLookupError):
                if os.getsid(int(entry.name)) == leader:
                    found.append(int(entry.name))
    return found
