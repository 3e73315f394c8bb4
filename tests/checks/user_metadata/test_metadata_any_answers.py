"""Whatever routers and CloudStack say, the judges of issue 10 end, and keep to what they declare."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from exporter.checks import Registered, discover
from exporter.cloud.groups import groups
from exporter.cloud.objects import HealthResult, Router
from exporter.memory import Scope
from exporter.model import Issue, Question
from exporter.questions.routers.metadata import (
    METADATA_HTTP,
    METADATA_RULES,
    METADATA_VHOSTS,
    METADATA_WEB_SERVER,
    STATES,
    HttpAnswer,
    RewriteRules,
    VirtualHosts,
    WebServer,
)
from exporter.questions.routers.metadata_instances import METADATA_INSTANCES, InstanceData
from exporter.questions.routers.metadata_name import METADATA_NAME, DataServer, NameAnswer
from exporter.questions.routers.sockets import ROUTER_SOCKETS
from exporter.questions.routers.state import ROUTER_IDENTITY, ROUTER_REDUNDANCY, Role
from tests.checks.user_metadata import scene

ALL = tuple(one for one in discover() if one.issue is Issue.USER_METADATA)
CHECKS = tuple(one for one in ALL if not one.name.startswith("management_log"))
"""Those about routers; the log's checks have any answers of their own."""
ADDRESS = st.sampled_from(["10.1.1.1", "10.1.1.5", "10.2.2.1", "10.9.9.9"])
GUEST = st.sampled_from(["10.1.1.10", "10.1.1.11", "10.2.2.10"])
PORT = st.sampled_from([0, 80, 443, 8180, 8443])
STATUS = st.one_of(
    st.integers(100, 599).map(lambda code: (code, "")),
    st.sampled_from(["refused", "timeout", "absent", "other"]).map(lambda word: (None, word)),
)
HTTP = st.builds(
    lambda at, path, end: HttpAnswer(at, path, *end), ADDRESS, st.sampled_from(["/", "/latest/meta-data/"]), STATUS
)
PLACES = st.frozensets(st.tuples(ADDRESS | st.just("*"), PORT))
DATA = st.builds(
    InstanceData,
    vm_id=st.sampled_from(["", scene.UUID, scene.OTHER_UUID, "i-2-10-VM", "42", "?"]),
    has_user_data=st.booleans(),
    is_exposed=st.booleans(),
)
NAME = st.builds(
    NameAnswer, ADDRESS, st.sampled_from(["NOERROR", "NXDOMAIN", "refused"]), st.lists(ADDRESS, max_size=2).map(tuple)
)
VALUES: dict[Question[Any], st.SearchStrategy[Any]] = {
    ROUTER_IDENTITY: st.builds(scene.identity, uptime=st.floats(0, 1e7)),
    ROUTER_REDUNDANCY: st.sampled_from(Role),
    ROUTER_SOCKETS: st.just(()),
    METADATA_HTTP: st.lists(HTTP, max_size=4).map(tuple),
    METADATA_RULES: st.builds(RewriteRules, st.booleans(), st.booleans(), st.integers(0, 5)),
    METADATA_VHOSTS: st.builds(VirtualHosts, PLACES, PLACES),
    METADATA_WEB_SERVER: st.builds(WebServer, st.sampled_from(["", *STATES]), st.integers(0, 3)),
    METADATA_INSTANCES: st.dictionaries(GUEST, DATA),
    METADATA_NAME: st.builds(DataServer, st.lists(ADDRESS).map(tuple), st.lists(NAME).map(tuple)),
}
HEALTH = st.builds(
    HealthResult,
    st.sampled_from(["webserver.service", "gateways_check.py", "dhcp_check.py", "connectivity.test", "x"]),
    st.sampled_from(["basic", "advanced"]),
    st.sampled_from([True, False, None]),
    st.sampled_from(["", "SUCCESS", "FAILED", "WARNING", "UNKNOWN"]),
    st.text(max_size=9),
    st.none() | st.floats(0, 2e9),
)
GATEWAY = st.sampled_from(["", "10.1.1.1"])
NICS = st.lists(
    st.builds(
        scene.nic,
        ADDRESS | st.just(""),
        st.sampled_from(["net", "db", "gone"]),
        gateway=GATEWAY,
    ),
    max_size=3,
).map(tuple)
ROUTER = st.builds(
    scene.router,
    st.sampled_from(["r-4-VM", "r-5-VM"]),
    state=st.sampled_from(["Running", "Stopped", "Migrating", "Starting"]),
    network_id=st.sampled_from(["", "net"]),
    vpc_id=st.sampled_from(["", "v"]),
    host_id=st.sampled_from(["", "h1", "h2", "gone"]),
    created=st.none() | st.floats(0, 2e9),
    is_redundant=st.booleans(),
    redundant_state=st.sampled_from(["", "PRIMARY", "BACKUP", "FAULT", "UNKNOWN"]),
    requires_upgrade=st.booleans(),
    version=st.sampled_from(["", "4.18.0", "4.22.0"]),
    health_failed=st.sampled_from([None, True, False]),
    health=st.lists(HEALTH, max_size=3).map(tuple),
    nics=NICS,
)
NETWORKS = st.tuples(
    st.builds(scene.network, st.just("net"), type=st.sampled_from(["Isolated", "Shared", "L2"])),
    st.builds(scene.network, st.just("db"), services=st.sampled_from([{}, scene.BY_ROUTER])),
)
INSTANCES = st.lists(
    st.builds(
        scene.instance,
        GUEST,
        st.sampled_from([scene.UUID, scene.OTHER_UUID]),
        state=st.sampled_from(["Running", "Stopped"]),
        instance_name=st.sampled_from(["", "i-2-10-VM"]),
        created=st.none() | st.floats(0, 2e9),
    ),
    max_size=3,
).map(tuple)


@pytest.mark.parametrize("registered", CHECKS, ids=lambda one: one.name)
@settings(max_examples=40, deadline=None)
@given(answered=st.data(), routers=st.lists(ROUTER, max_size=2), networks=NETWORKS, instances=INSTANCES)
def test_judges_end_and_keep_to_their_metrics(
    registered: Registered, answered: st.DataObject, routers: list[Router], networks: Any, instances: Any
) -> None:
    """No answer makes a judge raise, or yield a metric that it does not own or the same labels twice."""
    check = registered.check
    kind = st.sampled_from(["Basic", "Advanced"])
    cloud = scene.cloud(*routers, networks=networks, instances=instances, network_type=answered.draw(kind))
    scope = Scope()
    members = {}
    for router in cloud.routers.values():
        values = {question: answered.draw(strategy) for question, strategy in VALUES.items()}
        members[scene.target(router)] = scene.answers(values, 100.0, scope)
    found = [list(judge(target, members[target], cloud)) for judge in check.judges.values() for target in members]
    for judge in check.groups:
        for group in groups(cloud):
            if isinstance(group, judge.group):
                given_members = members if judge.needs else {}
                found.append(list(judge.judge(group, given_members, cloud)))
    for samples in found:
        assert {sample.metric for sample in samples} <= set(check.metrics)
        rows = [(sample.metric.name, sample.labels) for sample in samples]
        assert len(set(rows)) == len(rows)


def test_every_check_of_the_issue_is_found() -> None:
    """The modules of this folder, and no others."""
    assert [one.name for one in ALL] == [
        "management_log",
        "management_log_reading",
        "metadata_http",
        "metadata_instances",
        "metadata_name",
        "metadata_rewrite",
        "metadata_vhosts",
        "metadata_web_server",
        "router_health",
        "router_redundancy",
        "router_state",
    ]
