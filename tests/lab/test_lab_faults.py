"""Faults: each changes the cloud and is gone without a trace; the page and HTTP switch them."""

from __future__ import annotations

import json

import aiohttp
import pytest

from exporter.lab import CATALOGUE, Fault, Lab
from exporter.lab.api.cloud import COMMANDS, Cloud
from exporter.lab.inside.console_proxy import console_tree
from exporter.lab.inside.host import host_tree
from exporter.lab.inside.management_server import management_tree
from exporter.lab.inside.router import router_tree
from exporter.lab.inside.secondary_storage_vm import secondary_tree
from exporter.lab.inside.xen_host import xen_tree
from exporter.lab.options import Options
from exporter.lab.world.build import build
from exporter.lab.world.world import Ports, World

NOW = 1_795_000_000.0
TREES = {"consoleproxy": console_tree, "secondarystoragevm": secondary_tree}


def told(world: World) -> str:
    """Return everything that any wire tells of a world."""
    cloud = Cloud(world, lambda: NOW)
    asked = {"fetchhealthcheckresults": "true"}
    rows = {command: cloud.rows(command, asked) for command in COMMANDS}
    zones = [cloud.rows("listConfigurations", {"zoneid": zone}) for zone in ("", *world.zone_settings)]
    trees = [router_tree(world, router) for router in world.routers]
    trees += [TREES[vm.kind](world, vm) for vm in world.system_vms] + [host_tree(world, host) for host in world.hosts]
    trees += [management_tree(world, server) for server in world.management_servers]
    trees += [xen_tree(host) for host in world.xen_hosts]
    shown = [(tree.name, tree.files, tree.knows, tree.tools, tree.links) for tree in trees]
    wires = [
        world.api,
        world.api_is_down,
        world.console_names,
        world.resolver,
        repr(world.database),
        repr(world.images),
    ]
    services = [(host.ssh, host.wrapper) for host in world.hosts] + [repr(vm.console) for vm in world.system_vms]
    services += [repr(server) for server in world.management_servers]
    services += [
        (made.libvirt_tls, made.certificate, sorted(made.dropped)) for made in (one.hypervisor for one in world.hosts)
    ]
    services += [zone.store_answers for zone in world.zones]
    services += [(router.web.state, [one.state for one in router.passwords]) for router in world.routers]
    return json.dumps([rows, zones, wires, services], sort_keys=True, default=str) + repr(shown)


def made() -> World:
    return build(Options(), Ports.block(20000), NOW)


HEALTHY = told(made())


@pytest.mark.parametrize("fault", CATALOGUE.values(), ids=lambda fault: fault.name)
def test_every_fault_changes_something_and_says_what(fault: Fault) -> None:
    """A fault that nobody could see would make every test that uses it empty."""
    world = made()
    fault.apply(world)
    assert told(world) != HEALTHY
    assert told(made()) == HEALTHY
    assert fault.sentence.endswith(".")
    assert "\n" not in fault.sentence


@pytest.mark.asyncio(loop_scope="module")
class TestSwitching:
    """One running lab."""

    async def test_by_http(self, lab: Lab) -> None:
        """GET tells, POST switches, an unknown name is 404."""
        async with aiohttp.ClientSession(lab.url) as http:
            async with http.post("/faults/console_http_500/on") as response:
                assert (await response.json())["on"] is True
            assert lab.on == ["console_http_500"]
            async with http.get("/faults") as response:
                rows = {row["name"]: row for row in await response.json()}
            assert rows.keys() == CATALOGUE.keys()
            assert [name for name, row in rows.items() if row["on"]] == ["console_http_500"]
            async with http.post("/faults/console_http_500/off") as response:
                assert (await response.json())["on"] is False
            async with http.post("/faults/nosuch/on") as response:
                assert response.status == 404
        assert lab.on == []

    async def test_by_the_page_without_javascript(self, lab: Lab) -> None:
        """Every fault is a form; a browser is led back to the page."""
        headers = {"Accept": "text/html,application/xhtml+xml"}
        async with aiohttp.ClientSession(lab.url, headers=headers) as http:
            async with http.get("/") as response:
                text = await response.text()
            assert all(f"action=/faults/{name}/on" in text for name in CATALOGUE)
            assert "<script" not in text
            async with http.post("/faults/api_refuses/on", allow_redirects=False) as response:
                assert (response.status, response.headers["Location"]) == (303, "/")
            async with http.get("/") as response:
                assert "action=/faults/api_refuses/off" in await response.text()
            await lab.set("api_refuses", on=False)

    async def test_another_site_cannot_switch(self, lab: Lab) -> None:
        """A page elsewhere must not break a running demo."""
        headers = {"Origin": "https://elsewhere.example"}
        async with (
            aiohttp.ClientSession(lab.url) as http,
            http.post("/faults/api_down/on", headers=headers) as response,
        ):
            assert response.status == 403
        assert lab.on == []

    @pytest.mark.timeout(300)  # one after the other, all of them
    async def test_every_fault_can_be_switched_while_it_runs(self, lab: Lab) -> None:
        """All on, one after the other, then all off: the cloud is as before."""
        before = told(lab.world)
        for name in CATALOGUE:
            await lab.set(name, on=True)
            await lab.set(name, on=False)
        assert told(lab.world) == before

    async def test_two_faults_add_up(self, lab: Lab) -> None:
        """Mending one leaves the other."""
        await lab.set("password_daemon_dead", on=True)
        await lab.set("metadata_http_500", on=True)
        await lab.set("password_daemon_dead", on=False)
        router = lab.world.router(4)
        assert (router.passwords[0].state, router.web.state) == ("up", "broken")
        await lab.set("metadata_http_500", on=False)

    async def test_an_unknown_fault_is_a_key_error(self, lab: Lab) -> None:
        """A typing error in a test must not pass for a healthy cloud."""
        with pytest.raises(KeyError):
            await lab.set("console_certifcate_expired", on=True)
