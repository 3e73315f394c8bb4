"""The lab: everything wired, started and stopped as one, faults switched while it runs."""

from __future__ import annotations

import asyncio
import contextlib
import shutil
import tempfile
import time
from pathlib import Path
from typing import Any, Self

import yaml
from aiohttp import web

from exporter.lab.api.cloud import Cloud
from exporter.lab.api.server import REQUESTS, api_application
from exporter.lab.blocks import claimed
from exporter.lab.certificates import Authority
from exporter.lab.configuration import API_KEY, HERE, IMAGES, configuration
from exporter.lab.control import control_application
from exporter.lab.daemons.consoles import console_places
from exporter.lab.daemons.host_ports import host_places, management_places, store_places
from exporter.lab.daemons.listeners import Listeners, Opener, Place
from exporter.lab.daemons.management_log import Logs
from exporter.lab.daemons.metadata import metadata_places
from exporter.lab.daemons.names import browser_places, router_places
from exporter.lab.daemons.password import password_places
from exporter.lab.daemons.ssh import SshServers
from exporter.lab.database.cloud import LabDatabase
from exporter.lab.faults import CATALOGUE
from exporter.lab.images import Images
from exporter.lab.inside.console_proxy import console_tree
from exporter.lab.inside.host import host_tree, model_host_trees
from exporter.lab.inside.management_server import management_tree
from exporter.lab.inside.router import CANARY, router_tree
from exporter.lab.inside.secondary_storage_vm import secondary_tree
from exporter.lab.inside.tree import Shelf
from exporter.lab.inside.xen_host import xen_tree
from exporter.lab.options import Options
from exporter.lab.runner import Runner
from exporter.lab.seen import Seen
from exporter.lab.world.build import build
from exporter.lab.world.racking import settle
from exporter.lab.world.world import Live, Router, World


def _unix() -> float:
    return time.clock_gettime(time.CLOCK_REALTIME)


class Lab:
    """A small cloud on loopback addresses; use it as ``async with Lab() as lab``.

    Attributes:
        folder: its temporary folder; gone when the lab has stopped.
        config: what an exporter's configuration must say to watch this lab; also in ``config_file``.
        seen: everything the lab was asked, beside the API.
        world: the cloud as it is now, faults applied.
        logs: the logs of its management servers.
        database: the database, None where it is not wanted.
        images: its folder of template images.
    """

    def __init__(self, options: Options | None = None) -> None:
        self.options = options or Options()
        self.on: list[str] = []
        self.seen = Seen()
        self._stack = contextlib.AsyncExitStack()
        self._changing = asyncio.Lock()
        self._api_site: web.SockSite | web.TCPSite | None = None
        for name in self.options.faults:
            self._switch(name, is_on=True)

    async def __aenter__(self) -> Self:
        try:
            await self._start()
        except BaseException:
            await self._stack.aclose()
            raise
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._stack.aclose()

    async def _start(self) -> None:
        """Build the cloud, lay out the machines and open every wire."""
        self.folder = Path(tempfile.mkdtemp(prefix="lab-"))
        self._stack.callback(shutil.rmtree, self.folder, ignore_errors=True)
        self.ports, claim = claimed(self.options.port)
        self._stack.callback(claim.close)
        self._start_time = _unix()
        self.database = await self._begin_database()
        self.world = build(self.options, self.ports, self._start_time)
        self._shelf = Shelf(self.folder / "machines", self._start_time)
        self._shelf.gather()
        self._live = Live(self.world)
        self._cloud = Cloud(self.world, _unix)
        self._authority = Authority(self.folder, self._start_time)
        self._runner = Runner(self._shelf, self.world, remembers=self.options.remembers)
        self._stack.push_async_callback(self._runner.close)
        self.logs = Logs(self._shelf.folder)
        self._ssh = SshServers(self.folder, self._runner, self.seen, self.options.mode, self.logs)
        self._stack.push_async_callback(self._ssh.close)
        self._listeners = Listeners()
        self._stack.push_async_callback(self._listeners.close)
        if self.database is not None:
            self.database.hold(self.world)
        (self.folder / IMAGES).mkdir()
        self.images = Images(self.folder / IMAGES)
        await self._serve()
        await self._show()
        self.config = self._configuration()
        self.config_file = self.folder / "exporter.yml"
        self.config_file.write_text(yaml.safe_dump(self.config, sort_keys=False))

    async def _begin_database(self) -> LabDatabase | None:
        """Begin to start the database, which comes up while the rest is built; None where it is not wanted."""
        if not self.options.database:
            return None
        database = LabDatabase(self.ports.database, self.folder / "database_password")
        self._stack.push_async_callback(database.close)
        await database.start()
        return database

    async def _serve(self) -> None:
        """Start the API and the page of faults."""
        secret = f"{CANARY}-key"
        api = api_application(self._cloud.rows, keys={API_KEY: secret}, faults=lambda: self.world.api)
        self._requests = api[REQUESTS]
        self._api = web.AppRunner(api, access_log=None, shutdown_timeout=0.2)
        control = web.AppRunner(control_application(self), access_log=None, shutdown_timeout=0.2)
        for runner in (self._api, control):
            await runner.setup()
            self._stack.push_async_callback(runner.cleanup)
        await web.TCPSite(control, HERE, self.ports.control).start()
        (self.folder / "api_key").write_text(API_KEY)
        (self.folder / "secret_key").write_text(secret)

    @property
    def url(self) -> str:
        """Return the address of the page of faults."""
        return f"http://{HERE}:{self.ports.control}/"

    @property
    def requests(self) -> list[dict[str, str]]:
        """Return the parameters of the last thousand verified API requests."""
        return list(self._requests)

    def tools(self) -> list[tuple[str, str]]:
        """Return every call of a stub tool: the machine, and the tool with its arguments."""
        machines = sorted(path.name for path in self._shelf.folder.iterdir() if (path / "log").exists())
        return [(machine, call) for machine in machines for call in self._shelf.log(machine)]

    @property
    def about_database(self) -> str:
        """Return where the database is, or why there is none, for people."""
        if self.database is None:
            return "none: it is switched off"
        return f"none: {self.database.missing}" if self.database.missing else self.config["database"]["servers"][0]

    @property
    def about_images(self) -> str:
        """Return where its template images are, or why there are none, for people."""
        folder = str(self.folder / IMAGES)
        return f"none: not installed: {self.images.missing}" if self.images.missing else folder

    async def set(self, name: str, *, on: bool) -> None:
        """Switch a fault on or off and show the cloud that results.

        Raises:
            KeyError: there is no such fault.
        """
        async with self._changing:
            self._switch(name, is_on=on)
            await self._show()

    def _switch(self, name: str, *, is_on: bool) -> None:
        fault = CATALOGUE[name]
        if is_on and fault.name not in self.on:
            self.on.append(fault.name)
        elif not is_on and fault.name in self.on:
            self.on.remove(fault.name)

    async def _show(self) -> None:
        """Make the cloud anew, with the faults that are on, and let every wire tell of it."""
        world = build(self.options, self.ports, self._start_time)
        for name in self.on:
            CATALOGUE[name].apply(world)
        settle(world)
        self.world = world
        self._lay_out(world)
        self._live.show(world)
        self._cloud.show(world)
        self._runner.show(world)
        self.logs.show(world)
        await self._ssh.show(world)
        await self._listeners.show(self._wanted(world))
        if self.database is not None:
            await self.database.show(world)
        await self.images.show(world.images if self.options.images else {})
        await self._show_api(is_down=world.api_is_down)

    def _lay_out(self, world: World) -> None:
        """Write the machines' trees."""
        for router in self._true(world):
            self._shelf.put(router_tree(world, router))
        for vm in world.system_vms:
            self._shelf.put(console_tree(world, vm) if vm.kind == "consoleproxy" else secondary_tree(world, vm))
        for server in world.management_servers:
            self._shelf.put(management_tree(world, server))
            self._runner.install(server.name, server.wrapper)
        self._lay_out_hosts(world)

    def _lay_out_hosts(self, world: World) -> None:
        """Write the trees of the hosts that answer for themselves, and of models."""
        for host in world.hosts:
            if not host.model:
                self._shelf.put(host_tree(world, host))
                self._runner.install(host.name, host.wrapper)
        for xen in world.xen_hosts:
            self._shelf.put(xen_tree(xen))
            self._runner.install(xen.name, xen.wrapper)
        if any(host.model for host in world.hosts) or world.models:
            for tree in model_host_trees(world):
                self._shelf.put(tree)
                self._runner.install(tree.name, "current")

    @staticmethod
    def _true(world: World) -> list[Router]:
        """Return the routers that run the collector themselves."""
        return [router for router in world.routers if not router.model] + world.models

    def _wanted(self, world: World) -> dict[Place, Opener]:
        """Return everything that listens now. Of two primaries that claim one address the first has it."""
        every = [browser_places(self._live, self.seen)]
        every += [console_places(world, vm, self._authority, self.seen) for vm in world.system_vms]
        every += [host_places(world, self._authority, self.seen), store_places(world, self.seen)]
        every.append(management_places(world, self.seen))
        for router in self._true(world):
            if router.state == "Running":
                every.append(password_places(self._live, router, self.ports.password, self.seen))
                every.append(metadata_places(self._live, router, self.ports.metadata, self.seen))
                every.append(router_places(self._live, router, self.ports.dns, self.seen))
        chosen: dict[tuple[str, int], tuple[Place, Opener]] = {}
        for places in every:
            for place, opener in places.items():
                chosen.setdefault(place[:2], (place, opener))
        return dict(chosen.values())

    async def _show_api(self, *, is_down: bool) -> None:
        """Open or close the API's port."""
        if is_down and self._api_site:
            await self._api_site.stop()
            self._api_site = None
            if self._api.server is not None:
                await self._api.server.shutdown(0.1)  # clients keep their connections open
        elif not is_down and not self._api_site:
            self._api_site = web.TCPSite(self._api, HERE, self.ports.api)
            await self._api_site.start()

    def _configuration(self) -> dict[str, Any]:
        """Return the exporter's configuration for this lab."""
        ways = {
            "ssh": {
                "user": self._ssh.user,
                "key_file": str(self._ssh.key_file),
                "known_hosts_file": str(self._ssh.known_hosts_file),
                "mode": self.options.mode,
            },
            **(self.database.configuration() if self.database else {}),
            "console": {"ca_file": str(self._authority.ca_file), "resolver": [f"{HERE}:{self.ports.resolver}"]},
        }
        return configuration(self.folder, self.options, self.ports, ways)
