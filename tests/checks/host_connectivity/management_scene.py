"""Two management servers, hosts and a database, and judges run over them as the schedule does."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

from exporter.cloud.cloud import Cloud
from exporter.cloud.groups import ManagementServers
from exporter.cloud.objects import Host, ManagementServer, SystemVm
from exporter.cloud.targets import DatabaseTarget, Machine, ManagementServerTarget
from exporter.memory import Scope
from exporter.model import Answer, Answers, Question, Sample
from exporter.questions.database.state import SchemaVersion, ServerRow
from exporter.questions.management.service import ManagementService
from exporter.questions.management.sockets import ManagementSockets

NOW = 1_800_000_000.0
DATABASE = DatabaseTarget()
DAY = 86400.0


def server(number: int = 1, state: str = "Up", **changes: Any) -> ManagementServer:
    """Return a management server."""
    found = ManagementServer(f"id-{number}", f"mgmt-{number}", state, f"10.0.0.{number}", "4.20.1.0")
    return replace(found, **changes)


def host(number: int = 1, owner: str = "id-1", **changes: Any) -> Host:
    """Return a hypervisor host that belongs to a management server."""
    given: dict[str, Any] = {
        "id": f"h-{number}", "name": f"kvm-{number}", "type": "Routing", "state": "Up", "resource_state": "Enabled",
        "address": f"10.0.1.{number}", "zone_id": "z", "hypervisor": "KVM", "management_server": owner,
    }  # fmt: skip
    return Host(**(given | changes))


def cloud(*servers: ManagementServer, hosts: tuple[Host, ...] = (), **fields: Any) -> Cloud:
    """Return a Cloud with these servers, or two that are Up; read when the answers were asked."""
    given: dict[str, Any] = {"settings": {"host": "10.0.0.100", "integration.api.port": "0"}, "at": NOW}
    return Cloud(
        management_servers={one.id: one for one in servers or (server(1), server(2))},
        hosts={one.id: one for one in hosts},
        **(given | fields),
    )


def agent_vm(state: str = "Running") -> SystemVm:
    """Return a system VM."""
    return SystemVm(id="v", name="v-1-VM", kind="consoleproxy", state=state, agent_state="Up", zone_id="z")


def target(of: ManagementServer) -> ManagementServerTarget:
    """Return the target of a management server."""
    return ManagementServerTarget(of, Machine(of.name, of.address, "management"))


def row(number: int = 1, state: str = "Up", age: float = 1.0, **changes: Any) -> ServerRow:
    """Return a row of mshost, of which the database's clock says this age."""
    found = ServerRow(f"id-{number}", f"mgmt-{number}", f"{number}", state, "4.20.1.0", age, 20 * DAY)
    return replace(found, **({"beat": f"{NOW - age:.0f}"} | changes))


def earlier(row: ServerRow, *, stands: bool, seconds: float = 60.0) -> ServerRow:
    """Return what the look before has shown: the same heartbeat, or an earlier one that was as old."""
    if stands:
        return replace(row, heartbeat_age=row.heartbeat_age - seconds)
    return replace(row, beat=f"{NOW - seconds - row.heartbeat_age:.0f}")


def versions(*steps: tuple[str, str]) -> tuple[SchemaVersion, ...]:
    """Return rows of the table version."""
    return tuple(SchemaVersion(*step) for step in steps or (("4.19.0.0", "Complete"), ("4.20.1.0", "Complete")))


def sockets(**changes: Any) -> ManagementSockets:
    """Return the sockets of a healthy server."""
    given: dict[str, Any] = {"listening": frozenset({("*", 22), ("*", 8250), ("*", 8080), ("*", 9090)})}
    given |= {"agent_port": 8250, "agents": 12, "peers": frozenset({"10.0.0.2"}), "database": 5}
    return ManagementSockets(**(given | changes))


def service(ahead: float = 0.0, state: str = "active", running: float | None = 20 * DAY) -> ManagementService:
    """Return a service that runs, and a clock."""
    return ManagementService(int(NOW + ahead), state, running)


def answers(now: Mapping[Question[Any], Any], before: Mapping[Question[Any], Any] | None = None) -> Answers:
    """Return what two visits brought; ``before`` None: there was one only."""
    return Answers(
        now=NOW,
        asked=200.0,
        values={question: Answer(value, 200.0, NOW, 1e12) for question, value in now.items()},
        previous={question: Answer(value, 140.0, NOW - 60, 1e12) for question, value in (before or {}).items()},
        memory=Scope().held,
    )


def of_group(judge: Callable[..., Any], seen_by: Cloud, members: Mapping[Any, Answers] | None = None) -> list[Sample]:
    """Return what is said of all management servers together."""
    return list(judge(ManagementServers(), members or {}, seen_by))


def values(samples: list[Sample], metric: str) -> dict[tuple[str, ...], float]:
    """Return the values of one metric, named without the common prefix, by labels."""
    return {one.labels: one.value for one in samples if _short(one) == metric}


def only(samples: list[Sample], metric: str) -> Sample:
    """Return the one sample of a metric."""
    (found,) = [one for one in samples if _short(one) == metric]
    return found


def _short(sample: Sample) -> str:
    return sample.metric.name.removeprefix("cloudstack_network_host_connectivity_")
