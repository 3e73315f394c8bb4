"""Controllers of bridges that pass nothing new without them."""

from __future__ import annotations

import pytest

from exporter.checks.open_vswitch.controllers import LEAVE, judge
from exporter.questions.hosts.ovs import OVS_DATABASE, read_database
from tests.checks.open_vswitch.switch_scene import HEALTHY, cloud, database, judged, port, problems, values_of
from tests.remote_texts import sample

ONE, TWO = "tcp:192.0.2.9:6653", "tcp:192.0.2.10:6653"


@pytest.mark.parametrize(
    ("fail_mode", "controllers", "lost"),
    [
        ("standalone", {}, 0),
        ("standalone", {ONE: False}, 0),
        ("secure", {}, 1),
        ("secure", {ONE: True}, 0),
        ("secure", {ONE: False, TWO: True}, 0),
        ("secure", {ONE: False}, 1),
        ("secure", {ONE: False, TWO: False}, 2),
    ],
)
def test_controllers(fail_mode: str, controllers: dict[str, bool], lost: int) -> None:
    """Only a secure bridge is lost: one that is connected to none of its controllers, or has none to wait for."""
    values = {**HEALTHY, OVS_DATABASE: database(fail_mode=fail_mode, controllers=controllers)}
    found = judged(judge, values, looks=1)
    assert values_of(found) == {("controllers_lost", "cloudbr1"): lost}
    assert problems(found) == ({"controllers_lost"} if lost else set())


def test_a_bridge_that_waits_for_nobody() -> None:
    """Once its switch is started anew nothing passes; the mode must go. One of no label is somebody else's."""
    alone = {**HEALTHY, OVS_DATABASE: database(fail_mode="secure")}
    (found,) = judged(judge, alone)
    assert (found.value, found.remedy) == (1, LEAVE)
    assert found.seen == "fail mode secure, not connected: none is set"
    assert values_of(judged(judge, alone, cloud(label="cloudbr9"))) == {("controllers_lost", "cloudbr1"): 0}


def test_a_label_that_names_a_bridge_in_a_vlan() -> None:
    """It waits with the bridge that it is part of; a NIC that is a port of it is no bridge."""
    vlan = {**HEALTHY, OVS_DATABASE: database(port("mgmt0", tag=30, kind="internal"), fail_mode="secure")}
    assert values_of(judged(judge, vlan, cloud(label="mgmt0"))) == {("controllers_lost", "cloudbr1"): 1}
    nic = {**HEALTHY, OVS_DATABASE: database(port("eth1"), fail_mode="secure")}
    assert values_of(judged(judge, nic, cloud(label="eth1"))) == {("controllers_lost", "cloudbr1"): 0}


def test_a_true_database() -> None:
    """The recorded bridge waits for a controller that is not there; the other bridge is well."""
    true = read_database(sample("questions/ovs", "database.failing"))
    found = judged(judge, {**HEALTHY, OVS_DATABASE: true})
    assert values_of(found) == {("controllers_lost", "cloudbr1"): 1, ("controllers_lost", "sw0"): 0}
    assert "tcp:127.0.0.1:1" in next(sample.seen for sample in found if sample.value)


def test_unused_and_absent_switches() -> None:
    """Neither says anything."""
    lost = database(fail_mode="secure", controllers={ONE: False})
    assert judged(judge, {OVS_DATABASE: lost}, cloud(label="cloudbr0")) == []
    assert judged(judge, {**HEALTHY, OVS_DATABASE: None}) == []
