"""The agent of a secondary storage VM, seen from inside."""

from __future__ import annotations

from typing import Any

import pytest

from exporter.checks.host_connectivity.storage_vm_connection import judge
from exporter.checks.host_connectivity.system_vms import CHECK_AGENT_WAY, DESTROY
from exporter.model import Question, Sample
from exporter.questions.system_vms.console_proxy import Agent
from exporter.questions.system_vms.storage_vm import SSVM_AGENT, SSVM_AGENT_CONNECTIONS, SSVM_MANAGEMENT_HOSTS
from tests.checks.host_connectivity.inside_scene import NOW, cloud, judged, problems, storage_vm, values_of

WELL: dict[Question[Any], Any] = {
    SSVM_AGENT_CONNECTIONS: ("192.0.2.10:8250",), SSVM_AGENT: Agent(1, "active"), SSVM_MANAGEMENT_HOSTS: ("192.0.2.10",)
}  # fmt: skip


def found(setting: str | None = "192.0.2.10,192.0.2.11", created: float = 0.0, **fields: Any) -> list[Sample]:
    """Return what is said when these answers are others; names are those of the questions, less ssvm_."""
    values = {question: fields.get(question.name.removeprefix("ssvm_"), value) for question, value in WELL.items()}
    told = {question: value for question, value in values.items() if value is not None}
    vm = storage_vm(created=created)
    return judged(judge, vm, cloud(vm, settings={} if setting is None else {"host": setting}), told)


def test_one_that_is_connected() -> None:
    """Zero problems are said."""
    assert values_of(found()) == {"connected": 1, "agent_process_up": 1, "agent_hosts_ok": 1}


@pytest.mark.parametrize(
    ("fields", "names"),
    [
        ({"agent_connections": ()}, ["connected"]),
        ({"agent_connections": (), "agent": Agent(0, "failed")}, ["connected", "agent_process_up"]),
        ({"management_hosts": ("localhost",)}, ["agent_hosts_ok"]),
        ({"management_hosts": ("192.0.2.99",)}, ["agent_hosts_ok"]),
        ({"setting": "localhost", "management_hosts": ("localhost",)}, ["agent_hosts_ok"]),
    ],
)
def test_what_is_wrong(fields: dict[str, Any], names: list[str]) -> None:
    """Each by itself; what explains it is another metric that it follows."""
    assert [name for name, _ in problems(found(**fields))] == names


@pytest.mark.parametrize(("setting", "remedy"), [("127.0.0.1", CHECK_AGENT_WAY), ("192.0.2.11@static", DESTROY)])
def test_a_new_one_is_told_what_the_setting_says(setting: str, remedy: str) -> None:
    """While that is loopback, destroying it makes another one that looks at itself."""
    (sample,) = [one for one in found(setting=setting, management_hosts=("localhost",)) if one.remedy and not one.value]
    assert sample.remedy == remedy


def test_what_was_not_told_is_not_said() -> None:
    """Unknown is not healthy."""
    assert values_of(found(agent=None, management_hosts=None)) == {"connected": 1}
    assert "agent_hosts_ok" not in values_of(found(setting=None))


def test_a_new_one_may_still_be_connecting() -> None:
    """It needs some minutes."""
    assert found(created=NOW - 60, agent_connections=()) == []
