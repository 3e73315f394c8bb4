"""One refresh: what the API tells becomes one whole, immutable Cloud, or none."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from typing import Any

import pytest

from exporter.cloud.cloud import Cloud
from exporter.cloud.networks import Network, NetworkOffering, PhysicalNetwork, ServiceProvider, TrafficType, VlanRange
from exporter.cloud.objects import Cluster, Host, ManagementServer, Nic, NvpDevice, Pod, SystemVm, Zone
from exporter.cloud.storage import Download, ImageStore, Template
from exporter.cloud.targeting import targets
from exporter.inventory.privileges import ALLOWED
from exporter.inventory.refresh import refresh
from exporter.lab.api.server import REQUESTS
from exporter.model import Failure, Reason, SourceError
from tests.clocks import HandClock
from tests.inventory.small_cloud import CREATED_UNIX, PROXY, ROUTER, ROWS, rows
from tests.signed_api import lab_api


async def read(answers: Any = rows, faults: dict[str, object] | None = None) -> Cloud:
    """Return the Cloud of one refresh."""
    clock = HandClock()
    async with lab_api(answers, faults, clock) as (api, _):
        return await refresh(api, clock, 3, 600.0)


def instead(**tables: list[dict[str, Any]]) -> Any:
    """Return ``rows`` with the tables of some commands replaced."""
    return lambda command, parameters: tables[command] if command in tables else rows(command, parameters)


async def test_infrastructure_is_read_with_every_field() -> None:
    """Zones down to traffic types are as the API shows them."""
    cloud = await read()
    assert cloud.zones == {
        "z1": Zone("z1", "zone1", "Advanced", security_groups=False, enabled=True),
        "z2": Zone("z2", "zone2", "Basic", security_groups=True, enabled=False),
    }
    assert cloud.pods == {"p1": Pod("p1", "pod1", "z1", "10.0.0.1", "255.255.255.0", ("vlan://untagged", "200"))}
    assert cloud.clusters == {"c1": Cluster("c1", "cluster1", "z1", "p1", "KVM", enabled=True, managed=True)}
    assert cloud.hosts["h1"] == Host(
        id="h1", name="kvm1", type="Routing", state="Up", resource_state="Enabled", address="10.0.0.21", zone_id="z1",
        pod_id="p1", cluster_id="c1", hypervisor="KVM", version="4.20.1.0", management_server="m1",
        created=CREATED_UNIX,
    )  # fmt: skip
    assert cloud.physical_networks == {
        "pn1": PhysicalNetwork(
            "pn1", "guest", "z1", enabled=True, isolation_methods=("VXLAN",), vlan_ranges=((100, 199), (300, 300)),
            tags=("a", "b"),
        ),
        "pn2": PhysicalNetwork("pn2", "public", "z1", enabled=False, isolation_methods=("VLAN",)),
    }  # fmt: skip
    assert cloud.traffic_types == {
        "t1": TrafficType("t1", "pn1", "Guest", {"kvm": "cloudbr1", "xen": "guest"}),
        "t2": TrafficType("t2", "pn2", "Public"),
    }
    assert cloud.vlan_ranges == {
        "vr1": VlanRange(
            id="vr1", zone_id="z1", vlan="vlan://50", is_public=True, start="203.0.113.5", end="203.0.113.20",
            network_id="pub", physical_network_id="pn2", for_system_vms=True,
        )
    }  # fmt: skip
    assert cloud.management_servers == {"m1": ManagementServer("m1", "mgmt1", "Up", "10.0.0.2", "4.20.1.0")}


async def test_what_leads_to_physical_networks_is_read() -> None:
    """Providers, tags of offerings, storage VLANs (0 is untagged)."""
    cloud = await read()
    assert cloud.nvp_devices == {"nv1": NvpDevice("nv1", "NiciraNvp", "pn1", "10.0.0.60")}
    assert cloud.providers["np1"] == ServiceProvider("np1", "VirtualRouter", "pn1", "Enabled")
    assert cloud.offerings["no1"] == NetworkOffering(
        id="no1", name="isolated", state="Enabled", guest_type="Isolated", tags=("fast", "red"),
        services=frozenset({"Dns"}),
    )  # fmt: skip
    assert [(row.network_id, row.vlan) for row in cloud.storage_ranges.values()] == [("sto", 70), ("sto2", None)]


async def test_networks_and_instances_are_read_also_of_projects() -> None:
    """Providers per service, NICs, and what belongs to projects."""
    cloud = await read()
    assert cloud.networks["net1"] == Network(
        id="net1", name="tier1", zone_id="z1", type="Isolated", state="Implemented", vlan="1234", gateway="10.1.1.1",
        cidr="10.1.1.0/24", domain="cs1.example", physical_network_id="pn1",
        services={"Dns": frozenset({"VirtualRouter"}), "UserData": frozenset({"ConfigDrive"})},
    )  # fmt: skip
    assert cloud.networks.keys() == {"net1", "net2"}
    web = cloud.instances["i1"]
    assert (web.instance_name, web.password_enabled, web.created) == ("i-2-10-VM", True, CREATED_UNIX)
    assert web.nics[0] == Nic(
        network_id="net1", traffic_type="Guest", address="10.1.1.20", mac="02:00:5c:3a:00:07", gateway="10.1.1.1",
        netmask="255.255.255.0", broadcast_uri="vlan://1234", is_default=True, id="nic1", device_id="0",
        secondary=("10.1.1.77",), addresses6=("2001:db8::20", "2001:db8::77"),
    )  # fmt: skip
    assert web.nics[1].device_id == "1"
    assert cloud.instances["i2"].state == "Stopped"


async def test_instances_are_grouped_by_network_once_each() -> None:
    """An instance with two NICs in one network is there once."""
    cloud = await read()
    assert {network: [vm.id for vm in members] for network, members in cloud.instances_by_network.items()} == {
        "net1": ["i1"],
        "net2": ["i2"],
    }


async def test_routers_are_read_with_all_nics_and_stored_health() -> None:
    """The stored results are asked for, fresh ones never."""
    clock = HandClock()
    async with lab_api(rows, None, clock) as (api, app):
        cloud = await refresh(api, clock, 1, 600.0)
        asked = [request for request in app[REQUESTS] if request["command"] == "listRouters"]
    assert {request["fetchhealthcheckresults"] for request in asked} == {"true"}
    assert not [request for request in app[REQUESTS] if "performfreshchecks" in request]
    router = cloud.routers["r1"]
    assert (router.name, router.control_address, router.network_id) == ("r-12-VM", "169.254.10.12", "net1")
    assert [nic.traffic_type for nic in router.nics] == ["Guest", "Public", "Control"]
    assert [(result.name, result.kind, result.ok) for result in router.health] == [
        ("webserver.service", "basic", True),
        ("dhcp_check.py", "advanced", False),
    ]
    assert router.health[0].updated == CREATED_UNIX


async def test_system_vms_are_read() -> None:
    """Console proxies have sessions, secondary storage VMs have none."""
    cloud = await read()
    assert cloud.system_vms["v1"] == SystemVm(
        id="v1", name="v-2-VM", kind="consoleproxy", state="Running", agent_state="Up", zone_id="z1", host_id="h1",
        host_name="kvm1", hypervisor="KVM", public_address="203.0.113.7", private_address="10.0.0.7",
        control_address="169.254.3.4", version="4.20.1.0", sessions=3, created=CREATED_UNIX, disconnected=CREATED_UNIX,
    )  # fmt: skip
    assert cloud.system_vms["s1"].sessions is None
    assert cloud.system_vms["s1"].agent_state == ""


async def test_agent_state_of_old_versions_comes_from_hosts() -> None:
    """Without agentstate the agent's row in listHosts tells its state."""
    old = {name: value for name, value in PROXY.items() if name != "agentstate"}
    cloud = await read(instead(listSystemVms=[old]))
    assert cloud.system_vms["v1"].agent_state == "Disconnected"


async def test_templates_and_image_stores_are_read() -> None:
    """Of a template in two stores the ready copy counts; URLs lose user, password and query."""
    cloud = await read()
    assert cloud.templates[("tpl1", "z1")] == Template(
        id="tpl1", zone_id="z1", name="debian", is_ready=True, status="Download Complete", hypervisor="KVM",
        format="QCOW2", type="USER", password_enabled=True, created=CREATED_UNIX, os_name="Debian 12",
        url="https://images.example/debian.qcow2", owner="admin", is_public=True,
        downloads=(Download("nfs1", "DOWNLOADED", 100),),
    )  # fmt: skip
    assert not cloud.templates[("tpl1", "z2")].is_ready
    assert cloud.image_stores["is1"] == ImageStore("is1", "nfs1", "z1", "nfs", "nfs://10.0.0.40/export/secondary")
    assert cloud.image_stores["is2"].url == "cifs://10.0.0.41/share"


async def test_secrets_of_rows_are_not_kept() -> None:
    """Nothing of a password in a row reaches the Cloud."""
    shown = repr(await read())
    assert "pw-canary" not in shown
    assert "never kept" not in shown


async def test_settings_are_read_globally_and_per_zone() -> None:
    """A zone's own value wins, a setting without a value is empty, one that is not there is None."""
    cloud = await read()
    assert cloud.settings == {
        "host": "10.0.0.2,10.0.0.3",
        "consoleproxy.url.domain": "",
        "consoleproxy.sslEnabled": "false",
        "integration.api.port": "8096",
        "consoleproxy.static.publicIp": "",
    }
    assert cloud.setting("consoleproxy.url.domain", "z1") == "*.console.example.com"
    assert cloud.setting("consoleproxy.sslEnabled", "z2") == "false"
    assert cloud.setting("host", "z1") == "10.0.0.2,10.0.0.3"
    assert cloud.setting("consoleproxy.session.max", "z1") is None


async def test_only_named_settings_are_asked() -> None:
    """Every listConfigurations names one setting, so that no other value is ever read."""
    clock = HandClock()
    async with lab_api(rows, None, clock) as (api, app):
        await refresh(api, clock, 1, 600.0)
        asked = [request for request in app[REQUESTS] if request["command"] == "listConfigurations"]
    assert all(request.get("name") for request in asked)
    assert {(request["name"], request["zoneid"]) for request in asked if "zoneid" in request} == {
        (name, zone) for name in ("consoleproxy.url.domain", "consoleproxy.sslEnabled") for zone in ("z1", "z2")
    }


async def test_template_and_iso_of_instances_are_asked_for() -> None:
    """CloudStack leaves out what is not named: templateid and passwordenabled without tmpl, isoid without iso."""
    clock = HandClock()
    async with lab_api(rows, None, clock) as (api, app):
        await refresh(api, clock, 1, 600.0)
        asked = [request for request in app[REQUESTS] if request["command"] == "listVirtualMachines"]
    assert {request["details"] for request in asked} == {"min,nics,tmpl,iso"}


async def test_cloud_says_when_it_was_asked_and_when_it_expires() -> None:
    """It expires its lifetime after the refresh began, not after it ended."""
    clock = HandClock()

    def slow(command: str, parameters: Mapping[str, str]) -> list[dict[str, Any]]:
        if command == "listPods":
            clock.turn(5)
        return rows(command, dict(parameters))

    async with lab_api(slow, None, clock) as (api, _):
        cloud = await refresh(api, clock, 7, 600.0)
    assert (cloud.asked, cloud.finished, cloud.expires, cloud.generation) == (1000.0, 1005.0, 1600.0, 7)
    assert cloud.at == clock.unix()
    assert not cloud.lacks


async def test_cloud_cannot_be_changed() -> None:
    """Every map of the Cloud is read-only."""
    cloud = await read()
    maps = [value for field in dataclasses.fields(cloud) if isinstance(value := getattr(cloud, field.name), Mapping)]
    assert len(maps) >= 18
    nested = [cloud.zone_settings["z1"], cloud.networks["net1"].services, cloud.traffic_types["t1"].labels]
    for mapping in [*maps, *nested]:
        with pytest.raises(TypeError, match="does not support item assignment"):
            mapping["new"] = 1  # type: ignore[index]


async def test_cloud_gives_targets() -> None:
    """What was read is enough to find the machines to visit."""
    assert {(target.kind, target.name) for target in targets(await read())} == {
        ("host", "kvm1"),
        ("host_endpoint", "kvm1"),
        ("template_directory", "images"),
        ("router", "r-12-VM"),
        ("console_proxy", "v-2-VM"),
        ("console_endpoint", "v-2-VM"),
        ("management_server", "mgmt1"),
        ("database", "cloud"),
    }


OPTIONAL = sorted(set(ALLOWED) - {"listApis", "listZones"})


@pytest.mark.parametrize("command", OPTIONAL)
async def test_command_that_is_not_there_is_lacking(command: str) -> None:
    """A command that listApis does not show is not even asked; the rest is read."""
    clock = HandClock()
    async with lab_api(rows, {"unknown": [command]}, clock) as (api, app):
        cloud = await refresh(api, clock, 1, 600.0)
        assert command not in {request["command"] for request in app[REQUESTS]}
    assert cloud.lacks.keys() == {command}
    expected = Reason.UNSUPPORTED if command == "listManagementServers" else Reason.PERMISSION
    assert cloud.lacks[command].reason is expected
    assert cloud.zones


@pytest.mark.parametrize("command", OPTIONAL)
@pytest.mark.parametrize("fault", ["forbidden", "denied", "off"])
async def test_command_that_is_refused_is_lacking(command: str, fault: str) -> None:
    """A command that is listed and yet refused is noted with its reason."""
    cloud = await read(faults={fault: [command]})
    assert cloud.lacks.keys() == {command}
    assert isinstance(cloud.lacks[command], Failure)
    assert cloud.lacks[command].reason is (Reason.UNSUPPORTED if fault == "off" else Reason.PERMISSION)
    assert command in cloud.lacks[command].detail


@pytest.mark.parametrize("command", sorted(ALLOWED))
async def test_any_other_failure_fails_the_whole_refresh(command: str) -> None:
    """Half a Cloud is never taken for a whole one; the error names the command."""
    with pytest.raises(SourceError, match=command) as caught:
        await read(faults={"internal": [command]})
    assert caught.value.reason is Reason.FAILED


@pytest.mark.parametrize("fault", ["unknown", "forbidden"])
async def test_without_zones_there_is_no_cloud(fault: str) -> None:
    """Zones are what everything hangs on."""
    with pytest.raises(SourceError, match="listZones") as caught:
        await read(faults={fault: ["listZones"]})
    assert caught.value.reason is Reason.PERMISSION


async def test_without_discovery_every_command_is_tried() -> None:
    """A role without listApis works; only the health results need to know the version."""
    clock = HandClock()
    async with lab_api(rows, {"forbidden": ["listApis"]}, clock) as (api, app):
        cloud = await refresh(api, clock, 1, 600.0)
        routers = [request for request in app[REQUESTS] if request["command"] == "listRouters"]
    assert cloud.lacks.keys() == {"listApis"}
    assert cloud.instances
    assert all("fetchhealthcheckresults" not in request for request in routers)


async def test_refused_key_is_not_a_lack() -> None:
    """A bad key fails everything and is not mistaken for missing commands."""
    with pytest.raises(SourceError) as caught:
        await read(faults={"refuse": ["listHosts"]})
    assert caught.value.reason is Reason.AUTH


async def test_empty_cloud_is_read() -> None:
    """A new cloud with one zone and nothing else is whole."""
    cloud = await read(lambda command, _: ROWS["listZones"][:1] if command == "listZones" else [])
    assert not cloud.lacks
    assert cloud.zones.keys() == {"z1"}
    assert not cloud.settings
    assert cloud.zone_settings == {"z1": {}}


async def test_vpc_router_has_no_network_of_its_own() -> None:
    """The guest network in the row of a VPC router is only one of its tiers."""
    tiers = [{"networkid": f"tier{tier}", "traffictype": "Guest", "ipaddress": f"10.2.{tier}.1"} for tier in (1, 2, 3)]
    cloud = await read(instead(listRouters=[{**ROUTER, "vpcid": "vpc1", "nic": tiers}]))
    router = cloud.routers["r1"]
    assert (router.vpc_id, router.network_id) == ("vpc1", "")
    assert [nic.address for nic in router.guest_nics] == ["10.2.1.1", "10.2.2.1", "10.2.3.1"]
