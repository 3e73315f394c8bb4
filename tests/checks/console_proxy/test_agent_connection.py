"""What the proxy has against what CloudStack believes."""

from __future__ import annotations

from typing import Any

import pytest

from exporter.checks.console_proxy.agent_connection import CHECK
from exporter.checks.console_proxy.remedies import CHECK_HOST_SETTING, DESTROY
from exporter.cloud.objects import SystemVm
from exporter.memory import Scope
from exporter.model import Answer, Answers
from exporter.questions.system_vms.console_proxy import (
    PROXY_AGENT,
    PROXY_AGENT_CONNECTIONS,
    PROXY_MANAGEMENT_HOSTS,
    Agent,
)
from tests.checks.console_proxy.scene import NOW, cloud, inside, of_target, problems, proxy, values

CONNECTED, DISAGREES, PROCESS, HOSTS = (
    (f"agent_{name}", "v-2-VM") for name in ("connected", "disagreement", "process_up", "hosts_ok")
)
PEER = ("10.1.1.11:8250",)
HOST = {"host": "10.1.1.11,10.1.1.12"}


def given(peers: tuple[str, ...], asked: float, scope: Scope, **more: Any) -> Answers:
    found: dict[Any, Any] = {PROXY_AGENT_CONNECTIONS: peers}
    found |= {PROXY_AGENT: more["agent"]} if "agent" in more else {}
    found |= {PROXY_MANAGEMENT_HOSTS: more["hosts"]} if "hosts" in more else {}
    kept = {question: Answer(value, asked, NOW, asked + 600) for question, value in found.items()}
    return Answers(now=NOW, asked=asked, values=kept, memory=scope.held)


def looks(
    vm: SystemVm, peers: tuple[str, ...], *at: float, vm_later: SystemVm | None = None
) -> list[dict[tuple[str, ...], float]]:
    """Return what is said at several looks; the Cloud was refreshed from 500 to 501 s."""
    scope, told = Scope(), []
    for place, asked in enumerate(at):
        now = vm_later if vm_later and place else vm
        scope.begin()
        told.append(values(of_target(CHECK, inside(now), given(peers, asked, scope), cloud(now))))
        scope.end()
    return told


def test_a_healthy_agent() -> None:
    """Connected, of one mind with CloudStack, running, with the right hosts."""
    answers = given(PEER, 600, Scope(), agent=Agent(1, "active"), hosts=("10.1.1.12", "10.1.1.11"))
    said = of_target(CHECK, inside(proxy()), answers, cloud(proxy(), settings=HOST))
    assert values(said) == {CONNECTED: 1, DISAGREES: 0, PROCESS: 1, HOSTS: 1}


def test_no_connection_is_said_at_once_and_disagreement_after_a_second_look() -> None:
    """Up by CloudStack, no connection inside: one visit before the refresh and one after it."""
    first, second = looks(proxy(), (), 400, 600)
    assert first == {CONNECTED: 0}
    assert second == {CONNECTED: 0, DISAGREES: 1}


def test_two_looks_without_a_refresh_between_them_prove_nothing() -> None:
    """The Cloud may be the one that is late."""
    assert looks(proxy(), (), 600, 700) == [{CONNECTED: 0}, {CONNECTED: 0}]


def test_a_connection_that_cloudstack_does_not_see() -> None:
    """The other way round is a disagreement too; the agent itself is fine."""
    assert looks(proxy(agent_state="Disconnected"), PEER, 400, 600)[1] == {CONNECTED: 1, DISAGREES: 1}


def test_a_migration_begins_the_count_anew() -> None:
    """Another host is another fact."""
    assert looks(proxy(), (), 400, 600, vm_later=proxy(host_id="h2"))[1] == {CONNECTED: 0}


def test_agreeing_on_bad_news_is_no_disagreement() -> None:
    """Down by both."""
    assert looks(proxy(agent_state="Down"), (), 600) == [{CONNECTED: 0, DISAGREES: 0}]


@pytest.mark.parametrize("vm", [proxy(created=NOW - 120), proxy(state="Stopping")], ids=["new", "stopping"])
def test_a_proxy_that_settles_is_not_red(vm: SystemVm) -> None:
    """Not connected yet: nothing; connected already: said; CloudStack may still learn of it."""
    assert looks(vm, (), 400, 600) == [{}, {}]
    assert looks(vm, PEER, 400, 600) == [{CONNECTED: 1}, {CONNECTED: 1}]


def test_a_dead_process_is_told() -> None:
    """With the state of its unit."""
    answers = given((), 600, Scope(), agent=Agent(0, "inactive"))
    said = of_target(CHECK, inside(proxy()), answers, cloud(proxy()))
    assert problems(said) == {CONNECTED, PROCESS}
    assert "cloud.service inactive" in said[PROCESS].seen
    assert said[PROCESS].remedy == DESTROY


@pytest.mark.parametrize(
    ("told", "setting", "is_ok", "remedy"),
    [
        (("10.1.1.11",), "10.1.1.11,10.1.1.12", 1, ""),
        (("10.1.1.12", "10.1.1.11"), "10.1.1.11,10.1.1.12@roundrobin", 1, ""),
        (("10.9.9.9",), "10.1.1.11", 0, DESTROY),
        (("localhost",), "10.1.1.11", 0, DESTROY),
        ((), "10.1.1.11", 0, DESTROY),
        (("localhost",), "localhost", 0, CHECK_HOST_SETTING),
        (("10.1.1.11",), "localhost", 1, ""),
    ],
)
def test_the_hosts_that_the_agent_was_told(told: tuple[str, ...], setting: str, is_ok: int, remedy: str) -> None:
    """Old addresses are fixed at creation; localhost in the setting would come back with the next proxy."""
    answers = given(PEER, 600, Scope(), hosts=told)
    said = of_target(CHECK, inside(proxy()), answers, cloud(proxy(), settings={"host": setting}))
    assert said[HOSTS].value == is_ok
    if remedy:
        assert said[HOSTS].remedy == remedy


def test_a_cloud_that_does_not_tell_agent_states() -> None:
    """No disagreement without an opinion, and no hosts without the setting."""
    vm = proxy(agent_state="")
    answers = given(PEER, 600, Scope(), hosts=("10.1.1.11",))
    said = of_target(CHECK, inside(vm), answers, cloud(vm, lacks=["listHosts"], settings={}))
    assert values(said) == {CONNECTED: 1}


def test_a_zone_that_is_disabled() -> None:
    """Nothing that is wrong there is a fault; that it is connected is said."""
    for peers in ((), PEER):
        answers = given(peers, 600, Scope(), agent=Agent(0, "inactive"), hosts=("localhost",))
        said = of_target(CHECK, inside(proxy()), answers, cloud(proxy(), settings=HOST, enabled=False))
        assert values(said) == ({CONNECTED: 1} if peers else {})
