"""VLANs of machines in networks of every kind: untagged, VXLAN, private, private gateways, public."""

from __future__ import annotations

import pytest

from exporter.checks.vlan_trunking.mismatches import judge
from exporter.cloud.networks import PrivateGateway, VlanRange
from exporter.model import Sample
from exporter.questions.hosts.agent import AGENT, Agent
from exporter.questions.hosts.ovs import OvsBridge, OvsDatabase
from tests.checks.vlan_trunking import vlan_scene as scene
from tests.checks.vlan_trunking.mismatches_scene import KEY, port, verdict


@pytest.mark.parametrize(("bridge", "wrong"), [("cloudbr0", 0), ("cloudbr1", 0), ("brbond0-101", 1)])
def test_untagged_public_nics_follow_the_agent(bridge: str, wrong: int) -> None:
    """The agent's own device counts for them; that the label names another one is a verdict of its own."""
    router = scene.router(nics=(scene.nic(5, "vlan://untagged", traffic_type="Public"),))
    labels = (scene.label(), scene.label("cloudbr1", traffic="Public"))
    found = scene.on_host(
        judge,
        scene.cloud(router, labels=labels),
        scene.answered(
            scene.links(*scene.UPLINK, *scene.vlan_bridge(101), scene.link("vnet0", "tun", bridge)),
            scene.domain(5, source=bridge, name=router.name),
            more={AGENT: Agent(public="cloudbr0")},
        ),
    )
    assert scene.only(found, "mismatches").value == wrong


@pytest.mark.parametrize(
    ("uri", "tap", "wrong"),
    [("vlan://untagged", "cloudbr1", 0), ("vlan://untagged", "brbond0-101", 1), ("101", "brbond0-101", 0)],
)
def test_untagged_and_bare_numbers(uri: str, tap: str, wrong: int) -> None:
    """Untagged NICs are in the label's own bridge; a bare number is a VLAN."""
    seen_by = scene.cloud(scene.instance(5, 1, scene.nic(5, uri)))
    found = verdict(*scene.UPLINK, *scene.vlan_bridge(101), scene.link("vnet0", "tun", tap), cloud=seen_by)
    assert scene.only(found, "mismatches").value == wrong


@pytest.mark.parametrize(("vni", "wrong"), [(5001, 0), (5002, 1)])
def test_vxlan(vni: int, wrong: int) -> None:
    """A VXLAN device of the network's VNI is in the bridge."""
    found = verdict(
        *scene.UPLINK,
        scene.link("brvx-5001", "bridge"),
        scene.link("vxlan5001", "vxlan", "brvx-5001", vni=vni, parent="bond0"),
        scene.link("vnet0", "tun", "brvx-5001"),
        cloud=scene.cloud(scene.instance(5, 1, scene.nic(5, "vxlan://5001"))),
    )
    assert scene.only(found, "mismatches").value == wrong


@pytest.mark.parametrize("uri", ["lswitch://12", "vs://77", "vlan://4095", "vlan://100-110"])
def test_segments_that_are_bridged_otherwise(uri: str) -> None:
    """SDN and the VLAN that modifyvlan.sh passes over are not judged."""
    seen_by = scene.cloud(scene.instance(5, 1, scene.nic(5, uri)))
    found = verdict(*scene.UPLINK, scene.link("vnet0", "tun", "cloudbr1"), cloud=seen_by)
    assert scene.values_of(found) == {KEY: 0}


PRIVATE = scene.cloud(scene.instance(5, 1, scene.nic(5, "pvlan://100-i200")))


def test_a_private_vlan_on_linux_bridges() -> None:
    """Its NIC is plugged untagged into the label's bridge: the network is neither private nor in its VLAN."""
    found = verdict(*scene.UPLINK, scene.link("vnet0", "tun", "cloudbr1"), cloud=PRIVATE)
    assert scene.values_of(found) == {KEY: 1, ("vlan_mismatch", *KEY[1:], "pvlan-100"): 1}
    sample = scene.only(found, "mismatches")
    assert sample.seen == "i-2-5-VM: vnet0 is in cloudbr1 without a tag, Linux bridges have no private VLANs"
    assert sample.remedy.startswith("Private VLANs need Open vSwitch")


def test_a_private_vlan_that_nobody_can_judge() -> None:
    """In Open vSwitch flows make it, which nobody reads; and a tap that is gone is in no bridge."""
    switched = (scene.link("ovs-system", "openvswitch"), scene.link("vnet0", "tun", "ovs-system"))
    assert verdict(*switched, cloud=PRIVATE, ovs=scene.switch(port())) == []
    assert verdict(*scene.UPLINK, cloud=PRIVATE) == []


def gateways(*told: PrivateGateway, vlan: int, second: bool = True) -> list[Sample]:
    """Return what is said where a VPC router has a NIC in a private gateway of VLAN 3000, plugged into this VLAN."""
    router = scene.router(vpc_id="vpc", nics=(scene.nic(77, "vlan://3000", "unlisted"),))
    far = (scene.label(network_id="far"),) if second else ()
    seen_by = scene.cloud(
        router,
        physicals=(scene.physical(), scene.physical("far")),
        labels=(scene.label(), *far),
        private_gateways=scene.by_id(*told),
    )
    domain = scene.domain(77, source=f"brbond0-{vlan}", name=router.name)
    return verdict(*scene.UPLINK, *scene.vlan_bridge(vlan, "vnet0"), on=(domain,), cloud=seen_by)


def test_private_gateways_of_a_vpc() -> None:
    """listNetworks does not show their networks; the gateway names VLAN and physical network."""
    told = PrivateGateway("g", "z", "vpc", "vlan://3000", "pn")
    far = ("mismatches", *KEY[1:3], "physical-far")
    assert scene.values_of(gateways(told, vlan=3000)) == {KEY: 0, far: 0}
    assert scene.values_of(gateways(told, vlan=9)) == {
        KEY: 1,
        far: 0,
        ("vlan_mismatch", *KEY[1:], "3000"): 1,
    }


def test_private_gateways_that_may_not_be_listed() -> None:
    """The only physical network with guest traffic has them; of several nobody knows which, so none is well."""
    assert scene.only(gateways(vlan=9, second=False), "mismatches").value == 1
    assert gateways(vlan=9) == []


@pytest.mark.parametrize(("agent", "wrong"), [("cloudbr1", 0), ("cloudbr2", 0), ("cloudbr3", 1)])
def test_untagged_guest_nics_in_open_vswitch_follow_the_agent(agent: str, wrong: int) -> None:
    """The agent plugs them into its own guest bridge, whatever the label says; with Linux bridges the label counts."""
    seen_by = scene.cloud(scene.instance(5, 1, scene.nic(5, "vlan://untagged")), labels=(scene.label("cloudbr2"),))
    database = OvsDatabase(
        bridges={name: OvsBridge(name=name) for name in ("cloudbr1", "cloudbr2")},
        ports={"vnet0": port(agent if agent != "cloudbr3" else "cloudbr1")},
    )
    switched = (scene.link("ovs-system", "openvswitch"), scene.link("vnet0", "tun", "ovs-system"))
    told = Agent(bridge_type="openvswitch", guest=agent, private="cloudbr1")
    found = verdict(*switched, cloud=seen_by, ovs=database, more={AGENT: told})
    assert scene.only(found, "mismatches").value == wrong
    native = Agent(guest="cloudbr9")
    linux = (*scene.UPLINK, scene.link("cloudbr9", "bridge"), scene.link("vnet0", "tun", "cloudbr9"))
    labelled = scene.cloud(scene.instance(5, 1, scene.nic(5, "vlan://untagged")))
    assert scene.only(verdict(*linux, cloud=labelled, more={AGENT: native}), "mismatches").value == 1


def test_public_nics_of_routers() -> None:
    """The public network is not listed; its ranges say which physical network it is in."""
    public = scene.nic(9, "vlan://90", "public", traffic_type="Public")
    seen_by = scene.cloud(
        scene.router(nics=(public,)),
        labels=(scene.label(), scene.label(traffic="Public")),
        vlan_ranges=scene.by_id(
            VlanRange(
                id="v", zone_id="z", vlan="vlan://90", is_public=True, network_id="public", physical_network_id="pn"
            )
        ),
    )
    domain = scene.domain(9, source="brbond0-90", name="r-4-VM")
    assert scene.values_of(verdict(*scene.UPLINK, *scene.vlan_bridge(90, "vnet0"), on=(domain,), cloud=seen_by)) == {
        KEY: 0
    }
    found = verdict(*scene.UPLINK, *scene.vlan_bridge(91, "vnet0"), on=(domain,), cloud=seen_by)
    assert scene.only(found, "mismatches").value == 1
