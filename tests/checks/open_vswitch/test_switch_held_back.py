"""Hosts that are held back on purpose and answer: none of their faults is told, and that none is, is said."""

from __future__ import annotations

from dataclasses import replace
from types import ModuleType

import pytest

from exporter.checks.open_vswitch import (
    controllers,
    daemons,
    flows,
    mac_table,
    switch_bonds,
    switch_ports,
    switch_uplinks,
    tags,
)
from exporter.cloud.cloud import Cloud
from exporter.cloud.objects import Host
from exporter.questions.hosts.ovs import OVS_DATABASE, OvsInterface, OvsPort
from exporter.questions.hosts.ovs_bonds import OvsBond, OvsBondMember
from exporter.questions.hosts.ovs_datapath import Datapath, MacTable
from exporter.questions.hosts.ovs_macs import OVS_MACS, MacTables
from exporter.questions.hosts.ovs_runtime import OVS_RUNTIME, Daemon, LongPoll, State
from tests.checks.open_vswitch.switch_scene import (
    EVERY,
    HEALTHY,
    NOW,
    Values,
    cloud,
    database,
    host,
    instance,
    judged,
    port,
    problems,
    runtime,
    tap,
    values_of,
)

CHECKS = (controllers, daemons, flows, mac_table, switch_bonds, switch_ports, switch_uplinks, tags)
BOND = OvsPort(name="bond0", bridge="cloudbr1", interfaces=tuple(OvsInterface(name=f"eth{one}") for one in (0, 1)))
DEAF = tuple(OvsBondMember(name=f"eth{one}", is_enabled=False, lacp="expired") for one in (0, 1))
BROKEN: Values = {
    **HEALTHY,
    OVS_DATABASE: database(tap(200), BOND, port("vnet9", ofport=-1), fail_mode="secure"),
    OVS_RUNTIME: runtime(
        switch=Daemon(name="ovs-vswitchd", state=State.DOWN, started=11.5),
        datapaths={"dp": Datapath(name="dp", flows=99, limit=100, dump_seconds=9.0, missed=3, lost=3)},
        bonds={"bond0": OvsBond(name="bond0", members=DEAF)},
        polls=(LongPoll(NOW + 3 * EVERY, 60.0),),
    ),
    OVS_MACS: MacTables({"cloudbr1": MacTable(current=8, maximum=8, moved=3, evicted=3)}, unasked=2),
}
"""Nearly everything is wrong."""
HELD_BACK: dict[str, tuple[Host, Cloud]] = {
    "maintenance": (host(resource_state="Maintenance"), cloud(instance())),
    "disabled": (host(resource_state="Disabled"), cloud(instance())),
    "fresh": (host(created=NOW), cloud(instance())),
    "zone disabled": (host(), replace(cloud(instance()), zones={"z": replace(cloud().zones["z"], enabled=False)})),
}


@pytest.mark.parametrize("name", HELD_BACK)
@pytest.mark.parametrize("module", CHECKS, ids=lambda module: module.__name__.rpartition(".")[2])
def test_nothing_is_wrong_is_said(module: ModuleType, name: str) -> None:
    """An alert of before ends, although another host of the zone is unknown; what counts and rows are not told."""
    of, seen_by = HELD_BACK[name]
    known = judged(module.judge, BROKEN, cloud(instance()), looks=3)
    wrong = {one.name.rpartition("open_vswitch_")[2] for one in module.CHECK.metrics if one.problem}
    assert problems(known) == wrong
    found = judged(module.judge, BROKEN, seen_by, of, looks=3)
    assert problems(found) == set()
    assert values_of(found).keys() == {key for key in values_of(known) if key[0] in wrong}


@pytest.mark.parametrize("module", CHECKS, ids=lambda module: module.__name__.rpartition(".")[2])
def test_another_hypervisor_says_nothing(module: ModuleType) -> None:
    """Its switch is not that of a KVM host."""
    assert judged(module.judge, BROKEN, cloud(instance()), host(hypervisor="XenServer")) == []
