"""States of console proxies as facts, and which of them are problems."""

from __future__ import annotations

import pytest

from exporter.checks.console_proxy.states import AGENT_STATES, CHECK, VM_STATES
from tests.checks.console_proxy.scene import NOW, agent_host, cloud, of_zone, problems, proxy, values


def test_a_healthy_proxy_says_everything() -> None:
    """Each state set has exactly one 1; the proxy runs, is not settling, and has its info."""
    said = of_zone(CHECK, cloud(proxy()))
    found = values(said)
    for metric, states in (("state", VM_STATES), ("agent_state", AGENT_STATES)):
        assert {key[2]: value for key, value in found.items() if key[0] == metric and value} == {
            "Running" if metric == "state" else "Up": 1
        }
        assert sum(key[0] == metric for key in found) == len(states) + 1
    assert found["running", "v-2-VM"] == 1
    assert found["settling", "v-2-VM"] == 0
    info = (
        "info",
        "v-2-VM",
        "kvm1",
        "KVM",
        "4.20.1.0",
        "203.0.113.7",
        "203-0-113-7.console.example",
        "wildcard",
    )
    assert found[info] == 1
    assert problems(said) == set()


@pytest.mark.parametrize(
    ("state", "is_problem", "settles"),
    [
        ("Running", False, 0),
        ("Starting", False, 1),
        ("Stopping", False, 1),
        ("Migrating", False, 1),
        ("Stopped", True, 0),
        ("Shutdown", True, 0),
        ("Error", True, 0),
        ("Unknown", True, 0),
    ],
)
def test_a_proxy_on_its_way_is_not_a_problem(state: str, is_problem: bool, settles: int) -> None:
    """Starting, stopping and migrating settle; lying still does not."""
    said = of_zone(CHECK, cloud(proxy(state=state, agent_state="")))
    assert problems(said) == ({("running", "v-2-VM")} if is_problem else set())
    assert said["settling", "v-2-VM"].value == settles
    assert said["state", "v-2-VM", state].value == 1


def test_a_state_of_a_newer_cloudstack_is_other() -> None:
    """Nothing is lost and no label is invented."""
    said = of_zone(CHECK, cloud(proxy(state="Levitating", agent_state="")))
    assert said["state", "v-2-VM", "Other"].value == 1
    assert ("running", "v-2-VM") not in said


@pytest.mark.parametrize(("told", "shown"), [("Unknown", "Unknown"), ("Levitating", "Other"), ("up", "Other")])
def test_an_agent_of_another_state_is_told(told: str, shown: str) -> None:
    """One that CloudStack knows nothing of, and a word that nobody expects: exactly one state holds."""
    said = of_zone(CHECK, cloud(proxy(agent_state=told)))
    assert {key[2] for key, one in said.items() if key[0] == "agent_state" and one.value} == {shown}


@pytest.mark.parametrize("state", ["Destroyed", "Expunging"])
def test_a_destroyed_proxy_is_gone(state: str) -> None:
    """The talk's remedy must not leave a finding behind."""
    assert of_zone(CHECK, cloud(proxy(state=state))) == {}


def test_a_new_proxy_settles() -> None:
    """Fifteen minutes from its creation."""
    young = of_zone(CHECK, cloud(proxy(created=NOW - 899), proxy("v-3-VM", created=NOW - 901)))
    assert young["settling", "v-2-VM"].value == 1
    assert young["settling", "v-3-VM"].value == 0


def test_the_agent_of_an_old_version_is_found_among_the_hosts() -> None:
    """listSystemVms had no agentstate; listHosts has a row."""
    said = of_zone(CHECK, cloud(proxy(agent_state=""), hosts=[agent_host("v-2-VM", "Alert")]))
    assert said["agent_state", "v-2-VM", "Alert"].value == 1


def test_an_agent_that_never_came_is_told_from_one_we_cannot_see() -> None:
    """No row is "never registered"; no permission for listHosts is nothing at all."""
    never = of_zone(CHECK, cloud(proxy(agent_state="")))
    assert never["agent_state", "v-2-VM", "NeverRegistered"].value == 1
    blind = of_zone(CHECK, cloud(proxy(agent_state=""), lacks=["listHosts"]))
    assert not any(key[0] == "agent_state" for key in blind)


def test_a_zone_that_is_disabled() -> None:
    """A proxy that lies still there is no fault; that one runs is said."""
    assert problems(of_zone(CHECK, cloud(proxy(state="Stopped"), enabled=False))) == set()
    assert of_zone(CHECK, cloud(proxy(), enabled=False))["running", "v-2-VM"].value == 1
