"""Whatever the API, the wire and the proxies say: no judge fails, and every problem explains itself."""

from __future__ import annotations

from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from exporter.checks import discover
from exporter.cloud.cloud import Cloud
from exporter.cloud.objects import Host, SystemVm
from exporter.cloud.targets import ConsoleEndpoint, ConsoleProxyTarget
from exporter.model import Issue, Reason
from exporter.questions.certificates import Certificate
from exporter.questions.routers.sockets import Socket
from exporter.questions.system_vms import console
from exporter.questions.system_vms import console_proxy as console_proxy_vm
from tests.checks.console_proxy.scene import (
    NOW,
    agent_host,
    answers,
    cloud,
    endpoint,
    inside,
    of_target,
    of_zone,
    problems,
    proxy,
)

CHECKS = tuple(found.check for found in discover() if found.issue is Issue.CONSOLE_PROXY)
WORDS = st.text(max_size=12)
ADDRESSES = st.sampled_from(["203.0.113.7", "203.0.113.8", "2001:db8::7", "", "x"])
TIMES = st.floats(NOW - 1e9, NOW + 1e9)
REASONS = st.none() | st.sampled_from(Reason)
CERTIFICATES = st.builds(
    Certificate,
    not_before=TIMES,
    not_after=TIMES,
    names=st.frozensets(st.sampled_from(["*.c.example", "203-0-113-7.c.example", "*", "", "a.b", "-.c.example"])),
    addresses=st.frozensets(ADDRESSES),
)
GIVEN: dict[Any, st.SearchStrategy[Any]] = {
    console.CONSOLE_NAME: st.builds(console.Lookup, st.lists(ADDRESSES, max_size=3).map(tuple), st.just("why")),
    console.CONSOLE_TCP: st.builds(console.Connection, REASONS, st.just("why")),
    console.CONSOLE_TLS: st.builds(
        console.Handshake, is_used=st.booleans(), reason=REASONS, error_code=st.none() | st.integers(0, 99), error=WORDS
    ),
    console.CONSOLE_CERTIFICATE: st.lists(CERTIFICATES, max_size=1).map(tuple),
    console.CONSOLE_PAGE: st.builds(console.Page, status=st.integers(0, 999), reason=st.none(), location=WORDS)
    | st.builds(console.Page, reason=st.sampled_from(Reason), detail=st.just("why")),
    console.CONSOLE_VNC: st.sampled_from([console.Connection(), console.Connection(Reason.REFUSED, "why")]),
    console.CONSOLE_NEXT_NAMES: st.lists(
        st.builds(console.NextName, WORDS, st.lists(ADDRESSES, max_size=2).map(tuple)), max_size=3
    ).map(tuple),
    console_proxy_vm.PROXY_AGENT_CONNECTIONS: st.lists(WORDS, max_size=2).map(tuple),
    console_proxy_vm.PROXY_AGENT: st.builds(console_proxy_vm.Agent, st.integers(0, 3), WORDS),
    console_proxy_vm.PROXY_SOCKETS: st.lists(
        st.builds(Socket, st.just("tcp"), ADDRESSES, st.sampled_from([80, 443, 8080, 8443])), max_size=3
    ).map(tuple),
    console_proxy_vm.PROXY_VNC_PORT: st.integers(0, 65535),
    console_proxy_vm.PROXY_MANAGEMENT_HOSTS: st.lists(WORDS, max_size=2).map(tuple),
    console_proxy_vm.PROXY_RELEASE: WORDS,
}
SETTINGS = st.fixed_dictionaries(
    {},
    optional={
        "consoleproxy.url.domain": st.sampled_from(["", "*.c.example", "*c.example", "c.example", "*", "*."]) | WORDS,
        "consoleproxy.sslEnabled": st.sampled_from(["true", "false", "", "?"]),
        "consoleproxy.static.publicIp": st.sampled_from(["", "198.51.100.5", "x"]),
        "consoleproxy.static.port": WORDS,
        "consoleproxy.session.max": st.sampled_from(["50", "0", ""]) | WORDS,
        "consoleproxy.management.state": WORDS,
        "secstorage.ssl.cert.domain": WORDS,
        "host": st.sampled_from(["localhost", "", "10.1.1.1,10.1.1.2@x"]) | WORDS,
        "endpoint.url": st.sampled_from(["https://u", "https://["]) | WORDS,
    },
)
STATES = st.sampled_from(["Running", "Running", "Starting", "Stopped", "Destroyed", "Odd", ""])


@st.composite
def worlds(draw: st.DrawFn) -> tuple[SystemVm, Cloud]:
    """Return a proxy and a Cloud that holds it, or has lost it, or another one."""
    vm = proxy(
        state=draw(STATES),
        agent_state=draw(st.sampled_from(["Up", "Down", "", "Odd"])),
        public_address=draw(ADDRESSES),
        version=draw(st.sampled_from(["4.20.1.0", "4.14", "", "x.y"])),
        created=draw(st.none() | TIMES),
        sessions=draw(st.none() | st.integers(-1, 99)),
    )
    known = draw(st.sampled_from([(vm,), (), (vm, proxy("v-3-VM", public_address="203.0.113.8"))]))
    hosts: list[Host] = [agent_host(vm.name, "Up")] if draw(st.booleans()) else []
    ranges = draw(st.sampled_from([(), (("203.0.113.1", "203.0.113.9", False),), (("x", "y", True),)]))
    lacks = draw(st.sampled_from([(), ("listHosts",)]))
    return vm, cloud(*known, settings=draw(SETTINGS), running=1, hosts=hosts, ranges=ranges, lacks=lacks)


@settings(max_examples=80, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(worlds(), st.fixed_dictionaries(GIVEN), st.sets(st.sampled_from(list(GIVEN))))
def test_every_judge_copes_with_everything(
    world: tuple[SystemVm, Cloud], found: dict[Any, Any], lost: set[Any]
) -> None:
    """With any subset of the optional answers; labels are unique, and a problem says what was seen."""
    vm, known = world
    for check in CHECKS:
        for kind, target in ((ConsoleEndpoint, endpoint(vm, known)), (ConsoleProxyTarget, inside(vm))):
            if kind in check.judges:
                asked = check.asks.get(kind, ())
                there = {
                    question: value for question, value in found.items() if question in asked or question not in lost
                }
                problems(of_target(check, target, answers(there), known))
        if check.groups:
            problems(of_zone(check, known))
