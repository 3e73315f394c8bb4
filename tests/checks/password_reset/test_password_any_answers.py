"""Whatever routers answer, and whichever questions fail, judges say something sane or nothing."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from exporter.checks.password_reset import daemon, firewall, pending
from exporter.cloud.objects import Router
from exporter.cloud.targets import RouterTarget
from exporter.model import Check, Question
from exporter.questions.routers.password import PASSWORD_PENDING, PASSWORD_PROBE, PASSWORD_REQUESTS, PasswordFile, Probe
from exporter.questions.routers.sockets import ROUTER_PROCESSES, ROUTER_SOCKETS, Process, Socket
from exporter.questions.routers.state import ROUTER_REDUNDANCY, Role
from tests.checks.password_reset.scene import NOW, ROUTERS, Visitor, cloud, healthy, instance

ADDRESSES = ("10.1.1.1", "10.2.1.1", "10.3.1.1", "10.3.2.1", "10.1.1.10", "10.3.1.10")
ADDRESS = st.sampled_from(ADDRESSES)
NAME = st.sampled_from(["python", "socat", "nginx", "passwd_server_ip.py", "passwd_server"])
WORD: dict[Question[Any], st.SearchStrategy[Any]] = {
    PASSWORD_PROBE: st.dictionaries(ADDRESS, st.sampled_from(Probe)),
    ROUTER_REDUNDANCY: st.sampled_from(Role),
    ROUTER_SOCKETS: st.lists(
        st.builds(Socket, st.just("tcp"), st.one_of(ADDRESS, st.just("*")), st.just(8080), st.lists(NAME).map(tuple))
    ).map(tuple),
    ROUTER_PROCESSES: st.lists(st.builds(Process, st.just(1), st.just(1), NAME, st.lists(ADDRESS).map(tuple))).map(
        tuple
    ),
    PASSWORD_PENDING: st.lists(
        st.builds(
            PasswordFile,
            st.sampled_from(["passwords", *(f"passwords-{address}" for address in ADDRESSES)]),
            st.integers(0, 10**6),
            st.lists(ADDRESS).map(tuple),
        )
    ).map(tuple),
    PASSWORD_REQUESTS: st.frozensets(ADDRESS),
}
CLOUD = cloud(instance(1, "10.1.1.10"), instance(2, "10.3.1.10"))


@given(
    check=st.sampled_from([daemon.CHECK, firewall.CHECK, pending.CHECK]),
    of=st.sampled_from(ROUTERS),
    young=st.booleans(),
    strange=st.fixed_dictionaries({}, optional=WORD),
    lost=st.sets(st.sampled_from(list(healthy()))),
)
def test_any_answers(
    check: Check, of: Router, young: bool, strange: dict[Question[Any], Any], lost: set[Question[Any]]
) -> None:
    """No judge raises; labels are never said twice; a problem always has its words and a declared remedy."""
    router = replace(of, created=NOW if young else 0.0)
    asks = check.asks[RouterTarget]
    given_values = {
        question: value
        for question, value in (healthy(router) | strange).items()
        if question not in lost or question in asks
    }
    visitor = Visitor(check, router, CLOUD)
    for asked in (100.0, 160.0):
        samples = visitor.visit(asked, given_values)
        named = [(sample.metric.name, sample.labels) for sample in samples]
        assert len(named) == len(set(named))
        for sample in samples:
            if sample.metric.problem and sample.metric.problem.holds(sample.value, NOW):
                assert sample.seen
                assert sample.expected
                assert sample.remedy in ("", *check.remedies)
