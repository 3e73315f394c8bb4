"""Whatever CloudStack, the database and management servers say, the judges end, and keep to what they declare."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from exporter.checks import Registered, discover
from exporter.cloud.cloud import Cloud
from exporter.cloud.groups import ManagementServers, ZoneGroup
from exporter.cloud.objects import Host, ManagementServer
from exporter.cloud.storage import Place
from exporter.cloud.targets import DatabaseTarget, HostTarget, ManagementServerTarget
from exporter.model import Answers, Issue, Question, Sample
from exporter.questions.database.found import Found
from exporter.questions.database.state import DATABASE_SERVERS, DATABASE_VERSIONS, SchemaVersion, ServerRow
from exporter.questions.dialling import Reach
from exporter.questions.hosts.agent import AGENT, Agent
from exporter.questions.hosts.agent_connection import HOST_AGENT_CONNECTION
from exporter.questions.management.peers import MANAGEMENT_PEERS
from exporter.questions.management.service import MANAGEMENT_SERVICE, ManagementService
from exporter.questions.management.sockets import MANAGEMENT_SOCKETS, ManagementSockets
from exporter.questions.management.ways import MANAGEMENT_WAYS
from tests.checks.host_connectivity import management_scene as scene

SERVER_TYPES = (DatabaseTarget, ManagementServerTarget)
GROUPS = {ManagementServers: ManagementServers(), ZoneGroup: ZoneGroup("z", "zone-1")}
CHECKS = tuple(
    one
    for one in discover()
    if one.issue is Issue.HOST_CONNECTIVITY
    and (set(one.check.judges) & set(SERVER_TYPES) or any(judge.group in GROUPS for judge in one.check.groups))
)
ID = st.sampled_from(["id-1", "id-2", "id-3", ""])
NAME = st.sampled_from(["mgmt-1", "mgmt-2", "é\n\x00", "", "x" * 300])
STATE = st.sampled_from(["Up", "Down", "Maintenance", "ShuttingDown", "Starting", ""])
VERSION = st.sampled_from(["4.20.1.0", "4.22.0.0-SNAPSHOT", "4.9", "", "main", "4.20.1.0-x\n"])
ADDRESS = st.sampled_from(["10.0.0.1", "10.0.0.2", "127.0.0.1", "::1", "", "*", "mgmt.example"])
SETTING = st.sampled_from(["", "0", "8096", "x", "-1", "10.0.0.1,localhost@static", ",", "127.0.0.1", "é" * 300])
SECONDS = st.floats(0, 4e9, allow_nan=False)
PORT = st.sampled_from([22, 8096, 8250, 65535])
SERVER = st.builds(ManagementServer, ID, NAME, STATE, ADDRESS, VERSION)
HOST = st.builds(
    Host, id=ID, name=NAME, type=st.sampled_from(["Routing", "ConsoleProxy", ""]), state=STATE,
    resource_state=st.just("Enabled"), address=ADDRESS, zone_id=st.just("z"), hypervisor=st.sampled_from(["KVM", ""]),
    management_server=ID,
)  # fmt: skip
ROW = st.builds(ServerRow, ID, NAME, ID, STATE, VERSION, SECONDS, st.none() | SECONDS, VERSION, VERSION)
VALUES: dict[Question[Any], st.SearchStrategy[Any]] = {
    AGENT: st.builds(
        Agent, management_servers=st.lists(ADDRESS, max_size=3).map(tuple), is_active=st.none() | st.booleans()
    ),
    HOST_AGENT_CONNECTION: st.frozensets(ADDRESS, max_size=3),
    DATABASE_SERVERS: st.lists(ROW, max_size=3).map(tuple),
    DATABASE_VERSIONS: st.lists(st.builds(SchemaVersion, VERSION, STATE), min_size=1, max_size=3).map(tuple),
    MANAGEMENT_PEERS: st.lists(st.builds(Found, ID, NAME), max_size=3).map(tuple),
    MANAGEMENT_SERVICE: st.builds(
        ManagementService, st.integers(0, 10**12), st.sampled_from(["", "active", "failed", "x"]), st.none() | SECONDS
    ),
    MANAGEMENT_SOCKETS: st.builds(
        ManagementSockets, listening=st.frozensets(st.tuples(ADDRESS, PORT), max_size=3), agent_port=PORT,
        agents=st.integers(0, 9), peers=st.frozensets(ADDRESS, max_size=3), database=st.integers(0, 9),
    ),
    MANAGEMENT_WAYS: st.dictionaries(st.builds(Place, ADDRESS, PORT), st.sampled_from(Reach), max_size=3),
}  # fmt: skip


@st.composite
def clouds(draw: st.DrawFn) -> Cloud:
    """Return any cloud of up to three management servers."""
    servers = draw(st.lists(SERVER, max_size=3))
    names = ("host", "integration.api.port", "cluster.heartbeat.threshold")
    return scene.cloud(
        *servers,
        hosts=tuple(draw(st.lists(HOST, max_size=3))),
        settings={name: draw(SETTING) for name in names if draw(st.booleans())},
        system_vms={"v": scene.agent_vm()} if draw(st.booleans()) else {},
        at=draw(st.sampled_from([0.0, scene.NOW, scene.NOW - 4000])),
    )


def some(draw: st.DrawFn, questions: tuple[Question[Any], ...], needed: tuple[Question[Any], ...] = ()) -> Answers:
    """Return answers to some of the questions, and to all that are needed; some twice."""
    now = {one: draw(VALUES[one]) for one in questions if one in needed or draw(st.booleans())}
    return scene.answers(now, {one: draw(VALUES[one]) for one in now if draw(st.booleans())})


@st.composite
def said(draw: st.DrawFn, registered: Registered) -> list[Sample]:
    """Return what one check says of any cloud."""
    cloud, check = draw(clouds()), registered.check
    targets = [scene.DATABASE, *(scene.target(one) for one in cloud.management_servers.values())]
    hosts = [HostTarget(one, "zone-1", None) for one in cloud.hosts.values()]
    found: list[Sample] = []
    for target in targets:
        kind = type(target)
        if kind in check.judges:
            asked, used = check.asks.get(kind, ()), check.uses.get(kind, ())
            found += check.judges[kind](target, some(draw, (*asked, *used), asked), cloud)
    for judge in check.groups:
        members = {target: some(draw, judge.needs.get(type(target), ())) for target in (*targets, *hosts)}
        given_ones: dict[Any, Answers] = {one: told for one, told in members.items() if told.values}
        if judge.remembers:
            given_ones[GROUPS[judge.group]] = scene.answers({})
        found += judge.judge(GROUPS[judge.group], given_ones, cloud)
    return found


@pytest.mark.parametrize("registered", CHECKS, ids=lambda one: one.name)
@given(st.data())
def test_whatever_is_said(registered: Registered, data: st.DataObject) -> None:
    """Samples are of declared metrics, and a problem has words."""
    for sample in data.draw(said(registered)):
        assert sample.metric in registered.check.metrics
        problem = sample.metric.problem
        if problem is not None and problem.holds(sample.value, scene.NOW):
            assert sample.seen
            assert sample.expected
